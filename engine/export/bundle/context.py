"""What every part of a bundle is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.data.golden import GoldenExamples
from engine.export.bundle.model_file import model_bytes
from engine.models.artifacts import OnnxModel
from engine.results import Report, Variant, codes
from engine.settings import Target
from engine.settings.serving import ServeChoice
from engine.system.machine import runtime_distributions, versions
from engine.tasks import Outputs

LEARNING = frozenset({"finetune", "distill", "swap"})
"""Techniques after which random weights are random no more."""


@dataclass(frozen=True, kw_only=True)
class BundleContext:
    """One variant of a finished run, with its golden examples and what it answered on them.

    `target` is what it was measured at, with a number of threads. `calls` has the outputs of every call, an example a
    call or as many as the graph is fixed to. `depends`: an example's answer depends on the others of its call.
    `serve` is how the bundle is to serve itself.
    """

    report: Report
    variant: Variant
    name: str
    """The run's."""
    model: OnnxModel
    target: Target
    examples: GoldenExamples
    calls: tuple[Outputs, ...]
    tolerance: float
    tolerance_source: str
    depends: bool
    serve: ServeChoice

    @cached_property
    def onnx(self) -> bytes:
        """The bundle's ONNX file: the variant's, with metadata."""
        return model_bytes(self.model, self.report, self.variant, self.labels)

    @cached_property
    def labels(self) -> tuple[str, ...] | None:
        """The names of the outputs in their order; None where there are none that mean anything."""
        if self.is_random:
            return None
        names = self.model.classes or (self.report.data.classes if self.report.data is not None else None)
        n_outputs = 2 if self.model.task == "binary" else self.model.n_outputs
        return names if names is not None and len(names) == n_outputs else None

    @property
    def is_random(self) -> bool:
        """Whether the weights are random and nothing trained them, so that no output means a class."""
        began_random = any(note.code == codes.RANDOM_WEIGHTS for note in self.report.warnings)
        return began_random and not any(one.technique in LEARNING for one in self.report.lineage(self.variant.id))

    @property
    def call_inputs(self) -> Iterator[dict[str, NDArray[np.generic]]]:
        """The arrays of every call, in the order of `calls`."""
        return self.examples.calls(self.model.input_specs, self.model.batch)

    @property
    def takes_images(self) -> bool:
        return self.model.preprocess is not None

    @cached_property
    def packages(self) -> dict[str, str]:
        """The distributions that the bundle needs, with the versions that are installed and made the golden outputs."""
        installed = versions()
        builds = runtime_distributions()
        for_card = [name for name in builds if name.endswith("-gpu") and self.target.on_cuda]
        runtime = next(iter((*for_card, *builds)), "onnxruntime")
        names = (runtime if self.target.runtime == "onnxruntime" else self.target.runtime, "numpy")
        return {name: installed[name] for name in (*names, *(("pillow",) if self.takes_images else ()))}
