"""Ranges and means of a graph's activations, taken one batch at a time."""

import contextlib
import io
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import onnx
from onnx import TensorProto
from onnxruntime.quantization.calibrate import CalibrationMethod, HistogramCollector, TensorsData

from engine.context import ProgressCallback
from engine.data import ArrayPart, Part, full_batch
from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.runtimes.onnx_runtime import values_session
from engine.settings.quantize import Calibration
from engine.tasks import Inputs, n_examples, resized
from engine.techniques.quantize.compare import N_EXAMPLES, FloatAnswers, float_answers
from engine.techniques.quantize.equalize import equalize
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.float_nodes import masked_tensors
from engine.techniques.quantize.prepare import QUANTIZABLE, constant_names

BINS = {"percentile": 2048, "entropy": 512}
"""Bins of a histogram, by method. With onnxruntime's own 128 the entropy method has one threshold: the extremes."""
LEVELS = 256
"""What the entropy method quantizes to while it compares thresholds: as many as 8 bits have."""
PERCENTILE = 99.999
Range = tuple[np.ndarray, np.ndarray]
Observe = Callable[[str, np.ndarray], None]


class Calibrator:
    """Ranges and means of the activations of a folded graph on the first `n_images` of `images`, computed on first use.

    Only the activations of one batch are in memory at a time, and the statistics do not grow with the number of images.
    `folder` needs room for two files as large as the model.
    `batch_size` is the number of examples of a call where the values depend on it.
    """

    def __init__(
        self,
        model: OnnxModel,
        folded: Path,
        images: Part | ArrayPart,
        n_images: int,
        folder: Path,
        on_progress: ProgressCallback,
        *,
        batch_size: int = 1,
    ) -> None:
        self.model = model
        self.folded = folded
        self.n_images = n_images
        self._images = images
        self._folder = folder
        self._on_progress = on_progress
        self._batch_size = model.batch or (batch_size if model.batch_dependent else 1)
        self._histograms: dict[str, TensorsData] = {}

    def proto(self) -> onnx.ModelProto:
        """The folded graph, a fresh copy."""
        return onnx.load(self.folded)

    def ranges(self, method: Calibration) -> TensorsData:
        """Lowest and highest value of each activation by the name of its tensor.

        Raises StepError where one is not finite, with the name of its layer.
        """
        if method == "minmax":
            return TensorsData(CalibrationMethod.MinMax, self._observed[0])
        if method not in self._histograms:
            self._histograms[method] = self._from_histograms(method)
        return self._histograms[method]

    @cached_property
    def float_answers(self) -> FloatAnswers:
        """What the folded graph answers for the first examples, to compare quantized files with."""
        return float_answers(self.folded, full_batch(self._images, self.model.batch or N_EXAMPLES))

    @cached_property
    def equalized(self) -> Self:
        """One for the same function with the channels of its layers equalized; itself where no layers can be."""
        proto = self.proto()
        if equalize(proto) == 0:
            return self
        path = self._folder / "equalized.onnx"
        onnx.save(proto, path)
        return type(self)(
            self.model,
            path,
            self._images,
            self.n_images,
            self._folder,
            self._on_progress,
            batch_size=self._batch_size,
        )

    @property
    def noun(self) -> str:
        return self._images.noun

    def n_calls(self, limit: int) -> int:
        """How many calls `batches` gives."""
        return -(-min(limit, len(self._images)) // self._batch_size)

    def means(self) -> dict[str, np.ndarray]:
        """(channels,) float64: the mean of each activation that a Conv or Gemm reads, by the name of its tensor."""
        return self._observed[1]

    @cached_property
    def _observed(self) -> tuple[dict[str, Range], dict[str, np.ndarray]]:
        """Extremes and means of all batches."""
        extremes: dict[str, Range] = {}
        sums: dict[str, np.ndarray] = {}
        averaged = {node.input[0] for node in self.proto().graph.node if node.op_type in ("Conv", "Gemm")}

        def observe(name: str, values: np.ndarray) -> None:
            low, high = values.min(), values.max()
            if not np.isfinite(low) or not np.isfinite(high):  # the extremes of an array with NaN are NaN
                self._raise_not_finite(name, values)
            if name in extremes:
                low, high = np.minimum(low, extremes[name][0]), np.maximum(high, extremes[name][1])
            extremes[name] = low, high
            if name in averaged:
                mean = values.reshape(*values.shape[:2], -1).mean(axis=2).mean(axis=0, dtype=np.float64)
                sums[name] = sums[name] + mean if name in sums else mean

        batches = self._watch(observe)
        return extremes, {name: total / batches for name, total in sums.items()}

    def _from_histograms(self, method: Calibration) -> TensorsData:
        """Thresholds by onnxruntime's own methods, from histograms between the extremes."""
        extremes, bins = self._observed[0], BINS[method]
        widest = {name: max(abs(float(low)), abs(float(high)), 1e-9) for name, (low, high) in extremes.items()}
        counts = {name: np.zeros(bins, np.int64) for name in extremes}

        def observe(name: str, values: np.ndarray) -> None:
            counts[name] += np.histogram(values, bins, range=(-widest[name], widest[name]))[0]

        self._watch(observe)
        collector = HistogramCollector(method, False, bins, LEVELS, PERCENTILE, "same")
        collector.histogram_dict = {
            name: (
                count,
                np.linspace(-widest[name], widest[name], bins + 1, dtype=np.float32),
                *extremes[name],
                np.float32(widest[name]),
            )
            for name, count in counts.items()
        }
        with contextlib.redirect_stdout(io.StringIO()):  # the collector prints its progress
            thresholds = collector.compute_collection_result()
        ranges = {name: (np.float32(thresholds[name][0]), np.float32(thresholds[name][1])) for name in thresholds}
        return TensorsData(CalibrationMethod.MinMax, ranges)

    def _watch(self, observe: Observe) -> int:
        """Calls `observe` with every activation of every batch and returns the number of batches."""
        path = self._folder / "watched.onnx"
        names = _watchable(self.proto())
        onnx.save(_with_outputs(self.proto(), names), path)
        done = batches = 0
        try:
            with as_step_error("onnxruntime cannot run this model for calibration"):
                activations = values_session(path, names, optimised=False, log="error")
                for inputs in self.batches(self.n_images):
                    for name, values in zip(names, activations(inputs), strict=True):
                        if values.size:  # a slice may be empty
                            observe(name, values)
                    batches += 1
                    done = min(done + n_examples(inputs), self.n_images)
                    self._on_progress(
                        0.05 + 0.4 * done / self.n_images, f"calibrating: image {done} of {self.n_images}"
                    )
        finally:
            path.unlink(missing_ok=True)
        return batches

    def batches(self, limit: int) -> Iterator[Inputs]:
        """The inputs of calls of the graph, for at most `limit` of the examples."""
        for inputs in self._images.batches(self._batch_size, limit=limit):
            yield resized(inputs, self.model.batch or n_examples(inputs))

    def _raise_not_finite(self, name: str, values: np.ndarray) -> None:
        makers = {output: node for node in self.proto().graph.node for output in node.output}
        what = "NaN" if np.isnan(values).any() else "infinite"
        if name not in makers:
            raise StepError(f"the input '{name}' holds {what} values", "Check the preprocessing")
        node = makers[name]
        raise StepError(
            f"the layer '{node.name}' ({node.op_type}) gives {what} values on a calibration image",
            "Check the weights and the preprocessing, or keep such images out of the data",
        )


def _watchable(proto: onnx.ModelProto) -> list[str]:
    """Names of the float activations around the operators that can be quantized, in the order of the graph."""
    values = (*proto.graph.input, *proto.graph.value_info, *proto.graph.output)
    floats = {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    touched = (name for node in proto.graph.node if node.op_type in QUANTIZABLE for name in (*node.input, *node.output))
    excluded = constant_names(proto) | masked_tensors(proto)
    return [name for name in dict.fromkeys(touched) if name in floats and name not in excluded]


def _with_outputs(proto: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    outputs = {value.name for value in proto.graph.output}
    values = {value.name: value for value in (*proto.graph.input, *proto.graph.value_info)}
    proto.graph.output.extend(values[name] for name in names if name not in outputs)
    return proto
