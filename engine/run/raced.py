"""What a report says of the targets that race: which they are, what every ratio is to, and what takes no part."""

from collections.abc import Mapping, Sequence

from engine.results import Note, codes
from engine.runtimes import RaceTarget


def raced_note(targets: Sequence[RaceTarget]) -> Note:
    """A note on the baseline with the names of all targets, its own first."""
    first, *others = targets
    text = (
        f"Every ratio and every loss of this run is to the baseline in {first.label}, in 32-bit floats. Each file is "
        f"measured in {' and in '.join(_text(one) for one in others)} as well, in the same interleaved rounds, as a "
        "variant of its own with its own answers"
    )
    return Note(code=codes.RACED_TARGETS, text=text)


def _text(at: RaceTarget) -> str:
    """Its label, and the files that it is for where it is not for all: CUDA TF32 (FP32 files)."""
    return f"{at.label} ({' or '.join(at.formats)} files)" if at.formats else at.label


def left_out_warnings(reasons: Mapping[str, str]) -> tuple[Note, ...]:
    """A warning for each runtime that takes no part in a race that asks for it, with the reason."""
    return tuple(
        Note(
            code=codes.NOT_RACED,
            text=f"The runtime '{name}' takes no part in the race, since it does not work here: {reason}",
        )
        for name, reason in reasons.items()
    )
