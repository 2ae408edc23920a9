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
) -> FileTimings:
    """Times all that runs beside the baseline; nothing where the baseline itself does not run.

    Arguments as of `measure_latency`. The caller holds the home's measure lock.
    """
    with watched(target.threads or cores()) as busy:
        errors = trial_calls(models, target, inputs, targets)
        if baseline_id in errors:
            return FileTimings({}, errors)
        latencies = measure_latency(
            {id: model for id, model in models.items() if id not in errors},
            baseline_id,
            target,
            inputs,
            on_round=on_round,
            n_rounds=n_rounds,
            deadline=deadline,
            targets=targets,
        )
    n_missing = sum(one.latency is None for one in latencies.values())
    missing = (not_measured_note(n_missing, len(latencies)),) if n_missing else ()
    return FileTimings(latencies, errors, tuple(busy), missing)


def not_timed_note(error: FeatherweightError) -> Note:
    """A note on a file that does not run."""
    return Note(code=codes.NOT_TIMED, text=f"Its latency was not measured: {error}")


def nothing_timed_note(error: FeatherweightError) -> Note:
    """A warning that nothing was timed, with the error of the baseline."""
    text = f"No latency was measured, since the baseline, which every ratio is taken to, does not run: {error}"
    return Note(code=codes.NOT_TIMED, text=text)
