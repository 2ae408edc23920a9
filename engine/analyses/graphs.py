"""The graphs of two files side by side: their nodes, and which of them compute the same."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import onnx

from engine.errors import SourceError
from engine.measure.graph_matching import match_files
from engine.measure.node_matching import file_nodes
from engine.models.blocks import modules
from engine.models.counts import dimensions, graph_inputs
from engine.models.graph import load_proto
from engine.models.graph_nodes import graph_nodes
from engine.results import GraphNode
from engine.results.graphs import FileGraph, GraphComparison, Partners
from engine.settings import FileModel
from engine.settings.graph_jobs import GraphsRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.wording import many

MOST_NODES = 4000
"""Nodes of a file up to which a page has every single one; of more, several in a row are folded into one."""
MOST_IN_BLOCK, MOST_IN_PARTNERS = 60, 400
"""Nodes that a block draws at once: the baseline's, and the variant's, which has several for one of the baseline's."""


def graphs(request: GraphsRequest, folder: JobFolder, progress: Progress) -> GraphComparison:
    """Both files' nodes, and which of them are partners; a partner of a node of the baseline is in its block.

    Raises SourceError where a file is no model.
    """
    progress.emit("graphs", "load", 0.0, "reading the baseline")
    baseline, ours = _read(request.baseline, request.input_shape)
    progress.emit("graphs", "load", 0.4, "reading the variant")
    model, theirs = _read(request.model, request.input_shape)
    progress.emit("graphs", "match", 0.8, "matching their nodes")
    partners = match_files(file_nodes(baseline), file_nodes(model), modules(baseline.graph), modules(model.graph))
    ours = _in_parts(ours, MOST_IN_BLOCK)
    block_of = {node.name: node.block for node in ours}
    same_blocks = {
        name: block_of[one.baseline[0]] for one in partners for name in one.model if one.baseline[0] in block_of
    }
    moved = tuple(
        node.model_copy(update={"block": same_blocks[node.name]}) if node.name in same_blocks else node
        for node in theirs
    )
    (of_baseline, our_names), (of_model, their_names) = (
        folded(nodes) for nodes in (ours, _in_parts(moved, MOST_IN_PARTNERS))
    )
    return GraphComparison(
        baseline=of_baseline,
        model=of_model,
        partners=tuple(
            Partners(baseline=_renamed(one.baseline, our_names), model=_renamed(one.model, their_names))
            for one in partners
        ),
    )


def _read(source: FileModel, shape: tuple[int, ...] | None) -> tuple[onnx.ModelProto, tuple[GraphNode, ...]]:
    """The file and its nodes, the same names in both."""
    if source.path is None:
        raise SourceError("a file is named by its path here", "Give its path")
    proto = load_proto(Path(source.path))
    file_nodes(proto)  # which names the nodes in the file that have no name
    return proto, graph_nodes(proto, shape if _fits(proto, shape) else None)


def _fits(proto: onnx.ModelProto, shape: tuple[int, ...] | None) -> bool:
    """Whether the first input's axes after the batch may have these lengths: not where its channels come last."""
    declared = dimensions(graph_inputs(proto)[0]) if graph_inputs(proto) else None
    if shape is None or declared is None or len(declared) != len(shape) + 1:
        return False
    return all(axis == length or isinstance(axis, str) for axis, length in zip(declared[1:], shape, strict=True))


def _in_parts(nodes: Sequence[GraphNode], most: int) -> tuple[GraphNode, ...]:
    """The nodes with parts, in the order of the graph, of each block that has more than so many of its own."""
    of_block = Counter(node.block for node in nodes)
    seen: Counter[str] = Counter()
    parted = []
    for node in nodes:
        if of_block[node.block] > most:
            part = f"part {1 + seen[node.block] // most}"
            seen[node.block] += 1
            node = node.model_copy(update={"block": f"{node.block}.{part}" if node.block else part})
        parted.append(node)
    return tuple(parted)


def folded(nodes: Sequence[GraphNode]) -> tuple[FileGraph, Mapping[str, str]]:
    """The graph with at most MOST_NODES nodes, and the name of the one that stands for each node of the file.

    Nodes in a row are folded within their block, or, where there are too many blocks for that, across them.
    """
    if len(nodes) <= MOST_NODES:
        return FileGraph(nodes=tuple(nodes), n_nodes=len(nodes)), {node.name: node.name for node in nodes}
    size = -(-2 * len(nodes) // MOST_NODES)
    runs = [run for _, group in groupby(nodes, lambda node: node.block) for run in _chunks(list(group), size)]
    if len(runs) > MOST_NODES:
        runs = list(_chunks(list(nodes), size))
    names = {node.name: run[0].name for run in runs for node in run}
    folds = tuple(_fold(run, names) for run in runs)
    return FileGraph(nodes=folds, n_nodes=len(nodes)), names


def _chunks(nodes: Sequence[GraphNode], size: int) -> Iterator[Sequence[GraphNode]]:
    return (nodes[start : start + size] for start in range(0, len(nodes), size))


def _fold(run: Sequence[GraphNode], names: Mapping[str, str]) -> GraphNode:
    """One node for several in a row."""
    blocks = {node.block for node in run}
    macs = [node.macs for node in run]
    return GraphNode(
        name=run[0].name,
        operator=run[0].operator if len(run) == 1 else many(len(run), "node"),
        inputs=_renamed([name for node in run for name in node.inputs if names[name] != run[0].name], names),
        output_shape=run[-1].output_shape,
        weight_bytes=sum(node.weight_bytes for node in run),
        macs=None if None in macs else sum(count or 0 for count in macs),
        block=blocks.pop() if len(blocks) == 1 else "",
    )


def _renamed(names: Sequence[str], by: Mapping[str, str]) -> tuple[str, ...]:
    """Each name once; Constant nodes, which are no nodes of the graph, are left out."""
    return tuple(dict.fromkeys(by[name] for name in names if name in by))
