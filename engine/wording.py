"""Counts in words and names of files, for every text that the engine writes."""

import re


def many(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: 1 image, 1,234 images, 2 classes."""
    return f"{number:,} {noun if number == 1 else plural or noun + ('es' if noun.endswith(('s', 'x')) else 's')}"


def percent(share: float, digits: int = 0) -> str:
    """A share in percent: 25 %, 99.63 %."""
    return f"{100 * share:.{digits}f} %"


def milliseconds(value: float) -> str:
    """Milliseconds in three digits."""
    return f"{value:.3g} ms" if value < 100 else f"{value:,.0f} ms"


def duration(seconds: float) -> str:
    """Seconds, minutes and seconds, or hours and minutes."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def time_was_up(minutes: float) -> str:
    """How a sentence begins on work that stopped at its minutes: The minute was up, The 10 minutes were up."""
    return "The minute was up" if minutes == 1 else f"The {minutes:g} minutes were up"


def roughly(seconds: float) -> str:
    """An estimated duration, rounded: about 40 s, about 3 min."""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {duration(60 * round(seconds / 60)).removesuffix(' 0 s').removesuffix(' 0 min')}"


def size_text(size_bytes: int) -> str:
    """Bytes in MB (10^6), or in bytes, kB and GB where these read better; three digits."""
    if size_bytes < 1e3:
        return f"{size_bytes} B"
    divisor, unit = size_unit(size_bytes)
    value = size_bytes / divisor
    return f"{value:,.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"


def size_unit(size_bytes: int) -> tuple[float, str]:
    """How many bytes the unit is in which a size reads best, and its name."""
    return next(
        (limit, unit)
        for least, limit, unit in ((1e9, 1e9, "GB"), (1e5, 1e6, "MB"), (0, 1e3, "kB"))
        if size_bytes >= least
    )


def threads_text(threads: int | None, streams: int | None = None) -> str:
    """What a call computes with: 2 threads, or 2 threads, 2 streams where their number is asked for."""
    text = many(threads or 1, "thread")
    return text if streams is None else f"{text}, {many(streams, 'stream')}"


def slug(name: str) -> str:
    """A name for a file: lower-case letters and figures with hyphens between them."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
