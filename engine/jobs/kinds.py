"""The table of kinds of job: request, result, function, and how such jobs are queued.

Functions are named by dotted path, so that reading the table loads neither torch nor onnx. A new analysis is a request
in engine/settings/jobs.py, a result in engine/results/, a function in engine/analyses/, a row here, and a
chart. What all rows have is in engine/jobs/job_kind.py.
"""

import pkgutil
from collections.abc import Callable
from typing import Any

from engine.jobs.hardware_kinds import HARDWARE_KINDS
from engine.jobs.job_kind import (
    SLOTS,
    JobKind,
    analysis_seconds,
    audit_seconds,
    export_seconds,
    files_and_versions,
    graph_seconds,
    minutes_and_more,
    reading_seconds,
    remeasure_seconds,
    request_and_machine,
    request_and_versions,
    run_seconds,
    variant_seconds,
)
from engine.results import LatencyMeasurement, Report
from engine.results.analyses import (
    Advice,
    DataPreview,
    Identification,
    ImportedFile,
    ModelProfile,
    ModelSignature,
    Sensitivity,
)
from engine.results.audit import DataAudit
from engine.results.bundle import Bundle
from engine.results.cross_cpu import CrossCpu
from engine.results.disagreements import Disagreements
from engine.results.exported import ExportedFiles
from engine.results.graphs import GraphComparison
from engine.results.layer_errors import LayerErrors
from engine.results.mapping import Confusion
from engine.results.preprocessing import PreprocessingDetection
from engine.settings.bundle_job import BundleRequest
from engine.settings.cross_cpu_job import CrossCpuRequest
from engine.settings.export_job import ExportRequest
from engine.settings.graph_jobs import GraphsRequest
from engine.settings.jobs import (
    AdviseRequest,
    AuditRequest,
    ConfusionRequest,
    DetectRequest,
    IdentifyRequest,
    ImportRequest,
    JobRequest,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SensitivityRequest,
    SignatureRequest,
)
from engine.settings.variant_jobs import DisagreementsRequest, LayerErrorsRequest

__all__ = ["KINDS", "SLOTS", "JobKind", "kind_of", "load", "request_and_machine", "request_and_versions", "slot_of"]

KINDS: tuple[JobKind, ...] = (
    JobKind(
        request=RunRequest,
        result=Report,
        function="engine.run.pipeline:run",
        check=None,
        slot="run",
        limit_seconds=run_seconds,
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
        limit_seconds=reading_seconds,
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
        limit_seconds=reading_seconds,
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
        limit_seconds=reading_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_versions,
    ),
    JobKind(
        request=GraphsRequest,
        result=GraphComparison,
        function="engine.analyses.graphs:graphs",
        check=None,
        slot="analysis",
        limit_seconds=reading_seconds,
        estimate=None,
        locks_itself=False,
        key=files_and_versions,
    ),
    JobKind(
        request=ImportRequest,
        result=ImportedFile,
        function="engine.analyses.import_file:import_file",
        check=None,
        slot="analysis",
        limit_seconds=reading_seconds,
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
        limit_seconds=analysis_seconds,
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
        limit_seconds=analysis_seconds,
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
        limit_seconds=audit_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=AdviseRequest,
        result=Advice,
        function="engine.analyses.advise:advise",
        check="engine.planning.resolve:check_advice",
        slot="advice",
        limit_seconds=analysis_seconds,  # its own minutes are fewer than these
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
        limit_seconds=minutes_and_more,
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
        limit_seconds=minutes_and_more,
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
        limit_seconds=remeasure_seconds,
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
        limit_seconds=variant_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=LayerErrorsRequest,
        result=LayerErrors,
        function="engine.analyses.layer_errors:layer_errors",
        check="engine.planning.layer_errors:check_layer_errors",
        slot="advice",
        limit_seconds=variant_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    JobKind(
        request=ExportRequest,
        result=ExportedFiles,
        function="engine.analyses.export:export",
        check="engine.planning.exporting:check_export",
        slot="advice",
        limit_seconds=export_seconds,
        estimate=None,
        locks_itself=True,
        key=None,  # what was written once may be gone
    ),
    JobKind(
        request=BundleRequest,
        result=Bundle,
        function="engine.analyses.bundle:bundle",
        check="engine.planning.bundling:check_bundle",
        slot="advice",
        limit_seconds=graph_seconds,
        estimate=None,
        locks_itself=True,
        key=request_and_machine,
    ),
    JobKind(
        request=CrossCpuRequest,
        result=CrossCpu,
        function="engine.analyses.cross_cpu:cross_cpu",
        check="engine.planning.cross_cpu:check_cross_cpu",
        slot="advice",
        limit_seconds=minutes_and_more,
        estimate=None,
        locks_itself=True,
        key=request_and_versions,
    ),
    *HARDWARE_KINDS,
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
