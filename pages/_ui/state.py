"""The only module that touches the session's state and the address of a page."""

import uuid
from collections.abc import Callable
from typing import Any, NoReturn

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, SettingsError, analyse, job
from pages._ui.draft import Draft, from_link, to_link

DRAFT, EPOCH, TOKEN, ANALYSES, NOTICE = "fw.draft", "fw.epoch", "fw.token", "fw.analyses", "fw.notice"
TURNED, DUE, LEFT, LAST_RUN = "fw.turned", "fw.due", "fw.left", "fw.run"

Act = Callable[[], None]
"""What a press asks for once every field of the page was read: it replaces the draft, and with it every widget."""
BOUND = {"source", "search", "images", "view", "race", "variant", "find", "states"}
"""Widgets that are bound to a query parameter, which is called as they are."""


def draft() -> Draft:
    """What was chosen so far: of this session, else of the page's address."""
    if DRAFT not in st.session_state:
        st.session_state[DRAFT] = _from_address()
    found: Draft = st.session_state[DRAFT]
    return found


def _from_address() -> Draft:
    try:
        return from_link(st.query_params.get("draft", ""))
    except SettingsError as error:
        st.warning(str(error), icon=":material/link_off:")
        return Draft()


def choose(**values: Any) -> Draft:
    """Change the draft by what a widget of this page says."""
    st.session_state[DRAFT] = draft().changed(**values)
    return draft()


def replace_draft(new: Draft) -> None:
    """Another draft altogether: widgets that show the old one start afresh."""
    st.session_state[DRAFT] = new
    renew()


def renew(of: str = "draft") -> None:
    """Give every widget of the draft a new key: it shows the draft again. Of `uploads`: it lets go of its file."""
    st.session_state[f"{EPOCH}.{of}"] = st.session_state.get(f"{EPOCH}.{of}", 0) + 1


def key(name: str, of: str = "draft") -> str:
    """A widget's key until `renew` is called for what it belongs to."""
    return f"{name}@{st.session_state.get(f'{EPOCH}.{of}', 0)}"


def seeded(name: str, value: Any) -> str:
    """The key of a widget that begins with `value` and can be emptied, which a widget with a default cannot."""
    found = key(name)
    st.session_state.setdefault(found, value)
    return found


def keep_in_address() -> None:
    """Write the draft into the page's address, so that a reload or a copied link restores it."""
    word = to_link(draft())
    if word and st.query_params.get("draft") != word:
        st.query_params["draft"] = word


def param(name: str) -> str | None:
    return st.query_params.get(name)


def set_param(name: str, value: str | None) -> None:
    if value is not None:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def go(page: str, **params: str) -> NoReturn:
    """Switch to another page, whose address has these query parameters and no others.

    Without a mapping Streamlit refuses to leave an address that holds a parameter which is bound to a widget, and it
    refuses to set such a parameter at all: its widget is given the value instead.
    """
    for name in BOUND & params.keys():
        turn(name, params.pop(name))
    st.switch_page(page, query_params=params)


def value(widget: str) -> Any:
    """What a widget says by now; None where it was not drawn yet."""
    return st.session_state.get(widget)


def swap(name: str, value: list[str]) -> list[str]:
    """Remember what is drawn now; what was drawn before is what a person has pressed, who cannot have seen more."""
    before: list[str] = st.session_state.get(f"fw.drawn.{name}", value)
    st.session_state[f"fw.drawn.{name}"] = value
    return before


def put_next(widget: str, value: Any) -> None:
    """Give a widget that may be drawn by now a value for the next time; one that is drawn cannot be changed."""
    st.session_state.setdefault(DUE, {})[widget] = value


def put_due() -> None:
    """Give widgets the values that were put for them, before they are drawn."""
    for widget, value in st.session_state.pop(DUE, {}).items():
        st.session_state[widget] = value


def turn(widget: str, value: Any) -> None:
    """Give a widget another value; only for what is called when another widget is pressed."""
    st.session_state[widget] = st.session_state[TURNED] = value


def default(value: str) -> str | None:
    """A widget's default, or none when it was just turned: Streamlit warns of two values for one widget."""
    return None if st.session_state.pop(TURNED, None) else value


def token(pressed: bool) -> str:
    """The submission's token: drawn with a button, spent by pressing it, and renewed when the button is drawn again.

    A second press that arrives before the page was drawn anew brings the same token and so the same job.
    """
    value, spent = st.session_state.get(TOKEN, ("", True))
    if not value or (spent and not pressed):
        value = uuid.uuid4().hex
    st.session_state[TOKEN] = (value, pressed)
    return str(value)


def analysis(request: AnalysisRequest) -> Job:
    """The job of this request, started once a session: a failure stays until `forget` is called."""
    started: dict[str, str] = st.session_state.setdefault(ANALYSES, {})
    name = request.model_dump_json()
    if name in started:
        return job(started[name])
    found = analyse(request, from_browser=True)
    started[name] = found.id
    return found


def asked(request: AnalysisRequest) -> Job | None:
    """The job of this request where this session has started it."""
    started: dict[str, str] = st.session_state.get(ANALYSES, {})
    id = started.get(request.model_dump_json())
    try:
        return job(id) if id else None
    except NotFoundError:
        return None


def forget(request: AnalysisRequest) -> None:
    """Let the next `analysis` of this request start a new job."""
    st.session_state.get(ANALYSES, {}).pop(request.model_dump_json(), None)


def leave_notice(text: str) -> None:
    """Something to say on the next page that is drawn."""
    st.session_state[NOTICE] = text


def notice() -> str | None:
    value: str | None = st.session_state.pop(NOTICE, None)
    return value


def leave_error(message: str, next: str) -> None:
    """An error of a callback, which cannot draw: the page that is drawn after it shows it."""
    st.session_state[LEFT] = message, next


def left_error() -> tuple[str, str] | None:
    value: tuple[str, str] | None = st.session_state.pop(LEFT, None)
    return value


def remember_run(id: str | None) -> None:
    """The run that this session looked at last."""
    st.session_state[LAST_RUN] = id


def last_run() -> str | None:
    value: str | None = st.session_state.get(LAST_RUN)
    return value


def remember_upload(kind: str, sha256: str) -> None:
    """The latest upload of its kind in this session is the one that its picker offers."""
    st.session_state[f"fw.upload.{kind}"] = sha256


def remembered_upload(kind: str) -> str | None:
    value: str | None = st.session_state.get(f"fw.upload.{kind}")
    return value


def new_upload(kind: str) -> str | None:
    """The same once: what was uploaded since this was asked last."""
    value: str | None = st.session_state.pop(f"fw.upload.{kind}", None)
    return value
