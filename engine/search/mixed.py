"""Mixed precision: the most sensitive layers back in float, as few as the accuracy budget allows.

Layers are ranked by how much each alone in float improves the outputs ("partial quantization": Wu et al.,
https://arxiv.org/abs/2004.09602, section 5), and how many of them is found by bisection.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.errors import LimitError, RunError
from engine.results import Note
from engine.search.candidate import Candidate
from engine.search.search_space import Plan
from engine.search.selection import best_static, holds
from engine.search.timing import REPAIR
from engine.search.workspace import Workspace
from engine.settings import QuantizeStatic
from engine.techniques.quantize import JudgeSet, first_heavy, heavy_nodes

REPAIR_SHARE = 0.5
"""The share of the time that is left in which layers go back to float: the file is timed in the rest."""
RANKING_IMAGES = 16
RANKING_SHARE = 0.6
"""The share of the time that is left in which layers are ranked: how many of them is found in the rest."""
FINEST = 16
"""The bisection ends when the number of layers is known to within this part of all of them."""
FINER = "a finer choice of the layers in float"
"""The name of this work in the note on what was left out when the time was up."""


def repair(workspace: Workspace, lossy: list[Candidate], candidates: list[Candidate]) -> list[Candidate]:
    """The fastest static candidate (the most faithful where none was timed) with its most sensitive layers in float.

    Nothing where the time is up, where that does not help, or where it gives a file that is there.
    """
    base, budget = best_static(lossy), workspace.context.budget
    if base is None or workspace.out_of_time("layers back in float"):
        return []
    on_progress = workspace.context.on_progress
    in_time = replace(workspace.context, deadline=workspace.end_of(REPAIR_SHARE))
    repaired = restore_layers(
        replace(workspace.at_target_of(base), context=in_time),
        base,
        lambda one: holds(one, budget),
        lambda share, text: on_progress(REPAIR + (1 - REPAIR) * share, text),
    )
    return [repaired] if repaired and all(repaired.key != other.key for other in candidates) else []


def restore_layers(
    workspace: Workspace,
    over_budget: Candidate,
    is_enough: Callable[[Candidate], bool],
    on_progress: Callable[[float, str], None],
) -> Candidate | None:
    """The static candidate with the fewest layers in float for which `is_enough` holds, or None where there is none.

    Stops at the context's deadline with the best found so far.
    """
    settings = over_budget.plan.settings
    if not isinstance(settings, QuantizeStatic):
        return None
    proto = workspace.calibrator.proto()
    floats = {*settings.float_nodes, *first_heavy(proto, settings.float_first)}
    layers = [name for name in heavy_nodes(proto) if name not in floats]
    name = over_budget.plan.name  # the candidates are named by their target as well
    with tempfile.TemporaryDirectory(dir=workspace.context.folder) as folder:
        # In a folder of their own: a mixture may give the same file as a candidate that exists already.
        scratch = replace(workspace, context=replace(workspace.context, folder=Path(folder)))
        on_progress(0.0, "all layers back in float: whether that is enough")
        all_float = _with_float(scratch, name, settings, layers)
        if all_float is None or not is_enough(all_float):
            return None  # then the loss is in the rest of the graph, and no choice among the layers helps
        ranking = _ranking(scratch, name, settings, layers, on_progress)
        best = _fewest(scratch, name, settings, ranking, is_enough, on_progress)
        if best is not None:
            best.move(workspace.context.folder)
    return best


def _fewest(
    workspace: Workspace,
    name: str,
    settings: QuantizeStatic,
    ranking: list[str],
    is_enough: Callable[[Candidate], bool],
    on_progress: Callable[[float, str], None],
) -> Candidate | None:
    """The candidate with the fewest layers in float, by bisection. Raises LimitError where the disk is full."""
    best, low, high = None, 0, len(ranking)
    while high - low > max(1, len(ranking) // FINEST) and not workspace.out_of_time(FINER):
        k = (low + high) // 2
        on_progress(0.6 + 0.4 * (1 - (high - low) / len(ranking)), f"{k} of {len(ranking)} layers back in float")
        candidate = _with_float(workspace, name, settings, ranking[:k])
        if candidate is not None and is_enough(candidate):
            best, high = candidate, k
        else:
            low = k
    return best


def _ranking(
    workspace: Workspace,
    name: str,
    settings: QuantizeStatic,
    layers: list[str],
    on_progress: Callable[[float, str], None],
) -> list[str]:
    """Layers by the SQNR of the logits with that layer alone in float, most sensitive first.

    Those that the time did not suffice for come last.
    """
    n_images = min(RANKING_IMAGES, len(workspace.judges.part))
    judges = JudgeSet(workspace.judges.part.span(0, n_images), workspace.judges.answers.first(n_images))
    context = replace(workspace.context, deadline=workspace.end_of(RANKING_SHARE))
    subset = replace(workspace, context=context, judges=judges, reference=workspace.reference.first(n_images))
    uncorrected = settings.model_copy(update={"bias_correction": False})
    scores: dict[str, float] = {}
    for number, layer in enumerate(layers):
        if subset.out_of_time(FINER):
            break
        on_progress(0.6 * number / len(layers), f"layer {number + 1} of {len(layers)}: how much it loses")
        candidate = _with_float(subset, name, uncorrected, [layer])
        if candidate is not None:
            scores[layer] = candidate.sqnr_db
            candidate.model.path.unlink()
    return sorted(layers, key=lambda layer: -scores.get(layer, float("-inf")))


def _with_float(workspace: Workspace, name: str, settings: QuantizeStatic, layers: list[str]) -> Candidate | None:
    """The candidate of this name with these layers in float as well, or None where such a mixture cannot be built."""
    mixed_settings = settings.model_copy(update={"float_nodes": (*settings.float_nodes, *layers)})
    reason = Note(code="mixed_precision", text="the layers that lose the most go back to float until the budget holds")
    suffix = f"{len(layers)} more {'layer' if len(layers) == 1 else 'layers'} in float"
    try:
        return workspace.build(Plan(f"{name}, {suffix}", mixed_settings, reason))
    except LimitError:
        raise
    except RunError:  # counts as not enough
        return None
