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
from engine.search.candidate import Entrant
from engine.search.search_space import Plan
from engine.search.workspace import Stable
from engine.settings import QuantizeStatic
from engine.techniques.quantize import Held, first_heavy, heavy_nodes

RANKING_IMAGES = 16
FINEST = 16
"""The number of layers is found to within this part of all of them."""
FINER = "a finer choice of the layers in float"
"""What is left out where the time is up."""


def restore_layers(
    stable: Stable, failed: Entrant, enough: Callable[[Entrant], bool], tell: Callable[[float, str], None]
) -> Entrant | None:
    """The static candidate with the fewest layers in float that is `enough`, or None where no number of them is.

    Stops at the context's deadline with the best found so far.
    """
    settings = failed.plan.settings
    if not isinstance(settings, QuantizeStatic):
        return None
    proto = stable.calibrator.proto()
    floats = {*settings.float_nodes, *first_heavy(proto, settings.float_first)}
    layers = [name for name in heavy_nodes(proto) if name not in floats]
    with tempfile.TemporaryDirectory(dir=stable.context.folder) as name:
        # In a folder of their own: a mixture may come to the very file of a candidate that is there already.
        apart = replace(stable, context=replace(stable.context, folder=Path(name)))
        tell(0.0, "all layers back in float: whether that is enough")
        most = _with_float(apart, failed.name, settings, layers)
        if most is None or not enough(most):
            return None  # then the rest of the graph is at fault, and no choice among the layers helps
        ranked = _ranking(apart, failed.name, settings, layers, tell)
        best = _fewest(apart, failed.name, settings, ranked, enough, tell)
        if best is not None:
            best.move(stable.context.folder)
    return best


def _fewest(
    stable: Stable, name: str, settings: QuantizeStatic, ranked: list[str], enough: Callable[[Entrant], bool],
    tell: Callable[[float, str], None],
) -> Entrant | None:  # fmt: skip
    """By bisection. Raises LimitError where the disk has no room for a further one."""
    best, low, high = None, 0, len(ranked)
    while high - low > max(1, len(ranked) // FINEST) and not stable.out_of_time(FINER):
        k = (low + high) // 2
        tell(0.6 + 0.4 * (1 - (high - low) / len(ranked)), f"{k} of {len(ranked)} layers back in float")
        entrant = _with_float(stable, name, settings, ranked[:k])
        if entrant is not None and enough(entrant):
            best, high = entrant, k
        else:
            low = k
    return best


def _ranking(
    stable: Stable, name: str, settings: QuantizeStatic, layers: list[str], tell: Callable[[float, str], None]
) -> list[str]:
    """Layers by the SQNR of the logits with that layer alone in float, most sensitive first."""
    n_images = min(RANKING_IMAGES, len(stable.held.images))
    held = Held(stable.held.images.span(0, n_images), stable.held.logits[:n_images])
    few = replace(stable, held=held, reference=stable.reference[:n_images])
    plain = settings.model_copy(update={"bias_correction": False})
    scores: dict[str, float] = {}
    for number, layer in enumerate(layers):
        if stable.out_of_time(FINER):
            break
        tell(0.6 * number / len(layers), f"layer {number + 1} of {len(layers)}: how much it loses")
        entrant = _with_float(few, name, plain, [layer])
        if entrant is not None:
            scores[layer] = entrant.sqnr_db
            entrant.model.path.unlink()
    return sorted(layers, key=lambda layer: -scores.get(layer, float("-inf")))


def _with_float(stable: Stable, name: str, settings: QuantizeStatic, layers: list[str]) -> Entrant | None:
    """The candidate of this name with these layers in float as well, or None where such a mixture cannot be built."""
    changed = settings.model_copy(update={"float_nodes": (*settings.float_nodes, *layers)})
    reason = Note(code="mixed_precision", text="the layers that lose the most go back to float until the budget holds")
    more = f"{len(layers)} more {'layer' if len(layers) == 1 else 'layers'} in float"
    try:
        return stable.enter(Plan(f"{name}, {more}", changed, reason))
    except LimitError:
        raise
    except RunError:  # as good as not enough
        return None
