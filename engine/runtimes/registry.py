"""The table of runtimes, and sessions by target."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from engine.errors import TargetError
from engine.results.time_profile import NodeTime
from engine.runtimes.missing import MissingRuntime
from engine.runtimes.onnx_runtime import OnnxRuntime
from engine.runtimes.onnx_runtime.optimized import save_optimized
from engine.runtimes.protocol import ParallelSession, Runtime, Session
from engine.settings import Target
from engine.settings.target import DEFAULT_PROVIDERS
from engine.system.machine import cores
from engine.tasks import Inputs


def _openvino() -> Runtime:
    """OpenVINO, without which everything else goes on: a package may not load on an old processor or system."""
    try:
        from engine.runtimes.openvino_runtime import OpenVinoRuntime
    except ImportError as error:
        return MissingRuntime("openvino", DEFAULT_PROVIDERS["openvino"], error)
    return OpenVinoRuntime()


RUNTIMES: dict[str, Runtime] = {"onnxruntime": OnnxRuntime(), "openvino": _openvino()}
"""By the name that `Target.runtime` takes."""


def available_providers() -> dict[str, tuple[str, ...]]:
    """The execution providers of every runtime by its name, whether they work or not."""
    return {name: runtime.providers() for name, runtime in RUNTIMES.items()}


def check_target(target: Target) -> None:
    """Raises TargetError where the target's runtime does not offer the provider, or an option, on this machine."""
    available = RUNTIMES[target.runtime].providers()
    if target.provider not in available:
        raise TargetError(
            f"the provider '{target.provider}' is not in this machine's {target.runtime}, which has "
            f"{', '.join(available)}",
            "Choose one of these as the target's provider",
        )
    RUNTIMES[target.runtime].check_options(target)


def precision_of(target: Target) -> str:
    """The number type that sessions for this target compute 32-bit floats in: f32, bf16, f16."""
    return RUNTIMES[target.runtime].precision(target)


def has_one_precision(target: Target) -> bool:
    """Whether a session for this target computes 16-bit floats of a file in `precision_of` too, as OpenVINO does."""
    return target.runtime == "openvino"


def exact_target(target: Target) -> Target:
    """The target with 32-bit floats computed as such: whether two graphs compute the same is seen there."""
    if precision_of(target) == "f32":
        return target
    return target.model_copy(update={"precision": "f32"} if target.runtime == "openvino" else {"tf32": False})


def resolve_target(target: Target) -> Target:
    """The target with a number of threads, all cores where it names none. Raises TargetError as `check_target` does."""
    check_target(target)
    return target.model_copy(update={"threads": target.threads or cores()})


def open_session(path: Path, target: Target, *, output_names: Sequence[str]) -> AbstractContextManager[Session]:
    """One session of the target's runtime, closed at the end, for these outputs.

    `target.threads` must be a number. Raises TargetError for a missing provider, RunError where the file does not load.
    """
    check_target(target)
    return RUNTIMES[target.runtime].open_session(path, target, output_names=output_names)


def open_parallel_session(path: Path, target: Target) -> AbstractContextManager[ParallelSession]:
    """One session of the target's runtime with its streams, closed at the end; OpenVINO alone has streams.

    `target.threads` must be a number. Raises TargetError for another runtime and a missing provider, RunError where the
    file does not load.
    """
    check_target(target)
    if target.runtime != "openvino":
        raise TargetError(f"{target.runtime} has no streams (target.streams)", "Take openvino")
    from engine.runtimes.openvino_runtime.parallel import open_parallel_openvino_session

    return open_parallel_openvino_session(path, target)


def operator_times(path: Path, target: Target, inputs: Inputs) -> dict[str, float]:
    """Milliseconds of one call by operator type, longest first, as the profiler of the target's runtime measures it.

    `inputs` are those of one call. Raises RunError where the runtime cannot run the file.
    """
    times: dict[str, float] = defaultdict(float)
    for node in node_times(path, target, inputs):
        times[node.operator] += node.ms
    return dict(sorted(times.items(), key=lambda item: -item[1]))


def node_times(path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
    """The nodes of the graph that the target's runtime runs, each with its median in one call under the profiler.

    `inputs` are those of one call. Raises RunError where the runtime cannot run the file.
    """
    return RUNTIMES[target.runtime].node_times(path, target, inputs)


def save_optimized_graph(path: Path, target: Target, optimized: Path) -> str:
    """Saves the graph that onnxruntime makes of a file for the target's provider; onnxruntime's version.

    Raises TargetError for another runtime and a missing provider, and RunError where the graph cannot be saved.
    """
    if target.runtime != "onnxruntime":
        raise TargetError(f"{target.runtime} does not save the graph that it makes of a file", "Take onnxruntime")
    check_target(target)
    return save_optimized(path, target, optimized)
