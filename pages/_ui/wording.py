"""Figures and names as texts: one way to write each unit, and markup of a user's text escaped."""

import re
from datetime import UTC, datetime

from engine.wording import duration as duration
from engine.wording import milliseconds as milliseconds
from engine.wording import roughly as roughly

MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")
COLOURS = {"queued": "gray", "running": "blue", "done": "green", "failed": "red", "cancelled": "orange"}
ICONS = {
    "queued": ":material/schedule:",
    "running": ":material/progress_activity:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
}


def plain(text: str) -> str:
    """Text with its Markdown escaped: no link, no picture, no formula."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def sentence(text: str) -> str:
    """A message of the engine as a sentence: capital first, full stop last."""
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}".rstrip(".") + "." if text else ""


def count(number: int | None) -> str:
    """A large count in three digits: 11.7 M."""
    if number is None:
        return "–"
    for limit, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= limit:
            return f"{number / limit:.3g}{suffix}"
    return str(number)


def share(value: float) -> str:
    """A share of 1 in percent."""
    return f"{100 * value:.2f} %"


def decibels(sqnr_db: float | None) -> str:
    """A signal-to-noise ratio; `exact` where it is None, since nothing differs."""
    return "exact" if sqnr_db is None else f"{sqnr_db:.1f} dB"


def change(value: float, base: float) -> str:
    """The relative change in percent with its sign, as a typographic minus."""
    percent = 100 * (value / base - 1)
    return f"{percent:+.0f} %".replace("-", "−") if base else "–"


def points(value: float) -> str:
    """A difference of two shares in percentage points."""
    return f"{100 * value:+.2f} pt".replace("-", "−") if round(value, 4) else "±0 pt"


def when(moment: str) -> datetime:
    """An ISO 8601 time of the store with its zone, UTC where it names none."""
    time = datetime.fromisoformat(moment)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def ago(moment: str) -> str:
    """How long ago a time of the store is: 3 hours ago."""
    seconds = max((datetime.now(UTC) - when(moment)).total_seconds(), 0)
    for limit, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= limit:
            number = int(seconds // limit)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
