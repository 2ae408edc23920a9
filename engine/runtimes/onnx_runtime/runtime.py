"""onnxruntime behind the protocol of a runtime."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import onnxruntime as ort

from engine.results import Provider
from engine.results.time_profile import NodeTime
from engine.runtimes.onnx_runtime.bound import BoundSession
from engine.runtimes.onnx_runtime.options import describe_options
from engine.runtimes.onnx_runtime.profiling import profile_nodes
from engine.runtimes.onnx_runtime.provider_trial import TRIED_BY_US, known_providers, refusal
from engine.runtimes.onnx_runtime.session import CPU, OnnxSession, open_onnx_session
from engine.settings import Target
from engine.tasks import Inputs

_CAST_BACK = (
    "onnxruntime's CPU provider has no 16-bit kernel for most operators and casts back to 32 bits around them: on "
    "this target the file is smaller and not faster; the speed is for GPUs"
)


class OnnxRuntime:
    """onnxruntime and the execution providers that this machine's build of it has."""

    def providers(self) -> tuple[str, ...]:
        """Names of the providers of this build, the preferred one first, whether they work or not."""
        return tuple(ort.get_available_providers())

    def known_providers(self) -> tuple[str, ...]:
        """Names of the providers of this build, and of those that other builds for this system have."""
        return known_providers()

    def try_provider(self, name: str) -> Provider:
        """Whether a small model really ran on this provider, in a process of its own; if not, `reason` says why."""
        reason = refusal(name)
        return Provider(
            runtime="onnxruntime",
            name=name,
            works=not reason,
            reason=reason,
            tested=name in TRIED_BY_US,
            available=name in self.providers(),
        )

    def check_options(self, target: Target) -> None:
        """Every target that is valid has options that any provider takes."""

    def precision(self, target: Target) -> str:
        """tf32 on NVIDIA's cards, where the target does not ask for f32."""
        return "tf32" if target.on_cuda and target.tf32 else "f32"

    def float16_note(self, provider: str) -> str:
        """Of the CPU's provider, which has 16-bit kernels for few operators; empty of others."""
        return _CAST_BACK if provider == CPU else ""

    def describe_options(self, target: Target) -> dict[str, str]:
        """The options of a session for this target that decide its speed, by onnxruntime's names."""
        return describe_options(target)

    def open_session(
        self, path: Path, target: Target, *, output_names: Sequence[str]
    ) -> AbstractContextManager[OnnxSession | BoundSession]:
        """One session, closed at the end.

        Raises TargetError where the provider does not start, RunError where the file does not load.
        """
        return open_onnx_session(path, target, output_names)

    def node_times(self, path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
        """The nodes of the optimised graph with their time in one call. Raises RunError where the file does not run."""
        return profile_nodes(path, target, inputs)
