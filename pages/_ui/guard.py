"""The outermost frame of a page: every error becomes a sentence with a way on, never a traceback."""

import functools
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from engine import FeatherweightError
from pages._ui import state
from pages._ui.browser_terms import in_browser_words
from pages._ui.wording import plain, sentence

LOGGER = logging.getLogger("featherweight")
UNFORESEEN = "something that nobody foresaw went wrong on this page"
WAYS = (("pages/start.py", "Start"), ("pages/runs.py", "Runs"))


@contextmanager
def guarded(*, whole_page: bool = False) -> Iterator[None]:
    """Shows an error in place of what would have been drawn, with what to do next; what was drawn before it stays.

    An error that ends a whole page, or that nobody foresaw, has links to other pages too: nothing else may be left.
    """
    try:
        yield
    except FeatherweightError as error:
        say(error.message, error.next)
        if whole_page:
            _ways()
    except Exception:  # noqa: BLE001 (the outermost frame: a person must never see a traceback)
        say(UNFORESEEN, _logged())
        _ways()


def callback(function: Callable[..., None]) -> Callable[..., None]:
    """The same for what a widget calls before its page is drawn: the error stands on the page that follows."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except FeatherweightError as error:
            state.leave_error(error.message, error.next)
        except Exception:  # noqa: BLE001 (as in guarded)
            state.leave_error(UNFORESEEN, _logged())

    return called


def say(message: str, next: str = "", *, of_recipe: bool = False) -> None:
    """A refusal or a failure: what was wrong, then what to do about it, in the words of the pages.

    What is wrong `of_recipe`, a file that was opened, is named as it stands there.
    """
    said = [text if of_recipe else in_browser_words(text) for text in (message, next) if text]
    st.error("  \n".join(plain(sentence(text)) for text in said), icon=":material/error:")


def say_left() -> None:
    """What a callback left to say."""
    left = state.left_error()
    if left is not None:
        say(*left)


def _ways() -> None:
    with st.container(horizontal=True):
        for page, title in WAYS:
            st.page_link(page, label=f"To {title}", icon=":material/arrow_forward:")


def _logged() -> str:
    """Writes the traceback into the server's log, and says how to find it there."""
    number = uuid.uuid4().hex[:8]
    LOGGER.exception("error %s", number)
    return f"No run is touched by it. Try again; if it lasts, report error {number}, whose cause is in the app's log"
