"""The files of a run that are exported, by their names at the destination."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import RequestError
from engine.export.html_report import html_report
from engine.models.artifacts import file_sha256
from engine.results import Report, Variant
from engine.results.exported import ExportedFile
from engine.settings import dump_recipe, without_folders
from engine.store.folders import JobFolder
from engine.wording import slug

SUMS = "SHA256SUMS"
"""Written last: where it is there and right, so are the files that it names."""


@dataclass(frozen=True)
class VariantModel:
    """A variant and its ONNX file."""

    variant: Variant
    path: Path

    @property
    def name(self) -> str:
        """A folder's name that no other variant has."""
        return f"{slug(self.variant.label)}-{self.variant.id}"


def variant_models(report: Report, folder: JobFolder, ids: Sequence[str]) -> tuple[VariantModel, ...]:
    """The variants of these ids with their files.

    Raises RequestError where a variant or its file is not there, or the file is not the one that was measured.
    """
    models = []
    for id in ids:
        variant = report.variant(id)
        if variant is None:
            raise RequestError(f"the run has no variant '{id}'", "See its report")
        path = folder.file(variant.file)
        if file_sha256(path) != variant.sha256:
            raise RequestError(
                f"the file '{variant.file}' of the run has changed: its SHA-256 is another", "Run its recipe again"
            )
        models.append(VariantModel(variant, path))
    return tuple(models)


def run_files(report: Report, name: str, models: Sequence[VariantModel]) -> dict[str, Path | bytes]:
    """What a folder of an export holds, by relative path: a file to copy, or the bytes to write; the sums last."""
    files: dict[str, Path | bytes] = {f"{model.name}/model.onnx": model.path for model in models}
    files |= report_files(report, name)
    files[SUMS] = "".join(f"{sum_of(content)}  {path}\n" for path, content in files.items()).encode()
    return files


def report_files(report: Report, name: str) -> dict[str, Path | bytes]:
    """The report for people and for programs, and the recipe, without the names of this machine's folders."""
    report = report.model_copy(update={"recipe": without_folders(report.recipe)})
    return {
        "report.html": html_report(report, name).encode(),
        "report.json": report.model_dump_json(indent=1, by_alias=True).encode(),
        "recipe.yaml": dump_recipe(report.recipe).encode(),
    }


def sum_of(content: Path | bytes) -> str:
    """SHA-256 of a file or of bytes."""
    return file_sha256(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def exported(files: Mapping[str, Path | bytes]) -> tuple[ExportedFile, ...]:
    """The entries of these files in the result."""
    return tuple(
        ExportedFile(
            path=path,
            size_bytes=content.stat().st_size if isinstance(content, Path) else len(content),
            sha256=sum_of(content),
        )
        for path, content in files.items()
    )
