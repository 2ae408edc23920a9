"""The one place where an error of the engine becomes a sentence on a page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from engine import FeatherweightError
from pages._ui.wording import plain, sentence


@contextmanager
def guarded() -> Iterator[None]:
    """Shows an error of the engine with what to do next; what was drawn before it stays."""
    try:
        yield
    except FeatherweightError as error:
        say(error.message, error.next)


def say(message: str, next: str = "") -> None:
    """A refusal or a failure: what was wrong, then what to do about it."""
    advice = f"  \n{plain(sentence(next))}" if next else ""
    st.error(f"{plain(sentence(message))}{advice}", icon=":material/error:")
