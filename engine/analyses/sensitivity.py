"""Accuracy against the pruning ratio, one group of layers at a time, without training."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine import models
from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.analyses.scores import torch_scores
from engine.data import Part, load
from engine.errors import DataError, SourceError
from engine.models.artifacts import TorchModel, content_key
from engine.results import LayerSensitivity, Note, Sensitivity, SensitivityPoint, codes
from engine.settings import SensitivityRequest
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import isa, versions
from engine.techniques.prune import Group, groups_of, prune_group
from engine.wording import time_was_up

EXAMPLES = 4
FIGURES = "figures.json"
MOST_IMAGES = 128


def sensitivity(request: SensitivityRequest, folder: JobFolder, progress: Progress) -> Sensitivity:
    """Top-1 where one group of layers alone is pruned by L2, for every group and ratio.

    On calibration images, since the evaluation images judge what is chosen by it; agreement with the unpruned network
    where there are no labels. The result is written to the folder after every group; a warning says where the minutes
    were up before the last. Groups are kept in the home's cache: asked again, it goes on with the others. Raises
    SourceError for an ONNX file, DataError without calibration images, and StepError as pruning does.
    """
    deadline = time.monotonic() + request.minutes * 60
    progress.emit("sensitivity", "load", 0.0, "loading the model and the images")
    folder.work.mkdir(parents=True, exist_ok=True)
    model, part = _load(request, folder.work, progress)
    example = torch.from_numpy(next(part.batches(EXAMPLES, EXAMPLES)))
    home = Home.default()
    cache, lock, on_wait = Cache(home.cache), home.measure_lock, wait_event(folder, progress, "sensitivity")
    with hold_measure_lock(lock, "sensitivity", on_wait):
        predictions = torch_scores(model.build(), part).argmax(1)
        groups = groups_of(model, example)
    targets = predictions if part.labels is None else part.labels
    result = Sensitivity(
        layers=(),
        top1=float((predictions == targets).mean()),
        labelled=part.labels is not None,
        n_images=len(part),
        warnings=model.warnings,
    )
    for number, group in enumerate(groups):
        if time.monotonic() >= deadline:
            return result.model_copy(
                update={
                    "warnings": (*result.warnings, _out_of_time(number, len(groups), request.minutes)),
                }
            )
        progress.emit(
            "sensitivity", "prune", 0.1 + 0.9 * number / len(groups), f"{group.name}: {number + 1} of {len(groups)}"
        )

        def fill(entry: Path, group: Group = group) -> None:
            with hold_measure_lock(lock, "sensitivity", on_wait):
                layer = _prune_alone(model, group, request.ratios, example, part, targets)
            (entry / FIGURES).write_text(layer.model_dump_json(), encoding="utf-8")

        entry = cache.put(_key(request, model, group.name), fill)
        layer = LayerSensitivity.model_validate_json((entry / FIGURES).read_bytes())
        result = result.model_copy(update={"layers": (*result.layers, layer)})
        folder.write("result.json", result)
    return result


def _prune_alone(
    model: TorchModel,
    group: Group,
    ratios: Sequence[float],
    example: torch.Tensor,
    part: Part,
    targets: NDArray[np.int64],
) -> LayerSensitivity:
    """Top-1 against `targets` (N,) where this group alone loses each share of its channels."""
    cuts = [prune_group(model, example, group.name, ratio) for ratio in ratios]
    shares = {cut.ratio: float((torch_scores(cut.module, part).argmax(1) == targets).mean()) for cut in cuts if cut}
    points = tuple(SensitivityPoint(ratio=ratio, top1=top1) for ratio, top1 in shares.items())
    return LayerSensitivity(layer=group.name, channels=group.n_channels, points=points)


def _key(request: SensitivityRequest, model: TorchModel, group: str) -> str:
    """The cache key of one group: what its figures depend on; the request has the sum of the images."""
    question = request.model_dump(mode="json", exclude={"minutes"})
    return content_key("sensitivity", question, model.key, group, versions(), isa())


def _out_of_time(n_done: int, n_groups: int, minutes: float) -> Note:
    text = (
        f"{time_was_up(minutes)} after {n_done} of {n_groups} layer groups, and nothing is known of the "
        "others; ask again, and they follow"
    )
    return Note(code=codes.OUT_OF_TIME, text=text)


def _load(request: SensitivityRequest, work: Path, progress: Progress) -> tuple[TorchModel, Part]:
    model = models.load(request.model, request.preprocess, request.seed, work)
    if not isinstance(model, TorchModel):
        raise SourceError("sensitivity prunes a torch model, and this is an ONNX file", "Choose a timm model")
    data = load(
        request.data,
        request.split,
        model.preprocess,
        request.seed,
        merge_train=False,
        n_outputs=model.n_outputs,
        model_classes=model.classes,
        work=work,
        cache=Cache(Home.default().cache),
        on_progress=lambda share, text: progress.emit("sensitivity", "load", 0.1 * share, text),
    )
    if data.labelled and not data.head_fits(model.n_outputs):
        raise DataError(
            f"the model has {model.n_outputs} outputs and the data {len(data.classes or ())} classes",
            "Go on without labels (data.labels), or choose a model for these classes",
        )
    part = data.images("calibration").span(0, MOST_IMAGES)
    if len(part) == 0:
        raise DataError(
            "there are no calibration images to see the sensitivity on",
            "Raise the share of images for calibration (split.calibration)",
        )
    return model, part
