"""The one place where an error of the engine becomes a sentence on a page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from engine import FeatherweightError
from pages._ui.browser_words import in_browser_words
from pages._ui.wording import plain, sentence


@contextmanager
def guarded() -> Iterator[None]:
    """Shows an error of the engine with what to do next; what was drawn before it stays."""
    try:
        yield
    except FeatherweightError as error:
        say(error.message, error.next)


def say(message: str, next: str = "", *, of_recipe: bool = False) -> None:
    """A refusal or a failure: what was wrong, then what to do about it, in the words of the pages.

    What is wrong `of_recipe`, a file that was opened, is named as it stands there.
    """
    said = [text if of_recipe else in_browser_words(text) for text in (message, next) if text]
    st.error("  \n".join(plain(sentence(text)) for text in said), icon=":material/error:")
