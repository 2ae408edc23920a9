"""Whether training could win back what quantization lost in a race that FP32 has won."""

from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.search.candidate import Candidate
from engine.search.selection import over_accuracy
from engine.search.workspace import Workspace
from engine.techniques.quantize.qat.plan import plan
from engine.wording import many

WIDEST = 127
"""The largest weight in full range. Whether the graph can be trained does not depend on it."""


def qat_may_help(workspace: Workspace, model: OnnxModel, candidates: list[Candidate]) -> tuple[Note, ...]:
    """A note that `qat` may help, where a static candidate that is not slower than FP32 loses too much accuracy.

    Nothing where qat cannot be applied. Its file is as fast as the static file (docs/log.md, 2026-11-24, has the
    figures and the machine).
    """
    budget = workspace.context.budget
    lossy = any(one.is_static and _in_time(one) and over_accuracy(one, budget) for one in candidates)
    if not lossy or why_not_trainable(workspace, model) is not None:
        return ()
    text = (
        "Static INT8 loses too much here. Training it with simulated quantization (qat in place of quantize) may "
        "win that back at the same speed"
    )
    return (Note(code=codes.QAT_MAY_HELP, text=text),)


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
