"""Writes variants of a finished run to where people keep models."""

import tempfile
from pathlib import Path

from engine.export.destinations import files as folders
from engine.export.destinations import hub, mlflow_store
from engine.export.destinations.run_files import exported, run_files, variant_models
from engine.planning.remeasurable import remeasurable_report
from engine.results.exported import ExportedFiles
from engine.settings.export_job import ExportRequest, FilesDestination, HubDestination
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.wording import slug


def export(request: ExportRequest, folder: JobFolder, progress: Progress) -> ExportedFiles:
    """What was written.

    Raises RequestError where the destination refuses or cannot be reached; it is then as `write_files`, `publish` and
    `log_run` say.
    """
    run = JobFolder(Path(request.folder))
    report = remeasurable_report(run.path)
    progress.emit("export", "read", 0.0, "reading the files")
    models = variant_models(report, run, request.variants)

    def on_file(number: int, total: int, name: str) -> None:
        progress.emit("export", "write", 0.1 + 0.9 * number / total, f"writing {name}")

    destination = request.destination
    if isinstance(destination, FilesDestination):
        files = run_files(report, request.name, models)
        name = f"{slug(request.name)}-{report.run_id}"
        location, replaced = folders.write_files(destination, name, files, overwrite=request.overwrite, on_file=on_file)
        return ExportedFiles(location=location, files=exported(files), replaced=replaced)
    if isinstance(destination, HubDestination):
        folder.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.work) as directory:
            files, notes = hub.hub_files(report, request.name, run, models, destination, Path(directory))
            on_file(0, 1, destination.repository)
            location, replaced = hub.publish(files, destination, overwrite=request.overwrite)
            return ExportedFiles(location=location, files=exported(files), replaced=replaced, notes=notes)
    location, replaced = mlflow_store.log_run(
        report, request.name, models, destination, overwrite=request.overwrite, on_file=on_file
    )
    logged = {f"{model.variant.id}/model.onnx": model.path for model in models}
    return ExportedFiles(location=location, files=exported(logged), replaced=replaced)
