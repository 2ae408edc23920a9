"""What a report says of the targets that race: which they are, what every ratio is to, and what takes no part."""

from collections.abc import Mapping, Sequence

from engine.results import Note, codes


def raced_note(labels: Sequence[str]) -> Note:
    """A note on the baseline with the names of all targets, its own first."""
    first, *others = labels
    text = (
        f"Every ratio and every loss of this run is to the baseline in {first}, in 32-bit floats. Each file is "
        f"measured in {' and in '.join(others)} as well, in the same interleaved rounds, as a variant of its own with "
        "its own answers"
    )
    return Note(code=codes.RACED_TARGETS, text=text)


def left_out_warnings(reasons: Mapping[str, str]) -> tuple[Note, ...]:
    """A warning for each runtime that takes no part in a race that asks for it, with the reason."""
    return tuple(
        Note(
            code=codes.NOT_RACED,
            text=f"The runtime '{name}' takes no part in the race, since it does not work here: {reason}",
        )
        for name, reason in reasons.items()
    )
