"""The outermost frame of a page: every error becomes a message with what to do next, never a traceback."""

import functools
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from engine import FeatherweightError
from pages._ui import state
from pages._ui.browser_terms import in_browser_terms
from pages._ui.wording import plain, sentence

LOGGER = logging.getLogger("featherweight")
UNEXPECTED = "something that nobody foresaw went wrong on this page"
LINKS = (("pages/start.py", "Start"), ("pages/runs.py", "Runs"))


@contextmanager
def guarded(*, whole_page: bool = False) -> Iterator[None]:
    """Shows an error in place of what is not drawn because of it; what was drawn before it stays.

    Below an error that ends the whole page, and below an unexpected one, there are links to other pages.
    """
    try:
        yield
    except FeatherweightError as error:
        show_error(error.message, error.next)
        if whole_page:
            _links()
    except Exception:  # noqa: BLE001 (the outermost frame: a person must never see a traceback)
        show_error(UNEXPECTED, _log_traceback())
        _links()


def callback(function: Callable[..., None]) -> Callable[..., None]:
    """Guards a function that a widget calls before its page is drawn: the page that follows shows the error."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except FeatherweightError as error:
            state.set_error(error.message, error.next)
        except Exception:  # noqa: BLE001 (as in guarded)
            state.set_error(UNEXPECTED, _log_traceback())

    return wrapper


def show_error(message: str, next: str = "", *, of_recipe: bool = False) -> None:
    """Shows what is wrong and what to do about it, with the labels of the pages in place of the recipe's keys.

    With `of_recipe`, where a recipe file is at fault, its keys are shown as they are.
    """
    sentences = [text if of_recipe else in_browser_terms(text) for text in (message, next) if text]
    st.error("  \n".join(plain(sentence(text)) for text in sentences), icon=":material/error:")


def show_callback_error() -> None:
    """Shows the error that a callback has set, if any."""
    error = state.pop_error()
    if error is not None:
        show_error(*error)


def _links() -> None:
    with st.container(horizontal=True):
        for page, title in LINKS:
            st.page_link(page, label=f"To {title}", icon=":material/arrow_forward:")


def _log_traceback() -> str:
    """Writes the traceback into the server's log; the advice that names its number there."""
    number = uuid.uuid4().hex[:8]
    LOGGER.exception("error %s", number)
    return f"No run is touched by it. Try again; if it lasts, report error {number}, whose cause is in the app's log"
