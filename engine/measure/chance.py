"""What may answer no better than guessing the commonest class, and how that is said."""

from engine.results import Accuracy, Note, Race, Variant, codes
from engine.wording import percent


def reaches_chance(variant: Variant) -> bool:
    """Whether the variant was judged to answer no better than guessing, or not surely better."""
    return variant.verdict is not None and variant.verdict.reaches_chance


def unlearnt(variant: Variant) -> Note | None:
    """That the model has not learnt, or that it cannot be told, with the figures; None where it surely has."""
    right = variant.accuracy
    if right is None or right.better_than_chance in (None, "yes"):
        return None
    name = "the baseline" if variant.role == "baseline" else f"'{variant.label}'"
    interval = f"{percent(right.low, 1)} to {percent(right.high, 1)}"
    figures = f"its top-1 is {percent(right.top1, 1)} ({interval}) on {right.n_images:,} images"
    guess = f"guessing the commonest class gives {percent(right.chance or 0, 1)}"
    if right.better_than_chance == "no":
        text = f"{name[0].upper()}{name[1:]} has not learnt: {figures}, and {guess}"
        return Note(code=codes.NOT_LEARNT, text=text)
    text = f"Whether {name} has learnt cannot be told on so few images: {figures}, and {guess}"
    return Note(code=codes.LEARNING_UNCLEAR, text=text)


def judged_race(race: Race, winner: Variant | None) -> Race:
    """The race, whose reason says so where its winner may answer no better than guessing."""
    doubt = _doubt(winner.accuracy) if winner is not None and winner.accuracy is not None else None
    if race.reason is None or race.winner_id == race.parent_id or doubt is None:
        return race
    return race.model_copy(update={"reason": Note(code=doubt.code, text=f"{race.reason.text}; but {doubt.text}")})


def _doubt(right: Accuracy) -> Note | None:
    """Why a winner may be no success."""
    guess = f"guessing the commonest class, which gives {percent(right.chance, 1)}" if right.chance is not None else ""
    match right.better_than_chance:
        case "no":
            text = f"its answers are no better than {guess}: this is no success"
            return Note(code=codes.NOT_LEARNT, text=text)
        case "unclear":
            text = f"on {right.n_images:,} images its answers cannot be told from {guess}"
            return Note(code=codes.LEARNING_UNCLEAR, text=text)
    return None
