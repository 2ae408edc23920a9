"""Times one architecture beside the user's model, in the same interleaved rounds; export and times are cached."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analyses.measure_lock import hold_measure_lock
from engine.errors import ExportError, RequestError, RunError, WaitError
from engine.export.onnx_file import export_onnx
from engine.measure.contention import watched
from engine.measure.latency import measure_latency
from engine.models.artifacts import OnnxModel, TorchModel, content_key
from engine.models.graph import read_onnx
from engine.models.timm_source import load_timm
from engine.results import Latency, Note, Result, codes
from engine.runtimes import open_session
from engine.settings import RANDOM, Preprocess, Target, TimmModel
from engine.store.cache import Cache
from engine.system.machine import cores, cpu_name, graphics_cards, isa, versions

N_ROUNDS = 6
OWN = "own"
FILE, FIGURES = "model.onnx", "figures.json"

Model = TorchModel | OnnxModel


class Pair(Result):
    """The latency of one architecture, with its ratio to the user's model, and that model's own; or why there is none.

    `busy` is a warning where other programs used the cores meanwhile: such a pair is not cached.
    """

    latency: Latency | None = None
    own: Latency | None = None
    refused: Note | None = None
    busy: Note | None = None


@dataclass(frozen=True)
class PairTimer:
    """Times architectures beside the user's model, on a target, with this home's cache and lock.

    `target.threads` must be a number; `work` is a private folder.
    """

    model: Model
    target: Target
    cache: Cache
    lock: Path
    work: Path
    on_wait: Callable[[str], None] = lambda name: None
    """Told who measures, while this waits for its turn."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one input."""
        if isinstance(self.model, OnnxModel):
            channels, height, width = self.model.input_shape
            return channels, height, width
        return self.model.in_chans, *self.model.preprocess.size

    @cached_property
    def own_file(self) -> OnnxModel:
        """The user's model as an ONNX file, exported where it is first needed."""
        if isinstance(self.model, OnnxModel):
            return self.model
        model = self.model
        return self._file(content_key("advise own", model.key, versions()), lambda: model)

    def pair(self, name: str, on_progress: Callable[[str], None] = lambda message: None) -> Pair:
        """The latencies of the architecture and the user's model, from the cache where they were measured before.

        `on_progress` gets what is being done. What cannot take such images, be exported or run is refused with the
        reason. Raises RunError where the user's own model does not run.
        """
        key = self._key(name)
        if (entry := self.cache.get(key)) is not None:
            return Pair.model_validate_json((entry / FIGURES).read_bytes())
        try:
            on_progress("exporting")
            candidate = self._candidate(name)
        except (RequestError, ExportError) as error:
            pair = Pair(refused=Note(code=error.code, text=error.message))
        else:
            on_progress("timing")
            try:
                pair = self._time(name, candidate)
            except WaitError:  # nobody is to blame, and the next would wait as long
                raise
            except RunError as error:
                self._check_own()
                # Not cached: there may be more memory next time.
                return Pair(refused=Note(code=error.code, text=error.message))
        if pair.busy is None:
            figures = pair.model_dump_json()
            self.cache.put(key, lambda folder: _write(folder / FIGURES, figures))
        return pair

    def _time(self, name: str, candidate: OnnxModel) -> Pair:
        files = {OWN: self.own_file, name: candidate}
        with self.alone(), watched(self.target.threads or cores()) as busy:
            measurements = measure_latency(files, OWN, self.target, self._images, n_rounds=N_ROUNDS)
        latency, own = measurements[name].latency, measurements[OWN].latency
        if latency is None:
            refused = Note(code=codes.NOT_MEASURED, text="other programs disturbed too many of its calls")
            return Pair(own=own, refused=refused, busy=refused)
        return Pair(latency=latency, own=own, busy=busy[0] if busy else None)

    def _check_own(self) -> None:
        """Raises RunError where the user's own model does not run, and the architecture beside it is not to blame."""
        own = self.own_file
        with (
            self.alone(),
            open_session(own.path, self.target, output_names=own.output_names) as session,
        ):
            session(self._images)

    @property
    def _images(self) -> NDArray[np.float32]:
        """One batch of noise."""
        return np.random.default_rng(0).standard_normal((self.target.batch_size, *self.shape), dtype=np.float32)

    def _candidate(self, name: str) -> OnnxModel:
        """The architecture as an ONNX file, untrained, with the input and the outputs of the user's model."""
        signature = [name, self.shape, self.model.n_outputs]

        def make() -> TorchModel:
            channels, height, width = self.shape
            edge = TimmModel.edge_of((height, width))
            source = TimmModel.parse(
                {
                    "name": name,
                    "weights": RANDOM,
                    "num_classes": self.model.n_outputs,
                    "in_chans": channels,
                    "img_size": edge,
                }
            )
            return load_timm(source, _neutral_preprocess(channels, (height, width)), 0, self.work)

        return self._file(content_key("advise export", signature, versions()), make)

    def _file(self, key: str, make: Callable[[], TorchModel]) -> OnnxModel:
        def fill(folder: Path) -> None:
            with self.alone():
                export_onnx(make(), folder / FILE)

        return read_onnx(self.cache.put(key, fill) / FILE)

    def _key(self, name: str) -> str:
        """The cache key: what a latency depends on, without the values of weights, which change no time."""
        model = self.model
        if isinstance(model, OnnxModel):
            own: list[object] = [model.sha256]
        else:
            own = [model.architecture.partition(".")[0], model.img_size, list(model.arguments)]
        return content_key(
            "advise",
            name,
            own,
            self.shape,
            model.n_outputs,
            self.target.model_dump(),
            cpu_name(),
            cores(),
            graphics_cards(),
            isa(),
            versions(),
        )

    def alone(self) -> AbstractContextManager[None]:
        """A context in which nothing else of this home measures."""
        return hold_measure_lock(self.lock, "advice", self.on_wait)


def _neutral_preprocess(channels: int, size: tuple[int, int]) -> Preprocess:
    return Preprocess(size=size, mean=(0.5,) * channels, std=(0.5,) * channels)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
