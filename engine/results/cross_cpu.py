"""What a file of 8-bit sums is expected to answer on an x86 processor without VNNI: an estimate."""

from engine.results.base import Result
from engine.results.measurements import Measure
from engine.wording import many, percent


class CrossCpu(Result):
    """The emulated answers of a variant beside those with exact sums, on the same evaluation examples.

    `n_layers` multiply unsigned by signed bytes, and in `n_can_saturate` of them a sum of two products can overflow. Of
    `n_evaluation` examples the first `n_examples` were answered. `similarity` is that of both answers, with its
    `measure`, and its interval where it is a share of examples; `top1` and its drop, with its 95 % interval,
    where there are labels. Where no layer can overflow nothing is emulated, and the answers are the same everywhere.
    """

    variant_id: str
    n_layers: int
    n_can_saturate: int
    n_examples: int
    n_evaluation: int
    measure: Measure | None = None
    similarity: float | None = None
    similarity_low: float | None = None
    similarity_high: float | None = None
    top1_exact: float | None = None
    top1_there: float | None = None
    drop: float | None = None
    drop_low: float | None = None
    drop_high: float | None = None

    @property
    def is_same(self) -> bool:
        """Whether the answers cannot differ for saturation."""
        return self.n_can_saturate == 0


def cross_cpu_text(found: CrossCpu) -> str:
    """The estimate in sentences: what to expect on a processor without VNNI, from how many examples, and how made."""
    if not found.n_layers:
        return "No layer multiplies unsigned by signed bytes, so the answers are the same on every processor"
    if found.is_same:
        return (
            f"In none of the {many(found.n_layers, 'layer')} of 8-bit sums can two products overflow 16 bits, so the "
            "answers are the same without VNNI"
        )
    made = (
        f"an estimate from {found.n_examples:,} of {found.n_evaluation:,} evaluation examples, by emulating the 16-bit "
        f"sums of {found.n_can_saturate} of {many(found.n_layers, 'layer')}"
    )
    if found.top1_there is not None and found.top1_exact is not None and found.drop is not None:
        interval = f"{100 * (found.drop_low or 0):+.1f} to {100 * (found.drop_high or 0):+.1f}"
        return (
            f"Without VNNI, {percent(found.top1_there, 1)} right answers are to be expected in place of "
            f"{percent(found.top1_exact, 1)}: {100 * found.drop:.1f} points lost ({interval}); {made}"
        )
    expected = f"{found.measure} of {found.similarity or 0:.4f} with the answers here"
    return f"Without VNNI, {expected} is to be expected; {made}"
