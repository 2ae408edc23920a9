"""The last stage of a race: where a static file is fast and loses too much, rounding is learnt, then weights are.

Learnt rounding ends in a file of the same graph. Training has every operator in 8 bits that can be: it takes the best
of the files that are so, ends in a file of that one's graph, and is left out where none of them is faster. Neither
needs labels: FP32's own answers teach.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.context import ProgressCallback
from engine.data import Data, Part
from engine.errors import LimitError, RunError
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes, times_as_fast
from engine.search.candidate import Candidate
from engine.search.context import RaceContext
from engine.search.qat_hint import is_trainable, why_not_trainable
from engine.search.search_space import Plan
from engine.search.selection import holds, loss_text, lossy_static, over_accuracy
from engine.search.timing import screen
from engine.search.workspace import Workspace
from engine.settings import Budget, Qat, QuantizeStatic

START = 0.6
"""Where this stage begins, as a share of the progress of a race that may escalate."""
LEARNT = 0.75
"""Where learning ends and training begins."""
AS_FAST = 1.1
"""Up to so many times the latency of the fastest, a file that loses less is trained in its place."""
NEARLY = 2.0
"""Where a file with learnt rounding loses too much, and at most so many times what it may, another one is learnt."""
LEARNING_SHARE, TRAINING_SHARE = 0.5, 0.8
"""The share of the time that is left in which learning and training end: what they make is timed in the rest."""
TRAINED_IMAGES = 3200
"""Images in all epochs together, about as in three epochs of a thousand."""
FEWEST_EPOCHS, MOST_EPOCHS = 3, 30
FEWEST_IMAGES = 32
"""Images to train on, at the least."""
RunFinal = Callable[[list[Candidate]], Candidate | None]
"""The winner of all finals, after a final of these candidates."""


@dataclass
class Escalation:
    """What a race's last stage did: the winner after it, what was built, and notes; `was_trained` where qat ran."""

    winner: Candidate | None
    candidates: list[Candidate]
    notes: list[Note]
    was_trained: bool = False

    def leave_out(self, text: str) -> None:
        self.notes.append(Note(code=codes.NOT_ESCALATED, text=text))


def escalate(
    workspace: Workspace,
    model: OnnxModel,
    candidates: list[Candidate],
    winner: Candidate | None,
    run_final: RunFinal,
    on_progress: ProgressCallback,
) -> Escalation:
    """Learns the rounding of the static candidate that is clearly faster than the winner and loses too much accuracy,
    and of the most faithful other one where that is nearly enough; then trains the best of those that training knows.

    What keeps the budget by answers won by chance alone loses too much for learning, as a winner too, and not for
    training, which left as many of them to chance (docs/log.md, 2026-11-28). What it builds is added to `candidates`.
    Does nothing where there is no such candidate. At the deadline nothing further is begun, and the best so far stays.
    """
    result, context = Escalation(winner, candidates, []), workspace.context
    lossy = lossy_static(candidates, context.budget)
    steady = winner if winner is not None and holds(winner, context.budget) else None
    if not lossy:
        return result
    if workspace.out_of_time("learning the rounding where INT8 loses too much"):
        return result
    screen(workspace, model, lossy, START, also_over=True)
    base = _base(lossy, steady)
    if base is None:
        if any(one.was_disturbed for one in lossy):
            result.leave_out("INT8 loses too much, and other programs disturbed its timing, so nothing was trained")
        return result
    if not context.data.has_images:
        result.leave_out("INT8 loses too much, and there are no images to learn its rounding from or to train it on")
        return result
    n_before = len(candidates)
    _learn(workspace.at_target_of(base), model, base, result, run_final, on_progress)
    another = _next_base(lossy, base, steady) if _nearly_enough(candidates[n_before:], context.budget) else None
    if another is not None and not workspace.out_of_time(f"learning the rounding of {another.name}"):
        _learn(workspace.at_target_of(another), model, another, result, run_final, on_progress)
    over = [one for one in lossy if over_accuracy(one, context.budget)]
    fastest = _base(over, winner)
    if fastest is None or result.winner is not winner or workspace.out_of_time("training where INT8 loses too much"):
        return result
    trainable = _base([one for one in over if is_trainable(one)], winner)
    if trainable is None:
        result.leave_out(
            f"{fastest.name} was not trained: training knows no such file, it has every operator in INT8 that can be "
            "and a scale for each channel, and no file that is so is clearly faster"
        )
    else:
        _train(workspace.at_target_of(trainable), model, trainable, result, run_final, on_progress)
    return result


def _base(lossy: list[Candidate], winner: Candidate | None) -> Candidate | None:
    """The most faithful of the fastest that are clearly faster than the winner, or than FP32; None where none is."""
    faster = _faster(lossy, winner)
    best = min((one.ratio for one in faster), default=math.inf)
    return max((one for one in faster if one.ratio <= AS_FAST * best), key=lambda one: one.sqnr_db, default=None)


def _nearly_enough(learnt: list[Candidate], budget: Budget) -> bool:
    """Whether a file loses too much, and at most NEARLY times what it may."""
    wider = budget.model_copy(update={"max_accuracy_drop": NEARLY * (budget.max_accuracy_drop or 0.0)})
    return any(not holds(one, budget) and holds(one, wider) for one in learnt)


def _next_base(lossy: list[Candidate], learnt: Candidate, winner: Candidate | None) -> Candidate | None:
    """The most faithful of all files that are clearly faster and other than the one that was learnt."""
    others = (one for one in _faster(lossy, winner) if one.plan.settings != learnt.plan.settings)
    return max(others, key=lambda one: one.sqnr_db, default=None)


def _faster(lossy: list[Candidate], winner: Candidate | None) -> list[Candidate]:
    limit = winner.latency.ratio_low if winner is not None and winner.latency is not None else 1.0
    return [one for one in lossy if one.latency is not None and one.latency.ratio_high < min(limit, 1.0)]


def _learn(
    workspace: Workspace,
    model: OnnxModel,
    base: Candidate,
    result: Escalation,
    run_final: RunFinal,
    on_progress: ProgressCallback,
) -> None:
    settings = _settings(base).model_copy(update={"rounding": "learnt"})
    reason = f"{_finding(base, workspace.context)}: learn the rounding of its weights from FP32's outputs"
    plan = Plan(f"{base.plan.name}, learnt rounding", settings, Note(code="learn_rounding", text=reason))

    def on_layer(fraction: float, message: str, **metrics: float) -> None:
        on_progress(START + (LEARNT - START) * fraction, message, **metrics)

    context = replace(workspace.context, deadline=workspace.end_of(LEARNING_SHARE), on_progress=on_layer)
    _try(workspace, model, plan, context, result, run_final)


def _train(
    workspace: Workspace,
    model: OnnxModel,
    base: Candidate,
    result: Escalation,
    run_final: RunFinal,
    on_progress: ProgressCallback,
) -> None:
    why_not = why_not_trainable(workspace, model)
    if why_not is not None:
        result.leave_out(f"{base.name} was not trained: {why_not}")
        return
    data = _with_train_images(workspace.context.data, workspace.calibrator.n_images)
    n_images = len(data.images("train"))
    if n_images < FEWEST_IMAGES:
        result.leave_out(f"{base.name} was not trained: {n_images} images are too few, {FEWEST_IMAGES} are needed")
        return
    context = replace(
        workspace.context,
        data=data,
        deadline=workspace.end_of(TRAINING_SHARE),
        on_progress=lambda fraction, message, **metrics: on_progress(
            LEARNT + (1 - LEARNT) * fraction, message, **metrics
        ),
        checkpoint=None,
    )
    epochs = min(max(math.ceil(TRAINED_IMAGES / n_images), FEWEST_EPOCHS), MOST_EPOCHS)
    settings = Qat(
        epochs=epochs,
        label_share=0.0,
        calibration_images=len(data.images("calibration")),
        calibration=_settings(base).calibration,
    )
    reason = f"{_finding(base, workspace.context)}: train it on FP32's answers"
    plan = Plan("Static INT8, trained", settings, Note(code="train_int8", text=reason))
    result.was_trained = _try(workspace, model, plan, context, result, run_final)


def _try(
    workspace: Workspace,
    model: OnnxModel,
    plan: Plan,
    context: RaceContext,
    result: Escalation,
    run_final: RunFinal,
) -> bool:
    """Builds the candidate, and times it in a final where it keeps the budget; False where it cannot be built."""
    try:
        candidate = workspace.build(plan, context)
    except LimitError:
        raise
    except RunError as error:
        result.notes.append(Note(code="candidate_failed", text=f"{plan.name} could not be built: {error.message}"))
        return False
    if time.monotonic() >= context.deadline:
        workspace.left_out.append(f"what was left to do for {plan.name}")
    if any(candidate.key == other.key for other in result.candidates):
        result.leave_out(f"{plan.name} gave a file that was there already: {candidate.notes[-1].text}")
        return True
    result.candidates.append(candidate)
    workspace.context.on_candidate(candidate.result())
    if over_accuracy(candidate, workspace.context.budget):
        screen(workspace, model, [candidate], LEARNT, also_over=True)
    else:
        result.winner = run_final([candidate])
    return True


def _settings(candidate: Candidate) -> QuantizeStatic:
    if not isinstance(candidate.plan.settings, QuantizeStatic):
        raise TypeError(f"{candidate.name} is no static file")
    return candidate.plan.settings


def _finding(base: Candidate, context: RaceContext) -> str:
    """Why the race goes on, as the beginning of a sentence."""
    if base.latency is None:
        raise ValueError(f"{base.name} was never timed")
    return f"{base.name} is {times_as_fast(base.latency, base.fp32)} and has {loss_text(base, context)}"


def _with_train_images(data: Data, n_ranges: int) -> Data:
    """The data with the calibration images that set ranges in the race.

    Where no image is held for training, the first half of the calibration split trains: the other half chooses.
    """
    calibration = data.images("calibration")
    first_half = calibration.span(0, len(calibration) // 2)
    train: Part = data.images("train") if len(data.split("train")) else first_half
    ranges = first_half.span(0, min(n_ranges, len(first_half)))
    return replace(data, parts={**data.parts, "calibration": ranges, "train": train})
