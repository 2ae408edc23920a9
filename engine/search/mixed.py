"""Mixed precision: the most sensitive layers back in float, as few as the accuracy budget allows.

Layers are ranked by what each gives back alone ("partial quantization": Wu et al., https://arxiv.org/abs/2004.09602,
section 5), and how many of them is found by bisection.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.errors import LimitError, RunError
from engine.results import Note
from engine.search.candidate import Candidate
from engine.search.search_space import Plan
from engine.search.workspace import Workspace
from engine.settings import QuantizeStatic
from engine.techniques.quantize import JudgeSet, first_heavy, heavy_nodes

RANKING_IMAGES = 16
FINEST = 16
"""The number of layers is found to within this part of all of them."""
FINER = "a finer choice of the layers in float"
"""What is left out where the time is up."""


def restore_layers(
    workspace: Workspace,
    failed: Candidate,
    enough: Callable[[Candidate], bool],
    on_progress: Callable[[float, str], None],
) -> Candidate | None:
    """The static candidate with the fewest layers in float that is `enough`, or None where no number of them is.

    Stops at the context's deadline with the best found so far.
    """
    settings = failed.plan.settings
    if not isinstance(settings, QuantizeStatic):
        return None
    proto = workspace.calibrator.proto()
    floats = {*settings.float_nodes, *first_heavy(proto, settings.float_first)}
    layers = [name for name in heavy_nodes(proto) if name not in floats]
    with tempfile.TemporaryDirectory(dir=workspace.context.folder) as name:
        # In a folder of their own: a mixture may come to the very file of a candidate that is there already.
        apart = replace(workspace, context=replace(workspace.context, folder=Path(name)))
        on_progress(0.0, "all layers back in float: whether that is enough")
        most = _with_float(apart, failed.name, settings, layers)
        if most is None or not enough(most):
            return None  # then the rest of the graph is at fault, and no choice among the layers helps
        ranked = _ranking(apart, failed.name, settings, layers, on_progress)
        best = _fewest(apart, failed.name, settings, ranked, enough, on_progress)
        if best is not None:
            best.move(workspace.context.folder)
    return best


def _fewest(
    workspace: Workspace,
    name: str,
    settings: QuantizeStatic,
    ranked: list[str],
    enough: Callable[[Candidate], bool],
    on_progress: Callable[[float, str], None],
) -> Candidate | None:
    """By bisection. Raises LimitError where the disk has no room for a further one."""
    best, low, high = None, 0, len(ranked)
    while high - low > max(1, len(ranked) // FINEST) and not workspace.out_of_time(FINER):
        k = (low + high) // 2
        on_progress(0.6 + 0.4 * (1 - (high - low) / len(ranked)), f"{k} of {len(ranked)} layers back in float")
        candidate = _with_float(workspace, name, settings, ranked[:k])
        if candidate is not None and enough(candidate):
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
    """Layers by the SQNR of the logits with that layer alone in float, most sensitive first."""
    n_images = min(RANKING_IMAGES, len(workspace.judges.images))
    judges = JudgeSet(workspace.judges.images.span(0, n_images), workspace.judges.logits[:n_images])
    few = replace(workspace, judges=judges, reference=workspace.reference[:n_images])
    plain = settings.model_copy(update={"bias_correction": False})
    scores: dict[str, float] = {}
    for number, layer in enumerate(layers):
        if workspace.out_of_time(FINER):
            break
        on_progress(0.6 * number / len(layers), f"layer {number + 1} of {len(layers)}: how much it loses")
        candidate = _with_float(few, name, plain, [layer])
        if candidate is not None:
            scores[layer] = candidate.sqnr_db
            candidate.model.path.unlink()
    return sorted(layers, key=lambda layer: -scores.get(layer, float("-inf")))


def _with_float(workspace: Workspace, name: str, settings: QuantizeStatic, layers: list[str]) -> Candidate | None:
    """The candidate of this name with these layers in float as well, or None where such a mixture cannot be built."""
    changed = settings.model_copy(update={"float_nodes": (*settings.float_nodes, *layers)})
    reason = Note(code="mixed_precision", text="the layers that lose the most go back to float until the budget holds")
    more = f"{len(layers)} more {'layer' if len(layers) == 1 else 'layers'} in float"
    try:
        return workspace.enter(Plan(f"{name}, {more}", changed, reason))
    except LimitError:
        raise
    except RunError:  # as good as not enough
        return None
