"""Models that may answer no better than guessing the commonest class, and the notes on them."""

from engine.results import Accuracy, Note, Race, Variant, codes, input_noun
from engine.wording import many, percent


def learning_note(variant: Variant) -> Note | None:
    """A note that the model has not learnt, or that this is unclear, with the figures; None where it surely has."""
    accuracy = variant.accuracy
    if accuracy is None or accuracy.better_than_chance in (None, "yes"):
        return None
    name = "the baseline" if variant.role == "baseline" else f"'{variant.label}'"
    interval, noun = f"{percent(accuracy.low, 1)} to {percent(accuracy.high, 1)}", input_noun(variant.input)
    figures = f"its top-1 is {percent(accuracy.top1, 1)} ({interval}) on {many(accuracy.n_images, noun)}"
    guess = f"guessing the commonest class gives {percent(accuracy.chance or 0, 1)}"
    if accuracy.better_than_chance == "no":
        text = f"{name[0].upper()}{name[1:]} has not learnt: {figures}, and {guess}"
        return Note(code=codes.NOT_LEARNT, text=text)
    text = f"Whether {name} has learnt cannot be told on so few {noun}s: {figures}, and {guess}"
    return Note(code=codes.LEARNING_UNCLEAR, text=text)


def judged_race(race: Race, winner: Variant | None) -> Race:
    """The race, with a doubt added to its reason where its winner may answer no better than guessing."""
    doubt = _doubt(winner, winner.accuracy) if winner is not None and winner.accuracy is not None else None
    if race.reason is None or race.winner_id == race.parent_id or doubt is None:
        return race
    return race.model_copy(update={"reason": Note(code=doubt.code, text=f"{race.reason.text}; but {doubt.text}")})


def _doubt(winner: Variant, accuracy: Accuracy) -> Note | None:
    """A note why a winner may be no success; None where it is better than guessing."""
    guess = (
        f"guessing the commonest class, which gives {percent(accuracy.chance, 1)}"
        if accuracy.chance is not None
        else ""
    )
    match accuracy.better_than_chance:
        case "no":
            text = f"its answers are no better than {guess}: this is no success"
            return Note(code=codes.NOT_LEARNT, text=text)
        case "unclear":
            text = f"on {many(accuracy.n_images, input_noun(winner.input))} its answers cannot be told from {guess}"
            return Note(code=codes.LEARNING_UNCLEAR, text=text)
    return None
