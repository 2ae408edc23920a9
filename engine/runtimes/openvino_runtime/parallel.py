"""Calls of OpenVINO side by side: one in flight on each of its streams, as a server with as many requests has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openvino as ov

from engine.errors import RunError
from engine.runtimes.feed import feed
from engine.runtimes.openvino_runtime.session import (
    OPENVINO_ERRORS,
    call_error,
    compile_file,
    describe_options,
    graph_input,
)
from engine.settings import Target
from engine.tasks import Inputs


class ParallelSession:
    """A live session that is given many calls at once; `options` are those that decide speed."""

    def __init__(self, compiled: ov.CompiledModel, n_streams: int, options: dict[str, str]) -> None:
        self._queue: ov.AsyncInferQueue | None = ov.AsyncInferQueue(compiled, n_streams)
        self.options = options
        self._feed = feed([graph_input(value) for value in compiled.inputs])
        self._fed: tuple[Inputs, dict[str, np.ndarray]] | None = None

    def __call__(self, inputs: Inputs, n_calls: int) -> None:
        """So many calls on the same inputs; a stream takes the next one as soon as it has ended its last.

        The arrays that the graph takes are made once for the same `inputs`. Raises RunError with the runtime's reason,
        LimitError where there is too little memory.
        """
        if self._queue is None:
            raise RunError("the session is closed", "Open it again")
        if self._fed is None or self._fed[0] is not inputs:
            self._fed = inputs, self._feed(inputs)
        try:
            for _ in range(n_calls):
                self._queue.start_async(self._fed[1], share_inputs=True)
            self._queue.wait_all()
        except OPENVINO_ERRORS as error:
            raise call_error(error, inputs) from error

    def close(self) -> None:
        """Free the session."""
        self._queue = self._fed = None


@contextmanager
def open_parallel_openvino_session(path: Path, target: Target) -> Iterator[ParallelSession]:
    """One session with the target's streams, closed at the end. Raises what `open_openvino_session` raises."""
    options = describe_options(target)
    session = ParallelSession(compile_file(path, target, options), target.streams or 1, options)
    try:
        yield session
    finally:
        session.close()
