"""Weight-only INT8, for size: MatMul and Gemm in blocks, convolutions with a scale per output channel."""

import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

from engine.context import Outcome, StepContext
from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.models.graph import write_metadata
from engine.results import Note
from engine.settings import QuantizeWeights
from engine.store.home import require_room
from engine.techniques.quantize.compare import check_on
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.prepare import check_quantizable, fold, nodes_named

if TYPE_CHECKING:
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

FILES_AT_ONCE = 4
ACCURACY_LEVEL = 4
"""MatMulNBits computes on 8-bit activations: about the speed of FP32, where level 0 is many times slower."""
SMALLEST = 1024
"""Weights of fewer values stay in float: their scales would eat what they save."""
LARGEST = 127


def quantize_weights(model: OnnxModel, settings: QuantizeWeights, context: StepContext) -> Outcome:
    """A file with 8-bit weights whose activations stay in float; needs no images.

    Raises StepError where there are no weights to quantize, where the model is quantized already or has no node of a
    name in `float_nodes`, and (code miscomputed) where the file answers otherwise than its rounding says.
    """
    check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    path = context.folder / "model.onnx"
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        context.on_progress(0.1, "folding constants")
        folded = fold(model, Path(work), context.data.unreported)
        proto = onnx.load(folded)
        context.on_progress(0.4, "storing the weights in 8 bits")
        with as_step_error("onnxruntime's quantizer cannot handle this model", proto):
            floats = set(nodes_named(settings.float_nodes, proto, model))
            n_convolutions = _quantize_convolutions(proto, floats) if settings.convolutions else 0
            proto, n_matmuls = _quantize_matmuls(proto, settings.block_size, floats)
        if not n_convolutions + n_matmuls:
            raise StepError(
                f"no layer has {SMALLEST} weights or more, so 8-bit weights would save nothing",
                "Leave quantization out",
            )
        write_metadata(proto, model.preprocess, model.classes)
        onnx.save(proto, path)
        context.on_progress(0.9, "comparing the outputs")
        unsure = check_on(context.data.unreported, model.batch, folded, path, context.target.threads)
    text = f"8-bit weights in {n_matmuls} MatMul and Gemm (blocks of {settings.block_size}) and {n_convolutions} Conv"
    return Outcome(model=replace(model, path=path), notes=(Note(code="weights", text=text), *unsure))


def _quantize_matmuls(proto: onnx.ModelProto, block_size: int, floats: set[str]) -> tuple[onnx.ModelProto, int]:
    """Every MatMul with weights as MatMulNBits but for those in `floats`; a Gemm becomes a MatMul first."""
    excluded = [
        node.name
        for node in proto.graph.node
        if node.op_type in ("Gemm", "MatMul") and (node.name in floats or _n_weights(node, proto) < SMALLEST)
    ]
    quantizer = _nbits_quantizer(proto, block_size, [*excluded, *(f"{name}_MatMul" for name in excluded)])
    quantizer.model.replace_gemm_with_matmul()
    quantizer.process()
    quantizer.model.clean_initializers()
    quantized: onnx.ModelProto = quantizer.model.model
    return quantized, sum(node.op_type == "MatMulNBits" for node in quantized.graph.node)


def _nbits_quantizer(proto: onnx.ModelProto, block_size: int, floats: list[str]) -> "MatMulNBitsQuantizer":
    """onnxruntime's quantizer; importing its module sets up logging for the whole program, which is undone here."""
    handlers, level = logging.root.handlers[:], logging.root.level
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    return MatMulNBitsQuantizer(
        proto, bits=8, block_size=block_size, is_symmetric=False, accuracy_level=ACCURACY_LEVEL, nodes_to_exclude=floats
    )


def _quantize_convolutions(proto: onnx.ModelProto, floats: set[str]) -> int:
    """Weights of the convolutions as int8 with a symmetric scale per output channel, dequantized at every call.

    Those in `floats` stay as they are.
    """
    weights = {tensor.name: tensor for tensor in proto.graph.initializer}
    replacements: dict[str, str] = {}
    n_layers = 0
    added: list[onnx.NodeProto] = []
    for node in proto.graph.node:
        name = node.input[1] if node.op_type == "Conv" and node.name not in floats else ""
        if name not in weights or _n_weights(node, proto) < SMALLEST:
            continue
        if name not in replacements:
            added.append(_store(proto, weights[name]))
            replacements[name] = added[-1].output[0]
        node.input[1] = replacements[name]
        n_layers += 1
    nodes = [*added, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    _drop_unread(proto, replacements)
    return n_layers


def _store(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> onnx.NodeProto:
    """Adds the int8 values and scales of a weight (outputs, ...) and returns the node that dequantizes them."""
    values = numpy_helper.to_array(tensor)
    largest = np.abs(values).reshape(len(values), -1).max(axis=1)
    scale = np.where(largest > 0, largest / LARGEST, 1.0).astype(np.float32)
    integers = np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
    stored: dict[str, np.ndarray] = {"int8": integers, "scale": scale, "zero": np.zeros(len(scale), np.int8)}
    inputs = [f"{tensor.name}_{part}" for part in stored]
    proto.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in zip(inputs, stored.values(), strict=True)
    )
    name = f"{tensor.name}_float"
    return helper.make_node("DequantizeLinear", inputs, [name], name=name, axis=0)


def _drop_unread(proto: onnx.ModelProto, names: dict[str, str]) -> None:
    read = {name for node in proto.graph.node for name in node.input}
    initializers = [tensor for tensor in proto.graph.initializer if tensor.name not in names or tensor.name in read]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(initializers)


def _n_weights(node: onnx.NodeProto, proto: onnx.ModelProto) -> int:
    """The number of values in a node's constant second input, 0 without one."""
    name = node.input[1] if len(node.input) > 1 else ""
    return next((int(np.prod(tensor.dims)) for tensor in proto.graph.initializer if tensor.name == name), 0)
