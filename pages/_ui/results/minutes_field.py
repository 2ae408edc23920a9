"""How long a measurement that a page starts may take."""

import streamlit as st

MINUTES = 15


def choose(most: int, key: str, help: str) -> int:
    """Draws the field; minutes, from 1 to `most`."""
    minutes = st.number_input(
        "Minutes, at most", min_value=1, max_value=most, value=MINUTES, key=key, width=160, help=help
    )
    return int(minutes)
