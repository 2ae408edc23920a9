"""The card of a repository on the Hugging Face Hub: what is in it, from which model, and what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined
from timm.models import get_pretrained_cfg

from engine.results import Report, Variant, caveats, finding, how_to_start
from engine.settings import PRETRAINED, ImagesData, SampleData, TimmModel
from engine.wording import percent, size_text

UNKNOWN = "unknown"
_TEMPLATES = Environment(
    loader=PackageLoader("engine.export", "templates"),
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def model_card(
    report: Report, name: str, variants: Mapping[str, Variant], licence: str | None, has_timm: bool, repository: str
) -> str:
    """The card as Markdown with its metadata; `variants` are the files in the repository by their paths."""
    data = ModelCardData(
        license=licence or UNKNOWN,
        library_name="timm" if has_timm else "onnx",
        tags=["featherweight", "onnx"],
        pipeline_tag="image-classification" if report.data is not None and report.data.classes else None,
        base_model=base_model(report),
        base_model_relation=_relation(report, list(variants.values())) if base_model(report) else None,
        model_name=name if any(one.accuracy for one in variants.values()) else None,
        eval_results=[result for path, one in variants.items() for result in _evaluation(report, path, one)] or None,
    )
    return _TEMPLATES.get_template("model_card.md.j2").render(
        metadata=data.to_yaml(),
        name=_cell(name),
        finding=[text for text in finding(report) if text],
        caveats=caveats(report),
        rows=[_row(path, one) for path, one in variants.items()],
        starting=[(path, how_to_start(report, one)) for path, one in variants.items()],
        report=report,
        licence=licence,
        has_timm=has_timm,
        repository=repository,
    )


def base_model(report: Report) -> str | None:
    """The repository on the Hub that the run's model comes from, or None."""
    source = report.recipe.model
    if not isinstance(source, TimmModel) or source.weights != PRETRAINED or source.local_dir is not None:
        return None
    if source.from_hub:
        return source.name.partition(":")[2].partition("@")[0]
    return get_pretrained_cfg(source.name).hf_hub_id or None


def _relation(report: Report, variants: Sequence[Variant]) -> str:
    """What the Hub calls it: finetune where any of it was trained, else quantized."""
    steps = [one.settings for variant in variants for one in report.lineage(variant.id) if one.settings]
    return "finetune" if any(step.stage == "torch" for step in steps) or _shared_training(report) else "quantized"


def _shared_training(report: Report) -> bool:
    """Whether the baseline itself was trained: by the step that all chains begin with."""
    first = {chain[0] if chain else None for chain in report.recipe.chains}
    step = first.pop() if len(first) == 1 else None
    return step is not None and step.technique == "finetune"


def _evaluation(report: Report, path: str, variant: Variant) -> list[EvalResult]:
    """The measured accuracy of a file, as the Hub's model-index has it."""
    accuracy, data = variant.accuracy, report.recipe.data
    if accuracy is None or report.data is None or not isinstance(data, SampleData | ImagesData):
        return []
    dataset = "scikit-learn digits" if isinstance(data, SampleData) else "the images of the run"
    common: dict[str, Any] = {
        "task_type": "image-classification",
        "dataset_type": "digits" if isinstance(data, SampleData) else "private",
        "dataset_name": dataset,
        "dataset_split": f"evaluation, {accuracy.n_images} images, SHA-256 {report.data.evaluation_sha256}",
    }
    name = f"Top-1, {path}, 95 % interval {accuracy.low:.4f} to {accuracy.high:.4f}"
    return [EvalResult(**common, metric_type="accuracy", metric_name=name, metric_value=round(accuracy.top1, 6))]


def _row(path: str, variant: Variant) -> tuple[str, ...]:
    accuracy, latency = variant.accuracy, variant.latency
    interval = f" ({percent(accuracy.low, 1)} to {percent(accuracy.high, 1)})" if accuracy else ""
    speed = f"{latency.speedup:.2f} ({latency.speedup_low:.2f} to {latency.speedup_high:.2f})" if latency else "–"
    return (
        f"`{path}`",
        _cell(variant.label),
        size_text(variant.size_bytes),
        f"{latency.p50_ms:.3g} ms" if latency else "–",
        "1" if variant.role == "baseline" else speed,
        f"{percent(accuracy.top1, 1)}{interval}" if accuracy else "–",
        f"`{variant.sha256}`",
    )


def _cell(text: str) -> str:
    """A text of the user's within a line of Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in " ".join(text.split()))
