"""An analysis that a press starts, and that the page's address keeps: a reload or a copied link finds it again, and so
does another session that has the same question."""

import hashlib
from contextlib import suppress

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, RequestError, find_analysis, job
from pages._ui import state


def started(name: str, request: AnalysisRequest) -> Job | None:
    """The job of this request: of the page's address, of this session, or of this home where it did not fail."""
    asked, _, id = (state.param(name) or "").partition("-")
    if asked == _digest(request):
        with suppress(NotFoundError):
            return job(id)
    found = state.asked(request)
    if found is None:
        with suppress(RequestError):
            found = find_analysis(request, from_browser=True)
            found = None if found is not None and found.state == "failed" else found
    return found


def start(name: str, request: AnalysisRequest) -> None:
    """Start it, or start it again; the page is drawn anew, with its job in the address. Raises RequestError."""
    state.forget(request)
    state.set_param(name, f"{_digest(request)}-{state.analysis(request).id}")
    st.rerun()


def _digest(request: AnalysisRequest) -> str:
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()[:12]
