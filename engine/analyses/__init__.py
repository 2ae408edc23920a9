"""The other kinds of job: one file each, and the table of them."""

from collections.abc import Callable

from engine.analyses.advise import advise
from engine.analyses.hardware import hardware
from engine.analyses.preview import preview
from engine.analyses.profile import profile
from engine.analyses.sensitivity import sensitivity
from engine.results import Result
from engine.settings import (
    AdviseRequest,
    AnalysisRequest,
    HardwareRequest,
    PreviewRequest,
    ProfileRequest,
    SensitivityRequest,
)

ANALYSES: dict[type[AnalysisRequest], Callable[..., Result]] = {
    ProfileRequest: profile,
    PreviewRequest: preview,
    HardwareRequest: hardware,
    AdviseRequest: advise,
    SensitivityRequest: sensitivity,
}
