"""A report of targets that race, made by hand."""

from engine.results import Note, Recommendation, Report, Variant
from engine.settings import Target
from tests.made import BASE, INT8, RECIPE, made_latency, made_report, made_variant

BASE_BF16, INT8_BF16 = "d" * 12, "e" * 12
FIRST, BF16 = "onnxruntime", "OpenVINO bf16"
OPTIONS = {"INFERENCE_PRECISION_HINT": "bf16"}


def made_raced_report(**changed) -> Report:
    """A baseline and a quantized file, each in onnxruntime and in OpenVINO in bf16; the last one is recommended."""
    variants = (
        at_first(BASE, "Baseline"),
        at_bf16(BASE_BF16, at_first(BASE, "Baseline")),
        at_first(INT8, "Static INT8"),
        at_bf16(INT8_BF16, at_first(INT8, "Static INT8")),
    )
    recipe = RECIPE.model_copy(update={"target": Target(runtime="any", threads=2)})
    best = Recommendation(id=INT8_BF16, reason=Note(code="fastest", text="it is the fastest"))
    return made_report(*variants, **{"recipe": recipe, "recommended": best, **changed})


def at_first(id: str, label: str) -> Variant:
    """A file where the baseline runs."""
    return made_variant(id, f"{label}, {FIRST}", target=Target(threads=2), target_label=FIRST)


def at_bf16(id: str, first: Variant) -> Variant:
    """The same file in OpenVINO, 1.25 times as fast as at the first target."""
    ratio = 0.8 * first.latency.ratio_to_baseline
    latency = made_latency(2.0 * ratio, ratio).model_copy(
        update={"runtime": "openvino", "provider": "CPU", "session_options": OPTIONS}
    )
    return made_variant(
        id,
        first.label.replace(FIRST, BF16),
        target=Target(runtime="openvino", precision="bf16", threads=2),
        target_label=BF16,
        same_file_as=first.id,
        parent_id=first.id,
        file=first.file,
        sha256=first.sha256,
        size_bytes=first.size_bytes,
        latency=latency,
    )
