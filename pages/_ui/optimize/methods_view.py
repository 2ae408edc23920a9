"""The methods of a technique: what they are called, and the choice between them where there are several."""

from collections.abc import Mapping
from typing import get_args

import streamlit as st

from engine import TECHNIQUES, Step
from pages._ui import state


def methods(technique: str) -> dict[str, type[Step]]:
    """Settings classes of a technique by method, the one to begin with first; by "" where it has no methods."""
    found = {}
    for settings in TECHNIQUES:
        if settings.model_fields["technique"].default == technique:
            field = settings.model_fields.get("method")
            found[str(get_args(field.annotation)[0]) if field else ""] = settings
    return found


def title(technique: str) -> str:
    """What the technique is called, whatever its method."""
    known = methods(technique)
    return technique.capitalize() if len(known) > 1 else next(iter(known.values())).title


def default(technique: str, method: str | None = None) -> Step:
    """A step of this technique with its defaults, by its first method unless one is named."""
    known = methods(technique)
    method = method if method is not None else next(iter(known))
    return known[method].parse({"method": method} if method else {})


def choose(current: Step, name: str, labels: Mapping[str, str] | None = None) -> Step:
    """The settings by the chosen method: as they were where it stays, its defaults where it is chosen anew."""
    known = methods(current.technique)
    if len(known) < 2:
        return current
    before = getattr(current, "method", "")
    method = st.segmented_control(
        "Method",
        list(known),
        default=before,
        required=True,
        wrap=True,
        key=state.key(f"{name}-method"),
        format_func=lambda one: (labels or {}).get(one, known[one].title),
    )
    return current if method == before else default(current.technique, str(method))
