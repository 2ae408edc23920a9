"""A runtime whose package cannot be loaded: it has no provider, and says why wherever it is asked for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

from engine.errors import TargetError
from engine.results import Provider
from engine.results.time_profile import NodeTime
from engine.runtimes.protocol import Session
from engine.settings import Target
from engine.tasks import Inputs


class MissingRuntime:
    """In place of a runtime whose import failed with `error`; everything but its list of providers raises TargetError.

    Its one provider is that of the CPU, so that what lists providers says why it does not work.
    """

    def __init__(self, name: str, provider: str, error: ImportError) -> None:
        self._name, self._provider, self._error = name, provider, error

    def providers(self) -> tuple[str, ...]:
        """The provider of the CPU, which does not work."""
        return (self._provider,)

    def known_providers(self) -> tuple[str, ...]:
        """The provider of the CPU alone."""
        return self.providers()

    def try_provider(self, name: str) -> Provider:
        """That it does not work, with the error of the import."""
        return Provider(runtime=self._name, name=name, works=False, reason=self._reason)

    def check_options(self, target: Target) -> None:
        """Raises TargetError."""
        self._refuse()

    def precision(self, target: Target) -> str:
        """Raises TargetError."""
        self._refuse()

    def float16_note(self, provider: str) -> str:
        """Raises TargetError."""
        self._refuse()

    def describe_options(self, target: Target) -> dict[str, str]:
        """Raises TargetError."""
        self._refuse()

    def open_session(
        self, path: Path, target: Target, *, output_names: Sequence[str]
    ) -> AbstractContextManager[Session]:
        """Raises TargetError."""
        self._refuse()

    def node_times(self, path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
        """Raises TargetError."""
        self._refuse()

    @property
    def _reason(self) -> str:
        return f"its package cannot be loaded: {self._error}"

    def _refuse(self) -> NoReturn:
        raise TargetError(
            f"the runtime '{self._name}' does not work here, {self._reason}",
            "Set the target's runtime to onnxruntime, or install the requirements again",
        )
