"""Whether training could win back what quantization lost in a race that FP32 has won."""

from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.search.candidate import Candidate
from engine.search.selection import over_accuracy
from engine.search.workspace import Workspace
from engine.settings import QuantizeStatic
from engine.techniques.quantize.qat.plan import plan
from engine.wording import many

WIDEST = 127
"""The largest weight in full range. Whether the graph can be trained does not depend on it."""
UNTRAINED = QuantizeStatic(method="static")
"""What training begins with, but for the settings that follow."""
ANY_VALUE = ("calibration", "calibration_images", "bias_correction", "rounding")
"""Settings that change the numbers in a static file and not its graph; training cannot begin with equalized weights."""


def qat_may_help(workspace: Workspace, model: OnnxModel, candidates: list[Candidate]) -> tuple[Note, ...]:
    """A note that `qat` may help, where a static candidate that it can train is not slower and loses too much.

    Nothing where qat cannot be applied. Its file is as fast as the static file (docs/log.md, 2026-11-24, has the
    figures and the machine).
    """
    budget = workspace.context.budget
    lossy = any(is_trainable(one) and _in_time(one) and over_accuracy(one, budget) for one in candidates)
    if not lossy or why_not_trainable(workspace, model) is not None:
        return ()
    text = (
        "Static INT8 loses too much here. Training it with simulated quantization (qat in place of quantize) may "
        "win that back at the same speed"
    )
    return (Note(code=codes.QAT_MAY_HELP, text=text),)


def is_trainable(candidate: Candidate) -> bool:
    """Whether training ends in a file of this candidate's graph: all that can be is in 8 bits, by the defaults."""
    settings = candidate.plan.settings
    if not isinstance(settings, QuantizeStatic):
        return False
    same = (name for name in type(settings).model_fields if name not in ANY_VALUE)
    return all(getattr(settings, name) == getattr(UNTRAINED, name) for name in same)


def why_not_trainable(workspace: Workspace, model: OnnxModel) -> str | None:
    """Why qat cannot be applied, as a clause; None where it can."""
    if not workspace.context.data.has_images:
        return "there are no images"
    if model.task != "classification":
        return "training learns the answers of a classifier, and this model is none"
    if model.batch is not None:
        return f"the file takes {many(model.batch, 'image')} a call, and qat trains on batches of other sizes"
    try:
        plan(workspace.calibrator.proto(), WIDEST)
    except StepError as error:
        return error.message
    return None


def _in_time(candidate: Candidate) -> bool:
    return candidate.latency is None or candidate.latency.ratio_low <= 1
