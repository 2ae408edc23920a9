"""Mixed precision: the most sensitive layers back in float, as few as the accuracy budget allows.

Layers are ranked by what each gives back alone ("partial quantization": Wu et al., https://arxiv.org/abs/2004.09602,
section 5), and how many of them is found by bisection.
"""

from collections.abc import Callable
from dataclasses import replace

from engine.errors import RunError
from engine.results import Note
from engine.search.candidates import Plan
from engine.search.entrants import Entrant, Stable
from engine.settings import QuantizeStatic
from engine.techniques.quantize import Held, heavy_nodes

RANKING_IMAGES = 16
FINEST = 16
"""The number of layers is found to within this part of all of them."""


def restore_layers(
    stable: Stable, failed: Entrant, enough: Callable[[Entrant], bool], tell: Callable[[float, str], None]
) -> Entrant | None:
    """The static candidate with the fewest layers in float that is `enough`, or None where no number of them is.

    Stops at the context's deadline with the best found so far.
    """
    settings = failed.plan.settings
    if not isinstance(settings, QuantizeStatic):
        return None
    layers = [name for name in heavy_nodes(stable.calibrator.proto()) if name not in settings.float_nodes]
    ranked = _ranking(stable, settings, layers, tell)
    best, low, high = None, 0, len(ranked)
    while high - low > max(1, len(ranked) // FINEST) and not stable.late:
        k = (low + high) // 2
        tell(0.6 + 0.4 * (1 - (high - low) / len(ranked)), f"{k} of {len(ranked)} layers back in float")
        entrant = _with_float(stable, settings, ranked[:k])
        if entrant is not None and enough(entrant):
            best, entrant, high = entrant, best, k
        else:
            low = k
        if entrant is not None:
            entrant.model.path.unlink()
    return best


def _ranking(
    stable: Stable, settings: QuantizeStatic, layers: list[str], tell: Callable[[float, str], None]
) -> list[str]:
    """Layers by the SQNR of the logits with that layer alone in float, most sensitive first."""
    held = Held(stable.held.images.span(0, RANKING_IMAGES), stable.held.logits[:RANKING_IMAGES])
    few = replace(stable, held=held)
    plain = settings.model_copy(update={"bias_correction": False})
    scores: dict[str, float] = {}
    for number, layer in enumerate(layers):
        if stable.late:
            break
        tell(0.6 * number / len(layers), f"layer {number + 1} of {len(layers)}: how much it loses")
        entrant = _with_float(few, plain, [layer])
        if entrant is not None:
            scores[layer] = entrant.sqnr_db
            entrant.model.path.unlink()
    return sorted(layers, key=lambda layer: -scores.get(layer, float("-inf")))


def _with_float(stable: Stable, settings: QuantizeStatic, layers: list[str]) -> Entrant | None:
    changed = settings.model_copy(update={"float_nodes": (*settings.float_nodes, *layers)})
    reason = Note(code="mixed_precision", text="the layers that lose the most go back to float until the budget holds")
    try:
        return stable.enter(Plan(f"Static INT8, {len(layers)} layers in float", changed, reason))
    except RunError:  # such a mixture cannot be built: as good as not enough
        return None
