"""Whether the chosen model and data have been analysed and can be used: the icons of the stepper."""

from typing import Literal

from engine import (
    AnalysisRequest,
    DataPreview,
    DataSource,
    FileModel,
    ModelSource,
    PreviewRequest,
    ProfileRequest,
    RequestError,
    SampleData,
    data_misfit,
    find_analysis,
    result,
)
from pages._ui.draft import Draft

Readiness = Literal["none", "unknown", "good", "refused"]


def model(draft: Draft) -> Readiness:
    """The readiness of the model.

    A file is good once its profile is done; the sample and a timm model are good unless their profile failed.
    """
    if draft.model is None:
        return "none"
    request = ProfileRequest(model=draft.model, preprocess=draft.preprocess)
    return _readiness(request, needs_analysis=isinstance(draft.model, FileModel))


def data(draft: Draft) -> Readiness:
    """The readiness of the data.

    Images and arrays are good once their preview is done, the sample unless its preview failed, and synthetic inputs
    always. Labels that cannot judge the model, whatever is trained, are refused.
    """
    if draft.data is None:
        return "good" if draft.synthetic else "none"
    if draft.model is None:
        return "good" if isinstance(draft.data, SampleData) else "unknown"
    request = PreviewRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    ready = _readiness(request, needs_analysis=not isinstance(draft.data, SampleData))
    return "refused" if ready == "good" and _labels_refused(draft.model, draft.data, request) else ready


def _labels_refused(model: ModelSource, data: DataSource, request: PreviewRequest) -> bool:
    """Whether the labels cannot judge the model, and no fine-tune would give it a head that they can."""
    job = find_analysis(request, from_browser=True)
    preview = result(job.id) if job is not None and job.state == "done" else None
    if not isinstance(preview, DataPreview) or data_misfit(model, data, preview) is None:
        return False
    return preview.head_fits is not False or isinstance(model, FileModel)


def _readiness(request: AnalysisRequest, *, needs_analysis: bool) -> Readiness:
    try:
        job = find_analysis(request, from_browser=True)
    except RequestError:
        return "refused"
    state = job.state if job is not None else None
    if state == "failed":
        return "refused"
    return "unknown" if needs_analysis and state != "done" else "good"
