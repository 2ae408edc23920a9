"""The graphs of two files in the browser: boxes that can be moved about, zoomed and pressed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from engine.charts import CANDIDATE, GraphDrawing, GraphSide

HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "featherweight_graphs",
    html='<div class="graphs">\n<p class="failed"></p></div>',
    css=(HERE / "graph.css").read_text(encoding="utf-8"),
    js=(HERE / "graph.js").read_text(encoding="utf-8"),
)


def draw(
    drawings: Mapping[GraphSide, GraphDrawing],
    *,
    titles: Mapping[GraphSide, str],
    alts: Mapping[GraphSide, str],
    key: str,
    on_pick: Callable[[], None],
) -> None:
    """Draws both; `on_pick` is called after a press, whose side and box the state then has under `key`, as `pick`."""
    sides = {side: {**asdict(drawing), "title": titles[side], "alt": alts[side]} for side, drawing in drawings.items()}
    _COMPONENT(key=key, data={"sides": sides, "hue": CANDIDATE}, on_pick_change=on_pick)
