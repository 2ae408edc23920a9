"""The requests about the graphs of a run's variants, made from its report, and their checks."""

from pathlib import Path

from engine.errors import NotFoundError, RequestError, TargetError
from engine.planning.target import check_target
from engine.results import Report, Variant
from engine.settings import FileModel
from engine.settings.graph_jobs import GraphsRequest, SaveOptimizedRequest, TimeProfileRequest
from engine.store.folders import JobFolder
from engine.store.uploads import path_sum


def time_profile_request(folder: Path, report: Report, variant_id: str) -> TimeProfileRequest:
    """The request to profile a variant beside the baseline, as resolved.

    Both files are profiled at the variant's target. Raises NotFoundError, and RequestError for the baseline itself and
    for the same file at another target.
    """
    baseline, variant = report.baseline, find_variant(report, variant_id)
    if baseline is None or variant.id == baseline.id:
        raise RequestError("the baseline cannot be profiled beside itself", "Choose another variant")
    if variant.sha256 == baseline.sha256:
        raise RequestError(
            f"'{variant.label}' is the same file as the baseline, and both would be profiled at one target",
            "Choose a variant with a file of its own; a showdown compares one file at two targets",
        )
    return TimeProfileRequest(
        baseline=_file(folder, baseline),
        model=_file(folder, variant),
        preprocess=variant.input.preprocess,
        target=report.target_of(variant),
    )


def graphs_request(folder: Path, report: Report, variant_id: str) -> GraphsRequest:
    """The request to put the graph of a variant beside the baseline's, as resolved.

    Raises NotFoundError, and RequestError for the baseline's own file.
    """
    baseline, variant = report.baseline, find_variant(report, variant_id)
    if baseline is None or variant.sha256 == baseline.sha256:
        raise RequestError(
            f"'{variant.label}' is the baseline's own file, whose graph would stand beside itself",
            "Choose a variant with a file of its own",
        )
    axes = tuple(axis for axis in variant.input.shape if isinstance(axis, int))
    is_known = not variant.input.inputs and len(axes) == len(variant.input.shape)
    return GraphsRequest(
        baseline=_file(folder, baseline), model=_file(folder, variant), input_shape=axes if is_known else None
    )


def save_optimized_request(folder: Path, report: Report, variant_id: str) -> SaveOptimizedRequest:
    """The request to save the graph of a variant, as resolved. Raises NotFoundError."""
    variant = find_variant(report, variant_id)
    return SaveOptimizedRequest(
        model=_file(folder, variant), preprocess=variant.input.preprocess, target=report.target_of(variant)
    )


def find_variant(report: Report, id: str) -> Variant:
    """The variant of this id. Raises NotFoundError that names those that there are."""
    variant = report.variant(id)
    if variant is None:
        ids = ", ".join(one.id for one in report.main_variants)
        raise NotFoundError(f"the run has no variant '{id}'", f"It has {ids}")
    return variant


def recommended_variant(report: Report) -> Variant:
    """The recommended variant. Raises RequestError where nothing is recommended, or nothing could be yet."""
    variant = report.recommended_variant
    if variant is None or report.is_undecided:
        raise RequestError("the run recommends nothing, and no variant is named", "Name a variant by its id")
    return variant


def check_unchanged(request: TimeProfileRequest | SaveOptimizedRequest | GraphsRequest) -> None:
    """Raises RequestError where a file of the run is not the one that it made any more."""
    files = (request.model,) if isinstance(request, SaveOptimizedRequest) else (request.baseline, request.model)
    for file in files:
        if file.path is not None and path_sum(Path(file.path)) != file.sha256:
            raise RequestError(
                f"the file '{file.path}' of this run has changed: its SHA-256 is another", "Run its recipe again"
            )


def check_time_profile(request: TimeProfileRequest) -> None:
    """Raises TargetError for threads above the cores."""
    check_target(request.target)


def check_save_optimized(request: SaveOptimizedRequest) -> None:
    """Raises TargetError for threads above the cores, and for another runtime than onnxruntime."""
    check_target(request.target)
    if request.target.runtime != "onnxruntime":
        raise TargetError(
            f"only onnxruntime saves the graph that it makes of a file, and the target's runtime is "
            f"{request.target.runtime}, which keeps compiled models in a cache of its own",
            "Take the ONNX file itself",
        )


def _file(folder: Path, variant: Variant) -> FileModel:
    return FileModel(path=str(JobFolder(folder).file(variant.file)), sha256=variant.sha256)
