"""The findings of an audit in the job's folder: all in a CSV file, and small pictures of the first of each check."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.data.audit.images import AuditedImage
from engine.data.preprocess import convert, upright
from engine.results.audit import CHECKS, FINDINGS_FILE, CheckName, CheckResult, Finding
from engine.store.folders import JobFolder

N_EXAMPLES = 12
PICTURE_EDGE = 160
HEAD = ("check", "file", "split", "class", "figure", "copy_of", "copy_of_split", "likely_class")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is a formula to a spreadsheet; a name of a file gets an apostrophe before it."""


@dataclass(frozen=True)
class AuditFinding:
    """An image, by its index, that a check finds, with what `Finding` says of it."""

    check: CheckName
    row: int
    figure: float | None = None
    other: int | None = None
    likely_label: int | None = None


def write_findings(
    findings: Sequence[AuditFinding],
    images: Sequence[AuditedImage],
    classes: tuple[str, ...] | None,
    folder: JobFolder,
) -> Mapping[CheckName, CheckResult]:
    """Writes the CSV file and the pictures; the result of each check that has findings, the worst first.

    Raises DataError where an image is gone since it was looked at.
    """
    by_check = {name: _ordered([one for one in findings if one.check == name]) for name in CHECKS}
    with (folder.path / FINDINGS_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for ordered in by_check.values():
            writer.writerows(_row(one, images, classes) for one in ordered)
    return {
        name: CheckResult(
            name=name,
            n_found=len(ordered),
            examples=tuple(
                _example(one, images, classes, folder, f"{name}-{number:02d}")
                for number, one in enumerate(ordered[:N_EXAMPLES])
            ),
        )
        for name, ordered in by_check.items()
        if ordered
    }


def _ordered(findings: Sequence[AuditFinding]) -> list[AuditFinding]:
    """Likely label errors have the largest margin first, all others the lowest score."""
    sign = -1 if findings and findings[0].check == "label" else 1
    return sorted(findings, key=lambda one: sign * (one.figure or 0.0))


def _row(finding: AuditFinding, images: Sequence[AuditedImage], classes: tuple[str, ...] | None) -> list[str]:
    plain = _finding(finding, images, classes)
    figure = "" if plain.figure is None else f"{plain.figure:.4g}"
    before, after = (plain.id, plain.split, plain.label), (plain.other_id, plain.other_split, plain.likely_label)
    return [finding.check, *map(_cell, before), figure, *map(_cell, after)]


def _cell(text: str | None) -> str:
    return "" if text is None else f"'{text}" if text.startswith(FORMULAS) else text


def _finding(finding: AuditFinding, images: Sequence[AuditedImage], classes: tuple[str, ...] | None) -> Finding:
    image = images[finding.row]
    other = images[finding.other] if finding.other is not None else None
    return Finding(
        id=image.id,
        split=image.split,
        label=_name(image.label, classes),
        figure=finding.figure,
        other_id=other.id if other else None,
        other_split=other.split if other else None,
        likely_label=_name(finding.likely_label, classes),
    )


def _name(label: int | None, classes: tuple[str, ...] | None) -> str | None:
    return None if label is None or classes is None else classes[label]


def _example(
    finding: AuditFinding,
    images: Sequence[AuditedImage],
    classes: tuple[str, ...] | None,
    folder: JobFolder,
    name: str,
) -> Finding:
    """The finding with its pictures, which are drawn here."""
    pictures = {"picture": _draw(images[finding.row], folder, f"{name}.jpg")}
    if finding.other is not None:
        pictures["other_picture"] = _draw(images[finding.other], folder, f"{name}-other.jpg")
    return _finding(finding, images, classes).model_copy(update=pictures)


def _draw(image: AuditedImage, folder: JobFolder, name: str) -> str:
    """Writes the image as a JPEG of PICTURE_EDGE px at most; its file's name."""
    picture = convert(upright(image.read()), "RGB")
    picture.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    picture.save(folder.path / name, "JPEG", quality=85)
    return name
