"""A timm architecture out of the catalogue, the smallest first."""

from collections.abc import Sequence

import streamlit as st

from engine import search_models
from pages._ui import state
from pages._ui.wording import count


def pick(label: str, current: str, name: str, first: Sequence[str] = ()) -> str:
    """The chosen one; `first` are other choices before them, and one that the catalogue lacks stays on offer."""
    parameters = _parameters()
    known = current in parameters or current in first
    names = [*first, *(() if known else (current,)), *parameters]
    chosen = st.selectbox(
        label,
        names,
        index=names.index(current),
        key=state.key(name),
        help="Any timm architecture; type to search.",
        format_func=lambda one: _words(one, parameters),
    )
    return str(chosen)


@st.cache_data(max_entries=1, show_spinner=False)
def _parameters() -> dict[str, int]:
    """Of every architecture; the catalogue ships with the project and is nobody's data."""
    return {entry.name: entry.parameters for entry in sorted(search_models(""), key=lambda entry: entry.parameters)}


def _words(name: str, parameters: dict[str, int]) -> str:
    return f"{name} · {count(parameters[name])} parameters" if name in parameters else name
