"""The table of kinds of job: request, result, function, and how such jobs are queued.

Functions are named by dotted path, so that reading the table loads neither torch nor onnx. A new analysis is a request
in engine/settings/jobs.py, a result in engine/results/, a function in engine/analyses/, a row here, and a
chart.
"""

import hashlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.results import LatencyMeasurement, Report, Result
from engine.results.analyses import (
    Advice,
    DataPreview,
    Hardware,
    Identification,
    ImportedFile,
    ModelProfile,
    ModelSignature,
    Sensitivity,
)
from engine.results.audit import DataAudit
from engine.results.disagreements import Disagreements
from engine.results.machine import Peaks, Workloads
from engine.results.mapping import Confusion
from engine.results.optimized_graph import OptimizedGraph
from engine.results.preprocessing import PreprocessingDetection
from engine.results.showdown import Showdown
from engine.results.sweep import Sweep
from engine.results.time_profile import TimeProfile
from engine.settings.disagreements_job import DisagreementsRequest
from engine.settings.graph_jobs import SaveOptimizedRequest, TimeProfileRequest
from engine.settings.hardware_jobs import ShowdownRequest, SweepRequest
from engine.settings.jobs import (
    AdviseRequest,
    AnalysisRequest,
    AuditRequest,
    ConfusionRequest,
    DetectRequest,
    HardwareRequest,
    IdentifyRequest,
    ImportRequest,
    JobRequest,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SensitivityRequest,
    SignatureRequest,
    looks_into_a_file,
)
from engine.settings.machine_jobs import PeaksRequest, WorkloadRequest
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


def _analysis_seconds(request: AnalysisRequest) -> float:
    return ANALYSIS_SECONDS


def _reading_seconds(request: ProfileRequest | SignatureRequest | IdentifyRequest | ImportRequest) -> float:
    """Less for a file, which needs no download: while it is read, nobody else measures."""
    return FILE_SECONDS if looks_into_a_file(request) else ANALYSIS_SECONDS


def _graph_seconds(request: TimeProfileRequest | SaveOptimizedRequest) -> float:
    return ANALYSIS_SECONDS


def _minutes_and_more(request: SensitivityRequest | DetectRequest | SweepRequest) -> float:
    return ANALYSIS_SECONDS + 60 * request.minutes


def _disagreements_seconds(request: DisagreementsRequest) -> float:
    return ANALYSIS_SECONDS + 60 * request.minutes


def _audit_seconds(request: AuditRequest) -> float:
    return AUDIT_SECONDS + 60 * request.minutes


def _remeasure_seconds(request: RemeasureRequest | ShowdownRequest) -> float:
    return RUN_OVERHEAD_SECONDS


def _run_seconds(request: RunRequest) -> float:
    return RUN_OVERHEAD_SECONDS + 60 * request.recipe.budget.minutes


KINDS: tuple[JobKind, ...] = (
    JobKind(
        request=RunRequest,
        result=Report,
        function="engine.run.pipeline:run",
        check=None,
        slot="run",
        limit_seconds=_run_seconds,
        estimate=None,
        locks_itself=True,
        key=None,
    ),
    JobKind(
        request=ProfileRequest,
        result=ModelProfile,
        function="engine.analyses.profile:profile",
        check=None,
        slot="analysis",
        limit_seconds=_reading_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=SignatureRequest,
        result=ModelSignature,
        function="engine.analyses.signature:signature",
        check=None,
        slot="analysis",
        limit_seconds=_reading_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=IdentifyRequest,
        result=Identification,
        function="engine.analyses.identify:identify",
        check=None,
        slot="analysis",
        limit_seconds=_reading_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=ImportRequest,
        result=ImportedFile,
        function="engine.analyses.import_file:import_file",
        check=None,
        slot="analysis",
        limit_seconds=_reading_seconds,
        estimate=None,
        locks_itself=False,
        key=None,
    ),
    JobKind(
        request=PreviewRequest,
        result=DataPreview,
        function="engine.analyses.preview:preview",
        check=None,
        slot="analysis",
        limit_seconds=_analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=ConfusionRequest,
        result=Confusion,
        function="engine.analyses.confusion:confusion",
        check=None,
        slot="analysis",
        limit_seconds=_analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=AuditRequest,
        result=DataAudit,
        function="engine.analyses.audit:audit",
        check=None,
        slot="advice",
        limit_seconds=_audit_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=HardwareRequest,
        result=Hardware,
        function="engine.analyses.hardware:hardware",
        check=None,
        slot="analysis",
        limit_seconds=_analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
    JobKind(
        request=AdviseRequest,
        result=Advice,
        function="engine.analyses.advise:advise",
        check="engine.planning.resolve:check_advice",
        slot="advice",
        limit_seconds=_analysis_seconds,  # its own minutes are fewer than these
        estimate="engine.planning.estimate:estimate_advice",
        locks_itself=True,
        key=request_and_machine,
    ),
    JobKind(
        request=SensitivityRequest,
        result=Sensitivity,
        function="engine.analyses.sensitivity:sensitivity",
        check="engine.planning.resolve:check_sensitivity",
        slot="advice",
        limit_seconds=_minutes_and_more,
        estimate="engine.planning.estimate:estimate_sensitivity",
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=DetectRequest,
        result=PreprocessingDetection,
        function="engine.analyses.detect:detect",
        check="engine.planning.resolve:check_detection",
        slot="advice",
        limit_seconds=_minutes_and_more,
        estimate="engine.planning.estimate:estimate_detection",
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=RemeasureRequest,
        result=LatencyMeasurement,
        function="engine.run.remeasure:remeasure",
        check="engine.planning.remeasurable:check_remeasurable",
        slot="run",
        limit_seconds=_remeasure_seconds,
        estimate=None,
        locks_itself=True,
        key=None,
    ),
    JobKind(
        request=DisagreementsRequest,
        result=Disagreements,
        function="engine.analyses.disagreements:disagreements",
        check="engine.planning.disagreeing:check_disagreements",
        slot="advice",
        limit_seconds=_disagreements_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=SweepRequest,
        result=Sweep,
        function="engine.analyses.sweep:sweep",
        check="engine.planning.hardware_jobs:check_sweep",
        slot="advice",
        limit_seconds=_minutes_and_more,
        estimate="engine.planning.hardware_jobs:estimate_sweep",
        locks_itself=True,
        key=None,  # a measurement that is asked for again is made again
    ),
    JobKind(
        request=ShowdownRequest,
        result=Showdown,
        function="engine.analyses.showdown:showdown",
        check="engine.planning.hardware_jobs:check_showdown",
        slot="advice",
        limit_seconds=_remeasure_seconds,
        estimate="engine.planning.hardware_jobs:estimate_showdown",
        locks_itself=True,
        key=None,
    ),
    JobKind(
        request=TimeProfileRequest,
        result=TimeProfile,
        function="engine.analyses.time_profile:time_profile",
        check="engine.planning.graph_jobs:check_time_profile",
        slot="analysis",
        limit_seconds=_graph_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
    JobKind(
        request=SaveOptimizedRequest,
        result=OptimizedGraph,
        function="engine.analyses.save_optimized:save_optimized",
        check="engine.planning.graph_jobs:check_save_optimized",
        slot="analysis",
        limit_seconds=_graph_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
    JobKind(
        request=PeaksRequest,
        result=Peaks,
        function="engine.analyses.peaks:peaks",
        check="engine.planning.resolve:check_peaks",
        slot="advice",
        limit_seconds=_analysis_seconds,
        estimate="engine.planning.estimate:estimate_peaks",
        locks_itself=False,
        key=request_and_machine,
    ),
    JobKind(
        request=WorkloadRequest,
        result=Workloads,
        function="engine.analyses.workload:workload",
        check="engine.planning.remeasurable:check_workload",
        slot="analysis",
        limit_seconds=_analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
)
_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(request: JobRequest) -> JobKind:
    """The row of a request's kind. Raises LookupError that names a kind without one."""
    return _row(request.kind)


def slot_of(name: str) -> str:
    """The slot of a kind of job. Raises LookupError that names a kind without a row."""
    return _row(name).slot


def load(path: str) -> Callable[..., Any]:
    """The function at `module:name`; its module is imported here, with whatever it needs."""
    function: Callable[..., Any] = pkgutil.resolve_name(path)
    return function


def _row(name: str) -> JobKind:
    if name not in _BY_NAME:
        raise LookupError(f"the kind of job '{name}' has no row in engine/jobs/kinds.py")
    return _BY_NAME[name]
