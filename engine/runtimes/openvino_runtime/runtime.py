"""OpenVINO behind the protocol of a runtime; its devices are the providers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from engine.errors import TargetError
from engine.results import Provider
from engine.results.time_profile import NodeTime
from engine.runtimes.openvino_runtime.device import CPU, PRECISIONS, capabilities, devices, known_devices
from engine.runtimes.openvino_runtime.profiling import profile_nodes
from engine.runtimes.openvino_runtime.provider_trial import refusal
from engine.runtimes.openvino_runtime.session import (
    OpenVinoSession,
    describe_options,
    open_openvino_session,
    precision,
)
from engine.settings import Target
from engine.tasks import Inputs

_COMPUTED_WIDER = (
    "OpenVINO's CPU device reads 16-bit weights and computes in the precision of the target, as it does with 32-bit "
    "weights: on this target the file is smaller and not faster"
)


class OpenVinoRuntime:
    """OpenVINO and the devices that it finds on this machine."""

    def providers(self) -> tuple[str, ...]:
        """Names of the devices, the CPU last, whether they work or not."""
        return devices()

    def known_providers(self) -> tuple[str, ...]:
        """Names of the devices, and of the kinds that OpenVINO does not find here."""
        return known_devices()

    def try_provider(self, name: str) -> Provider:
        """Whether a small model really ran on this device, in a process of its own; if not, `reason` says why."""
        reason = refusal(name)
        return Provider(
            runtime="openvino",
            name=name,
            works=not reason,
            reason=reason,
            tested=name == CPU,
            available=name in self.providers(),
        )

    def check_options(self, target: Target) -> None:
        """Raises TargetError where the device cannot compute in the precision: OpenVINO would take another."""
        has = [name for name, capability in PRECISIONS.items() if capability in capabilities(target.provider)]
        if target.precision not in ("auto", *has):
            raise TargetError(
                f"the device '{target.provider}' does not compute in {target.precision} (target.precision), it has "
                f"{', '.join(has)}",
                "Choose another precision, or auto",
            )

    def precision(self, target: Target) -> str:
        """bf16 on a CPU that has it, where the target does not ask for f32."""
        return precision(target)

    def float16_note(self, provider: str) -> str:
        """Of the CPU, which computes in the target's precision whatever the file holds; empty of other devices."""
        return _COMPUTED_WIDER if provider == CPU else ""

    def describe_options(self, target: Target) -> dict[str, str]:
        """The options of a session for this target that decide its speed, by OpenVINO's names."""
        return describe_options(target)

    def open_session(
        self, path: Path, target: Target, *, output_names: Sequence[str]
    ) -> AbstractContextManager[OpenVinoSession]:
        """One session, closed at the end.

        Raises TargetError where the device is not there, RunError where the file does not load.
        """
        return open_openvino_session(path, target, output_names)

    def node_times(self, path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
        """The nodes of the compiled graph with their time in one call. Raises RunError where the file does not run."""
        return profile_nodes(path, target, inputs)
