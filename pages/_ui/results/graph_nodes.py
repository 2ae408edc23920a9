"""The nodes that are looked for and the one that is chosen, with what computes the same in the other file."""

from collections.abc import Collection, Mapping

import streamlit as st

from engine import GraphComparison, GraphNode, charts
from engine.charts import Colouring, GraphSide
from engine.wording import many, size_text
from pages._ui import state
from pages._ui.guard import callback
from pages._ui.wording import count, plain

SIDES: tuple[GraphSide, GraphSide] = ("baseline", "model")
MOST_HITS = 12


def choose(side: str, name: str) -> None:
    """Chooses a node, in the page's address."""
    state.set_param("node", f"{side} {name}")


def chosen(comparison: GraphComparison) -> Mapping[GraphSide, Collection[str]]:
    """The names of the chosen node and of its partners, in each file; empty where the address names no node."""
    side, node = _of_address(comparison)
    if side is None or node is None:
        return {}
    partners = charts.partners_of(comparison, side, node.name)
    if partners is None:
        return {side: (node.name,)}
    return {"baseline": partners.baseline, "model": partners.model} | {side: (node.name,)}


def hits(comparison: GraphComparison, wanted: str, names: Mapping[GraphSide, str]) -> None:
    """Draws the nodes that were found, of which one can be chosen; what both files have is the baseline's."""
    if not wanted.strip():
        return
    found: dict[str, str] = {}
    for side in SIDES:
        for node in charts.found_nodes(getattr(comparison, side), wanted):
            if f"baseline {node.name}" not in found:
                found[f"{side} {node.name}"] = f"{node.operator} · {node.name} · {names[side]}"
    if not found:
        st.caption(f"No node's name or operator holds “{plain(wanted)}”.")
        return
    key = f"hits-{state.param('node')}"
    st.pills(
        many(len(found), "node") + (f", the first {MOST_HITS}" if len(found) > MOST_HITS else ""),
        list(found)[:MOST_HITS],
        format_func=lambda place: plain(found[place]),
        key=key,
        on_change=_choose_hit,
        args=(key, comparison),
    )


@callback
def _choose_hit(key: str, comparison: GraphComparison) -> None:
    """Chooses the node, and opens its block."""
    place = state.value(key)
    if place is None:
        return
    side, _, name = place.partition(" ")
    choose(side, name)
    node = next(node for node in getattr(comparison, side).nodes if node.name == name)
    state.set_param("open", node.block or None)


def table(comparison: GraphComparison, colouring: Colouring, names: Mapping[GraphSide, str]) -> None:
    """Draws the chosen node with its partners, or what can be chosen."""
    side, node = _of_address(comparison)
    if side is None or node is None:
        st.caption("Press a node, or search for one, to see its shape, its weights and its partner in the other file.")
        return
    partners = charts.partners_of(comparison, side, node.name)
    members = {one: getattr(partners, one) if partners is not None else () for one in SIDES}
    members[side] = members[side] or (node.name,)
    st.subheader(f"{plain(node.operator)} {plain(node.name)}", anchor=False)
    rows = [
        _row(names[one], found, colouring, one)
        for one in SIDES
        for found in getattr(comparison, one).nodes
        if found.name in members[one]
    ]
    with st.container(key="node-table"):
        st.table(rows, border="horizontal", hide_index=True, alt="The chosen node and its partners")
    other = "model" if side == "baseline" else "baseline"
    if not members[other]:
        st.caption(f"{plain(names[other])} has no node that computes the same, as far as names and operators tell.")


def _row(file: str, node: GraphNode, colouring: Colouring, side: GraphSide) -> dict[str, str]:
    value = getattr(colouring, side).get(node.name)
    further = {} if colouring.title == "Weights" else {colouring.title: "–" if value is None else colouring.text(value)}
    return {
        "File": plain(file),
        "Node": plain(node.name),
        "Operator": plain(node.operator),
        "Output": charts.shape_text(node) or "–",
        "Weights": size_text(node.weight_bytes) if node.weight_bytes else "–",
        "MACs": count(node.macs) if node.macs else "–",
        "Block": plain(node.block) or "–",
    } | further


def _of_address(comparison: GraphComparison) -> tuple[GraphSide | None, GraphNode | None]:
    """The file and the node that the address names, where they are there."""
    place, _, name = (state.param("node") or "").partition(" ")
    for side in SIDES:
        if place == side:
            node = next((one for one in getattr(comparison, side).nodes if one.name == name), None)
            return (side, node) if node is not None else (None, None)
    return None, None
