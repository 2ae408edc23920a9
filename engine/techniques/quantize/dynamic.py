"""Dynamic INT8 of MatMul and Gemm, through onnxruntime's quantizer."""

import tempfile
from dataclasses import replace
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization import quantize_dynamic as quantize

from engine.context import Outcome, StepContext
from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.models.graph import write_metadata
from engine.results import Note
from engine.settings import QuantizeDynamic
from engine.store.home import require_room
from engine.techniques.quantize.compare import check_on
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.prepare import (
    check_quantizable,
    constant_names,
    fold,
    nodes_named,
    quietly,
    saturates,
)
from engine.wording import many

FILES_AT_ONCE = 4


def quantize_dynamic(model: OnnxModel, settings: QuantizeDynamic, context: StepContext) -> Outcome:
    """An INT8 file whose MatMul and Gemm compute the ranges of their inputs at every call; needs no images.

    Weights are signed, and of 7 bits where sums would saturate. Activations are unsigned, since signed ones have no
    fast kernel on x86. Raises StepError where the model has no MatMul or Gemm with weights, is quantized already, or
    has no node of a name in `float_nodes`, and (code miscomputed) where the file answers otherwise than its rounding
    says.
    """
    check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    path = context.folder / "model.onnx"
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        context.on_progress(0.1, "folding constants")
        folded = fold(model, Path(work), context.data.unreported)
        proto = onnx.load(folded)
        matmuls = _matmuls(proto)
        floats = set(nodes_named(settings.float_nodes, proto, model))
        if not matmuls - floats:
            raise StepError(
                "dynamic quantization is for MatMul and Gemm with weights, and this model has none left to quantize",
                "Choose method: auto or static for a model of convolutions",
            )
        context.on_progress(0.5, f"quantizing {many(len(matmuls - floats), 'layer')}")
        with as_step_error("onnxruntime's quantizer cannot handle this model", proto), quietly():
            # A Gemm becomes a MatMul of this name before names are looked at.
            quantize(
                folded,
                path,
                op_types_to_quantize=["MatMul"],
                per_channel=settings.per_channel,
                weight_type=QuantType.QInt8,
                reduce_range=saturates(context.isa),
                nodes_to_exclude=[*floats, *(f"{name}_MatMul" for name in floats)],
            )
        quantized = onnx.load(path)
        write_metadata(quantized, model.preprocess, model.classes)
        onnx.save(quantized, path)
        context.on_progress(0.9, "comparing the outputs")
        unsure = check_on(context.data.unreported, model.batch, folded, path, context.target.threads)
    n_layers = len(matmuls - floats)
    text = f"{many(n_layers, 'layer')} (MatMul or Gemm) in INT8, with ranges taken at every call"
    return Outcome(model=replace(model, path=path), notes=(Note(code="dynamic", text=text), *unsure))


def _matmuls(proto: onnx.ModelProto) -> set[str]:
    """Those whose weights are the second input, as onnxruntime's quantizer wants them."""
    constants = constant_names(proto)
    return {node.name for node in proto.graph.node if node.op_type in ("Gemm", "MatMul") and node.input[1] in constants}
