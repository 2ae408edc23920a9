"""The graph of a model: where its bytes and multiply-adds are, a picture of a small one, and a table of every layer."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from engine import GraphNode, ModelProfile
from engine.wording import many, percent, size_text
from pages._ui.wording import count, plain

MOST_DRAWN = 60
"""Layers up to which a picture of the graph can be read."""
INK = "#808495"
"""Lines and letters of the picture, which both themes show."""


def show(profile: ModelProfile) -> None:
    """Draws the heaviest layers, and in cards that unfold the picture and the table of all."""
    if not profile.graph:
        return
    st.markdown(f"**Heaviest layers** · weights by operator: {_bytes_text(profile)}")
    st.table(_frame(profile.heaviest, profile), border="horizontal", hide_index=True, alt="The ten heaviest layers")
    if len(profile.graph) <= MOST_DRAWN:
        with st.expander("The graph as a picture", icon=":material/account_tree:"):
            st.graphviz_chart(picture(profile.graph), width="content")
    with st.expander(f"All {many(len(profile.graph), 'layer')}", icon=":material/table_rows:"):
        wanted = st.text_input(
            "Search layers", placeholder="Part of a name or of an operator", key="layer-search", max_chars=200
        )
        found = [
            node for node in profile.graph if (wanted or "").strip().lower() in f"{node.name} {node.operator}".lower()
        ]
        if not found:
            st.caption(f"No layer's name or operator holds “{plain(wanted or '')}”.")
            return
        st.dataframe(_all_frame(found), hide_index=True, key="layers-table")
        st.caption(f"{len(found):,} of {many(len(profile.graph), 'layer')}, in the order of the graph")


def picture(nodes: tuple[GraphNode, ...]) -> str:
    """The graph in Graphviz's DOT language: a box a layer with its operator, its output's shape and its weights."""
    numbers = {node.name: number for number, node in enumerate(nodes)}
    lines = [
        f'bgcolor="transparent"; node [shape=box, style=rounded, color="{INK}", fontcolor="{INK}", fontsize=11, '
        f'fontname="sans-serif"]; edge [color="{INK}", arrowsize=0.6];'
    ]
    for node in nodes:
        texts = [node.operator, _shape(node), size_text(node.weight_bytes) if node.weight_bytes else ""]
        lines.append(f"n{numbers[node.name]} [label={_quoted(filter(None, texts))}];")
        lines += [f"n{numbers[name]} -> n{numbers[node.name]};" for name in node.inputs]
    return "digraph {\n" + "\n".join(lines) + "\n}"


def _quoted(texts: Iterable[str]) -> str:
    """A label of several lines; quotes and backslashes of a file's own names mean nothing in it."""
    safe = (text.replace("\\", "/").replace('"', "'") for text in texts)
    return '"' + "\\n".join(safe) + '"'


def _bytes_text(profile: ModelProfile) -> str:
    return ", ".join(f"{plain(name)} {size_text(size)}" for name, size in list(profile.bytes_by_operator.items())[:4])


def _frame(nodes: tuple[GraphNode, ...], profile: ModelProfile) -> pd.DataFrame:
    total = profile.known_macs
    return pd.DataFrame(
        {
            "Layer": [plain(node.name) for node in nodes],
            "Operator": [plain(node.operator) for node in nodes],
            "Output": [_shape(node) for node in nodes],
            "MACs": [count(node.macs) for node in nodes],
            "Share": ["–" if total is None else percent((node.macs or 0) / total) for node in nodes],
            "Weights": [size_text(node.weight_bytes) if node.weight_bytes else "–" for node in nodes],
        }
    )


def _all_frame(nodes: list[GraphNode]) -> pd.DataFrame:
    """Figures as numbers, so that the table sorts by them."""
    return pd.DataFrame(
        {
            "Layer": [node.name for node in nodes],
            "Operator": [node.operator for node in nodes],
            "Output": [_shape(node) for node in nodes],
            "MACs": [node.macs for node in nodes],
            "Weights, kB": [round(node.weight_bytes / 1e3, 2) for node in nodes],
            "Reads from": [", ".join(node.inputs) for node in nodes],
        }
    )


def _shape(node: GraphNode) -> str:
    return "×".join(map(str, node.output_shape)) if node.output_shape else "–"
