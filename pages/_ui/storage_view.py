"""What the home folder occupies, its cache and its uploads, with buttons to free them, and what jobs are kept from."""

import streamlit as st

from engine import delete_upload, free_cache, uploads, usage
from engine.wording import size_text
from pages._ui import chrome, protections_view, state
from pages._ui.wording import ago, plain


def show() -> None:
    """Draws them in an expander; nothing is added up until it is opened, since that takes a moment."""
    with st.expander("Storage and uploads", icon=":material/hard_drive:", on_change="rerun", key="storage") as section:
        if section.open:
            _usage()
            _uploads()
            protections_view.show()


def _usage() -> None:
    sizes = usage()
    chrome.metrics(
        {
            "Runs": size_text(sizes.jobs_bytes),
            "Cache": size_text(sizes.cache_bytes),
            "Uploads": size_text(sizes.uploads_bytes),
            "Free on the disk": size_text(sizes.free_bytes),
        }
    )
    st.code(sizes.home, language=None)
    if st.button(
        "Free the cache",
        icon=":material/mop:",
        disabled=not sizes.cache_bytes,
        help="What was computed before is computed again when it is needed; no run is lost.",
    ):
        state.set_notice(f"Freed {size_text(free_cache())}")
        st.rerun()


def _uploads() -> None:
    for upload in uploads():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(upload.name)}**", width="stretch")
            st.caption(f"{upload.kind} · {size_text(upload.size_bytes)} · {ago(upload.created)}", width="content")
            with st.popover("Delete", icon=":material/delete:", type="tertiary"):
                st.markdown("Runs that used it keep their results.")
                if st.button("Delete it", key=f"drop-{upload.sha256}", type="primary"):
                    delete_upload(upload.sha256)
                    st.rerun()
