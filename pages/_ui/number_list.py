"""A field of several numbers, such as a height and a width, or a mean for each channel."""

import re
from contextlib import suppress
from typing import Annotated, Any, get_args, get_origin

import streamlit as st

SEPARATORS = re.compile(r"[\s,;x×]+")
OF_AN_ENTRY = re.compile(r"^'[\w.]+' is (?P<value>.+), it must be ")
"""The beginning of a message on one number of several."""


def count(kind: Any) -> int | None:
    """How many numbers a type holds, 0 where that is open; None for a type of anything but several numbers."""
    parts = get_args(kind) if get_origin(kind) is tuple else ()
    bases = [get_args(part)[0] if get_origin(part) is Annotated else part for part in parts if part is not ...]
    if not bases or not all(base in (int, float) for base in bases):
        return None
    return 0 if parts[-1] is ... else len(parts)


def field(label: str, description: str, kind: Any, value: Any, key: str, *, optional: bool) -> Any:
    """Draws the numbers with commas between them; one stands for all where their count is fixed.

    `value` as it is while its text is not changed. What is no number is returned as it is, and refused by the settings.
    """
    expected = count(kind) or 0
    initial = ", ".join(f"{number:.6g}" for number in value or ())
    help = f"{description} With commas between them{', or one number for all' if expected else ''}."
    text = (st.text_input(label, value=initial, key=key, help=help) or "").strip()
    if text == initial:
        return value
    numbers = tuple(_parsed(part) for part in SEPARATORS.split(text) if part)
    if optional and not numbers:
        return None
    return numbers * expected if expected and len(numbers) == 1 else numbers


def without_key(text: str) -> str:
    """A message on one number without the key of its entry, which nobody has to read beside the field."""
    return OF_AN_ENTRY.sub(lambda found: f"{found['value']} is not possible: it must be ", text)


def _parsed(text: str) -> float | str:
    """A number, whole where it is written so, or the text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text
