"""An analysis that a button starts. Its job is in the page's address, so that a reload or a copied link finds it."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, RequestError, analysis_key, delete, find_analysis, job
from pages._ui import state
from pages._ui.guard import show_error

Request = TypeVar("Request", bound=AnalysisRequest)


def find(name: str, request: AnalysisRequest) -> Job | None:
    """The job of this request, or None.

    The page's address comes first, where its job is that of this machine and these versions if the result depends on
    them; then this session, then a job of this home that has not failed.
    """
    digest, _, id = (state.param(name) or "").partition("-")
    if id and digest == _digest(request):
        with suppress(NotFoundError):
            return job(id)
    if (of_session := state.session_job(request)) is not None:
        return of_session
    with suppress(RequestError):
        of_home = find_analysis(request, from_browser=True)
        return None if of_home is not None and of_home.state == "failed" else of_home
    return None


def start(name: str, request: AnalysisRequest) -> None:
    """Starts the analysis, or starts it again, and draws the page again with its job in the address.

    Raises RequestError.
    """
    state.forget(request)
    state.set_param(name, f"{_digest(request)}-{state.analysis(request).id}")
    st.rerun()


def start_anew(name: str, request: AnalysisRequest, replaces: Job | None) -> None:
    """Starts the analysis in place of an answer that goes, if there is one; draws the error where it is refused."""
    try:
        if replaces is not None:
            delete(replaces.id)  # else the same answer would come back
        start(name, request)
    except RequestError as error:
        show_error(error.message, error.next)


def newest(name: str, jobs: Sequence[Job]) -> Job | None:
    """The one of these jobs, the newest first, that the page's address names, else the newest; None of none."""
    return next((job for job in jobs if job.id == state.param(name)), jobs[0] if jobs else None)


def named(name: str, jobs: Sequence[tuple[Job, Request]]) -> Request | None:
    """The request of the one of these jobs that the page's address names, or None."""
    return next((request for job, request in jobs if job.id == state.param(name)), None)


def _digest(request: AnalysisRequest) -> str:
    """Of the request and, by its kind, of the versions and the machine: an address may outlive them."""
    content = analysis_key(request) or request.model_dump_json()
    return hashlib.sha256(content.encode()).hexdigest()[:12]
