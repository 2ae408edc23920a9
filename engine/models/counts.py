"""What an ONNX graph consists of: multiply-adds, parameters, operators by type."""

import math
from collections import Counter

import onnx
from onnx import TensorProto, helper

from engine.runtimes.onnx_runtime import fold_constants

_MAC_OPERATORS = frozenset(
    {
        "Conv",
        "Gemm",
        "MatMul",
        "ConvInteger",
        "MatMulInteger",
        "QLinearConv",
        "QLinearMatMul",
    }
)
_HIDDEN_MACS = ("Conv", "Gemm", "MatMul", "Attention", "Einsum", "LSTM", "GRU", "RNN")
_WEIGHT_INPUT = {"QLinearConv": 3, "QLinearMatMul": 3}
_BIAS_INPUT = {"QLinearConv": 8, "QLinearMatMul": None, "QGemm": 6}
_QDQ_OPERATORS = frozenset({"QuantizeLinear", "DequantizeLinear"})
_SAME_SHAPE = frozenset({"QuickGelu", "Gelu", "FastGelu", "BiasGelu"})
"""onnxruntime's own operators whose output has the shape of their first input; onnx's shape inference lacks them."""
_WEIGHT_TYPES = frozenset(
    {
        TensorProto.FLOAT,
        TensorProto.FLOAT16,
        TensorProto.BFLOAT16,
        TensorProto.DOUBLE,
        TensorProto.INT8,
        TensorProto.UINT8,
        TensorProto.INT32,
        TensorProto.INT4,
        TensorProto.UINT4,
    }
)

Shape = tuple[int, ...]


def operators(model: onnx.ModelProto) -> dict[str, int]:
    """How many nodes of each type, most frequent first; operators of other domains as domain.Type."""
    names = (
        f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        for node in model.graph.node
    )
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def count_parameters(model: onnx.ModelProto) -> int:
    """Elements of the stored weights: not scalars, shapes and indices, nor scales and zero points."""
    not_weights = {name for node in model.graph.node for name in _scales(node)}
    return sum(
        math.prod(tensor.dims)
        for name, tensor in constant_tensors(model).items()
        if tensor.dims and tensor.data_type in _WEIGHT_TYPES and name not in not_weights
    )


def constant_tensors(model: onnx.ModelProto) -> dict[str, TensorProto]:
    """The tensors that the graph stores, by the names that its nodes read: initializers and Constant nodes."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                constants[node.output[0]] = attribute.t
    return constants


def count_macs(model: onnx.ModelProto, input_shape: Shape | None = None) -> int | None:
    """Multiply-adds of Conv, Gemm and MatMul (their integer forms included) that one image causes.

    What depends on weights alone is computed once, when the file is loaded, and is not counted. `input_shape`, the axes
    after the batch in the graph's order, fixes dynamic ones. None where the graph does not determine a shape, or where
    another operator, a subgraph or a function may contain multiply-adds. Raises SourceError where onnxruntime cannot
    load the model.
    """
    return settled_macs(settle(model, input_shape))


def settled_macs(model: onnx.ModelProto) -> int | None:
    """Multiply-adds of a graph that `settle` returned, as `count_macs` counts them."""
    if model.functions or any(hides_macs(node) for node in model.graph.node):
        return None
    shapes = static_shapes(model)
    counts = [node_macs(node, shapes) for node in model.graph.node]
    complete = [count for count in counts if count is not None]
    return sum(complete) // batch_of(model) if len(complete) == len(counts) else None


def settle(model: onnx.ModelProto, input_shape: Shape | None = None) -> onnx.ModelProto:
    """The graph for one image (or the batch that it is fixed to): constants folded, shapes inferred.

    Raises SourceError where onnxruntime cannot load it, as with unknown operators and broken graphs.
    """
    return inferred(fold_constants(with_fixed_input(model, input_shape)))


def with_fixed_input(model: onnx.ModelProto, input_shape: Shape | None, batch: int = 1) -> onnx.ModelProto:
    """The graph for `batch` images (or those that it is fixed to), without any other shape that it declares."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    del fixed.graph.value_info[:]
    for value in graph_inputs(fixed):
        _fix_input(value, (batch, *(input_shape or ())))
    # A file may declare wrong shapes for its outputs; without them, the shapes are inferred from the operators.
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    return fixed


def inferred(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with the shapes that its operators determine; as it is where these contradict each other."""
    try:
        result = onnx.shape_inference.infer_shapes(_in_known_operators(model), data_prop=True)
    except onnx.shape_inference.InferenceError:
        return model
    for node, own in zip(result.graph.node, model.graph.node, strict=True):
        node.CopyFrom(own)
    return result


def _in_known_operators(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with an Identity for every operator of _SAME_SHAPE, or the graph itself where it has none."""
    if not any(_keeps_shape(node) for node in model.graph.node):
        return model
    known = onnx.ModelProto()
    known.CopyFrom(model)
    for node in known.graph.node:
        if _keeps_shape(node):
            node.CopyFrom(helper.make_node("Identity", node.input[:1], node.output, name=node.name))
    return known


def _keeps_shape(node: onnx.NodeProto) -> bool:
    return node.domain == "com.microsoft" and node.op_type in _SAME_SHAPE


def static_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Shape of every tensor without a dynamic dimension, by name."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        dims = dimensions(value)
        if dims is not None and all(isinstance(dim, int) for dim in dims):
            shapes[value.name] = tuple(dim for dim in dims if isinstance(dim, int))
    return shapes


def graph_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Inputs that are not initializers: old files list their weights as inputs too."""
    initializers = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in initializers]


def dimensions(value: onnx.ValueInfoProto) -> tuple[int | str, ...] | None:
    """The declared shape, a dynamic dimension by its name; None where not even the rank is declared.

    Some exporters write a dynamic dimension as -1 or 0, so only a positive number is a fixed one.
    """
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.dim_value > 0 else dim.dim_param or "?" for dim in tensor.shape.dim)


def _fix_input(value: onnx.ValueInfoProto, sizes: Shape) -> None:
    for dim, size in zip(value.type.tensor_type.shape.dim, sizes, strict=False):
        if dim.dim_value <= 0:
            dim.dim_value = size


def batch_of(model: onnx.ModelProto) -> int:
    """The batch that the graph is fixed to, or 1."""
    dims = dimensions(graph_inputs(model)[0]) if graph_inputs(model) else None
    return dims[0] if dims and isinstance(dims[0], int) else 1


def hides_macs(node: onnx.NodeProto) -> bool:
    """Whether the node may contain multiply-adds that cannot be counted: by its name, or in a graph of its own."""
    if node.op_type in _MAC_OPERATORS:
        return False
    has_hidden_name = any(operator in node.op_type for operator in _HIDDEN_MACS)
    return has_hidden_name or any(attribute.HasField("g") for attribute in node.attribute)


def _scales(node: onnx.NodeProto) -> list[str]:
    """Inputs of this node that are scales or zero points."""
    if node.op_type in _QDQ_OPERATORS:
        return list(node.input[1:])
    if node.op_type in _BIAS_INPUT:
        tensor_inputs = (0, 3, _BIAS_INPUT[node.op_type])
        return [name for position, name in enumerate(node.input) if position not in tensor_inputs]
    return list(node.input[2:]) if node.op_type in ("ConvInteger", "MatMulInteger") else []


def node_macs(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int | None:
    """Elements of the output times the length of the sum behind each; None where a shape is not in `shapes`.

    Those of the whole batch; 0 for operators without multiply-adds.
    """
    if node.op_type not in _MAC_OPERATORS:
        return 0
    output = shapes.get(node.output[0])
    left = shapes.get(node.input[0])
    right = shapes.get(node.input[_WEIGHT_INPUT.get(node.op_type, 1)])
    if output is None or left is None or right is None:
        return None
    if "Conv" in node.op_type:
        return math.prod(output) * math.prod(right[1:])
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return math.prod(output) * left[0 if transposed else 1]
    return math.prod(output) * left[-1]
