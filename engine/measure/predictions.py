"""The answers of a model on images or other examples, a row each."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx

from engine.data import ArrayPart, Part
from engine.errors import LimitError, MeasureError, as_error
from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto
from engine.models.tensors import model_nodes
from engine.runtimes import open_session
from engine.settings import Target
from engine.tasks import Answers, Outputs, joined, n_examples, resized

USUAL_BATCH = 32
RANGES_OF_A_BATCH = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})
"""Operators that take one range for all images of a call, so that an image's answer depends on the others there.

The first is ONNX's, the others are onnxruntime's own.
"""


@dataclass(frozen=True)
class Predictions:
    """The answers on the examples `ids`, in the order of their part."""

    ids: tuple[str, ...]
    answers: Answers

    @property
    def logits(self) -> np.ndarray:
        """The main output: of a classifier, its class scores (N, classes) float32."""
        return self.answers.main

    def save(self, path: Path, further: Mapping[str, np.ndarray] = MappingProxyType({})) -> None:
        """One output is stored as `logits`, several each under its name; `further` arrays beside them."""
        outputs, decoded = self.answers.outputs, self.answers.decoded
        arrays = {f"output_{number}": values for number, values in enumerate(outputs.values())}
        named = {"logits": self.logits} if len(outputs) == 1 else arrays
        extra = {} if decoded is None else {"decoded": decoded}
        np.savez_compressed(
            path,
            **{"ids": np.array(self.ids), "outputs": np.array(list(outputs)), **named, **extra, **further},  # type: ignore[arg-type]
        )

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Raises MeasureError where the file is not one that `save` wrote."""
        try:
            with np.load(path) as arrays:
                names = [str(name) for name in arrays["outputs"]] if "outputs" in arrays else ["logits"]
                keys = ["logits"] if len(names) == 1 else [f"output_{number}" for number in range(len(names))]
                outputs = {name: arrays[key] for name, key in zip(names, keys, strict=True)}
                decoded = arrays.get("decoded")
                return cls(tuple(str(id) for id in arrays["ids"]), Answers(outputs, decoded))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise MeasureError(
                f"the predictions '{path.name}' cannot be read", "Free the cache and run again"
            ) from error


def predict(
    model: OnnxModel,
    part: Part | ArrayPart,
    target: Target,
    on_example: Callable[[int, int], None] = lambda done, total: None,
) -> Predictions:
    """The answers on every example of `part`, in batches of `prediction_batch`; the last one may be shorter.

    Where memory runs out the batches are halved, down to the target's, on which answers do not depend; the examples
    begin anew in another session. Raises LimitError where the memory is too small for these too, MeasureError
    (code not_finite) where an output is not finite, since no accuracy would be valid.
    """
    batch_size = prediction_batch(model, target)
    smallest = model.batch or min(batch_size, target.batch_size)
    while True:
        try:
            return _predict(model, part, target, batch_size, on_example)
        except (LimitError, MemoryError) as error:
            if batch_size == smallest or as_error(error).code != "memory":
                raise
        batch_size = max(batch_size // 2, smallest)


def _predict(
    model: OnnxModel, part: Part | ArrayPart, target: Target, batch_size: int, on_example: Callable[[int, int], None]
) -> Predictions:
    """The answers in batches of this size, in one session. Raises as `predict` does."""
    answers: list[Answers] = []
    n_done = n_not_finite = 0
    with open_session(model.path, target.for_answers, output_names=model.output_names) as session:
        for inputs in part.batches(batch_size):
            n = n_examples(inputs)
            n_called = model.batch or n
            outputs = session(resized(inputs, n_called))
            n_not_finite += _n_not_finite(outputs, n)
            answers.append(model.read(outputs, n_called).first(n))
            n_done += n
            on_example(n_done, len(part))
    if n_not_finite:
        raise MeasureError(
            f"the model's outputs are not finite on {n_not_finite} of {len(part)} images",
            "Check the weights for NaN and the preprocessing for its scale",
            code="not_finite",
        )
    return Predictions(tuple(part.ids), joined(answers))


def _n_not_finite(outputs: Outputs, n: int) -> int:
    """How many of the first n examples have an output that is not finite; all where that cannot be told apart."""
    bad = np.zeros(n, bool)
    for values in outputs.values():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            rows = values[:n].reshape(n, -1) if values.ndim and len(values) >= n else values.reshape(1, -1)
            bad |= ~np.isfinite(rows).all(axis=1)
    return int(bad.sum())


def prediction_batch(model: OnnxModel, target: Target) -> int:
    """How many examples a call takes: the model's own number where it is fixed, the target's where answers depend on
    it. For every other classifier it does not matter, and USUAL_BATCH is quick.
    """
    if model.batch is not None:
        return model.batch
    if model.task != "classification" or model.batch_dependent:  # the maps of a segmenter, say, are large
        return target.batch_size
    return target.batch_size if range_operators(load_proto(model.path)) else USUAL_BATCH


def range_operators(proto: onnx.ModelProto) -> list[str]:
    """Types of the operators that take one range for all examples of a call, once each."""
    return list(dict.fromkeys(node.op_type for node in model_nodes(proto) if node.op_type in RANGES_OF_A_BATCH))
