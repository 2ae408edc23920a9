"""The images on which a variant of a run answers otherwise than its baseline, and what in them both look at."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.analyses.run_examples import evaluation_examples
from engine.data import Data, Part
from engine.data.pictures import name_of, output_names, small_picture, small_picture_of
from engine.errors import DataError, RequestError
from engine.measure.changed_answers import changed_answers
from engine.measure.confidence import probabilities
from engine.measure.label_errors import likely_label_errors
from engine.measure.occlusion import occlusion_map
from engine.measure.predictions import predict
from engine.models.artifacts import OnnxModel
from engine.models.variants import read_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results import ChangeKind, Disagreement, Disagreements, Report
from engine.run.pipeline import load
from engine.runtimes import resolve_target
from engine.settings import DisagreementsRequest, Target
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.wording import many

MOST_ROWS = 600
"""Nobody looks through more images than that; the counts have them all."""
MOST_MAPS, MAP_SECONDS = 24, 40.0
CHUNK = 64
"""Images between two looks at the clock."""
LOADED, ASKED, DRAWN = 0.3, 0.7, 0.8
"""The shares of the job that are done when model and images are loaded, when both are asked, and when all is drawn."""
HEAT = np.array([203, 74, 62], np.float64)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Pair:
    """Baseline and variant, each with the target that it was measured at."""

    baseline: tuple[OnnxModel, Target]
    variant: tuple[OnnxModel, Target]

    def probabilities(self, part: Part) -> tuple[Floats, Floats]:
        """(N, classes) of the baseline, and of the variant."""
        baseline, variant = (predict(model, part, target).logits for model, target in (self.baseline, self.variant))
        return probabilities(baseline), probabilities(variant)


def disagreements(request: DisagreementsRequest, folder: JobFolder, progress: Progress) -> Disagreements:
    """The run's evaluation images on which the two disagree, with pictures in the job's folder, most damaging first.

    Raises RequestError where the run has no such variant or a file of it has changed, and DataError where the model is
    no classifier of images, the run had no images, or they are others now.
    """
    deadline = time.monotonic() + 60 * request.minutes
    run_folder = Path(request.folder)
    report = remeasurable_report(run_folder)
    pair = _pair(run_folder, report, request.variant_id)
    folder.work.mkdir(parents=True, exist_ok=True)
    source, data = load(
        request.recipe,
        folder.work,
        Cache(Home.default().cache),
        lambda fraction, message, **metrics: progress.emit("disagreements", "load", LOADED * fraction, message),
    )
    part = _part(report, data)
    names = output_names(data, source.classes) or data.classes
    before, after = _ask(pair, part, deadline, progress)
    labels = None if part.labels is None else part.labels[: len(before)]
    changes = changed_answers(labels, before, after)
    counts: Counter[ChangeKind] = Counter(kind for _, kind, _ in changes)
    doubtful = _doubtful(part, before)
    rows = []
    for number, (index, kind, damage) in enumerate(changes[:MOST_ROWS]):
        progress.emit("disagreements", "draw", ASKED + (DRAWN - ASKED) * number / MOST_ROWS, "drawing the images")
        answers = int(before[index].argmax()), int(after[index].argmax())
        rows.append(
            Disagreement(
                image_id=part.ids[index],
                label=None if part.labels is None else name_of(names, int(part.labels[index])),
                kind=kind,
                baseline_answer=name_of(names, answers[0]),
                baseline_probability=float(before[index, answers[0]]),
                variant_answer=name_of(names, answers[1]),
                variant_probability=float(after[index, answers[1]]),
                damage=damage,
                label_is_doubtful=index in doubtful,
                picture=_draw(part, index, folder.path / f"image-{number:03d}.png"),
            )
        )
    indices = [index for index, _, _ in changes]
    return Disagreements(
        variant_id=request.variant_id,
        n_images=len(before),
        n_evaluation=len(part),
        counts=dict(counts),
        rows=tuple(_with_maps(pair, part, indices, rows, folder.path, progress)),
    )


def _pair(folder: Path, report: Report, variant_id: str) -> _Pair:
    pairs = []
    for variant in (report.baseline, report.variant(variant_id)):
        if variant is None:
            raise RequestError(f"the run has no variant '{variant_id}'", "See its table of variants")
        pairs.append((read_variant(folder, variant), resolve_target(report.target_of(variant)).for_answers))
    return _Pair(*pairs)


def _part(report: Report, data: Data) -> Part:
    """The images that the report is on. Raises DataError where there are none, or others."""
    part = evaluation_examples(report, data)
    if not isinstance(part, Part) or report.recipe.data is None:
        raise DataError("the run had no images to look at", "Choose a run on images")
    return part


def _ask(pair: _Pair, part: Part, deadline: float, progress: Progress) -> tuple[Floats, Floats]:
    """(N, classes) probabilities of both on as many of the first images as the time allows.

    Raises DataError where an answer is no class.
    """
    for model, _ in (pair.baseline, pair.variant):
        if model.task != "classification" or model.n_outputs < 2:
            raise DataError("answers are compared image by image where they are classes", "Choose a classifier's run")
    before, after = [], []
    for start in range(0, len(part), CHUNK):
        if start and time.monotonic() > deadline:
            break
        share = LOADED + (ASKED - LOADED) * start / len(part)
        progress.emit(
            "disagreements", "ask", share, f"asking both about image {start + 1} of {many(len(part), 'image')}"
        )
        one, other = pair.probabilities(part.span(start, start + CHUNK))
        before.append(one)
        after.append(other)
    return np.concatenate(before), np.concatenate(after)


def _doubtful(part: Part, before: Floats) -> set[int]:
    """The images whose label the baseline finds likely wrong."""
    if part.labels is None:
        return set()
    indices, _, _ = likely_label_errors(before, part.labels[: len(before)])
    return {int(index) for index in indices}


def _draw(part: Part, index: int, path: Path) -> str:
    """Writes the image as the model gets it; returns the file's name."""
    small_picture_of(part, index).save(path)
    return path.name


def _with_maps(
    pair: _Pair, part: Part, indices: Sequence[int], rows: list[Disagreement], folder: Path, progress: Progress
) -> list[Disagreement]:
    """The rows with maps of the first ones, as many as MAP_SECONDS allow: what each answer rests on."""
    started, mapped = time.monotonic(), list(rows)
    for number, index in enumerate(indices[: min(MOST_MAPS, len(rows))]):
        if time.monotonic() - started > MAP_SECONDS:
            break
        share = DRAWN + (1 - DRAWN) * number / MOST_MAPS
        progress.emit("disagreements", "maps", share, "covering parts of the images, to see what answers rest on")
        pixels = part.pixels(index)
        files = {}
        for field, (model, target) in (("baseline_map", pair.baseline), ("variant_map", pair.variant)):
            name = f"{field}-{number:03d}.png"
            _heat(part, pixels, _map(model, target, part, pixels)).save(folder / name)
            files[field] = name
        mapped[number] = mapped[number].model_copy(update=files)
    return mapped


def _map(model: OnnxModel, target: Target, part: Part, pixels: NDArray[np.uint8]) -> Floats:
    def ask(images: NDArray[np.uint8]) -> Floats:
        names = tuple(map(str, range(len(images))))
        covered = Part(ids=names, hashes=names, labels=None, preprocess=part.preprocess, read=part.read, array=images)
        return probabilities(predict(model, covered, target).logits)

    return occlusion_map(pixels, int(ask(pixels[None])[0].argmax()), ask)


def _heat(part: Part, pixels: NDArray[np.uint8], importance: Floats) -> Image.Image:
    """The image in grey, redder where covering it costs the answer more probability."""
    image = small_picture(pixels, blue_first=part.preprocess.channels == "bgr").convert("L").convert("RGB")
    positive = np.maximum(importance, 0.0)
    levels = Image.fromarray(np.uint8(255 * positive / (positive.max() or 1.0)))
    weight = np.asarray(levels.resize(image.size, Image.Resampling.BICUBIC), np.float64)[..., None] / 255 * 0.75
    return Image.fromarray(np.uint8(np.asarray(image) * (1 - weight) + HEAT * weight))
