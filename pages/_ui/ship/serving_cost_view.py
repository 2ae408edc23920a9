"""What the measured throughput costs at a price per hour, and how many machines a stated traffic takes."""

import streamlit as st

from engine import ServeBench, charts, cost_per_million, machines_for
from engine.wording import many
from pages._ui import chrome
from pages._ui.wording import milliseconds


def show(bench: ServeBench, limit_ms: float | None) -> None:
    """Draws the price and the traffic, and for the best setting with and without the cache what follows."""
    with chrome.card("serving-cost", "Money", "From what was measured on this machine"):
        with st.container(horizontal=True):
            price = st.number_input(
                "Price of a machine like this one, per hour",
                min_value=0.0,
                value=None,
                format="%g",
                key="serving-price",
                placeholder="in any currency",
                width=300,
            )
            traffic = st.number_input(
                "Traffic, requests a second", min_value=0.01, value=100.0, format="%g", key="serving-traffic", width=240
            )
        for cached in (False, True):
            cell = bench.best_within(limit_ms, cached=cached)
            point = cell.within(limit_ms) if cell is not None else None
            if cell is None or point is None:
                continue
            n = machines_for(traffic, point.per_s)
            costs = (
                f"{cost_per_million(price, point.per_s):,.3g} for a million answers, {n * price:,.3g} an hour"
                if price is not None
                else "enter a price to see what that costs"
            )
            st.markdown(
                f"**Cache {'on' if cached else 'off'}** ({charts.setting_name(cell)}): {many(n, 'machine')} for "
                f"{traffic:g} requests a second; {costs}."
            )
        slowest = f" that the chart shows, up to {milliseconds(_slowest(bench))}"
        within = f" of {limit_ms:g} ms" if limit_ms is not None else slowest
        st.caption(
            f"At the highest measured rate with the p99{within}. What the cache saves holds for images that repeat as "
            "they did here. Every machine is taken to be as fast as this one, and to work all the time."
        )


def _slowest(bench: ServeBench) -> float:
    return max(point.p99_ms for cell in bench.measured for point in cell.points)
