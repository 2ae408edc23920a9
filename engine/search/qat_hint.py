"""Whether training could win back what quantization lost in a race that FP32 has won."""

from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.search.candidate import Candidate
from engine.search.selection import over_accuracy
from engine.search.workspace import Workspace
from engine.techniques.quantize.qat.plan import plan

WIDEST = 127
"""The largest weight in full range. Whether the graph can be trained does not depend on it."""


def qat_may_help(workspace: Workspace, model: OnnxModel, candidates: list[Candidate]) -> tuple[Note, ...]:
    """A note that `qat` may help, where a static candidate that is not slower than FP32 loses too much accuracy.

    Nothing where qat cannot be applied: to a model that is no classifier, without images, with a fixed batch, or with
    operators that it cannot train.
    Its file is as fast as the static file (docs/log.md, 2026-11-24, has the figures and the machine).
    """
    budget = workspace.context.budget
    lossy = any(one.is_static and _in_time(one) and over_accuracy(one, budget) for one in candidates)
    can_be_fed = workspace.context.data.has_images and model.batch is None
    if not lossy or not can_be_fed or model.task != "classification" or not _trainable(workspace):
        return ()
    text = (
        "Static INT8 loses too much here. Training it with simulated quantization (qat in place of quantize) may "
        "win that back at the same speed"
    )
    return (Note(code=codes.QAT_MAY_HELP, text=text),)


def _in_time(candidate: Candidate) -> bool:
    return candidate.latency is None or candidate.latency.ratio_low <= 1


def _trainable(workspace: Workspace) -> bool:
    try:
        plan(workspace.calibrator.proto(), WIDEST)
    except StepError:
        return False
    return True
