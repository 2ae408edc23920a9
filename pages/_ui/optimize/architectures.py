"""The choice of a timm architecture, the smallest first."""

from collections.abc import Sequence

import streamlit as st

from engine import search_models
from pages._ui import state
from pages._ui.wording import count


def pick(label: str, current: str, key: str, first: Sequence[str] = ()) -> str:
    """The selected architecture.

    `first` are choices before those of the catalogue. A current one that the catalogue lacks can still be selected.
    """
    parameters = _parameters()
    is_listed = current in parameters or current in first
    names = [*first, *(() if is_listed else (current,)), *parameters]
    name = st.selectbox(
        label,
        names,
        index=names.index(current),
        key=state.key(key),
        help="Any timm architecture; type to search.",
        format_func=lambda one: _label(one, parameters),
    )
    return str(name)


@st.cache_data(max_entries=1, show_spinner=False)
def _parameters() -> dict[str, int]:
    """Parameters of every architecture. It is cached for all sessions: the catalogue holds no data of a user."""
    return {entry.name: entry.parameters for entry in sorted(search_models(""), key=lambda entry: entry.parameters)}


def _label(name: str, parameters: dict[str, int]) -> str:
    return f"{name} · {count(parameters[name])} parameters" if name in parameters else name
