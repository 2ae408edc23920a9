"""Static INT8 by NNCF, OpenVINO's own quantizer, where it is installed: its mixed preset, in QDQ format.

Kozlov et al., https://arxiv.org/abs/2002.08679; the presets as in OpenVINO's documentation ("Basic Quantization Flow").
"""

import importlib
import importlib.util
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper

from engine.errors import StepError
from engine.results import Note
from engine.runtimes.feed import GraphInput, feed
from engine.settings import QuantizeStatic
from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.failures import as_step_error

NNCF: Final = "nncf"


def has_nncf() -> bool:
    """Whether NNCF is installed, by its files alone: what is loaded here loads torch and OpenVINO."""
    return importlib.util.find_spec(NNCF) is not None


def nncf_model(calibrator: Calibrator, settings: QuantizeStatic) -> tuple[onnx.ModelProto, Note]:
    """The QDQ graph that NNCF makes with the calibration images, and a note on it.

    Raises StepError where NNCF cannot be loaded or cannot quantize the graph.
    """
    library, proto = _library(), calibrator.proto()
    dataset = library.Dataset(list(_arrays(calibrator, proto)))
    kind = {"model_type": library.ModelType.TRANSFORMER} if settings.quantizer == "nncf_transformer" else {}
    with as_step_error("NNCF cannot quantize this model", proto):
        quantized: onnx.ModelProto = library.quantize(
            proto, dataset, preset=library.QuantizationPreset.MIXED, subset_size=calibrator.n_images, **kind
        )
    text = f"quantized by NNCF {library.__version__} with its mixed preset{', for transformers' if kind else ''}"
    return quantized, Note(code="nncf", text=text)


def _library() -> Any:
    try:
        return importlib.import_module(NNCF)
    except ImportError as error:
        raise StepError(
            f"NNCF cannot be loaded: {error}", "Install it (pip install 'featherweight[nncf]'), or take onnxruntime's"
        ) from error


def _arrays(calibrator: Calibrator, proto: onnx.ModelProto) -> Iterator[dict[str, np.ndarray]]:
    """The calibration images as the graph takes them, call by call."""
    constants = {tensor.name for tensor in proto.graph.initializer}
    arrays = feed([_graph_input(value) for value in proto.graph.input if value.name not in constants])
    return (arrays(inputs) for inputs in calibrator.batches(calibrator.n_images))


def _graph_input(value: onnx.ValueInfoProto) -> GraphInput:
    kind = value.type.tensor_type
    lengths = tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in kind.shape.dim)
    return GraphInput(value.name, lengths, helper.tensor_dtype_to_np_dtype(kind.elem_type))
