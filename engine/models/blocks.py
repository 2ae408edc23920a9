"""The blocks of layers that a graph's nodes belong to, by the names that exporters give weights and nodes."""

from collections import Counter
from collections.abc import Iterable

import onnx

SMALLEST = 3
"""Nodes of a block that is worth a box of its own."""


def modules(graph: onnx.GraphProto) -> dict[str, str]:
    """The module whose weights each node reads, by the node's name: `layer1.0.conv1`. Nodes without one are left out.

    Weights are named after their module (`layer1.0.conv1.weight`), also where a node dequantizes them first. Exporters
    that name weights otherwise name the nodes by their path (`/layer1/layer1.0/conv1/Conv`). Each node has a name.
    """
    owners = {tensor.name: _parent(tensor.name) for tensor in graph.initializer}
    owners |= {output: "" for node in graph.node if node.op_type == "Constant" for output in node.output}
    constants, found = set(owners), {}
    for node in graph.node:
        module = next((owners[name] for name in node.input if owners.get(name)), "")
        if node.input and constants.issuperset(filter(None, node.input)):
            constants.update(node.output)
            owners |= dict.fromkeys(node.output, module)
        if module or (module := _path(node.name)):
            found[node.name] = module
    return found


def blocks(graph: onnx.GraphProto) -> dict[str, str]:
    """The dotted path of each node's block, by the node's name; empty at the top.

    A layer's block is what contains its module. A node without a module of its own, such as a sum or an activation,
    stands in the block of the last node that it reads, or in one around it that it reads from too; at the beginning, in
    that of the first one that reads it. A block of one or two nodes is none: they belong to what contains it.
    """
    module_of = modules(graph)
    containers = {above for module in set(module_of.values()) for above in _above(module)}
    found = {name: module if module in containers else _parent(module) for name, module in module_of.items()}
    producers = {output: node.name for node in graph.node for output in node.output if output}
    position = {node.name: number for number, node in enumerate(graph.node)}
    for node in graph.node:
        before = [producers[name] for name in node.input if producers.get(name) in found]
        if node.name not in found and before:
            last = found[max(before, key=position.__getitem__)]
            around = [found[name] for name in before if last.startswith(f"{found[name]}.")]
            found[node.name] = min(around, key=len, default=last)
    for node in reversed(graph.node):
        for name in node.input:
            if name in producers and node.name in found:
                found.setdefault(producers[name], found[node.name])
    return _without_small({node.name: found.get(node.name, "") for node in graph.node})


def _without_small(block_of: dict[str, str]) -> dict[str, str]:
    """The blocks with those that have fewer than SMALLEST nodes dissolved into what contains them."""
    sizes = Counter(path for block in block_of.values() for path in (*_above(block), block))
    return {name: _large_enough(block, sizes) for name, block in block_of.items()}


def _large_enough(block: str, sizes: Counter[str]) -> str:
    while block and sizes[block] < SMALLEST:
        block = _parent(block)
    return block


def _parent(name: str) -> str:
    """What contains a dotted name; empty where it has no dot."""
    return name.rpartition(".")[0]


def _above(path: str) -> list[str]:
    """Every dotted path that contains this one."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _path(name: str) -> str:
    """The dotted path of a node named by slashes, without its own name; a part may repeat what is before it."""
    return _joined(name.strip("/").split("/")[:-1])


def _joined(parts: Iterable[str]) -> str:
    path = ""
    for part in parts:
        path = part if not path or part.startswith(f"{path}.") else f"{path}.{part}"
    return path
