"""The ONNX file of a bundle: the variant's graph, and in its metadata all that one must know to use it."""

import json

from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto, write_entry, write_metadata
from engine.results import Report, Variant

PROVENANCE_KEY, MEASURED_KEY, CLASSES_KEY = "featherweight.provenance", "featherweight.measured", "classes"


def model_bytes(model: OnnxModel, report: Report, variant: Variant, labels: tuple[str, ...] | None) -> bytes:
    """The serialised file: the same graph, so that it answers as the variant does. The same bytes every time.

    The preprocessing and the classes are under `featherweight`, which reading such a file looks for; under `classes`
    are the names alone, as JSON, for other programs.
    """
    proto = load_proto(model.path)
    write_metadata(proto, model.preprocess, labels)
    if labels is not None:
        write_entry(proto, CLASSES_KEY, json.dumps(labels))
    write_entry(proto, PROVENANCE_KEY, json.dumps(_provenance(report, variant)))
    write_entry(proto, MEASURED_KEY, json.dumps(_measured(report, variant)))
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def _provenance(report: Report, variant: Variant) -> dict[str, object]:
    return {
        "run": report.run_id,
        "created": report.created,
        "variant": variant.id,
        "variant_sha256": variant.sha256,
        "label": variant.label,
        "steps": [one.label for one in report.lineage(variant.id)],
        "model": report.recipe.model.model_dump(mode="json", exclude={"path", "weights"}),
        "evaluation_sha256": report.data.evaluation_sha256 if report.data is not None else None,
        "versions": report.environment.versions,
    }


def _measured(report: Report, variant: Variant) -> dict[str, object]:
    figures = {"latency": variant.latency, "accuracy": variant.accuracy, "fidelity": variant.fidelity}
    return {
        "cpu": report.latency_cpu,
        **{name: value.model_dump(mode="json") if value is not None else None for name, value in figures.items()},
    }
