"""Which nodes of two files compute the same, by what the files say alone: names, operators and modules."""

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.measure.node_matching import FileNode
from engine.results.graphs import Partners
from engine.results.time_profile import family


def match_files(
    baseline: Sequence[FileNode],
    model: Sequence[FileNode],
    baseline_modules: Mapping[str, str],
    model_modules: Mapping[str, str],
) -> tuple[Partners, ...]:
    """The nodes of two files that compute the same, in the order of the baseline.

    Where a node is alone in reading the weights of a module in each file, these two are partners if their operators are
    of a family: names of weights outlast an export. Others are partners by their own name. A node in between, which one
    file alone has, goes with the one that it follows: what quantizes a layer's outputs, an activation that the other
    file has in its layer. What comes before the first goes with the one that reads it.
    """
    pairs = _by_module(baseline, model, baseline_modules, model_modules)
    taken = set(pairs.values())
    model_families = {node.name: family(node.operator) for node in model}
    for node in baseline:
        if node.name not in pairs and node.name not in taken and model_families.get(node.name) == family(node.operator):
            pairs[node.name] = node.name
            taken.add(node.name)
    owners_of_baseline = _owners(baseline, {name: name for name in pairs})
    owners_of_model = _owners(model, {other: name for name, other in pairs.items()})
    groups: dict[str, tuple[list[str], list[str]]] = {node.name: ([], []) for node in baseline if node.name in pairs}
    for side, owners in enumerate((owners_of_baseline, owners_of_model)):
        for name, owner in owners.items():
            groups[owner][side].append(name)
    return tuple(Partners(baseline=tuple(ours), model=tuple(theirs)) for ours, theirs in groups.values())


def _by_module(
    baseline: Sequence[FileNode],
    model: Sequence[FileNode],
    baseline_modules: Mapping[str, str],
    model_modules: Mapping[str, str],
) -> dict[str, str]:
    """Pairs of nodes, by the baseline's name, that are alone with their family in a module of both files."""
    ours, theirs = _alone(baseline, baseline_modules), _alone(model, model_modules)
    return {name: theirs[place] for place, name in ours.items() if place in theirs}


def _alone(nodes: Sequence[FileNode], modules: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The node of each module and family, where there is one."""
    places = {node.name: (modules[node.name], family(node.operator)) for node in nodes if node.name in modules}
    counts = Counter(places.values())
    return {place: name for name, place in places.items() if counts[place] == 1}


def _owners(nodes: Sequence[FileNode], pairs: Mapping[str, str]) -> dict[str, str]:
    """The pair of each node: its own, that of the last node that it reads, or that of the first one that reads it."""
    producer = {output: node.name for node in nodes for output in node.outputs if output}
    position = {node.name: number for number, node in enumerate(nodes)}
    owners: dict[str, str] = {}
    for node in nodes:
        before = [producer[name] for name in node.inputs if producer.get(name) in owners]
        if node.name in pairs:
            owners[node.name] = pairs[node.name]
        elif before:
            owners[node.name] = owners[max(before, key=position.__getitem__)]
    for node in reversed(nodes):
        for name in node.inputs:
            if name in producer and node.name in owners:
                owners.setdefault(producer[name], owners[node.name])
    return {node.name: owners[node.name] for node in nodes if node.name in owners}
