"""What the engine asks of an inference runtime."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from engine.results import Provider
from engine.results.time_profile import NodeTime
from engine.settings import Target
from engine.tasks import Inputs, Outputs


class Session(Protocol):
    """A loaded file; `options` are those that decide speed."""

    options: dict[str, str]

    def __call__(self, inputs: Inputs) -> Outputs:
        """The outputs that were asked for, by name, as the file gives them. Raises RunError with the reason.

        Images are (N, C, H, W) float32; they become what the file's input takes: its number type, its order of axes.
        """
        ...


class ParallelSession(Protocol):
    """A loaded file with several streams; `options` are those that decide speed."""

    options: dict[str, str]

    def __call__(self, inputs: Inputs, n_calls: int) -> None:
        """So many calls on the same inputs, one in flight on each stream. Raises RunError with the reason."""
        ...


class Runtime(Protocol):
    """One inference runtime as this process can use it; providers have the names that the runtime gives them."""

    def providers(self) -> tuple[str, ...]:
        """Names of the execution providers of this installation, the preferred one first, whether they work or not."""
        ...

    def known_providers(self) -> tuple[str, ...]:
        """Those of `providers()`, and behind them what this machine's system could have and this installation lacks."""
        ...

    def try_provider(self, name: str) -> Provider:
        """Whether a small model really ran on this provider; where it did not, `reason` says why.

        One that is not among `providers()` is not tried, and is not `available`.
        """
        ...

    def check_options(self, target: Target) -> None:
        """Raises TargetError where the target asks for an option that its provider does not have on this machine."""
        ...

    def precision(self, target: Target) -> str:
        """The number type that a session for this target computes 32-bit floats in: f32, bf16, f16."""
        ...

    def float16_note(self, provider: str) -> str:
        """Why a file in 16-bit floats is no faster on this provider, as a sentence; empty where it may be."""
        ...

    def describe_options(self, target: Target) -> dict[str, str]:
        """The options of a session for this target that decide its speed, by the runtime's own names."""
        ...

    def open_session(
        self, path: Path, target: Target, *, output_names: Sequence[str]
    ) -> AbstractContextManager[Session]:
        """A session of the file that is closed at the end, with the options that `describe_options` gives.

        `target.provider` is one of `providers()`. Raises TargetError where it does not start, RunError where the file
        does not load.
        """
        ...

    def node_times(self, path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
        """The nodes of the graph that the runtime made of the file, each with its median in one call.

        `inputs` are those of one call. Raises RunError where the runtime cannot run the file.
        """
        ...
