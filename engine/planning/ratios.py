"""From a sensitivity to the ratios of a pruning step: for every group of layers as much as it can lose alone."""

from engine.results import LayerSensitivity, Sensitivity

EXACT = 1e-9  # one image of a hundred less is 0.010000000000000009


def propose_ratios(sensitivity: Sensitivity, max_drop: float) -> tuple[str, ...]:
    """The `group_ratios` of a pruning step by which each group alone loses at most `max_drop` (0.01: one point).

    For every group the largest ratio up to which the top-1 (agreement without labels) stays that close to the whole
    network's; 0, which leaves it whole, where already the smallest ratio costs more and where it could not be pruned.
    Each group was pruned alone, without training: together they lose more.
    """
    return tuple(
        f"{layer.layer}={_largest(layer, sensitivity.top1 - max_drop - EXACT):.4g}" for layer in sensitivity.layers
    )


def _largest(layer: LayerSensitivity, min_top1: float) -> float:
    """The largest ratio before the first whose top-1 is too low; a better top-1 after that would be chance."""
    largest = 0.0
    for point in sorted(layer.points, key=lambda point: point.ratio):
        if point.top1 < min_top1:
            break
        largest = point.ratio
    return largest
