"""Which nodes of two graphs compute the same, by their names, whatever the runtime has fused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import onnx

from engine.models.nodes import name_nodes
from engine.results.time_profile import NodeMatch, NodeTime, family

Side = Literal["baseline", "model"]
SIDES: tuple[Side, ...] = ("baseline", "model")
MOST_FUSED = 4
"""Nodes from the one that a fused node is named after to the one that it computes: a sum, an activation of three."""


@dataclass(frozen=True)
class FileNode:
    """A node of a file: its name, its operator, and the tensors that it takes and gives."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def file_nodes(proto: onnx.ModelProto) -> tuple[FileNode, ...]:
    """The nodes of the file in the order in which they are computed; those without a name are named in it."""
    name_nodes(proto.graph)
    return tuple(FileNode(node.name, node.op_type, (*node.input,), (*node.output,)) for node in proto.graph.node)


def match_nodes(
    baseline: Sequence[NodeTime],
    baseline_file: Sequence[FileNode],
    model: Sequence[NodeTime],
    model_file: Sequence[FileNode],
) -> tuple[NodeMatch, ...]:
    """The nodes that the runtime ran of two files, side by side, the heaviest first.

    A row has all nodes that share a node of the files, by name and operator. What neither of them is named after, such
    as a change of layout, is a row of one file alone.
    """
    covered = {
        "baseline": covered_names(baseline, baseline_file),
        "model": covered_names(model, model_file),
    }
    operators: dict[Side, dict[str, str]] = {
        "baseline": {node.name: node.operator for node in baseline_file},
        "model": {node.name: node.operator for node in model_file},
    }
    common = {name for name, operator in operators["baseline"].items() if operators["model"].get(name) == operator}
    groups: list[_Group] = []
    sides: tuple[tuple[Side, Sequence[NodeTime]], ...] = (("baseline", baseline), ("model", model))
    for side, nodes in sides:
        for number, node in enumerate(nodes):
            names = covered[side][number]
            group = _Group(names & common, {side: [node]}, node.name)
            groups = _merged(groups, group)
    rows = [group.row((*baseline_file, *model_file)) for group in groups]
    return tuple(sorted(rows, key=lambda row: -max(row.baseline_ms, row.model_ms)))


def covered_names(nodes: Sequence[NodeTime], file: Sequence[FileNode]) -> list[set[str]]:
    """Of each node that the runtime ran, the names of the file's nodes that it computes.

    Those that it is named after; those before them, back to one that computes the same, since a fused node may have the
    name of its last part; and those that follow them. What another node is named after is not among them.
    """
    producer = {output: node.name for node in file for output in node.outputs}
    known = {node.name for node in file}
    owner: dict[str, int] = {}
    for number, node in enumerate(nodes):
        for original in node.originals:
            name = original if original in known else producer.get(original)
            if name is not None:
                owner.setdefault(name, number)
    for number, node in enumerate(nodes):
        _add_before(owner, number, node, file, producer)
    _add_after(owner, file, producer)
    covered: list[set[str]] = [set() for _ in nodes]
    for name, number in owner.items():
        covered[number].add(name)
    return covered


def with_covered(nodes: Sequence[NodeTime], file: Sequence[FileNode]) -> tuple[NodeTime, ...]:
    """The nodes that the runtime ran, each with the file's nodes that it computes, those of its own family first."""
    operators = {node.name: node.operator for node in file}
    position = {node.name: number for number, node in enumerate(file)}

    def ranked(node: NodeTime, names: set[str]) -> tuple[str, ...]:
        wanted = family(node.operator)
        return tuple(sorted(names, key=lambda name: (family(operators[name]) != wanted, position[name])))

    return tuple(
        node.model_copy(update={"covered": ranked(node, names)})
        for node, names in zip(nodes, covered_names(nodes, file), strict=True)
    )


def _add_before(
    owner: dict[str, int], number: int, node: NodeTime, file: Sequence[FileNode], producer: Mapping[str, str]
) -> None:
    """Gives the node what lies between a node of the file that it is named after and the nearest one of its family."""
    by_name = {one.name: one for one in file}
    wanted = family(node.operator)
    paths: list[tuple[str, ...]] = [(name,) for name, holder in owner.items() if holder == number]
    if any(family(by_name[path[0]].operator) == wanted for path in paths):
        return
    while paths:
        path = paths.pop(0)
        for tensor in by_name[path[-1]].inputs:
            name = producer.get(tensor)
            if name is None or name in owner:
                continue
            if family(by_name[name].operator) == wanted:
                owner.update(dict.fromkeys((*path, name), number))
                return
            if len(path) < MOST_FUSED:
                paths.append((*path, name))


def _add_after(owner: dict[str, int], file: Sequence[FileNode], producer: Mapping[str, str]) -> None:
    """Gives each node without an owner that of the last of the nodes that it takes its inputs from."""
    position = {node.name: number for number, node in enumerate(file)}
    for node in file:
        if node.name in owner:
            continue
        before = [producer[tensor] for tensor in node.inputs if producer.get(tensor) in owner]
        if before:
            owner[node.name] = owner[max(before, key=position.__getitem__)]


@dataclass
class _Group:
    """Nodes that share names of nodes that both files have; `alone` is the name of one that has no such name."""

    names: set[str]
    nodes: dict[Side, list[NodeTime]]
    alone: str

    def row(self, file: Iterable[FileNode]) -> NodeMatch:
        name = next((node.name for node in file if node.name in self.names), self.alone)
        return NodeMatch(
            name=name, baseline=tuple(self.nodes.get("baseline", ())), model=tuple(self.nodes.get("model", ()))
        )


def _merged(groups: list[_Group], new: _Group) -> list[_Group]:
    """The groups with the new one, merged with those that share a name with it."""
    others = []
    for group in groups:
        if group.names.isdisjoint(new.names):
            others.append(group)
            continue
        nodes = {side: [*group.nodes.get(side, []), *new.nodes.get(side, [])] for side in SIDES}
        new = _Group(group.names | new.names, nodes, group.alone)
    return [*others, new]
