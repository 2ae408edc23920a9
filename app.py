"""Featherweight in the browser: `streamlit run app.py`.

Streamlit imports this file once for `app`, the server, and runs it as a script whenever a session draws a page.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from engine import ensure_supervisor
from pages._ui import chrome
from pages._ui.guard import guarded, show_callback_error
from pages._ui.upload_quota import UploadGate


def draw() -> None:
    """Draws the page that the address names, within what all pages share."""
    st.set_page_config(
        page_title="Featherweight", page_icon=str(Path(__file__).parent / "pages" / "_ui" / "mark.svg"), layout="wide"
    )
    page = st.navigation(
        [
            st.Page(
                chrome.START,
                title="Start",
                icon=":material/home:",
                default=True,
                help="What this is, a sample that is ready to run, and the latest runs.",
            ),
            st.Page(
                chrome.MODEL,
                title="Model",
                icon=":material/network_node:",
                help="Choose a model: the sample, a timm architecture or an ONNX file.",
            ),
            st.Page(
                chrome.DATA,
                title="Data",
                icon=":material/photo_library:",
                help="Choose images, see them as the model will, and how they are split.",
            ),
            st.Page(
                chrome.OPTIMIZE,
                title="Optimize",
                icon=":material/tune:",
                help="Choose what to try, read what will happen, and run it.",
            ),
            st.Page(
                chrome.RUNS,
                title="Runs",
                icon=":material/view_list:",
                help="The queue and the history: follow a run, cancel it, run it again.",
            ),
            st.Page(
                chrome.RESULTS,
                title="Results",
                icon=":material/query_stats:",
                help="Size, latency and accuracy side by side, and the files to take home.",
            ),
            st.Page(
                chrome.COMPARE,
                title="Compare",
                icon=":material/compare_arrows:",
                help="Variants of any runs side by side, and those that none beats.",
            ),
            st.Page(
                chrome.SHIP,
                title="Ship",
                icon=":material/package_2:",
                help="A bundle that runs a variant elsewhere and proves that it does, and what it found there.",
            ),
            st.Page(
                chrome.MACHINE,
                title="Machine",
                icon=":material/memory:",
                help="What this machine can run, how fast, and how close your models come to that.",
            ),
        ],
        position="top",
    )
    chrome.frame()
    show_callback_error()
    with guarded():
        ensure_supervisor()
    with guarded(whole_page=True):
        page.run()


if __name__ == "__main__":
    draw()
else:
    app = st.App(Path(__file__).resolve(), middleware=[Middleware(UploadGate)])
