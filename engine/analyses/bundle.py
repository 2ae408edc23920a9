"""Packs variants of a run into a zip that proves itself."""

from pathlib import Path

from engine.analyses.run_examples import RUN_AGAIN, read_evaluation_examples
from engine.data import Examples
from engine.data.golden import golden_examples
from engine.export.bundle.bundle import bundle_files, sha256, write_zip
from engine.export.bundle.context import BundleContext
from engine.export.bundle.description import description
from engine.export.bundle.names import SUMS
from engine.measure.golden import golden_answers
from engine.measure.noise import noise_data
from engine.measure.predictions import range_operators
from engine.models.artifacts import file_sha256
from engine.models.graph import load_proto
from engine.models.variants import read_variant
from engine.planning.graph_jobs import find_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results import Report
from engine.results.bundle import BUNDLE_FILE, Bundle
from engine.runtimes import resolve_target
from engine.settings.bundle_job import BundleRequest
from engine.store.folders import JobFolder
from engine.store.home import require_room
from engine.store.progress import Progress
from engine.wording import many

LOADED, ANSWERED = 0.3, 0.9
"""The shares of the job that are done when the images are loaded, and when every variant is packed."""


def bundle(request: BundleRequest, folder: JobFolder, progress: Progress) -> Bundle:
    """The zip lies beside the result under BUNDLE_FILE: one variant's files, or a folder for each of several.

    Raises RequestError where a file of the run has changed, DataError where its evaluation images are others now, and
    RunError where a variant does not run here.
    """
    run_folder = Path(request.folder)
    report = remeasurable_report(run_folder)
    folder.work.mkdir(parents=True, exist_ok=True)
    part = None
    if request.golden == "evaluation":
        part = read_evaluation_examples(
            request.recipe,
            report,
            folder.work,
            lambda fraction, message, **metrics: progress.emit("bundle", "load", LOADED * fraction, message),
            next=f"{RUN_AGAIN}; a bundle can be proved with made-up images too",
        )
    contexts = []
    for number, id in enumerate(request.variants):
        share = LOADED + (ANSWERED - LOADED) * number / len(request.variants)
        progress.emit(
            "bundle", "answer", share, f"asking variant {number + 1} of {many(len(request.variants), 'variant')}"
        )
        contexts.append(_context(request, report, run_folder, id, part))
    progress.emit("bundle", "pack", ANSWERED, "packing")
    packed = [bundle_files(context) for context in contexts]
    folders = [""] if len(packed) == 1 else [f"{id}/" for id in request.variants]
    files = {f"{place}{name}": one for place, of in zip(folders, packed, strict=True) for name, one in of.items()}
    require_room(folder.path, sum(map(len, files.values())), "the bundle")
    path = folder.path / BUNDLE_FILE
    write_zip(files, path)
    return Bundle(
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        folders=tuple(folders),
        descriptions=tuple(description(context) for context in contexts),
        sums_sha256=tuple(sha256(of[SUMS]) for of in packed),
        files=tuple(sorted(files)),
    )


def _context(request: BundleRequest, report: Report, run_folder: Path, id: str, part: Examples | None) -> BundleContext:
    variant = find_variant(report, id)
    model, target = read_variant(run_folder, variant), resolve_target(report.target_of(variant))
    examples = golden_examples(part if part is not None else noise_data(model).split("evaluation"), model.input_specs)
    answers = golden_answers(model, examples, target)
    return BundleContext(
        report=report,
        variant=variant,
        name=request.name,
        model=model,
        target=target,
        examples=examples,
        calls=answers.calls,
        tolerance=answers.tolerance,
        tolerance_source=answers.tolerance_source,
        serve=request.serve,
        depends=model.batch_dependent or bool(range_operators(load_proto(model.path))),
    )
