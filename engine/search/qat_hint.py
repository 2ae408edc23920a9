"""Whether training could win back what quantization lost in a race that FP32 has won."""

from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.search.candidate import Entrant
from engine.search.selection import Losses, too_wrong
from engine.search.workspace import Stable
from engine.techniques.quantize.qat.plan import plan

WIDEST = 127
"""Of a weight in full range; which it is does not matter to whether the graph can be read."""


def qat_may_help(stable: Stable, model: OnnxModel, entrants: list[Entrant], losses: Losses) -> tuple[Note, ...]:
    """A note that `qat` may be the way, where a static candidate that is not slower than FP32 loses too much.

    Nothing where qat could not be applied: without images, with a fixed batch, or with operators that it cannot train.
    What it makes is as fast as the static file (docs/log.md, 2026-11-24, has the figures and the machine).
    """
    lossy = any(one.is_static and _in_time(one) and too_wrong(one, losses, stable.context.budget) for one in entrants)
    if not lossy or stable.context.data.synthetic or model.batch is not None or not _trainable(stable):
        return ()
    text = ("Static INT8 loses too much here. Training it with simulated quantization (qat in place of quantize) may "
            "win that back at the same speed")  # fmt: skip
    return (Note(code=codes.QAT_MAY_HELP, text=text),)


def _in_time(entrant: Entrant) -> bool:
    return entrant.latency is None or entrant.latency.ratio_low <= 1


def _trainable(stable: Stable) -> bool:
    try:
        plan(stable.calibrator.proto(), WIDEST)
    except StepError:
        return False
    return True
