"""Whether what was chosen has been looked into, and whether it can be used: what a tick on the way stands for."""

from typing import Literal

from engine import (
    AnalysisRequest,
    FileModel,
    ImagesData,
    PreviewRequest,
    ProfileRequest,
    RequestError,
    find_analysis,
)
from pages._ui.draft import Draft

Look = Literal["none", "unknown", "good", "refused"]


def model(draft: Draft) -> Look:
    """Of the model: a file is good once it was read; what this project or timm brings is, unless it was refused."""
    if draft.model is None:
        return "none"
    request = ProfileRequest(model=draft.model, preprocess=draft.preprocess)
    return _look(request, stranger=isinstance(draft.model, FileModel))


def data(draft: Draft) -> Look:
    """Of the images, in the same way; going on without any is good."""
    if draft.data is None:
        return "good" if draft.synthetic else "none"
    if draft.model is None:
        return "unknown" if isinstance(draft.data, ImagesData) else "good"
    request = PreviewRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    return _look(request, stranger=isinstance(draft.data, ImagesData))


def _look(request: AnalysisRequest, *, stranger: bool) -> Look:
    try:
        job = find_analysis(request, from_browser=True)
    except RequestError:
        return "refused"
    state = job.state if job is not None else None
    if state == "failed":
        return "refused"
    return "unknown" if stranger and state != "done" else "good"
