"""The outputs of a model on images, one row per image."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from engine.data import Part
from engine.errors import MeasureError
from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto
from engine.models.tensors import model_nodes
from engine.runtimes import open_session
from engine.settings import Target

USUAL_BATCH = 32
RANGES_OF_A_BATCH = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})
"""Operators that take one range for all images of a call, so that an image's answer depends on the others there.

The first is ONNX's, the others are onnxruntime's own.
"""


@dataclass(frozen=True)
class Predictions:
    """`logits` (N, classes) float32 for the images `ids`, in the order of their part."""

    ids: tuple[str, ...]
    logits: np.ndarray

    def save(self, path: Path) -> None:
        np.savez_compressed(path, ids=np.array(self.ids), logits=self.logits)

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Raises MeasureError where the file is not one that `save` wrote."""
        try:
            with np.load(path) as arrays:
                return cls(tuple(str(id) for id in arrays["ids"]), arrays["logits"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise MeasureError(
                f"the predictions '{path.name}' cannot be read", "Free the cache and run again"
            ) from error


def predict(
    model: OnnxModel, part: Part, target: Target, on_image: Callable[[int, int], None] = lambda done, total: None
) -> Predictions:
    """Logits of every image of `part`, in batches of `prediction_batch`; the last one may be shorter.

    Raises MeasureError (code not_finite) where an output is not finite, since no accuracy would be valid.
    """
    batch_size = prediction_batch(model, target)
    rows: list[np.ndarray] = []
    n_done = 0
    with open_session(model.path, target, input_name=model.input_name, output_name=model.output_name) as session:
        for images in part.batches(batch_size):
            rows.append(session(filled(images, model.batch))[: len(images)])
            n_done += len(images)
            on_image(n_done, len(part))
    logits = np.concatenate(rows)
    if not np.isfinite(logits).all():
        n_not_finite = int((~np.isfinite(logits)).any(axis=1).sum())
        raise MeasureError(
            f"the model's outputs are not finite on {n_not_finite} of {len(logits)} images",
            "Check the weights for NaN and the preprocessing for its scale",
            code="not_finite",
        )
    return Predictions(tuple(part.ids), logits)


def prediction_batch(model: OnnxModel, target: Target) -> int:
    """How many images a call takes: the model's own number where it is fixed, the target's where answers depend on it.

    For every other model it does not matter, and USUAL_BATCH is quick.
    """
    if model.batch is not None:
        return model.batch
    depends = model.batch_dependent or range_operators(load_proto(model.path))
    return target.batch_size if depends else USUAL_BATCH


def range_operators(proto: onnx.ModelProto) -> list[str]:
    """Types of the operators that take one range for all images of a call, once each."""
    return list(dict.fromkeys(node.op_type for node in model_nodes(proto) if node.op_type in RANGES_OF_A_BATCH))


def filled(images: np.ndarray, batch: int | None) -> np.ndarray:
    """A short last batch, filled up with its first image where the model's `batch` is fixed (None: it is not)."""
    if batch is None or len(images) == batch:
        return images
    return np.concatenate([images, np.repeat(images[:1], batch - len(images), axis=0)])
