"""Times files beside a baseline, as the runs and the races do: what does not run costs its own latency alone."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.errors import FeatherweightError
from engine.measure.contention import not_measured_note, watched
from engine.measure.latency import N_ROUNDS, PairedLatency, measure_latency
from engine.measure.trial_call import trial_calls
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.settings import Target
from engine.settings.target import CUDA
from engine.system.machine import cores
from engine.tasks import Inputs


@dataclass(frozen=True)
class FileTimings:
    """Latencies of the files that run, and the errors of those that do not, by the files' ids.

    `busy` is a warning that other programs used the cores, `missing` one that some files have no latency for it.
    """

    latencies: dict[str, PairedLatency]
    errors: dict[str, FeatherweightError]
    busy: tuple[Note, ...] = ()
    missing: tuple[Note, ...] = ()

    @property
    def warnings(self) -> tuple[Note, ...]:
        return (*self.missing, *self.busy)


def time_files(
    models: Mapping[str, OnnxModel],
    baseline_id: str,
    target: Target,
    inputs: Inputs,
    on_round: Callable[[int, int], None],
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
    targets: Mapping[str, Target] | None = None,
    *,
    both_buffers: bool = False,
) -> FileTimings:
    """Times all that runs beside the baseline; nothing where the baseline itself does not run.

    Arguments as of `measure_latency`. With `both_buffers` files whose target is a card are timed with buffers on it and
    with arrays in memory, in the same rounds; the target says which of the two `p50_ms` is. The caller holds the home's
    measure lock.
    """
    others = _other_buffers(models, target, targets or {}) if both_buffers else {}
    models = {**models, **{other: models[id] for other, (id, _) in others.items()}}
    targets = {**(targets or {}), **{other: other_target for other, (_, other_target) in others.items()}}
    with watched(target.threads or cores()) as busy:
        failed = trial_calls(models, target, inputs, targets)
        errors = {id: error for id, error in failed.items() if id not in others}
        if baseline_id in errors:
            return FileTimings({}, errors)
        latencies = measure_latency(
            {id: model for id, model in models.items() if id not in failed},
            baseline_id,
            target,
            inputs,
            on_round=on_round,
            n_rounds=n_rounds,
            deadline=deadline,
            targets=targets,
        )
    latencies = _with_other_buffers(latencies, others)
    n_missing = sum(one.latency is None for one in latencies.values())
    missing = (not_measured_note(n_missing, len(latencies)),) if n_missing else ()
    return FileTimings(latencies, errors, tuple(busy), missing)


def _other_buffers(
    models: Mapping[str, OnnxModel], target: Target, targets: Mapping[str, Target]
) -> dict[str, tuple[str, Target]]:
    """For every file whose target is a card, under an id of its own: its id, and the target with the other buffers."""
    of_files = {id: targets.get(id, target) for id in models}
    return {
        f"{id} with other buffers": (id, one.model_copy(update={"bound": not one.bound}))
        for id, one in of_files.items()
        if one.provider == CUDA
    }


def _with_other_buffers(
    latencies: Mapping[str, PairedLatency], others: Mapping[str, tuple[str, Target]]
) -> dict[str, PairedLatency]:
    """The latencies of the files, each with the p50 that it has with the other buffers."""
    own = {id: pair for id, pair in latencies.items() if id not in others}
    for other, (id, _) in others.items():
        beside, pair = latencies.get(other), own.get(id)
        if pair is not None and pair.latency is not None and beside is not None and beside.latency is not None:
            update = {"other_buffers_p50_ms": beside.latency.p50_ms}
            own[id] = pair._replace(latency=pair.latency.model_copy(update=update))
    return own


def not_timed_note(error: FeatherweightError) -> Note:
    """A note on a file that does not run."""
    return Note(code=codes.NOT_TIMED, text=f"Its latency was not measured: {error}")


def nothing_timed_note(error: FeatherweightError) -> Note:
    """A warning that nothing was timed, with the error of the baseline."""
    text = f"No latency was measured, since the baseline, which every ratio is taken to, does not run: {error}"
    return Note(code=codes.NOT_TIMED, text=text)
