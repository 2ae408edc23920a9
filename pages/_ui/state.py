"""The only module that touches the session's state and the address of a page."""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, SettingsError, analyse, find_live_race, job, open_live_race
from pages._ui.draft import Draft, from_link, to_link

DRAFT, EPOCH, TOKEN, ANALYSES, NOTICE = "fw.draft", "fw.epoch", "fw.token", "fw.analyses", "fw.notice"
LIVE_RACES = "fw.live-races"
SET_WIDGET, NEXT_VALUES, CALLBACK_ERROR, LAST_RUN, TOUR = "fw.turned", "fw.due", "fw.left", "fw.run", "fw.tour"

Action = Callable[[], None]
"""What a button does. It runs after every field of the page was read, since it replaces the draft and its widgets."""
BOUND_WIDGETS = {
    *("layer", "order"),
    *("across", "up", "candidates", "columns", "drop", "ms", "mb"),
    *("colour", "detail", "nodes", "place"),
    *("source", "search", "images", "view", "race", "find", "states", "kinds", "class", "images-page"),
    "golden",
}
"""Widgets that are bound to the query parameter of their own name."""


def draft() -> Draft:
    """The draft of this session, else the one in the page's address."""
    if DRAFT not in st.session_state:
        st.session_state[DRAFT] = _from_address()
    value: Draft = st.session_state[DRAFT]
    return value


def _from_address() -> Draft:
    try:
        return from_link(st.query_params.get("draft", ""))
    except SettingsError as error:
        st.warning(str(error), icon=":material/link_off:")
        return Draft()


def choose(**values: Any) -> Draft:
    """Changes the draft by values of this page's widgets, which keep their keys; the new draft."""
    st.session_state[DRAFT] = draft().replace(**values)
    return draft()


def replace_draft(new: Draft) -> None:
    """Sets another draft, and gives new keys to the widgets that show the old one."""
    st.session_state[DRAFT] = new
    renew_keys()


def renew_keys(group: str = "draft") -> None:
    """Gives every widget of a group a new key: those of `draft` show the draft again, those of `uploads` are empty."""
    st.session_state[f"{EPOCH}.{group}"] = st.session_state.get(f"{EPOCH}.{group}", 0) + 1


def key(name: str, group: str = "draft") -> str:
    """The key of a widget until `renew_keys` is called for its group."""
    return f"{name}@{st.session_state.get(f'{EPOCH}.{group}', 0)}"


def seeded_key(name: str, value: Any) -> str:
    """The key of a widget that begins with `value` and can be emptied; a widget with a default cannot."""
    full_name = key(name)
    st.session_state.setdefault(full_name, value)
    return full_name


def write_address() -> None:
    """Writes the draft into the page's address, so that a reload or a copied link restores it."""
    link = to_link(draft())
    if link and st.query_params.get("draft") != link:
        st.query_params["draft"] = link


def param(name: str) -> str | None:
    """A query parameter of the page's address."""
    return st.query_params.get(name)


def set_param(name: str, value: str | None) -> None:
    """Sets a query parameter, or removes it where the value is None."""
    if value is not None:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def address_ids(name: str, known: Collection[str]) -> list[str] | None:
    """The known ids of a query parameter; none where it is empty, None where it is missing or knows no id."""
    asked = param(name)
    ids = [id for id in (asked or "").split(",") if id in known]
    return ids if ids or asked == "" else None


def set_from_address(widget: str, value: Any) -> None:
    """Sets the value of a widget that is drawn next, and whose callback writes the address: that alone decides."""
    st.session_state[widget] = value


def write_ids(widget: str) -> None:
    """Writes the ids that are chosen in a widget into the query parameter of its name; its callback."""
    value: str | Sequence[str] = st.session_state[widget]
    set_param(widget, value if isinstance(value, str) else ",".join(value))


def go(page: str, **params: str) -> NoReturn:
    """Switches to another page, whose address has these query parameters and no others.

    Streamlit refuses to leave an address with a parameter that is bound to a widget, unless it gets a mapping. It also
    refuses to set such a parameter: the widget gets the value instead.
    """
    for name in BOUND_WIDGETS & params.keys():
        set_widget(name, params.pop(name))
    st.switch_page(page, query_params=params)


def value(widget: str) -> Any:
    """The value of a widget; None where it was not drawn yet."""
    return st.session_state.get(widget)


def swap_rows(name: str, rows: list[str]) -> list[str]:
    """Stores the rows that are drawn now; the rows drawn before, among which the pressed one was."""
    before: list[str] = st.session_state.get(f"fw.drawn.{name}", rows)
    st.session_state[f"fw.drawn.{name}"] = rows
    return before


def set_next(widget: str, value: Any) -> None:
    """Sets the value that a widget has when it is drawn next; one that is already drawn cannot be changed."""
    st.session_state.setdefault(NEXT_VALUES, {})[widget] = value


def apply_next() -> None:
    """Applies the values of `set_next`; called before the widgets are drawn."""
    for widget, value in st.session_state.pop(NEXT_VALUES, {}).items():
        st.session_state[widget] = value


def set_widget(widget: str, value: Any) -> None:
    """Sets the value of a widget; only in a callback of another widget."""
    st.session_state[widget] = st.session_state[SET_WIDGET] = value


def default(value: str) -> str | None:
    """A widget's default, or None where its value was just set: Streamlit warns of two values for one widget."""
    return None if st.session_state.pop(SET_WIDGET, None) else value


def token(pressed: bool) -> str:
    """The token of a submission: a new one each time the button is drawn after a press.

    A second press that arrives before the page was drawn again has the same token, and so gets the same job.
    """
    value, spent = st.session_state.get(TOKEN, ("", True))
    if not value or (spent and not pressed):
        value = uuid.uuid4().hex
    st.session_state[TOKEN] = (value, pressed)
    return str(value)


def analysis(request: AnalysisRequest) -> Job:
    """The job of this request, started once per session, and again where it was deleted.

    A failed job stays until `forget` is called.
    """
    started = session_job(request)
    if started is not None:
        return started
    new = analyse(request, from_browser=True)
    ids: dict[str, str] = st.session_state.setdefault(ANALYSES, {})
    ids[request.model_dump_json()] = new.id
    return new


def session_job(request: AnalysisRequest) -> Job | None:
    """The job of this request where this session has started one; else None."""
    ids: dict[str, str] = st.session_state.get(ANALYSES, {})
    id = ids.get(request.model_dump_json())
    try:
        return job(id) if id else None
    except NotFoundError:
        return None


def forget(request: AnalysisRequest) -> None:
    """Lets the next `analysis` of this request start a new job."""
    st.session_state.get(ANALYSES, {}).pop(request.model_dump_json(), None)


def live_race(run: str, variant_ids: Sequence[str]) -> str:
    """The ticket of this session's live race of these variants, which is opened where there is none yet."""
    tickets: dict[tuple[str, ...], str] = st.session_state.setdefault(LIVE_RACES, {})
    name = (run, *variant_ids)
    with suppress(NotFoundError):
        if name in tickets and find_live_race(tickets[name]):
            return tickets[name]
    tickets[name] = open_live_race(run, variant_ids)
    return tickets[name]


def set_notice(text: str) -> None:
    """Sets a notice that the next page shows."""
    st.session_state[NOTICE] = text


def pop_notice() -> str | None:
    """The notice, once."""
    value: str | None = st.session_state.pop(NOTICE, None)
    return value


def set_error(message: str, next: str) -> None:
    """Sets the error of a callback, which cannot draw; the page that is drawn after it shows it."""
    st.session_state[CALLBACK_ERROR] = message, next


def pop_error() -> tuple[str, str] | None:
    """Message and advice of a callback's error, once."""
    value: tuple[str, str] | None = st.session_state.pop(CALLBACK_ERROR, None)
    return value


def set_last_run(id: str | None) -> None:
    """Sets the run that this session has opened last."""
    st.session_state[LAST_RUN] = id


def last_run() -> str | None:
    """The run that this session has opened last."""
    value: str | None = st.session_state.get(LAST_RUN)
    return value


def tour() -> bool:
    """Whether this session is on the tour of the sample; its address then says so, and such an address begins it."""
    if param("tour") == "on":
        st.session_state[TOUR] = True
    elif TOUR in st.session_state:
        set_param("tour", "on")
    return TOUR in st.session_state


def begin_tour() -> None:
    """Begins the tour, which every page's address then says."""
    st.session_state[TOUR] = True


def end_tour() -> None:
    """Ends the tour."""
    st.session_state.pop(TOUR, None)
    set_param("tour", None)


def set_last_upload(kind: str, sha256: str) -> None:
    """Sets the latest upload of its kind in this session, which its picker then preselects."""
    st.session_state[f"fw.upload.{kind}"] = sha256


def last_upload(kind: str) -> str | None:
    """The SHA-256 of the latest upload of its kind in this session."""
    value: str | None = st.session_state.get(f"fw.upload.{kind}")
    return value


def pop_upload(kind: str) -> str | None:
    """The same, once: the upload since the last call."""
    value: str | None = st.session_state.pop(f"fw.upload.{kind}", None)
    return value


def set_import(picker: str, id: str | None) -> None:
    """Sets the import that a picker waits for."""
    st.session_state[f"fw.import.{picker}"] = id


def current_import(picker: str) -> str | None:
    """The import that a picker waits for."""
    value: str | None = st.session_state.get(f"fw.import.{picker}")
    return value


def set_refusal(picker: str, refusal: tuple[str, str] | None) -> None:
    """Sets message and advice of the upload that was refused; None where another one has begun."""
    st.session_state[f"fw.refused.{picker}"] = refusal


def refusal(picker: str) -> tuple[str, str] | None:
    """Message and advice of a picker's latest upload, where it was refused: its job is gone."""
    value: tuple[str, str] | None = st.session_state.get(f"fw.refused.{picker}")
    return value
