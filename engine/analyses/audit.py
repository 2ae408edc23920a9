"""What is wrong with the images: copies, images out of the ordinary, labels, and classes with too few of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine import models
from engine.analyses.findings import AuditFinding, write_findings
from engine.analyses.label_check import check_labels
from engine.analyses.measure_lock import hold_measure_lock
from engine.data import Data, load
from engine.data.audit.images import AuditedImage, Scan, audited_images, audited_parts
from engine.data.audit.properties import Flags, flags
from engine.data.audit.repeats import Repeat, repeats
from engine.errors import DataError
from engine.measure.statistics import widest_wilson
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results.audit import CHECKS, LEAKS, CheckName, CheckResult, ClassFigures, DataAudit
from engine.settings import ArraysData, AuditRequest, Preprocess
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.wording import many

CHUNK = 512
"""Images that are decoded while the measure lock is held once: seconds at most."""
LOOK_BEGINS, COMPARE_BEGINS = 0.3, 0.6
"""The shares of the job that are done when the images are read, and when each was looked at."""
WITHOUT_MODEL = Preprocess(size=(224, 224), mean=(0.5,) * 3, std=(0.5,) * 3)
"""For reading images where no model says how it takes them; no check depends on it."""


def audit(request: AuditRequest, folder: JobFolder, progress: Progress) -> DataAudit:
    """What is wrong with the images of every split, which is the split of a run with a training step.

    Every image is decoded once, in chunks; about 1.1 kB of each is held. All findings are written to a CSV file in the
    job's folder, with pictures of the first of each check. Labels are checked where a model's outputs are the classes.
    Raises SourceError and DataError.
    """
    if isinstance(request.data, ArraysData):
        raise DataError("the data is arrays, and only images can be looked at", "Give images (data.kind: images)")
    progress.emit("audit", "read", 0.0, "reading the images")
    folder.work.mkdir(parents=True, exist_ok=True)
    lock = Home.default().measure_lock
    model = _model(request, folder.work)
    data = _load(request, model, folder.work, progress)
    parts = audited_parts(data)
    images = audited_images(parts)
    seen = _scan(images, lock, progress)
    progress.emit("audit", "compare", COMPARE_BEGINS, f"comparing {many(len(images), 'image')} with one another")
    with hold_measure_lock(lock, "audit"):
        copies = repeats(images, seen.likeness)
    labels = check_labels(model, data, parts, request.minutes, lock, _label_progress(progress))
    progress.emit("audit", "pictures", 0.95, "drawing what was found")
    looks = flags(seen.properties)
    findings = [AuditFinding(copy.check, copy.row, other=copy.other) for copy in copies]
    findings += [*labels.findings, *_of_looks(looks)]
    examples = write_findings(findings, images, data.classes, folder)
    return DataAudit(
        summary=data.summary(),
        n_images=len(images),
        checks=_results(findings, looks, examples),
        classes=_classes(data, images),
        width=widest_wilson(len(data.split("evaluation"))),
        n_without_leaks=_n_without_leaks(images, copies),
        n_labels_checked=labels.n_checked,
        no_labels=labels.reason,
        warnings=(*(model.warnings if model is not None else ()), *data.warnings, *labels.warnings),
    )


def _model(request: AuditRequest, work: Path) -> TorchModel | OnnxModel | None:
    if request.model is None:
        return None
    return models.load(request.model, request.preprocess, request.seed, work)


def _load(request: AuditRequest, model: TorchModel | OnnxModel | None, work: Path, progress: Progress) -> Data:
    return load(
        request.data,
        request.split,
        model.preprocess if model is not None else request.preprocess or WITHOUT_MODEL,
        request.seed,
        merge_train=False,
        n_outputs=None,  # labels are names, for which a new head can be made
        model_classes=model.classes if model is not None else None,
        work=work,
        inputs=model.input_specs if model is not None else (),
        cache=Cache(Home.default().cache),
        on_progress=lambda share, text: progress.emit("audit", "read", LOOK_BEGINS * share, text),
    )


def _scan(images: Sequence[AuditedImage], lock: Path, progress: Progress) -> Scan:
    """What every image tells, decoded a chunk at a time so that other jobs can measure in between."""
    seen = Scan.empty(len(images))
    for start in range(0, len(images), CHUNK):
        stop = min(start + CHUNK, len(images))
        with hold_measure_lock(lock, "audit"):
            seen.fill(images, start, stop)
        share = stop / len(images)
        progress.emit(
            "audit",
            "look",
            LOOK_BEGINS + (COMPARE_BEGINS - LOOK_BEGINS) * share,
            f"looked at {stop:,} of {many(len(images), 'image')}",
        )
    return seen


def _label_progress(progress: Progress) -> Callable[[int, int], None]:
    def emit(n_done: int, n_labels: int) -> None:
        message = f"asked the model about {n_done:,} of {many(n_labels, 'label')}"
        progress.emit("audit", "labels", 0.65 + 0.3 * n_done / n_labels, message)

    return emit


def _of_looks(looks: Mapping[CheckName, Flags]) -> list[AuditFinding]:
    """A finding for every image that a check finds and most images do not share."""
    return [
        AuditFinding(name, int(row), figure=None if one.figure is None else float(one.figure[row]))
        for name, one in looks.items()
        if not one.is_usual
        for row in one.found.nonzero()[0]
    ]


def _results(
    findings: Sequence[AuditFinding], looks: Mapping[CheckName, Flags], examples: Mapping[CheckName, CheckResult]
) -> tuple[CheckResult, ...]:
    counts = Counter(finding.check for finding in findings)
    results = []
    for name in CHECKS:
        if name in looks and looks[name].is_usual:
            results.append(CheckResult(name=name, n_found=int(looks[name].found.sum()), usual=True))
        else:
            results.append(examples.get(name) or CheckResult(name=name, n_found=counts[name]))
    return tuple(results)


def _classes(data: Data, images: Sequence[AuditedImage]) -> tuple[ClassFigures, ...]:
    """The figures of every class that has images; empty without labels."""
    totals = Counter(image.label for image in images)
    reporting = Counter(image.label for image in images if image.split == "evaluation")
    return tuple(
        ClassFigures(
            name=name, n_images=totals[index], n_evaluation=reporting[index], width=widest_wilson(reporting[index])
        )
        for index, name in enumerate(data.classes or ())
        if totals[index]
    )


def _n_without_leaks(images: Sequence[AuditedImage], copies: Sequence[Repeat]) -> int:
    """How many evaluation images, those that they gave to the selection included, are no leaks."""
    leaked = {copy.row for copy in copies if copy.check in LEAKS}
    return sum(image.split in ("evaluation", "selection") and row not in leaked for row, image in enumerate(images))
