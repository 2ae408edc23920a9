"""Rounds of rewriting until nothing more can be saved; what a round did not make smaller is not taken."""

import collections
from collections.abc import Iterable, Iterator

import onnx
import onnx_ir as ir
from onnx.shape_inference import InferenceError, infer_shapes

from engine.errors import StepError
from engine.models.nodes import name_nodes
from engine.techniques.simplify.duplicates import merge_initializers
from engine.techniques.simplify.names import keep_layer_names
from engine.techniques.simplify.passes import rewrite
from engine.techniques.simplify.pooling import pool_means

Done = collections.Counter[str]
"""Nodes by what became of them."""
_REFUSALS = (
    ir.serde.SerdeError,
    ir.passes.PassError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""The libraries have no base of their own for what they raise on a graph that they did not expect."""
_TRACES = "pkg.onnxscript."


def simplified(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, Done]:
    """The graph at its fixed point, and what was done; `proto` itself where there is nothing to do.

    Raises StepError where onnxscript cannot rewrite it.
    """
    current, total = proto, Done()
    while True:
        following, done = _round(current)
        if _weight(following) >= _weight(current):
            return current, total
        current, total = following, total + done


def n_nodes(proto: onnx.ModelProto) -> int:
    """Nodes of the graph, of its branches and of its functions."""
    return sum(1 for _ in _nodes(proto))


def _round(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, Done]:
    declared = proto.graph
    plain = _inferred(proto)
    named = name_nodes(plain.graph)
    try:
        model = ir.serde.deserialize_model(plain)
        counts = rewrite(model)
        made = ir.serde.serialize_model(model)
    except _REFUSALS as error:
        raise StepError(f"onnxscript cannot rewrite this graph: {_first_line(error)}", "Leave simplify out") from error
    done = Done(counts)
    done["pooled"] = pool_means(made)
    merge_initializers(made)
    _remove_traces(made)
    _restore(made.graph, declared)
    keep_layer_names(made.graph, plain.graph)
    name_nodes(made.graph)
    done["named"] = named
    return made, done


def _weight(proto: onnx.ModelProto) -> tuple[int, ...]:
    """What every round that is taken makes smaller, by which the rounds end."""
    names = collections.Counter(node.name for node in proto.graph.node)
    unnamed = sum(count for name, count in names.items() if not name or count > 1)
    means = sum(node.op_type == "ReduceMean" for node in proto.graph.node)
    return len(proto.functions), means, n_nodes(proto), len(proto.graph.initializer), unnamed


def _inferred(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Shapes as the operators make them: those that a file declares may be wrong, and a fold of them with it."""
    plain = onnx.ModelProto()
    plain.CopyFrom(proto)
    del plain.graph.value_info[:]
    for value in plain.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        return infer_shapes(plain, data_prop=True)
    except InferenceError:
        return plain


def _restore(made: onnx.GraphProto, declared: onnx.GraphProto) -> None:
    """Inputs and outputs as they were declared, and of the values in between what the file said."""
    alive = {name for node in made.node for name in node.output}
    del made.value_info[:], made.output[:]
    made.value_info.extend(value for value in declared.value_info if value.name in alive)
    made.output.extend(declared.output)
    stored = {tensor.name for tensor in made.initializer}
    old = {tensor.name for tensor in declared.initializer}
    del made.input[:]
    made.input.extend(value for value in declared.input if value.name in stored or value.name not in old)


def _remove_traces(proto: onnx.ModelProto) -> None:
    """onnxscript's notes on what it rewrote."""
    for item in (*_nodes(proto), *proto.graph.initializer, proto.graph):
        kept = [entry for entry in item.metadata_props if not entry.key.startswith(_TRACES)]
        del item.metadata_props[:]
        item.metadata_props.extend(kept)


def _nodes(proto: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from _all(proto.graph.node)
    for function in proto.functions:
        yield from _all(function.node)


def _all(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _all(attribute.g.node)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
