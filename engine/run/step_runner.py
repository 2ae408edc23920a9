"""Applies a step: its result is addressed by content and computed once; no model is changed."""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from engine.context import CandidateResult, Model, Outcome, ProgressCallback, SearchResult, as_onnx, no_progress
from engine.data import Data, Examples, full_batch
from engine.data.pixel_cache import with_cached_pixels
from engine.errors import ExportError, StepError
from engine.export.onnx_file import export_onnx
from engine.measure.predictions import Predictions, predict, prediction_batch
from engine.models.artifacts import OnnxModel, TorchModel, content_key, file_sha256
from engine.results import Note, Result
from engine.run.registry import STEPS, FullContext
from engine.runtimes import RaceTarget
from engine.search.context import no_candidate
from engine.settings import Budget, Goal, Step, Target
from engine.store.cache import Cache
from engine.system.machine import cores, cpu_name, graphics_cards, isa, versions
from engine.tasks import Inputs

CHECK_IMAGES = 8
Images = Literal["evaluation", "selection"]
"""The images that report, and those that choose."""
_RESULT = "result.json"


class StepResult(Result):
    """The result of a step or an export, as its cache entry stores it."""

    model: TorchModel | OnnxModel
    notes: tuple[Note, ...]
    seconds: float
    search: SearchResult | None = None
    reused: bool = False
    """Whether it came from the cache."""
    fresh: bool = False
    """Whether all of the work was done in this call, so that later estimates can learn from its duration."""


@dataclass(frozen=True, kw_only=True)
class StepRunner:
    """What all steps of one run share. `work` is a private folder, `deadline` in seconds of time.monotonic()."""

    cache: Cache
    data: Data
    target: Target
    """What steps are made for and the baseline is measured at."""
    seed: int
    work: Path
    deadline: float
    budget: Budget = field(default_factory=Budget)
    goal: Goal = "latency"
    race_targets: tuple[RaceTarget, ...] = ()
    """What every variant is measured at, `target` first; empty where that is the only one."""
    baseline: OnnxModel | None = None
    """The ONNX file of the run's baseline, once there is one."""
    baseline_model: Model | None = None
    """The baseline before its export."""
    measure_lock: Callable[[], AbstractContextManager[object]] = nullcontext
    placements: Path | None = None
    """The file in which races remember the placements that won, where they do."""
    cut_short: dict[str, Path] = field(default_factory=dict)
    """Cache entries of results that a deadline cut short, by the key of the step: chains of this run share them."""
    decoded: dict[Images, Examples] = field(default_factory=dict)
    """The images that were predicted on, with their pixels from the cache: chains of this run share them."""

    @property
    def first_target(self) -> RaceTarget:
        """The one that the baseline is measured at."""
        return self.race_targets[0] if self.race_targets else RaceTarget("", self.target)

    def at(self, target: Target) -> "StepRunner":
        """The same, to predict at another target."""
        return replace(self, target=target)

    def apply(
        self,
        model: Model,
        step: Step,
        on_progress: ProgressCallback,
        on_candidate: Callable[[CandidateResult], None] = no_candidate,
    ) -> StepResult:
        """The model that the step makes of `model`, from the cache where it has that result.

        `on_candidate` gets every candidate of a search as it is made, those from the cache as well. Raises
        StepError where the step cannot take this kind of model.
        """
        if step.stage == "torch" and not isinstance(model, TorchModel) and not step.brings_model:
            raise StepError(
                f"{step.technique} changes a torch model, and this is an ONNX file already",
                f"Put {step.technique} before the steps that make the ONNX file",
            )
        cache_hits: list[str] = []

        def put(part: str, fill: Callable[[Path], None]) -> Path:
            cache_hits.extend([part] * (self.cache.get(part) is not None))
            return self.cache.put(part, fill)

        key = content_key(
            "step",
            model.key,
            step.model_dump(mode="json"),
            self.data.sha256,
            self.seed,
            versions(),
            isa(),
            self._conditions(step, model),
        )

        def compute(folder: Path) -> Outcome:
            context = FullContext(
                data=self.data,
                seed=self.seed,
                folder=folder,
                deadline=self.deadline,
                isa=isa(),
                target=self.target,
                on_progress=on_progress,
                shared=self.work / "shared",
                checkpoint=self.cache.unfinished(key) / "training.pt",
                baseline_model=self.baseline_model or self.baseline,
                export=self._onnx,
                cache=put,
                measure_lock=self.measure_lock,
                budget=self.budget,
                goal=self.goal,
                baseline=self.baseline,
                placements=self.placements,
                on_candidate=on_candidate,
                race_targets=self.race_targets,
            )
            return STEPS[type(step)](model, step, context)

        resumed = self.cache.unfinished(key).exists()
        result = self._cached(key, compute)
        result = result.model_copy(update={"fresh": result.fresh and not resumed and not cache_hits})
        self.cache.forget_unfinished(key)
        if result.search is None:
            return result
        for candidate in result.search.candidates:
            on_candidate(candidate)
        return result if result.search.winner else result.model_copy(update={"model": model})

    def export(self, model: Model, on_progress: ProgressCallback) -> StepResult:
        """The model as an ONNX file; an OnnxModel is one already."""
        if isinstance(model, OnnxModel):
            return StepResult(model=model, notes=(), seconds=0.0)

        def compute(folder: Path) -> Outcome:
            on_progress(0.1, "exporting to ONNX")
            return Outcome(model=export_onnx(model, folder / "model.onnx", self.data.first_images(CHECK_IMAGES)))

        return self._cached(content_key("export", model.key, versions()), compute)

    def _onnx(self, model: TorchModel) -> OnnxModel:
        return as_onnx(self.export(model, no_progress).model)

    def predict(self, model: OnnxModel, on_progress: ProgressCallback, images: Images = "evaluation") -> Predictions:
        """The answers on the examples that report, or on those that choose, from the cache where it has them."""
        part = self.data.selection if images == "selection" else self.data.split("evaluation")

        def fill(folder: Path) -> None:
            if images not in self.decoded:
                self.decoded[images] = with_cached_pixels(part, self.cache, on_progress)
            predictions = predict(
                model,
                self.decoded[images],
                self.target,
                lambda done, total: on_progress(done / total, f"{part.noun} {done}"),
            )
            predictions.save(folder / "predictions.npz")

        return Predictions.load(self.cache.put(self._predictions_key(model, images), fill) / "predictions.npz")

    def was_predicted(self, model: OnnxModel, images: Images = "evaluation") -> bool:
        """Whether the cache holds the logits of this file on these images."""
        return self.cache.get(self._predictions_key(model, images)) is not None

    def inputs(self, n: int) -> Inputs:
        """Those of a call for n examples: the first ones of evaluation, repeated where there are fewer."""
        return full_batch(self.data.split("evaluation"), n)

    def _predictions_key(self, model: OnnxModel, images: Images) -> str:
        return content_key(
            "predictions",
            model.sha256,
            self.data.sha256,
            images,
            prediction_batch(model, self.target),
            model.preprocess.model_dump(mode="json") if model.preprocess is not None else None,
            (model.task, model.output_names),
            self.target.arithmetic,
            graphics_cards(),
            versions(),
            isa(),
        )

    def _conditions(self, step: Step, model: Model) -> list[object]:
        """What a step's result depends on beside its input.

        Runtime, provider, precision and the graphics cards, on which torch trains too; the CPU of a torch step; the
        baseline where the step uses it; all targets, budget, goal, CPU and cores where the step measures; the batch
        where answers depend on it.
        """
        baseline_key = self.baseline.key if self.baseline else None
        conditions: list[object] = [self.target.arithmetic, graphics_cards()]
        if isinstance(model, OnnxModel) and model.batch_dependent:
            conditions.append(self.target.batch_size)
        if step.stage == "torch":
            conditions.append(cpu_name())
        if step.measures:
            conditions += [one.target.model_dump() for one in self.race_targets[1:]]
            conditions += [self.target.model_dump(), self.budget.model_dump(), self.goal, cpu_name(), cores()]
        return [*conditions, baseline_key] if step.measures or step.asks_baseline else conditions

    def _cached(self, key: str, compute: Callable[[Path], Outcome]) -> StepResult:
        entry = self.cut_short.get(key) or self.cache.get(key)
        if entry is not None:
            return _read(entry).model_copy(update={"reused": True})
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name)
            outcome = compute(folder)
            # A later run must not take a result that a deadline cut short for a complete one: it gets its own key.
            search = outcome.search.model_dump_json() if outcome.search else None
            result_key = key if outcome.complete else content_key(key, _content(outcome.model), search)
            # The winner of a search has a key of its own already, as every candidate has.
            model = outcome.model if outcome.search else _with_key(outcome.model, result_key)
            result = StepResult(
                model=model, notes=outcome.notes, seconds=time.monotonic() - started, search=outcome.search
            )
            (folder / _RESULT).write_text(result.model_dump_json(), encoding="utf-8")
            entry = self.cache.put(result_key, lambda target: _copy(folder, target))
        if not outcome.complete:
            self.cut_short[key] = entry
        return _read(entry).model_copy(update={"fresh": outcome.complete and not outcome.ended_early})


def _with_key(model: Model, key: str) -> Model:
    if isinstance(model, OnnxModel):
        return replace(model, key=key, sha256=file_sha256(model.path))
    return replace(model, key=key)


def _content(model: Model) -> str:
    path = model.path if isinstance(model, OnnxModel) else model.weights
    return file_sha256(path) if path is not None else model.key


def _copy(folder: Path, target: Path) -> None:
    for path in sorted(folder.rglob("*")):  # by hand: shutil.copytree sets modes too, which a confined job may not
        copy = target / path.relative_to(folder)
        if path.is_dir():
            copy.mkdir(exist_ok=True)
        else:
            shutil.copyfile(path, copy)


def _read(entry: Path) -> StepResult:
    """A cache entry's result, with its files' paths in this cache. Raises ExportError where the entry is damaged."""
    try:
        result = StepResult.model_validate_json((entry / _RESULT).read_bytes())
    except (OSError, ValidationError) as error:
        raise ExportError(
            f"the cache entry '{entry.name[:12]}' cannot be read", "Free the cache and run again"
        ) from error
    model, search = result.model, result.search
    if isinstance(model, OnnxModel):
        model = _at_entry(model, entry)
    elif model.weights is not None:
        model = replace(model, weights=entry / model.weights.name)
    if search is not None:
        candidates = (one.model_copy(update={"model": _at_entry(one.model, entry)}) for one in search.candidates)
        search = search.model_copy(update={"candidates": tuple(candidates)})
    return result.model_copy(update={"model": model, "search": search})


def _at_entry(model: OnnxModel, entry: Path) -> OnnxModel:
    return replace(model, path=entry / model.path.name)
