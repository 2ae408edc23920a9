"""Rounds of rewriting, until one no longer makes the graph smaller; the result of that one is dropped."""

import collections
from collections.abc import Iterable, Iterator

import onnx
import onnx_ir as ir
from onnx import helper
from onnx.shape_inference import InferenceError, infer_shapes

from engine.errors import StepError
from engine.models.nodes import name_nodes
from engine.techniques.simplify.duplicates import merge_initializers
from engine.techniques.simplify.names import keep_layer_names
from engine.techniques.simplify.passes import rewrite
from engine.techniques.simplify.pooling import pool_means

NodeCounts = collections.Counter[str]
"""Numbers of nodes, by what was done with them."""
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


def simplified(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, NodeCounts]:
    """The graph at its fixed point, and counts of what was done; `proto` itself where there is nothing to do.

    Raises StepError where onnxscript cannot rewrite it.
    """
    current, total = proto, NodeCounts()
    while True:
        candidate, counts = _round(current)
        if _cost(candidate) >= _cost(current):
            return current, total
        current, total = candidate, total + counts


def n_nodes(proto: onnx.ModelProto) -> int:
    """Nodes of the graph, of its branches and of its functions."""
    return sum(1 for _ in _nodes(proto))


def _round(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, NodeCounts]:
    declared = proto.graph
    inferred = _inferred(proto)
    n_named = name_nodes(inferred.graph)
    try:
        model = ir.serde.deserialize_model(inferred)
        counts = NodeCounts(rewrite(model))
        rewritten = ir.serde.serialize_model(model)
    except _REFUSALS as error:
        raise StepError(f"onnxscript cannot rewrite this graph: {_first_line(error)}", "Leave simplify out") from error
    counts["pooled"] = pool_means(rewritten)
    merge_initializers(rewritten)
    _remove_traces(rewritten)
    _restore(rewritten.graph, declared)
    _return_own_values(rewritten.graph)
    keep_layer_names(rewritten.graph, inferred.graph)
    name_nodes(rewritten.graph)
    counts["named"] = n_named
    return rewritten, counts


def _cost(proto: onnx.ModelProto) -> tuple[int, ...]:
    """The size of a graph, as a tuple to compare. The rounds end where one does not lower it."""
    names = collections.Counter(node.name for node in proto.graph.node)
    unnamed = sum(count for name, count in names.items() if not name or count > 1)
    means = sum(node.op_type == "ReduceMean" for node in proto.graph.node)
    return len(proto.functions), means, n_nodes(proto), len(proto.graph.initializer), unnamed


def _inferred(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with the shapes that its operators make: those that a file declares may be wrong, and folding would use
    them."""
    inferred = onnx.ModelProto()
    inferred.CopyFrom(proto)
    del inferred.graph.value_info[:]
    for value in inferred.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        return infer_shapes(inferred, data_prop=True)
    except InferenceError:
        return inferred


def _restore(graph: onnx.GraphProto, declared: onnx.GraphProto) -> None:
    """Puts the declared inputs, outputs and types of intermediate values back into `graph`."""
    computed = {name for node in graph.node for name in node.output}
    del graph.value_info[:], graph.output[:]
    graph.value_info.extend(value for value in declared.value_info if value.name in computed)
    graph.output.extend(declared.output)
    constants = {tensor.name for tensor in graph.initializer}
    declared_constants = {tensor.name for tensor in declared.initializer}
    del graph.input[:]
    graph.input.extend(
        value for value in declared.input if value.name in constants or value.name not in declared_constants
    )


def _return_own_values(graph: onnx.GraphProto) -> None:
    """Lets every branch return a value of its own, in place: one of the graph around it may not be its output.

    Where a branch did nothing but pass such a value on, its Identity was removed as a node without effect.
    """
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _return_own_values(attribute.g)
                _pass_on(attribute.g, f"{node.output[0]}_{attribute.name}")


def _pass_on(branch: onnx.GraphProto, prefix: str) -> None:
    own = {name for node in branch.node for name in node.output}
    own |= {value.name for value in (*branch.input, *branch.initializer)}
    for number, value in enumerate(branch.output):
        if value.name not in own:
            name = f"{prefix}_{number}"
            branch.node.append(helper.make_node("Identity", [value.name], [name], name=name))
            value.name = name


def _remove_traces(proto: onnx.ModelProto) -> None:
    """Removes the metadata that onnxscript leaves on what it rewrote."""
    for item in (*_nodes(proto), *proto.graph.initializer, proto.graph):
        entries = [entry for entry in item.metadata_props if not entry.key.startswith(_TRACES)]
        del item.metadata_props[:]
        item.metadata_props.extend(entries)


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
