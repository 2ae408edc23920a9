"""The timing of a race: screening and final, each candidate beside FP32 in the same interleaved rounds."""

from collections.abc import Callable

from engine.data import full_batch
from engine.measure.timing import time_files
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.runtimes import operator_times
from engine.search.candidate import Candidate
from engine.search.selection import surely_over
from engine.search.workspace import Workspace
from engine.wording import many

SCREENING_ROUNDS, FINAL_ROUNDS = 3, 12
FINAL, REPAIR = 0.7, 0.85
"""Where the final begins and where it ends, as a share of the progress of the race."""
SCREENING = 0.05
"""The share of the progress that one screening takes."""
Position = Callable[[float], tuple[float, str]]
"""From the share of the rounds that is done to the share of the race, and the stage's name."""


def operator_milliseconds(workspace: Workspace, model: OnnxModel) -> dict[str, float]:
    """Milliseconds of one call by operator type."""
    size = model.batch or workspace.context.target.batch_size
    inputs = full_batch(workspace.judges.part, size)
    with workspace.context.measure_lock():
        return operator_times(model.path, workspace.context.target, inputs)


def screen(
    workspace: Workspace, model: OnnxModel, candidates: list[Candidate], begin: float, *, also_over: bool = False
) -> None:
    """Times, in few rounds, all candidates that were not timed yet and may still keep the budget.

    `also_over` times those as well that are surely over it.
    """
    budget = workspace.context.budget
    new = [one for one in candidates if one.latency is None and one.untimed is None]
    new = [one for one in new if also_over or not surely_over(one, budget)]
    _time(workspace, model, new, SCREENING_ROUNDS, lambda share: (begin + SCREENING * share, "screening"))
    for candidate in new:
        candidate.stage = "screened" if candidate.untimed is None else candidate.stage
        workspace.context.on_candidate(candidate.result())


def run_final(workspace: Workspace, model: OnnxModel, final: list[Candidate]) -> None:
    """Times the finalists."""
    _time(workspace, model, final, FINAL_ROUNDS, lambda share: (FINAL + (REPAIR - FINAL) * share, "final"))
    for candidate in (one for one in final if one.untimed is None):
        candidate.stage = "final"
        workspace.context.on_candidate(candidate.result())


def _time(
    workspace: Workspace, model: OnnxModel, candidates: list[Candidate], n_rounds: int, position: Position
) -> None:
    """Times the candidates and FP32 in the same rounds, while nothing else of this home measures.

    A candidate that does not run has no latency and a note. Raises RunError where FP32 does not run.
    """
    if not candidates:
        return
    context = workspace.context
    size = context.target.batch_size
    inputs = full_batch(workspace.judges.part, size)

    def on_round(done: int, total: int) -> None:
        share, stage = position(done / total)
        context.on_progress(share, f"{stage}: {many(len(candidates), 'candidate')} and FP32, round {done} of {total}")

    models = {model.key: model, **{candidate.model.key: candidate.model for candidate in candidates}}
    with context.measure_lock():
        timings = time_files(models, model.key, context.target, inputs, on_round, n_rounds, context.deadline)
    if model.key in timings.errors:
        raise timings.errors[model.key]
    workspace.busy.extend(timings.busy)
    for candidate in candidates:
        key = candidate.model.key
        if key in timings.errors:
            candidate.latency = None
            candidate.untimed = Note(code=codes.NOT_TIMED, text=f"Not timed: {timings.errors[key]}")
        else:
            candidate.latency = timings.latencies[key].latency
    if any(candidate.latency and candidate.latency.n_rounds < n_rounds for candidate in candidates):
        workspace.out_of_time(f"rounds of the {position(1.0)[1]}")  # else other programs disturbed the missing rounds
