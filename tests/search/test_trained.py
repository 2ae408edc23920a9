"""When a race that FP32 has won says that training may win back what was lost."""

from types import SimpleNamespace

import pytest

from engine.search.qat_hint import qat_may_help
from engine.settings import Budget, QuantizeDynamic, QuantizeStatic
from tests.drawn_weights import weights
from tests.made import made_comparison, made_latency
from tests.techniques.given import classifier

SURELY, WELL = (0.05, 0.03, 0.07), (0.0, -0.01, 0.01)


def workspace(operator="Relu", synthetic=False):
    nodes = [
        ("Conv", ["image", "w"], "a"),
        (operator, ["a"], "b"),
        ("GlobalAveragePool", ["b"], "p"),
        ("Flatten", ["p"], "logits"),
    ]
    proto = classifier(nodes, {"w": weights(4, 3, 3, 3)})
    context = SimpleNamespace(budget=Budget(max_accuracy_drop=0.01), data=SimpleNamespace(has_images=not synthetic))
    return SimpleNamespace(context=context, calibrator=SimpleNamespace(proto=lambda: proto))


def candidate(drop=SURELY, ratio=None, settings=None):
    settings = settings or QuantizeStatic(method="static")
    return SimpleNamespace(
        model=SimpleNamespace(key="a"),
        comparison=made_comparison(*drop),
        class_loss=None,
        plan=SimpleNamespace(settings=settings),
        latency=made_latency(ratio, ratio) if ratio else None,
    )


def codes(place=None, batch=None, task="classification", **changed):
    model = SimpleNamespace(batch=batch, task=task)
    return [note.code for note in qat_may_help(place or workspace(), model, [candidate(**changed)])]


def test_what_was_out_before_the_timing_or_over_the_budget_after_it_may_be_won_back():
    assert codes() == codes(drop=(0.02, 0.005, 0.04), ratio=0.5) == ["qat_may_help"]


@pytest.mark.parametrize("changed", [
    {"drop": WELL}, {"ratio": 1.5}, {"settings": QuantizeDynamic(method="dynamic")}, {"batch": 4},
    {"settings": QuantizeStatic(method="static", float_first=2)},
    {"task": "segmentation"},
    {"place": workspace(synthetic=True)}, {"place": workspace(operator="Selu")},
])  # fmt: skip
def test_nothing_is_said_where_nothing_was_lost_or_it_could_not_be_applied(changed):
    assert codes(**changed) == []
