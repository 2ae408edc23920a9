"""Models that may answer no better than guessing the commonest class, and the notes on them."""

from engine.results import Accuracy, Note, Race, Variant, codes, input_noun
from engine.wording import many, percent

LITTLE = 0.25
"""A model whose interval reaches guessing looks broken where at best it knows less than this share of the rest."""
FAR_BELOW = 0.5
"""A model looks broken whose top-1 is surely below this share of its confidence. Networks that were trained as usual
are too sure by at most a fifth of all images (Guo et al. 2017, https://arxiv.org/abs/1706.04599, table 1)."""


def broken_note(variant: Variant) -> Note | None:
    """A note that a model answers as if it were broken, with the figures; None where it does not.

    It does where it guesses, if the images are of several classes, and where it is right far less often than it is
    sure: as with a wrong preprocessing, or classes in another order.
    """
    accuracy = variant.accuracy
    if accuracy is None:
        return None
    figures = _figures(accuracy, input_noun(variant.input))
    if _guesses(accuracy):
        rest = f"guessing the commonest class gives {percent(accuracy.chance or 0, 1)}"
    elif accuracy.confidence is not None and accuracy.high < FAR_BELOW * accuracy.confidence:
        rest = f"of its answers it is {percent(accuracy.confidence, 1)} sure on average"
    else:
        return None
    return Note(code=codes.BASELINE_LOOKS_BROKEN, text=f"The baseline looks broken: {figures}, and {rest}")


def _guesses(accuracy: Accuracy) -> bool:
    """Whether top-1 is that of guessing, or its interval reaches it and holds little more."""
    chance, answer = accuracy.chance, accuracy.better_than_chance
    if chance is None or chance == 1 or answer == "yes":
        return False
    return answer == "no" or accuracy.high - chance < LITTLE * (1 - chance)


def _figures(accuracy: Accuracy, noun: str) -> str:
    interval = f"{percent(accuracy.low, 1)} to {percent(accuracy.high, 1)}"
    return f"its top-1 is {percent(accuracy.top1, 1)} ({interval}) on {many(accuracy.n_images, noun)}"


def learning_note(variant: Variant) -> Note | None:
    """A note that the model has not learnt, or that this is unclear, with the figures; None where it surely has."""
    accuracy = variant.accuracy
    if accuracy is None or accuracy.better_than_chance in (None, "yes"):
        return None
    name = "the baseline" if variant.role == "baseline" else f"'{variant.label}'"
    noun = input_noun(variant.input)
    figures = _figures(accuracy, noun)
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
