"""The kinds of job about this machine, and about what files cost on it."""

from engine.jobs.job_kind import (
    JobKind,
    analysis_seconds,
    graph_seconds,
    minutes_and_more,
    remeasure_seconds,
    request_and_machine,
)
from engine.results.analyses import Hardware
from engine.results.machine import Peaks, Workloads
from engine.results.optimized_graph import OptimizedGraph
from engine.results.serving import ServeBench
from engine.results.showdown import Showdown
from engine.results.sweep import Sweep
from engine.results.time_profile import TimeProfile
from engine.settings.graph_jobs import SaveOptimizedRequest, TimeProfileRequest
from engine.settings.hardware_jobs import ShowdownRequest, SweepRequest
from engine.settings.jobs import HardwareRequest
from engine.settings.machine_jobs import PeaksRequest, WorkloadRequest
from engine.settings.serving_job import ServeBenchRequest

HARDWARE_KINDS: tuple[JobKind, ...] = (
    JobKind(
        request=HardwareRequest,
        result=Hardware,
        function="engine.analyses.hardware:hardware",
        check=None,
        slot="analysis",
        limit_seconds=analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
    JobKind(
        request=SweepRequest,
        result=Sweep,
        function="engine.analyses.sweep:sweep",
        check="engine.planning.hardware_jobs:check_sweep",
        slot="advice",
        limit_seconds=minutes_and_more,
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
        limit_seconds=remeasure_seconds,
        estimate="engine.planning.hardware_jobs:estimate_showdown",
        locks_itself=True,
        key=None,
    ),
    JobKind(
        request=ServeBenchRequest,
        result=ServeBench,
        function="engine.analyses.serve_bench:serve_bench",
        check="engine.planning.serving_jobs:check_serve_bench",
        slot="advice",
        limit_seconds=minutes_and_more,
        estimate="engine.planning.serving_jobs:estimate_serve_bench",
        locks_itself=True,
        key=None,
    ),
    JobKind(
        request=TimeProfileRequest,
        result=TimeProfile,
        function="engine.analyses.time_profile:time_profile",
        check="engine.planning.graph_jobs:check_time_profile",
        slot="analysis",
        limit_seconds=graph_seconds,
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
        limit_seconds=graph_seconds,
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
        limit_seconds=analysis_seconds,
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
        limit_seconds=analysis_seconds,
        estimate=None,
        locks_itself=False,
        key=request_and_machine,
    ),
)
