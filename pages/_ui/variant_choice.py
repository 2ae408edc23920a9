"""The variants of a run that a view is about, chosen by a person. The address has them by their ids.

Streamlit's own binding would write labels, so that a link that names an id would be ignored.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from engine import Report, Variant
from pages._ui import state

PARAM = "variant"


def choose(
    report: Report,
    among: Sequence[Variant] | None = None,
    label: str = "Variant",
    param: str = PARAM,
    linked: str | None = None,
) -> Variant | None:
    """Draws the choice of one, the recommended variant first; None where there is nothing to choose from.

    All variants of the report but the candidates of its races can be chosen where `among` names no others. One choice
    serves all views that have the same parameter. An address that names none has the variant `linked`, that of an
    analysis which it names. The chosen one is written there, whoever chose it: another may be recommended later.
    """
    labels = _labels(report, among)
    if not labels:
        return None
    first = linked if linked in labels else next(iter(labels))
    state.set_from_address(param, (state.address_ids(param, labels) or [first])[0])
    id = st.selectbox(
        label,
        list(labels),
        format_func=lambda id: labels.get(id, id),
        key=param,
        on_change=state.write_ids,
        args=(param,),
        width=420,
    )
    state.set_param(param, id)
    return report.variant(id)


def choose_several(
    report: Report,
    param: str,
    label: str,
    among: Sequence[Variant] | None = None,
    *,
    n_first: int = 1,
    most: int | None = None,
    placeholder: str = "Choose variants",
    help: str | None = None,
) -> list[str]:
    """Draws the choice of several, of which the first are chosen where the address has none; their ids."""
    labels = _labels(report, among)
    ids = state.address_ids(param, labels)
    state.set_from_address(param, (list(labels)[:n_first] if ids is None else ids)[:most])
    return st.multiselect(
        label,
        list(labels),
        format_func=lambda id: labels.get(id, id),
        max_selections=most,
        key=param,
        on_change=state.write_ids,
        args=(param,),
        placeholder=placeholder,
        help=help,
    )


def _labels(report: Report, among: Sequence[Variant] | None) -> Mapping[str, str]:
    best = report.recommended.id if report.recommended else None
    variants = sorted(report.main_variants if among is None else among, key=lambda variant: variant.id != best)
    return {variant.id: f"{variant.label} · {variant.id[:6]}" for variant in variants}
