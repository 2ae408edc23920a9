"""Counts in words, for every text that the engine writes."""


def many(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: 1 image, 1,234 images, 2 classes."""
    return f"{number:,} {noun if number == 1 else plural or noun + ('es' if noun.endswith(('s', 'x')) else 's')}"


def percent(share: float, digits: int = 0) -> str:
    """A share in percent: 25 %, 99.63 %."""
    return f"{100 * share:.{digits}f} %"
