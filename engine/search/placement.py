"""Which kinds of blocks are quantized, chosen by timing: each kind alone, then those together that made it faster.

As NVIDIA's autotuner places quantization for TensorRT, by pattern and not by node
(https://nvidia.github.io/Model-Optimizer/guides/9_autotune.html). What won is remembered by machine and runtime, and
tried first on the next network with the same kinds of blocks.
"""

from collections.abc import Callable

from engine.models.artifacts import OnnxModel
from engine.results import Note
from engine.search.candidate import Candidate
from engine.search.patterns import FUSED, Pattern, find_patterns
from engine.search.search_space import Plan
from engine.search.selection import base_to_refine
from engine.search.timing import screen
from engine.search.workspace import Workspace
from engine.settings import QuantizeStatic
from engine.store.placements import PlacementKey, read_placement, remember_placement
from engine.system.machine import cores, cpu_name, versions

PLACE, SCREEN_PLACED, PLACE_TOGETHER, SCREEN_TOGETHER = 0.35, 0.4, 0.43, 0.45
"""Where each stage begins, as a share of the progress of the race."""
MOST_OF_BASE = 0.97
"""The share of the base's time from which a placement counts as no faster: less is the noise of a screening."""
Build = Callable[[Workspace, tuple[Plan, ...], list[Candidate], float, float], list[Note]]
"""Adds the candidates of these plans that can be built; notes on the others. Takes shares of the progress."""


def place(workspace: Workspace, model: OnnxModel, candidates: list[Candidate], build: Build) -> list[Note]:
    """Adds, timed, placements of the static candidate to refine, at its target; notes on those that failed.

    Nothing where that cannot be timed. Where all static ones lose too much they are timed all the same: layers may go
    back to float, and what remains in 8 bits should be fast.
    """
    patterns = find_patterns(workspace.calibrator.proto())
    base = base_to_refine(candidates, workspace.context.budget)
    if not patterns or base is None:
        return []
    workspace = workspace.at_target_of(base)
    screen(workspace, model, [base], PLACE, also_over=True)
    if base.latency is None:
        return []
    key, path = _key(workspace, patterns), workspace.context.placements
    remembered = read_placement(path, key) if path is not None else None
    plans = [_remembered(base, tuple(one for one in patterns if one.code in remembered))] if remembered else []
    notes = _try(workspace, model, plans, candidates, build, (PLACE, SCREEN_PLACED))
    if _faster(plans, candidates, base):
        return notes
    plans = [_alone(base, pattern) for pattern in patterns]
    notes += _try(workspace, model, plans, candidates, build, (PLACE, SCREEN_PLACED))
    faster = _faster(plans, candidates, base)
    changed: dict[str, tuple[Pattern, ...]] = {
        one.plan.name: (pattern,)
        for one in faster
        for pattern, plan in zip(patterns, plans, strict=True)
        if plan is one.plan
    }
    if len(faster) > 1:
        together = tuple(pattern for one in faster for pattern in changed[one.plan.name])
        plan = _together(base, together, faster)
        notes += _try(workspace, model, [plan], candidates, build, (PLACE_TOGETHER, SCREEN_TOGETHER))
        faster, changed[plan.name] = faster + _faster([plan], candidates, base), together
    if faster and path is not None:
        best = min(faster, key=lambda one: one.ratio)
        remember_placement(path, key, tuple(pattern.code for pattern in changed[best.plan.name]))
    return notes


def _try(
    workspace: Workspace,
    model: OnnxModel,
    plans: list[Plan],
    candidates: list[Candidate],
    build: Build,
    stages: tuple[float, float],
) -> list[Note]:
    """Builds and screens the candidates of these plans; `stages` are where each begins."""
    notes = build(workspace, tuple(plans), candidates, *stages)
    own = [one for one in candidates if any(one.plan is plan for plan in plans)]
    screen(workspace, model, own, stages[1], also_over=True)
    return notes


def _faster(plans: list[Plan], candidates: list[Candidate], base: Candidate) -> list[Candidate]:
    """The candidates of these plans that take clearly less time than the base."""
    own = [one for one in candidates if any(one.plan is plan for plan in plans)]
    return [one for one in own if one.ratio < MOST_OF_BASE * base.ratio]


def _remembered(base: Candidate, patterns: tuple[Pattern, ...]) -> Plan:
    text = f"this was the fastest on this machine for the last network with such blocks: {_names(patterns)}"
    return _placed(base, patterns, Note(code="placement_remembered", text=text))


def _alone(base: Candidate, pattern: Pattern) -> Plan:
    text = f"timing tells whether this takes less time than 8 bits; {pattern.name}: {pattern.n_blocks} in this graph"
    return _placed(base, (pattern,), Note(code="placement", text=text))


def _together(base: Candidate, patterns: tuple[Pattern, ...], faster: list[Candidate]) -> Plan:
    shares = (f"{pattern.name} {one.ratio / base.ratio:.2f}" for pattern, one in zip(patterns, faster, strict=True))
    text = f"each alone took less time in the screening, as a share of {base.name}: {', '.join(shares)}"
    return _placed(base, patterns, Note(code="placement_together", text=text))


def _placed(base: Candidate, patterns: tuple[Pattern, ...], reason: Note) -> Plan:
    """The base with these blocks placed otherwise: SiLU and hard-swish fused, all others in float."""
    settings = base.plan.settings
    if not isinstance(settings, QuantizeStatic):
        raise TypeError(f"{base.name} is no static candidate")
    floats = (name for pattern in patterns if pattern.code != FUSED for name in pattern.nodes)
    changes = {
        "fused_swish": settings.fused_swish or any(pattern.code == FUSED for pattern in patterns),
        "float_nodes": tuple(dict.fromkeys((*settings.float_nodes, *floats))),
    }
    names = [f"{pattern.name} {'fused' if pattern.code == FUSED else 'in float'}" for pattern in patterns]
    return Plan(f"{base.plan.name}, {', '.join(names)}", settings.model_copy(update=changes), reason)


def _names(patterns: tuple[Pattern, ...]) -> str:
    return ", ".join(pattern.name for pattern in patterns)


def _key(workspace: Workspace, patterns: tuple[Pattern, ...]) -> PlacementKey:
    """What a placement depends on: this machine, the target, the runtime's version and the kinds of blocks.

    Of the target's options those count that are not as the provider has them by itself.
    """
    target, installed = workspace.at.target, versions()
    runtimes = (f"{name} {installed[name]}" for name in sorted(installed) if name.startswith(target.runtime))
    return PlacementKey(
        cpu=cpu_name(),
        cores=cores(),
        threads=target.threads or cores(),
        batch_size=target.batch_size,
        runtime=", ".join((f"{target.runtime} {target.provider}", *target.option_texts, *runtimes)),
        blocks=tuple(pattern.code for pattern in patterns),
    )
