"""Finds the ONNX files that a sweep or a showdown times: variants of runs, and any other files."""

from collections.abc import Callable
from pathlib import Path

from engine.errors import NotFoundError, RequestError
from engine.jobs.queue import Queue
from engine.results import Latency, Refusal, Report, Variant
from engine.settings import FileModel, ModelSource, VariantFile
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.system.machine import cores

NO_RUN = "See the list of runs"


def run_folder(run: str | Path, home: Home, *, from_browser: bool = False) -> JobFolder:
    """The folder of a run of this home by its id, or, but from the browser, the folder of this path.

    Raises RequestError where there is neither.
    """
    path = Path(run).expanduser()
    if not from_browser and path.is_dir():
        return JobFolder(path.absolute())
    try:
        return JobFolder(Queue(home).folder(str(run)).path.absolute())
    except NotFoundError as error:
        raise RequestError(f"'{run}' is neither a run here nor a folder", NO_RUN) from error


def run_report(run: str, home: Home, *, from_browser: bool) -> Report:
    """The report of a run, as far as it has come. Raises RequestError where there is none, StorageError for a damaged
    one."""
    report = run_folder(run, home, from_browser=from_browser).report()
    if report is None:
        raise RequestError(f"the run '{run}' has measured nothing yet", "Wait until it is done, or choose another run")
    return report


def resolve_variant_file(
    file: VariantFile, home: Home, find_model: Callable[[ModelSource], ModelSource], *, from_browser: bool
) -> VariantFile:
    """The file with its absolute path and its sum, and of a variant what the run's report says of it.

    `find_model` resolves any other file. Raises RequestError where it is not there.
    """
    if file.run is None or file.variant is None:
        model = find_model(file.model) if file.model is not None else None
        name = Path(model.path or "").name if isinstance(model, FileModel) else ""
        return file.model_copy(update={"model": model, "label": file.label or name})
    report = run_report(file.run, home, from_browser=from_browser)
    variant = report.variant(file.variant)
    if variant is None:
        raise NotFoundError(f"the run '{file.run}' has no variant '{file.variant}'", "See its report")
    return variant_file(file.run, variant, run_folder(file.run, home, from_browser=from_browser))


def images_of(file: VariantFile, home: Home, *, from_browser: bool) -> dict[str, object]:
    """`data`, `split` and `seed` of the run that a file is of, as its recipe has them; empty for any other file."""
    if file.run is None or file.variant is None:
        return {}
    recipe = run_report(file.run, home, from_browser=from_browser).recipe
    return {"data": recipe.data, "split": recipe.split, "seed": recipe.seed}


def variant_file(run: str, variant: Variant, folder: JobFolder) -> VariantFile:
    """The file of a variant in the folder of its run, without the name of the target that the variant ran at.

    Raises NotFoundError where it is gone.
    """
    latency = variant.latency
    return VariantFile(
        run=run,
        variant=variant.id,
        model=FileModel(path=str(folder.file(variant.file)), sha256=variant.sha256),
        label=variant.label.removesuffix(f", {variant.target_label}"),
        preprocess=variant.input.preprocess,
        example_ms=_example_ms(latency) if latency is not None else None,
        example_on_cpu=latency is None or latency.on_cpu,
    )


def _example_ms(latency: Latency) -> float:
    """The time of one example; on a CPU that of all its cores, as if twice the threads were twice as fast."""
    example_ms = latency.p50_ms / latency.batch_size
    return example_ms * latency.threads / cores() if latency.on_cpu else example_ms


def input_misfit(first: Variant, other: Variant) -> Refusal | None:
    """Why two variants cannot be timed side by side: they take other inputs; None where they take the same.

    Whether they also answer alike is seen when the files are read.
    """
    if first.input.shape == other.input.shape and first.input.inputs == other.input.inputs:
        return None
    return Refusal(
        message=f"'{other.label}' takes {_inputs(other)} and '{first.label}' {_inputs(first)}",
        next="Choose variants of the same model at the same image size",
    )


def _inputs(variant: Variant) -> str:
    if variant.input.inputs:
        return ", ".join(spec.declaration for spec in variant.input.inputs)
    return f"images of {'x'.join(map(str, variant.input.shape))}"
