"""The graphs of two files as boxes and lines, by block or node by node, coloured by any figure that nodes have."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from engine.charts.style import figures, shortened
from engine.results import GraphNode
from engine.results.graphs import FileGraph, GraphComparison, Partners
from engine.results.layer_errors import LayerErrors
from engine.results.time_profile import NodeTime, TimeProfile
from engine.wording import many, size_text

GraphSide = Literal["baseline", "model"]
EVERYTHING = "*"
"""As what is opened: every node is drawn."""
MOST_DRAWN = 600
"""Nodes of a file that are drawn one by one: so many are laid out in about a second."""
NAME_LETTERS = 22
PRODUCTS = ("Conv", "Gemm", "MatMul")
"""What is in the operators of layers, as in QLinearConv or MatMulInteger."""


@dataclass(frozen=True, kw_only=True)
class Colouring:
    """A figure of nodes of both files, by their names, and how it is written; a node may have none.

    That of a block is the `total` of its nodes. Boxes are the stronger coloured the larger it is, or the smaller it is
    where `least_is_strongest`. `note` says what else there is to know of the figures.
    """

    title: str
    baseline: Mapping[str, float]
    model: Mapping[str, float]
    text: Callable[[float], str]
    total: Callable[[Iterable[float]], float] = sum
    least_is_strongest: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A node, or a block of them: its lines of text, how strongly it is coloured (0 to 1) and what is marked."""

    id: str
    lines: tuple[str, ...]
    heat: float
    is_block: bool
    is_found: bool
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class GraphDrawing:
    """The boxes of one file's graph, and the lines between them as pairs of ids."""

    boxes: tuple[Box, ...]
    lines: tuple[tuple[str, str], ...]


def bytes_colouring(comparison: GraphComparison) -> Colouring:
    """The bytes of the weights that each node reads."""
    ours, theirs = (
        {node.name: float(node.weight_bytes) for node in graph.nodes if node.weight_bytes}
        for graph in (comparison.baseline, comparison.model)
    )
    return Colouring(title="Weights", baseline=ours, model=theirs, text=lambda value: size_text(int(value)))


def time_colouring(profile: TimeProfile) -> Colouring:
    """Milliseconds of one call. What a runtime fuses has its time at the node that the fused one is by its operator."""
    rows = [node for row in profile.rows for node in (*row.baseline, *row.model)]
    added = sum(node.ms for node in rows if not node.covered)
    return Colouring(
        title="Time",
        baseline=_times([node for row in profile.rows for node in row.baseline]),
        model=_times([node for row in profile.rows for node in row.model]),
        text=lambda value: f"{figures(value)} ms",
        note=(
            "What the runtime fuses has its time at the node that gave it its operator; what it adds itself, such as "
            f"changes of layout ({figures(added)} ms in both files), is at none."
        ),
    )


def error_colouring(errors: LayerErrors, comparison: GraphComparison) -> Colouring:
    """How far each layer is from FP32, in dB: the lower, the stronger. The value of a block is that of its worst layer.

    In the variant it is at the Conv, Gemm or MatMul, whether fused or not, that computes what the layer of FP32 does.
    """
    ours = {row.name: row.sqnr_db for row in errors.rows if row.sqnr_db is not None}
    products = {node.name for node in comparison.model.nodes if any(name in node.operator for name in PRODUCTS)}
    theirs: dict[str, float] = {}
    for partners in comparison.partners:
        value = min((ours[name] for name in partners.baseline if name in ours), default=None)
        if value is not None:
            theirs |= {name: value for name in partners.model if name in products}
    return Colouring(
        title="Error",
        baseline=ours,
        model=theirs,
        text=lambda value: f"{value:.1f} dB",
        total=min,
        least_is_strongest=True,
        note=(
            "Error is the SQNR of what later layers read, beside FP32: at 20 dB the difference is a tenth of the "
            "values. A layer also carries the errors of those before it; a block shows its worst."
        ),
    )


def _times(nodes: Iterable[NodeTime]) -> dict[str, float]:
    times: dict[str, float] = {}
    for node in nodes:
        if node.covered:
            times[node.covered[0]] = times.get(node.covered[0], 0.0) + node.ms
    return times


def partners_of(comparison: GraphComparison, side: GraphSide, name: str) -> Partners | None:
    """The nodes of both files that compute the same as this one, itself among them; None where it has no partner."""
    return next((one for one in comparison.partners if name in getattr(one, side)), None)


def found_nodes(graph: FileGraph, wanted: str) -> tuple[GraphNode, ...]:
    """The nodes whose name or operator holds this text, whatever its case; none of no text."""
    text = wanted.strip().lower()
    return tuple(node for node in graph.nodes if text and text in f"{node.name} {node.operator}".lower())


def graph_drawings(
    comparison: GraphComparison,
    colouring: Colouring,
    *,
    opened: str = "",
    found: str = "",
    chosen: Mapping[GraphSide, Collection[str]],
) -> dict[GraphSide, GraphDrawing]:
    """Both files' graphs, with one block opened, and with it what contains it.

    Boxes that hold a node that was `found` by text, or is `chosen`, are marked.
    """
    paths = _opened(comparison.baseline.nodes, opened)
    sides: tuple[tuple[GraphSide, FileGraph, Mapping[str, float]], ...] = (
        ("baseline", comparison.baseline, colouring.baseline),
        ("model", comparison.model, colouring.model),
    )
    contents = {side: _contents(graph.nodes, paths) for side, graph, _ in sides}
    values = {
        side: {
            id: colouring.total(figure[node.name] for node in nodes if node.name in figure)
            for id, nodes in contents[side].items()
            if any(node.name in figure for node in nodes)
        }
        for side, _, figure in sides
    }
    heats = _heats([value for of_side in values.values() for value in of_side.values()], colouring.least_is_strongest)
    drawings: dict[GraphSide, GraphDrawing] = {}
    for side, graph, _ in sides:
        hits = {node.name for node in found_nodes(graph, found)}
        boxes = []
        for id, nodes in contents[side].items():
            names = {node.name for node in nodes}
            value = values[side].get(id)
            boxes.append(
                Box(
                    id=id,
                    lines=(*_lines(id, nodes), *(() if value is None else (colouring.text(value),))),
                    heat=0.0 if value is None else heats[value],
                    is_block=is_block(id),
                    is_found=not hits.isdisjoint(names),
                    is_chosen=not names.isdisjoint(chosen.get(side, ())),
                )
            )
        drawings[side] = GraphDrawing(boxes=tuple(boxes), lines=_edges(contents[side]))
    return drawings


def graph_alt(drawing: GraphDrawing, title: str, colouring: Colouring) -> str:
    """What a graph shows, in words: the three most strongly coloured boxes."""
    strongest = sorted((box for box in drawing.boxes if box.heat), key=lambda box: -box.heat)[:3]
    names = ", ".join(f"{box_name(box.id)} {box.lines[-1]}" for box in strongest) or "none"
    end = "worst" if colouring.least_is_strongest else "most"
    return f"Graph of {title}, {many(len(drawing.boxes), 'box', 'boxes')}; {colouring.title.lower()} {end} in: {names}"


def is_block(id: str) -> bool:
    """Whether a box is a block, and not a node."""
    return id.startswith("block ")


def box_name(id: str) -> str:
    """The path of a block, or the name of a node."""
    return id.partition(" ")[2]


def _opened(nodes: Sequence[GraphNode], opened: str) -> Collection[str] | None:
    """The paths of the blocks that are opened; None for all. A block that is alone in its own is opened with it."""
    if opened == EVERYTHING:
        return None
    paths, inner = {"", *_above(opened), opened}, opened
    while True:
        shown = {_box(node, paths) for node in nodes if not inner or f"{node.block}.".startswith(f"{inner}.")}
        only = next(iter(shown), "")
        if len(shown) != 1 or not is_block(only):
            return paths
        inner = box_name(only)
        paths.add(inner)


def _box(node: GraphNode, paths: Collection[str] | None) -> str:
    """The id of the box in which a node is drawn: the outermost block that is not opened, or its own."""
    if paths is not None and node.block:
        for path in (*_above(node.block), node.block):
            if path not in paths:
                return f"block {path}"
    return f"node {node.name}"


def _above(path: str) -> list[str]:
    """Every dotted path that contains this one, the outermost first."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _contents(nodes: Sequence[GraphNode], paths: Collection[str] | None) -> dict[str, list[GraphNode]]:
    contents: dict[str, list[GraphNode]] = {}
    for node in nodes:
        contents.setdefault(_box(node, paths), []).append(node)
    return contents


def _edges(contents: Mapping[str, Sequence[GraphNode]]) -> tuple[tuple[str, str], ...]:
    box_of = {node.name: id for id, nodes in contents.items() for node in nodes}
    pairs = (
        (box_of[name], id) for id, nodes in contents.items() for node in nodes for name in node.inputs if name in box_of
    )
    return tuple(dict.fromkeys((one, other) for one, other in pairs if one != other))


def _lines(id: str, nodes: Sequence[GraphNode]) -> tuple[str, ...]:
    if is_block(id):
        return shortened(box_name(id), NAME_LETTERS), many(len(nodes), "node")
    return tuple(filter(None, (nodes[0].operator.rpartition(".")[2], shape_text(nodes[0]))))


def shape_text(node: GraphNode) -> str:
    """The shape of a node's output: 1×64×8×8; empty where it is not determined."""
    return "×".join(map(str, node.output_shape)) if node.output_shape else ""


def _heats(values: Sequence[float], least_is_strongest: bool) -> dict[float, float]:
    """How strongly each value is coloured: by the root of its share of the largest, which tells small ones apart, or by
    how far it is below the largest.
    """
    if not values:
        return {}
    most, least = max(values), min(values)
    if least_is_strongest:
        return {value: (most - value) / ((most - least) or 1.0) for value in values}
    return {value: sqrt(value / (most or 1.0)) for value in values}
