"""Reports that keep their baseline, made from a line of a recipe."""

from engine.results import Note, Race, Recommendation, Report, Variant
from engine.settings import QuantizeAuto, Recipe, parse_recipe
from tests.made import BASE, made_report, made_variant

SAMPLE, FILE = "{kind: sample}", "{kind: file, path: x.onnx}"
LABELLED, UNLABELLED = "{kind: images, path: x}", "{kind: images, path: x, labels: none}"
RACE = "[{technique: quantize}]"
AVX2, VNNI, ARM = ("sse4_2", "avx", "avx2"), ("avx2", "avx512_vnni"), ("asimd", "asimddp")


def timm(name: str, weights: str = "pretrained") -> str:
    return f"{{kind: timm, name: {name}, weights: {weights}}}"


def kept(
    model: str = SAMPLE,
    data: str = SAMPLE,
    steps: str = RACE,
    more: str = "",
    *,
    isa=AVX2,
    cores: int = 2,
    code: str = "race_nothing_faster",
    race_notes: tuple[str, ...] = (),
    recipe: Recipe | None = None,
    **changed,
) -> Report:
    """A finished report of such a recipe, which recommends its baseline with a reason of this code.

    Every step of its first chain was carried out; its races ended with FP32 and these notes.
    """
    recipe = recipe or parse_recipe(f"{{model: {model}, data: {data}, steps: {steps} {more}}}")
    notes = tuple(Note(code=name, text=name) for name in race_notes)
    values = {
        "recipe": recipe,
        "variants": (made_variant(BASE, "Baseline"), *_variants(recipe)),
        "races": tuple(
            Race(branch=0, step=number, parent_id=BASE, notes=notes)
            for number, step in enumerate(recipe.chains[0])
            if isinstance(step, QuantizeAuto)
        ),
        "recommended": Recommendation(id=BASE, reason=Note(code=code, text="FP32 stays")),
        "environment": made_report().environment.model_copy(update={"isa": isa, "cores": cores}),
    }
    return made_report(**(values | changed))


def _variants(recipe: Recipe) -> tuple[Variant, ...]:
    """Of every step of the first chain that makes one: not of a race, nor of what makes the baseline."""
    first = len(recipe.baseline_steps)
    return tuple(
        made_variant(f"{number:012x}", step.label, step=number, settings=step, technique=step.technique)
        for number, step in enumerate(recipe.chains[0])
        if number >= first and not isinstance(step, QuantizeAuto)
    )
