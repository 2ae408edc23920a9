"""The stage itself, which a script in the browser draws: it asks the routes of routes.py, and never runs the page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from pages._ui.race.routes import MAX_PHOTO_BYTES, base

HERE = Path(__file__).parent
LOADER = """
const stages = new WeakMap();

export default function ({ data, parentElement }) {
  if (!stages.has(parentElement)) {
    const module = import(new URL(`${data.base}/static/stage.mjs`, location.origin).href);
    stages.set(parentElement, module.then((stage) => stage.mount(parentElement)));
  }
  const mounted = stages.get(parentElement);
  mounted.then((stage) => stage.update(data));
  return () => mounted.then((stage) => stage.unmount());
}
"""
"""What Streamlit loads; the modules beside this file come by a route of their own and can be cached."""
_STAGE = st.components.v2.component(
    "featherweight_stage",
    html=(HERE / "stage.html").read_text(encoding="utf-8"),
    css=(HERE / "stage.css").read_text(encoding="utf-8"),
    js=LOADER,
)


@dataclass(frozen=True)
class LaneCard:
    """What is known of a lane before it starts; `measured_ms` is the median that the run's report has."""

    id: str
    label: str
    colour: str
    size_bytes: int
    measured_ms: float | None
    threads: int | None


def show(ticket: str, lanes: Sequence[LaneCard]) -> None:
    """Draws the stage for the race of a ticket."""
    _STAGE(
        key="stage",
        data={
            "base": base(),
            "ticket": ticket,
            "lanes": [asdict(lane) for lane in lanes],
            "maxPhotoBytes": MAX_PHOTO_BYTES,
        },
    )
