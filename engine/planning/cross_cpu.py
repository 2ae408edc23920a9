"""Whether a variant's answers on a processor without VNNI can be estimated, and the chain of a twin that is safe there.

What can overflow is in engine/measure/saturation.py.
"""

from pathlib import Path

from engine.errors import TargetError
from engine.planning.graph_jobs import find_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results import Report
from engine.settings import QuantizeStatic, Step
from engine.settings.cross_cpu_job import CrossCpuRequest


def cross_cpu_request(folder: Path, variant_id: str, minutes: float) -> CrossCpuRequest:
    """The request for a variant of the run in this folder. Raises as `check_cross_cpu`."""
    report = remeasurable_report(folder)
    request = CrossCpuRequest(
        folder=str(folder.absolute()), recipe=report.recipe, variant_id=variant_id, minutes=minutes
    )
    _check(report, variant_id)
    return request


def check_cross_cpu(request: CrossCpuRequest) -> None:
    """Raises RequestError and StateError as `remeasurable_report` does, NotFoundError for a variant that is not there,
    and TargetError where it does not run in onnxruntime on a CPU.
    """
    _check(remeasurable_report(Path(request.folder)), request.variant_id)


def twin_steps(report: Report, variant_id: str) -> tuple[Step, ...] | None:
    """The chain of a variant with 7-bit weights, whose sums cannot overflow; None where it is none of static INT8."""
    steps = [one.settings for one in report.lineage(variant_id) if one.settings is not None]
    if not steps or not isinstance(steps[-1], QuantizeStatic) or steps[-1].reduce_range:
        return None
    return (*steps[:-1], steps[-1].model_copy(update={"reduce_range": True}))


def _check(report: Report, variant_id: str) -> None:
    variant = find_variant(report, variant_id)
    target = report.target_of(variant)
    if target.runtime != "onnxruntime" or not target.on_cpu:
        raise TargetError(
            f"'{variant.label}' runs in {target.runtime} ({target.provider}), and what is emulated are the "
            "sums of onnxruntime on a CPU",
            "Choose a variant of onnxruntime's CPU",
        )
