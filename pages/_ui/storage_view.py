"""What the home folder occupies, and how to free it."""

import streamlit as st

from engine import delete_upload, free_cache, uploads, usage
from pages._ui import chrome, state
from pages._ui.wording import ago, megabytes, plain


def show() -> None:
    """Folded away until asked for: adding up the folder takes a moment."""
    with st.expander("Storage and uploads", icon=":material/hard_drive:", on_change="rerun", key="storage") as shown:
        if shown.open:
            _usage()
            _uploads()


def _usage() -> None:
    found = usage()
    chrome.facts(
        {
            "Runs": megabytes(found.jobs_bytes),
            "Cache": megabytes(found.cache_bytes),
            "Uploads": megabytes(found.uploads_bytes),
            "Free on the disk": megabytes(found.free_bytes),
        }
    )
    st.code(found.home, language=None)
    if st.button(
        "Free the cache",
        icon=":material/mop:",
        disabled=not found.cache_bytes,
        help="What was computed before is computed again when it is needed; no run is lost.",
    ):
        state.leave_notice(f"Freed {megabytes(free_cache())}")
        st.rerun()


def _uploads() -> None:
    for upload in uploads():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(upload.name)}**", width="stretch")
            st.caption(f"{upload.kind} · {megabytes(upload.size_bytes)} · {ago(upload.created)}", width="content")
            with st.popover("Delete", icon=":material/delete:", type="tertiary"):
                st.markdown("Runs that used it keep their results.")
                if st.button("Delete it", key=f"drop-{upload.sha256}", type="primary"):
                    delete_upload(upload.sha256)
                    st.rerun()
