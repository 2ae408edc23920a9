"""What every kind of job has: its row's properties, limits on its time, and the keys by which results are shared."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.results import Result
from engine.settings.bundle_job import BundleRequest
from engine.settings.cross_cpu_job import CrossCpuRequest
from engine.settings.export_job import ExportRequest
from engine.settings.graph_jobs import GraphsRequest, SaveOptimizedRequest, TimeProfileRequest
from engine.settings.hardware_jobs import ShowdownRequest, SweepRequest
from engine.settings.jobs import (
    AnalysisRequest,
    AuditRequest,
    DetectRequest,
    IdentifyRequest,
    ImportRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SensitivityRequest,
    SignatureRequest,
    looks_into_a_file,
)
from engine.settings.model import FileModel
from engine.settings.serving_job import ServeBenchRequest
from engine.settings.variant_jobs import DisagreementsRequest, LayerErrorsRequest
from engine.system.machine import cores, cpu_name, graphics_cards, isa, versions

ANALYSIS_SECONDS = 900.0
FILE_SECONDS = 180.0
AUDIT_SECONDS = 3600.0  # every image is read twice, and there may be 100,000 large ones
RUN_OVERHEAD_SECONDS = 3600.0  # loading, exporting and measuring, which the budget's minutes do not bound
SLOTS: Mapping[str, int] = {"run": 1, "analysis": 1, "advice": 1}
"""How many jobs of each slot run at once. Analyses of minutes have their own slot, so that a preview does not wait
for them."""


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A row of the table: the properties of all jobs of one kind."""

    request: type[RunRequest | AnalysisRequest]
    result: type[Result]
    function: str
    """`module:name`. An analysis is called with (request, folder, progress) and returns its result; a run is called by
    the runner with its recipe."""
    check: str | None
    """`module:name` of the function that refuses a request before it is queued, called with (request); None where only
    its files are checked."""
    slot: str
    limit_seconds: Callable[..., float]
    """Hard limit on the time, from the request."""
    estimate: str | None
    """`module:name` of the function that estimates the seconds, called with (request); None for analyses of seconds,
    and for runs, whose estimate also depends on their home (engine/planning/estimate.py)."""
    locks_itself: bool
    """Whether the function takes the home's measure lock itself, where needed; else the runner has it throughout."""
    key: Callable[[AnalysisRequest], str] | None
    """The key of a request; jobs with the same key share one result until it is deleted. None: no sharing."""

    @property
    def name(self) -> str:
        """The value of `kind` in its requests."""
        return str(self.request.model_fields["kind"].default)


def request_and_versions(request: AnalysisRequest) -> str:
    """SHA-256 of a resolved request, which holds the sums of its files, and of the versions of the libraries."""
    return hashlib.sha256(f"{request.model_dump_json()}{sorted(versions().items())}".encode()).hexdigest()


def request_and_machine(request: AnalysisRequest) -> str:
    """The same for an analysis that depends on this machine: also of its processor, cores and graphics cards."""
    machine = f"{cpu_name()}{cores()}{isa()}{graphics_cards()}"
    return hashlib.sha256(f"{request_and_versions(request)}{machine}".encode()).hexdigest()


def files_and_versions(request: AnalysisRequest) -> str:
    """The same for an analysis of files alone, wherever they lie: by their sums."""
    files = {
        name: FileModel(sha256=file.sha256)
        for name in ("baseline", "model")
        if isinstance(file := getattr(request, name, None), FileModel) and file.sha256 is not None
    }
    return request_and_versions(request.model_copy(update=files))


def analysis_seconds(request: AnalysisRequest) -> float:
    return ANALYSIS_SECONDS


def reading_seconds(
    request: ProfileRequest | SignatureRequest | IdentifyRequest | ImportRequest | GraphsRequest,
) -> float:
    """Less for a file, which needs no download: while it is read, nobody else measures."""
    return FILE_SECONDS if looks_into_a_file(request) else ANALYSIS_SECONDS


def graph_seconds(request: TimeProfileRequest | SaveOptimizedRequest | BundleRequest) -> float:
    return ANALYSIS_SECONDS


def minutes_and_more(
    request: SensitivityRequest | DetectRequest | SweepRequest | ServeBenchRequest | CrossCpuRequest,
) -> float:
    return ANALYSIS_SECONDS + 60 * request.minutes


def variant_seconds(request: DisagreementsRequest | LayerErrorsRequest) -> float:
    return ANALYSIS_SECONDS + 60 * request.minutes


def export_seconds(request: ExportRequest) -> float:
    return RUN_OVERHEAD_SECONDS


def audit_seconds(request: AuditRequest) -> float:
    return AUDIT_SECONDS + 60 * request.minutes


def remeasure_seconds(request: RemeasureRequest | ShowdownRequest) -> float:
    return RUN_OVERHEAD_SECONDS


def run_seconds(request: RunRequest) -> float:
    return RUN_OVERHEAD_SECONDS + 60 * request.recipe.budget.minutes
