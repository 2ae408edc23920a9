"""Which architectures are faster on this machine, or more accurate: timm models, measured beside the user's model."""

import time
from collections.abc import Sequence
from statistics import median

from engine import catalogue, models
from engine import data as images
from engine.analyses.measure_lock import wait_event
from engine.analyses.paired_latency import Pair, PairTimer
from engine.analyses.pareto import advised
from engine.catalogue.published import published
from engine.catalogue.shortlist import SHORTLIST, shortlist_row
from engine.data import Data
from engine.measure.predictions import predict
from engine.measure.quality import accuracy
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results import Accuracy, Advice, Architecture, Note, OwnModel, codes
from engine.run.preflight import check_batch
from engine.runtimes import race_targets, resolve_target
from engine.settings import PRETRAINED, RANDOM, AdviseRequest, ChainInputs, ModelSource, Target, TimmModel
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import environment
from engine.wording import many, time_was_up


def advise(request: AdviseRequest, folder: JobFolder, progress: Progress) -> Advice:
    """The advice; the folder has what there is of it after every architecture.

    Raises RequestError where model, data and target do not go together, and ExportError where the user's own model
    cannot become an ONNX file. What was measured is kept in the home's cache, however this ends.
    """
    home = Home.default()
    cache = Cache(home.cache)
    folder.work.mkdir(parents=True, exist_ok=True)
    races = request.target.runtime == "any"
    target = race_targets(request.target)[0].target if races else resolve_target(request.target)
    progress.emit("advise", "load", 0.0, "loading the model")
    source = request.model if _is_labelled(request) else _without_download(request.model)
    model = models.load(source, request.preprocess, request.seed, folder.work)
    check_batch(model, target)
    timer = PairTimer(
        model, target, cache, home.measure_lock, folder.work, on_wait=wait_event(folder, progress, "advise")
    )
    with cache.in_use():
        advice = _advice(request, timer, progress, folder)
    cache.trim()
    return advice


def _advice(request: AdviseRequest, timer: PairTimer, progress: Progress, folder: JobFolder) -> Advice:
    """The advice, with what was measured by the deadline."""
    own_accuracy, notes = _accuracy(request, timer, progress, folder)
    advice = Advice(
        own=_own_model(request.model, timer, own_accuracy),
        target=timer.target,
        warnings=(*_runtime_note(request.target, timer.target), *notes),
        environment=environment(),
        architectures=tuple(_requested_architectures(request, max(timer.shape[1:]))),
    )
    return _measure_all(request, advice, timer, progress, folder)


def _measure_all(
    request: AdviseRequest, advice: Advice, timer: PairTimer, progress: Progress, folder: JobFolder
) -> Advice:
    """The advice with every architecture's latency, written to the folder after each."""
    deadline = time.monotonic() + request.minutes * 60
    pairs: list[Pair] = []
    rows = list(advice.architectures)
    for number, row in enumerate(rows):
        if time.monotonic() >= deadline:
            break

        def on_progress(activity: str, number: int = number, name: str = row.name) -> None:
            progress.emit("advise", "measure", number / len(rows), f"{activity} {name}, {number + 1} of {len(rows)}")

        on_progress("looking at")
        pair = timer.pair(row.name, on_progress)
        pairs.append(pair)
        rows[number] = row.model_copy(
            update={"latency": pair.latency, "refused": pair.refused, "busy": pair.busy is not None}
        )
        advice = advised(
            advice.model_copy(update={"architectures": tuple(rows), "own": _with_medians(advice.own, pairs)})
        )
        folder.write("result.json", advice)
    notes = (*advice.warnings, *_out_of_time_warnings(len(pairs), len(rows), request.minutes), *_busy_warnings(pairs))
    return advice.model_copy(update={"complete": len(pairs) == len(rows), "warnings": notes})


def _runtime_note(asked: Target, target: Target) -> tuple[Note, ...]:
    """A note on what the architectures are timed in, where the request leaves the choice among several open."""
    if asked.runtime != "any":
        return ()
    text = f"The target's runtime is '{asked.runtime}'; the architectures are compared in {target.runtime} alone"
    return (Note(code=codes.ONE_RUNTIME, text=text),)


def _with_medians(own: OwnModel, pairs: Sequence[Pair]) -> OwnModel:
    """The user's model with the median of its medians, and the lowest and highest of them."""
    medians = [pair.own.p50_ms for pair in pairs if pair.own is not None]
    if not medians:
        return own
    return own.model_copy(update={"p50_ms": median(medians), "lowest_ms": min(medians), "highest_ms": max(medians)})


def _out_of_time_warnings(n_done: int, n_rows: int, minutes: float) -> tuple[Note, ...]:
    if n_done == n_rows:
        return ()
    text = f"{time_was_up(minutes)} after {n_done} of {n_rows} architectures; ask again, and the others follow"
    return (Note(code=codes.OUT_OF_TIME, text=text),)


def _busy_warnings(pairs: Sequence[Pair]) -> tuple[Note, ...]:
    n_busy = sum(pair.busy is not None for pair in pairs)
    if not n_busy:
        return ()
    text = (
        f"Other programs had too many of the cores while {n_busy} of {len(pairs)} architectures were timed: their "
        "ratios may be off by more than their intervals and were not kept; measure again on a quiet machine"
    )
    return (Note(code=codes.MACHINE_BUSY, text=text),)


def _requested_architectures(request: AdviseRequest, edge: int) -> list[Architecture]:
    """The architectures that are asked for, not measured yet, in the shortlist's order where none are named."""
    architectures = []
    for name in request.names or tuple(row.name for row in SHORTLIST):
        row, entry = shortlist_row(name), catalogue.entry(name)
        architectures.append(
            Architecture(
                name=name,
                family=row.family if row else entry.family if entry else "",
                why=row.why if row else "asked for",
                parameters=entry.parameters if entry else None,
                published=published(name, edge),
            )
        )
    return architectures


def _own_model(source: ModelSource, timer: PairTimer, own_accuracy: Accuracy | None) -> OwnModel:
    model = timer.model
    architecture = model.architecture if isinstance(model, TorchModel) else None
    if isinstance(source, TimmModel):
        name = source.name
    else:
        name = model.path.name if isinstance(model, OnnxModel) else "the sample"
    own_published = published(architecture, max(timer.shape[1:])) if architecture else None
    return OwnModel(
        name=name,
        architecture=architecture,
        input_shape=timer.shape,
        n_outputs=model.n_outputs,
        published=own_published,
        accuracy=own_accuracy,
    )


def _is_labelled(request: AdviseRequest) -> bool:
    return ChainInputs.of(request.model, request.data).labels


def _without_download(source: ModelSource) -> ModelSource:
    """The same model with random weights in place of pretrained ones from the Hub, whose values change no latency."""
    if isinstance(source, TimmModel) and source.weights == PRETRAINED and not source.from_hub:
        return source.model_copy(update={"weights": RANDOM})
    return source


def _accuracy(
    request: AdviseRequest, timer: PairTimer, progress: Progress, folder: JobFolder
) -> tuple[Accuracy | None, tuple[Note, ...]]:
    """The user's model on the user's evaluation images, where they are labelled and its outputs are their classes."""
    if not _is_labelled(request):
        return None, ()
    progress.emit("advise", "read", 0.0, "reading the images")
    model = timer.model
    data = images.load(
        request.data,
        request.split,
        model.preprocess,
        request.seed,
        merge_train=False,
        n_outputs=images.outputs_to_match(request.data, model.n_outputs),
        model_classes=model.classes,
        work=folder.work,
        cache=Cache(Home.default().cache),
        on_progress=lambda _, text: progress.emit("advise", "read", 0.0, text),
    )
    labels = data.split("evaluation").labels
    if labels is None or not data.head_fits(model.n_outputs):
        return None, (_no_accuracy(model.n_outputs, data),)
    file = timer.own_file
    progress.emit("advise", "score", 0.0, "scoring the model on the images")
    with timer.alone():
        predictions = predict(file, data.split("evaluation"), timer.target)
    return accuracy(predictions.logits, labels), ()


def _no_accuracy(n_outputs: int, data: Data) -> Note:
    classes = many(len(data.classes or ()), "class")
    text = f"The model has {many(n_outputs, 'output')} and the images {classes}: its accuracy on them was not measured"
    return Note(code=codes.HEAD_DOES_NOT_FIT, text=text)
