"""What can be done with a model: the techniques that apply to it, and the others with the reason."""

from collections.abc import Iterable
from itertools import groupby

import streamlit as st

from engine import Applicability, ModelProfile, applicability
from pages._ui import chrome, fit
from pages._ui.optimize import methods_view
from pages._ui.wording import plain

YES, NO = ":green[:material/check_circle:]", ":gray[:material/block:]"


def show(profile: ModelProfile) -> None:
    """Draws a card with a line for each technique, those that apply first."""
    lines = [
        line for _, rows in groupby(applicability(profile), key=lambda row: row.technique) for line in _lines(rows)
    ]
    with chrome.card("applicability", "What can be done with it", "Measured as it is, it always can be."):
        st.markdown("  \n".join(sorted(lines, key=lambda line: NO in line)))


def _lines(of_technique: Iterable[Applicability]) -> list[str]:
    """A line for the methods of one technique that apply, and one for each reason why others do not."""
    rows = list(of_technique)
    title = methods_view.title(rows[0].technique)
    lines, possible = [], [row for row in rows if row.refusal is None]
    if possible:
        lines.append(f"{YES} **{title}**{_methods(possible)}{_needs(possible)}")
    for reason in dict.fromkeys(fit.reason(row.refusal) for row in rows if row.refusal is not None):
        refused = [row for row in rows if fit.reason(row.refusal) == reason]
        methods = _methods(refused) if possible else ""
        lines.append(f"{NO} **{title}**{methods}: {reason}")
    return lines


def _methods(rows: list[Applicability]) -> str:
    """The methods of one technique in parentheses, where it has some; the one of its own title by its name."""
    if rows[0].method is None:
        return ""
    own = methods_view.title(rows[0].technique)
    titles = [(row.method or "").capitalize() if row.title == own else row.title for row in rows]
    return f" ({plain(', '.join(titles))})"


def _needs(rows: list[Applicability]) -> str:
    needs = dict.fromkeys(need for row in rows for need in row.needs)
    return f", with {plain(' and '.join(needs))}" if needs else ""
