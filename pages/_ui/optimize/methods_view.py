"""The methods of a technique: their titles, and the choice between them where there are several."""

from collections.abc import Mapping
from typing import get_args

import streamlit as st

from engine import TECHNIQUES, Step
from pages._ui import state


def methods(technique: str) -> dict[str, type[Step]]:
    """Settings classes of a technique by method, the default first; by "" where it has no methods."""
    classes = {}
    for settings in TECHNIQUES:
        if settings.model_fields["technique"].default == technique:
            field = settings.model_fields.get("method")
            classes[str(get_args(field.annotation)[0]) if field else ""] = settings
    return classes


def title(technique: str) -> str:
    """The title of a technique, whatever its method."""
    classes = methods(technique)
    return technique.capitalize() if len(classes) > 1 else next(iter(classes.values())).title


def default(technique: str, method: str | None = None) -> Step:
    """A step of this technique with its defaults, by its first method unless `method` names another."""
    classes = methods(technique)
    method = method if method is not None else next(iter(classes))
    return classes[method].parse({"method": method} if method else {})


def choose(current: Step, name: str, labels: Mapping[str, str] | None = None) -> Step:
    """Draws the choice of a method; `current` where it stays the same, else a step with the new one's defaults."""
    classes = methods(current.technique)
    if len(classes) < 2:
        return current
    before = getattr(current, "method", "")
    method = st.segmented_control(
        "Method",
        list(classes),
        default=before,
        required=True,
        wrap=True,
        key=state.key(f"{name}-method"),
        format_func=lambda one: (labels or {}).get(one, classes[one].title),
    )
    return current if method == before else default(current.technique, str(method))
