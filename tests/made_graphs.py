"""The graphs of two files side by side, made by hand: a float network, and the same with its layers quantized."""

from engine.results import GraphNode
from engine.results.graphs import FileGraph, GraphComparison, Partners
from engine.results.layer_errors import LayerError, LayerErrors
from engine.results.time_profile import NodeMatch, NodeTime, TimeProfile
from tests.made import BASE, INT8
from tests.made_charts import made_time_profile

LAYERS = (("stem", ""), ("layer1.0.conv1", "layer1.0"), ("layer1.0.conv2", "layer1.0"), ("layer2.0.conv1", "layer2.0"))


def made_node(name: str, operator: str, *inputs: str, block: str = "", weight_bytes: int = 0) -> GraphNode:
    return GraphNode(
        name=name,
        operator=operator,
        inputs=inputs,
        output_shape=(1, 8, 16, 16),
        weight_bytes=weight_bytes,
        macs=1_000_000 if weight_bytes else 0,
        block=block,
    )


def made_graphs() -> GraphComparison:
    """Four convolutions with a Relu each; in the other file each has its weights dequantized, and no Relu."""
    ours, theirs, partners, before = [], [], [], ()
    for number, (name, block) in enumerate(LAYERS, start=1):
        size, relu, weights = number * 4000, f"{name}.relu", f"{name}.weight_dq"
        ours += [
            made_node(name, "Conv", *before, block=block, weight_bytes=size),
            made_node(relu, "Relu", name, block=block),
        ]
        theirs += [
            made_node(weights, "DequantizeLinear", block=block, weight_bytes=size // 4),
            made_node(name, "Conv", weights, *(one.removesuffix(".relu") for one in before), block=block),
        ]
        partners.append(Partners(baseline=(name, relu), model=(weights, name)))
        before = (relu,)
    theirs.append(made_node("logits_q", "QuantizeLinear", LAYERS[-1][0]))
    return GraphComparison(
        baseline=FileGraph(nodes=tuple(ours), n_nodes=len(ours)),
        model=FileGraph(nodes=tuple(theirs), n_nodes=len(theirs)),
        partners=tuple(partners),
    )


def made_graph_times() -> TimeProfile:
    """The times of the same: a fused node for each convolution, and a change of layout that the runtime added."""

    def fused(name: str, ms: float, *more: str) -> NodeTime:
        return NodeTime(name=f"fused_{name}", operator="FusedConv", ms=ms, covered=(name, *more))

    rows = [
        NodeMatch(
            name=name,
            baseline=(fused(name, float(number), f"{name}.relu"),),
            model=(fused(name, number / 2, f"{name}.weight_dq"),),
        )
        for number, (name, _) in enumerate(LAYERS, start=1)
    ]
    added = NodeMatch(name="ReorderInput", baseline=(NodeTime(name="ReorderInput", operator="ReorderInput", ms=0.25),))
    return made_time_profile(1).model_copy(update={"rows": (*rows, added)})


def made_graph_errors() -> LayerErrors:
    """The errors of the same layers, from 40 dB down by tens; the last layer does not differ."""
    rows = [
        LayerError(
            name=name,
            operator="Conv",
            sqnr_db=50.0 - 10.0 * number if number < len(LAYERS) else None,
            worst_sqnr_db=None,
            worst_image=None,
            size_bytes=number * 1000,
            reference_bytes=number * 4000,
            stored="int8",
        )
        for number, (name, _) in enumerate(LAYERS, start=1)
    ]
    return LayerErrors(
        variant_id=INT8, reference_id=BASE, n_images=4, on_images=True, output_sqnr_db=20.0, rows=tuple(rows)
    )
