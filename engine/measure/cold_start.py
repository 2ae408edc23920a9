"""Load time, first call and peak memory of files, each in fresh processes that take turns."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.errors import RunError
from engine.measure.first_call import FirstCallRequest
from engine.measure.inputs_file import write_inputs
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.results.cold_start import ColdStart, FirstCall, Spread
from engine.settings import Target
from engine.system.fresh_processes import FreshProcesses
from engine.tasks import Inputs

N_ROUNDS = 3
MOST_SECONDS = 30.0
"""No further round begins after this: large files load for seconds, and a median changes little then."""
CLEAR_RATIO, CLEAR_MS = 1.25, 10.0
"""A load is clearly slower or faster where every round's ratio is beyond the one, and the medians differ by the other:
less is noise, or nobody waits for it."""

ColdStarts = dict[str, ColdStart | RunError]
"""By the ids of the files; the error of a file whose process did not come to its end."""


def measure_cold_starts(
    models: Mapping[str, OnnxModel],
    baseline_id: str,
    targets: Mapping[str, Target],
    inputs: Inputs,
    processes: FreshProcesses,
    work: Path,
    on_process: Callable[[int, int], None],
) -> ColdStarts:
    """The cold start of each file on its target, in N_ROUNDS rounds in which every file has its turn.

    `inputs` are those of one call; they are written to `work`, a private folder. `on_process` gets how many processes
    have ended, and how many there are to be.
    """
    path, began = write_inputs(inputs, work), time.monotonic()
    calls: dict[str, list[FirstCall]] = {id: [] for id in models}
    errors: dict[str, RunError] = {}
    for number in range(N_ROUNDS):
        if number and time.monotonic() - began > MOST_SECONDS:
            break
        for position, (id, model) in enumerate(models.items()):
            on_process(number * len(models) + position, N_ROUNDS * len(models))
            if id in errors:
                continue
            request = FirstCallRequest(
                file=str(model.path),
                target=targets[id],
                output_names=tuple(model.output_names),
                inputs=str(path),
            )
            try:
                calls[id].append(FirstCall.model_validate_json(processes.call(request.model_dump_json())))
            except RunError as error:
                errors[id] = error
    baseline = calls[baseline_id] if baseline_id not in errors else []
    return {
        id: errors[id] if id in errors else cold_start_of(calls[id], targets[id], baseline if id != baseline_id else [])
        for id in models
    }


def cold_start_of(calls: Sequence[FirstCall], target: Target, baseline: Sequence[FirstCall] = ()) -> ColdStart:
    """The medians and ranges of a file's processes, and of the ratios to the baseline's of the same rounds."""
    ratios = [own.load_ms / other.load_ms for own, other in zip(calls, baseline, strict=False)]
    spreads = {name: spread([getattr(call, name) for call in calls]) for name in FirstCall.model_fields}
    return ColdStart(
        runtime=target.runtime,
        provider=target.provider,
        threads=target.threads or 1,
        batch_size=target.batch_size,
        n_processes=len(calls),
        load_ratio=spread(ratios) if ratios else None,
        **spreads,
    )


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest of at least one value."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


def cold_start_note(cold_start: ColdStart, baseline: ColdStart) -> Note | None:
    """A note where a file loads clearly slower or faster than the baseline, in every round; else None."""
    ratio, own, other = cold_start.load_ratio, cold_start.load_ms, baseline.load_ms
    if ratio is None or cold_start.n_processes < N_ROUNDS or abs(own.median - other.median) < CLEAR_MS:
        return None
    if ratio.low < CLEAR_RATIO and ratio.high > 1 / CLEAR_RATIO:
        return None
    text = (
        f"It loads {'slower' if ratio.low > 1 else 'faster'} than the baseline: {own.median:.3g} ms until the session "
        f"is open ({own.low:.3g} to {own.high:.3g} in {cold_start.n_processes} fresh processes) beside "
        f"{other.median:.3g} ms ({other.low:.3g} to {other.high:.3g})"
    )
    return Note(code=codes.COLD_START, text=text)


def not_measured_note(error: RunError) -> Note:
    """A note on a file whose cold start could not be measured."""
    return Note(code=codes.COLD_START, text=f"Its cold start was not measured: {error}")
