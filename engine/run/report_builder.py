"""The report of a run while it is being made: on disk after every change, so that a failed run keeps what it has."""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.errors import FeatherweightError
from engine.measure.chance import judged_race
from engine.measure.compressed import compressed_bytes
from engine.measure.latency import PairedLatency
from engine.measure.predictions import Predictions
from engine.measure.quality import accuracy, class_loss, compare, fidelity, on_selection
from engine.measure.recommendation import recommend
from engine.measure.verdict import judge
from engine.models.artifacts import OnnxModel, variant_key
from engine.results import (
    ColdStart,
    DataSummary,
    Example,
    Failure,
    InputSpec,
    Note,
    Race,
    Recommendation,
    Report,
    Role,
    State,
    Trial,
    Variant,
)
from engine.runtimes import RaceTarget, available_providers
from engine.settings import Recipe, Step, TaskName
from engine.store.folders import JobFolder
from engine.system.machine import environment
from engine.tasks import TASKS


@dataclass
class ReportBuilder:
    """Variants by id in the order they were made, with their models and predictions, and the report on disk."""

    recipe: Recipe
    folder: JobFolder
    run_id: str
    created: str
    started: float = field(default_factory=time.monotonic)
    data: DataSummary | None = None
    warnings: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    variants: dict[str, Variant] = field(default_factory=dict)
    models: dict[str, OnnxModel] = field(default_factory=dict)
    predictions: dict[str, Predictions] = field(default_factory=dict)
    baseline_selection: Predictions | None = None
    """The baseline's predictions on the images that choose; None where there are none."""
    races: dict[tuple[int, int], Race] = field(default_factory=dict)
    """By branch and step."""
    recommended: Recommendation | None = None
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        self._environment = environment(available_providers())

    @property
    def baseline(self) -> Variant:
        return next(iter(self.variants.values()))

    def add_variant(
        self,
        model: OnnxModel,
        *,
        parent_id: str | None,
        branch: int,
        number: int,
        step: Step | None,
        label: str,
        notes: tuple[Note, ...],
        seconds: float,
        at: RaceTarget | None = None,
        candidate: bool = False,
    ) -> Variant:
        """Copies the file into the run and adds a variant of it; the first one is the baseline.

        `at` is what it is measured at; at another target than the first it is a variant of its own. A `candidate` of
        a race becomes a step's variant when it is added again without `candidate`: then it won.
        """
        id = variant_key(model.key, at)[:12]
        if id in self.variants:
            if self.variants[id].role == "candidate" and not candidate:
                self._update(
                    id,
                    role="step",
                    parent_id=parent_id,
                    branch=branch,
                    step=number,
                    settings=step,
                    label=self._unique(label, branch, among_steps=True),
                    notes=notes,
                    seconds=seconds,
                )
            return self.variants[id]
        file = self.folder.variants / id / "model.onnx"
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            _place(model.path, file, same=self.models.get(model.key[:12]))
        except OSError:  # a full disk: a part of a file is no variant
            shutil.rmtree(file.parent, ignore_errors=True)
            raise
        role: Role = "candidate" if candidate else "step" if self.variants else "baseline"
        # From here on this copy is used: the cache may be freed meanwhile, and the user's file may change.
        self.models[id] = replace(model, path=file)
        self.variants[id] = Variant(
            id=id,
            parent_id=parent_id,
            branch=branch,
            step=number,
            technique=step.technique if step else "baseline",
            role=role,
            label=self._unique(label, branch, among_steps=not candidate),
            settings=step,
            file=str(file.relative_to(self.folder.path)),
            sha256=model.sha256,
            size_bytes=file.stat().st_size,
            compressed_bytes=compressed_bytes(file) if self._sparse else None,
            parameters=model.parameters,
            macs=model.macs,
            input=InputSpec(
                shape=model.inputs[0].shape if model.inputs else model.input_shape,
                preprocess=model.preprocess,
                inputs=model.inputs,
            ),
            output=model.output_name,
            target=at.target if at is not None else None,
            target_label=at.label if at is not None else "",
            same_file_as=model.key[:12] if model.key[:12] != id else None,
            latency=None,
            throughput=None,
            accuracy=None,
            fidelity=None,
            verdict=None,
            seconds=seconds,
            notes=notes,
        )
        return self.variants[id]

    def discard(self, id: str) -> None:
        """Removes a variant that does not run, with its file."""
        del self.variants[id], self.models[id]
        shutil.rmtree(self._folder(id))

    def add_trial(self, id: str, trial: Trial, branch: int, number: int, parent_id: str) -> None:
        """Adds a candidate's trial to the race of this step, or replaces it by a newer one."""
        race = self.races.get((branch, number)) or Race(branch=branch, step=number, parent_id=parent_id)
        self.races[branch, number] = race.model_copy(update={"trials": {**race.trials, id: trial}})

    def end_race(self, branch: int, number: int, **outcome: object) -> None:
        """Sets the fields of a Race that are known at its end: the winner, the reason and others."""
        self.races[branch, number] = self.races[branch, number].model_copy(update=outcome)

    @property
    def timed(self) -> dict[str, OnnxModel]:
        """The models whose latency the report gives: of a race's candidates only those that reached a final."""
        final = {id for race in self.races.values() for id, trial in race.trials.items() if trial.stage == "final"}
        excluded = {id for id, variant in self.variants.items() if variant.role == "candidate"} - final
        return {id: model for id, model in self.models.items() if id not in excluded}

    def score(self, id: str, predictions: Predictions, labels: np.ndarray | None) -> None:
        """Adds accuracy (with labels alone) and what differs from the baseline; writes the predictions beside the file.

        Both arguments are for the images that report.
        """
        predictions.save(self._folder(id) / "predictions.npz", self._class_answers(predictions, labels))
        self.predictions[id] = predictions
        self._update(id, accuracy=accuracy(predictions.logits, labels) if labels is not None else None)
        if id != self.baseline.id:
            answers, base = predictions.answers, self.predictions[self.baseline.id].answers
            self._update(
                id,
                fidelity=fidelity(self._task, answers, base),
                comparison=compare(self._task, answers, base, labels),
                class_loss=class_loss(answers, base, labels),
            )

    def score_selection(self, id: str, predictions: Predictions, labels: np.ndarray | None) -> None:
        """Adds what the recommendation chooses by; both arguments are for the images that choose."""
        if id == self.baseline.id:
            self.baseline_selection = predictions
        elif self.baseline_selection is not None:
            chosen_on = on_selection(self._task, predictions.answers, self.baseline_selection.answers, labels)
            self._update(id, selection=chosen_on)

    def add_latencies(self, latencies: dict[str, PairedLatency]) -> None:
        """Adds latency and throughput of variants, by id, or the estimates in their place."""
        for id, (latency, throughput, estimate) in latencies.items():
            self._update(id, latency=latency, throughput=throughput, latency_estimate=estimate)

    def add_cold_start(self, id: str, cold_start: ColdStart) -> None:
        """Adds what a fresh process needs until its first answer from a variant."""
        self._update(id, cold_start=cold_start)

    def add_note(self, id: str, note: Note) -> None:
        """Adds a note to a variant."""
        self._update(id, notes=(*self.variants[id].notes, note))

    def replace_note(self, id: str, note: Note) -> None:
        """Puts a note on a variant in the place of those of the same code."""
        self._update(id, notes=tuple(one for one in self.variants[id].notes if one.code != note.code))
        self.add_note(id, note)

    def judge(self) -> None:
        """Adds a verdict to each variant that was timed, and the recommendation."""
        for id in self.timed:
            self._update(id, verdict=judge(self.variants[id], self.recipe.budget))
        self.races = {
            position: judged_race(race, self.variants.get(race.winner_id or ""))
            for position, race in self.races.items()
        }
        self.recommended = recommend(self.report("running"))

    def fail(
        self, branch: int | None, number: int | None, technique: str | None, summary: str, error: FeatherweightError
    ) -> None:
        """Adds the failure of a branch, or of what all share (None); `summary` says at which step or of what."""
        failure = Failure(
            branch=branch,
            step=number,
            technique=technique,
            code=error.code,
            message=f"{summary}: {error.message}",
            next=error.next,
        )
        self.failures = (*self.failures, failure)

    def write(self, state: State) -> Report:
        """Writes the report with what it has so far, and returns it."""
        report = self.report(state)
        self.folder.write("report.json", report)
        return report

    def report(self, state: State) -> Report:
        """The report with what it has so far."""
        return Report(
            run_id=self.run_id,
            state=state,
            created=self.created,
            seconds=time.monotonic() - self.started,
            recipe=self.recipe,
            environment=self._environment,
            warnings=self.warnings,
            failures=self.failures,
            data=self.data,
            variants=tuple(self.variants.values()),
            races=tuple(self.races.values()),
            recommended=self.recommended,
            examples=self.examples,
        )

    @property
    def _task(self) -> TaskName:
        """That of the baseline: all variants are asked for the same."""
        return self.models[self.baseline.id].task

    @property
    def _sparse(self) -> bool:
        return any(step.zeroes_weights for chain in self.recipe.chains for step in chain)

    def _class_answers(self, predictions: Predictions, labels: np.ndarray | None) -> dict[str, np.ndarray]:
        """A classifier's answers and their labels, which say what changes by class without reading the logits."""
        if not TASKS[self._task].classes:
            return {}
        answers = {"answers": predictions.logits.argmax(1)}
        return answers if labels is None else answers | {"labels": labels}

    def _unique(self, label: str, branch: int, *, among_steps: bool) -> str:
        """The label, with the chain's number where another variant has it already.

        `among_steps` leaves out the candidates of races, which are never shown beside the results of steps.
        """
        labels = {one.label for one in self.variants.values() if not (among_steps and one.role == "candidate")}
        return f"{label} (chain {branch + 1})" if label in labels else label

    def _folder(self, id: str) -> Path:
        return self.folder.variants / id

    def _update(self, id: str, **changes: object) -> None:
        self.variants[id] = self.variants[id].model_copy(update=changes)


def _place(source: Path, file: Path, same: OnnxModel | None) -> None:
    """Puts a file into the run: a second name where the run has the `same` one, which takes no room, else a copy."""
    if same is not None:
        with suppress(OSError):  # a file system without such names, or a sandbox that forbids them
            os.link(same.path, file)
            return
    shutil.copyfile(source, file)
