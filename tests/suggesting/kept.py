"""Reports that keep their baseline, made from a line of a recipe."""

from engine.results import Note, Race, Recommendation, Report
from engine.settings import parse_recipe
from tests.made import BASE, made_report, made_variant

SAMPLE, FILE = "{kind: sample}", "{kind: file, path: x.onnx}"
LABELLED, UNLABELLED = "{kind: images, path: x}", "{kind: images, path: x, labels: none}"
RACE = "[{technique: quantize}]"
AVX2, VNNI, ARM = ("sse4_2", "avx", "avx2"), ("avx2", "avx512_vnni"), ("asimd", "asimddp")


def timm(name: str, weights: str = "pretrained") -> str:
    return f"{{kind: timm, name: {name}, weights: {weights}}}"


def kept(
    model: str = SAMPLE, data: str = SAMPLE, steps: str = RACE, more: str = "", *, isa=AVX2, cores: int = 2,
    code: str = "race_nothing_faster", race_notes: tuple[str, ...] = (), **changed,
) -> Report:  # fmt: skip
    """A finished report of such a recipe, which recommends its baseline with a reason of this code."""
    recipe = parse_recipe(f"{{model: {model}, data: {data}, steps: {steps} {more}}}")
    race = Race(branch=0, step=len(recipe.chains[0]) - 1, parent_id=BASE,
                notes=tuple(Note(code=name, text=name) for name in race_notes))  # fmt: skip
    values = {
        "recipe": recipe, "races": (race,) if race_notes else (),
        "recommended": Recommendation(id=BASE, reason=Note(code=code, text="FP32 stays")),
        "environment": made_report().environment.model_copy(update={"isa": isa, "cores": cores}),
    }  # fmt: skip
    return made_report(made_variant(BASE, "Baseline"), **(values | changed))
