"""What jobs are kept from on this machine, and a warning where a protection is missing."""

import streamlit as st

from engine import protections


def show() -> None:
    """Draws every protection with what it means; a missing one stands out."""
    st.markdown("**What jobs are kept from**")
    for one in protections():
        icon = ":material/verified_user:" if one.in_force else ":material/gpp_maybe:"
        color = "gray" if one.in_force else "orange"
        st.markdown(f":{color}[{icon}] {one.name.capitalize()}: {one.meaning} ({one.means}).")


def warn() -> None:
    """Draws one warning beside an uploader where jobs that read uploads are not kept from all that they should be."""
    missing = [one for one in protections() if not one.in_force]
    if missing:
        st.warning(
            f"Jobs are not fully confined on this machine: {missing[0].meaning}. Upload only what you trust; "
            "**Runs**, *Storage and uploads*, says what is missing.",
            icon=":material/gpp_maybe:",
        )
