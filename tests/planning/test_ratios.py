"""From a sensitivity to ratios: as much as a group can lose within so many points, no more, and not by chance."""

import pytest

from engine.planning.ratios import propose_ratios
from engine.results import LayerSensitivity, Sensitivity, SensitivityPoint
from engine.settings import PruneChannel


def seen(**groups):
    """By the group's name its top-1 at 25, 50 and 75 %; the whole network has 0.99."""
    layers = tuple(
        LayerSensitivity(
            layer=name,
            channels=64,
            points=tuple(
                SensitivityPoint(ratio=ratio, top1=top1) for ratio, top1 in zip((0.25, 0.5, 0.75), found, strict=False)
            ),
        )
        for name, found in groups.items()
    )
    return Sensitivity(layers=layers, top1=0.99, labelled=True, n_images=100)


@pytest.mark.parametrize(("max_drop", "expected"), [
    (0.0, ("robust=0.5", "steep=0", "better=0.75")), (0.01, ("robust=0.75", "steep=0.25", "better=0.75")),
    (0.41, ("robust=0.75", "steep=0.5", "better=0.75")),
])  # fmt: skip
def test_the_largest_ratio_within_the_points(max_drop, expected):
    found = seen(robust=(0.99, 0.99, 0.98), steep=(0.98, 0.58, 0.1), better=(1.0, 1.0, 1.0))
    assert propose_ratios(found, max_drop) == expected


def test_what_is_better_behind_a_loss_is_chance_whatever_the_order_of_the_points():
    found = seen(chance=(0.9, 0.99, 0.99))
    (layer,) = found.layers
    turned = found.model_copy(update={"layers": (layer.model_copy(update={"points": layer.points[::-1]}),)})
    assert propose_ratios(found, 0.01) == propose_ratios(turned, 0.01) == ("chance=0",)


def test_a_group_that_could_not_be_pruned_stays_whole_and_the_step_takes_them_all():
    step = PruneChannel(group_ratios=propose_ratios(seen(**{"layer1.0.conv1": (0.99, 0.5), "fixed": ()}), 0.01))
    assert step.ratio_by_layer == {"layer1.0.conv1": 0.25, "fixed": 0}
    assert PruneChannel.parse(step.model_dump()) == step
