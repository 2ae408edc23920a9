"""Placements in a race: those that the timer calls faster are combined, remembered, and tried first the next time."""

import numpy as np
import onnx
import pytest

from engine.measure.latency import PairedLatency
from engine.runtimes import RaceTarget
from engine.search.context import RaceContext
from engine.search.race import race
from engine.settings import Budget, QuantizeAuto, Target
from tests.drawn_weights import draw_again, weights
from tests.made import made_latency
from tests.made_contexts import SATURATES, made_context
from tests.techniques.given import classifier, given

AUTO = QuantizeAuto(calibration_images=16, mixed_precision=False)
HERE = RaceTarget("onnxruntime", Target(threads=1))
THERE, STREAMS = (
    RaceTarget("OpenVINO f32", Target(runtime="openvino", precision="f32", threads=1, streams=streams), is_first=False)
    for streams in (None, 2)
)
SWISH, DEPTHWISE = "SiLU and hard-swish fused", "depthwise convolutions in float"


def network(sign=1):
    constants = {"w1": weights(8, 3, 3, 3), "d": weights(8, 1, 3, 3), "w3": sign * weights(8, 4)}
    nodes = [
        ("Conv", ["image", "w1"], "a", {"pads": [1] * 4}),
        ("Sigmoid", ["a"], "s"),
        ("Mul", ["a", "s"], "b"),
        ("Conv", ["b", "d"], "c", {"pads": [1] * 4, "group": 8}),
        ("GlobalAveragePool", ["c"], "e"),
        ("Flatten", ["e"], "f"),
        ("Gemm", ["f", "w3"], "logits"),
    ]
    return classifier(nodes, constants)


def has_full_range(graph):
    """Where full bytes saturate these weights race as well, beside those of 7 bits that every CPU computes rightly."""
    return any(
        np.abs(onnx.numpy_helper.to_array(tensor).astype(int)).max() > 64
        for tensor in graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.dims
    )


@pytest.fixture
def raced(tmp_path, monkeypatch):
    """Runs a race by these shares of FP32's time, and returns the candidates in order.

    INT8 takes 0.9; `swish` and `depthwise` are the factors of each placement, and of two targets the first takes 1.3
    times as long.
    """
    model, bare = given(network(), tmp_path / "race")
    folders = iter(range(9))

    def run(swish, depthwise, baseline=None, race_targets=()):
        def measure(models, baseline, *args, targets, **more):
            shares = {key: share(one, key == baseline) for key, one in models.items()}
            if race_targets:
                slow = (key for key in shares if key in targets and targets[key] == HERE.target)
                shares |= {key: 1.3 * shares[key] for key in slow}
            return {key: PairedLatency(made_latency(1.0, value), None) for key, value in shares.items()}

        def share(model, is_baseline):
            graph = onnx.load(model.path).graph
            is_fused = any(node.op_type == "QuickGelu" for node in graph.node)
            is_float = any(tensor.name == "d" for tensor in graph.initializer)
            placed = (swish if is_fused else 1.0) * (depthwise if is_float else 1.0)
            return 1.0 if is_baseline or (SATURATES and has_full_range(graph)) else 0.9 * placed

        monkeypatch.setattr("engine.measure.timing.measure_latency", measure)
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        context = made_context(
            RaceContext,
            bare.data,
            folder,
            placements=tmp_path / "memory",
            baseline=baseline,
            race_targets=race_targets,
            budget=Budget(max_accuracy_drop=0.5 if baseline else None),
        )
        outcome = race(model, AUTO, context)
        return [one.trial for one in outcome.search.candidates]

    return run


def of(trials, code):
    names = [trial.name for trial in trials if trial.reason.code == code]
    return [name.removeprefix("Static INT8, ").removeprefix("layers only, ") for name in names]


def test_kinds_that_are_faster_alone_are_combined_and_tried_first_in_the_next_race(raced):
    trials = raced(swish=0.8, depthwise=0.9)
    assert of(trials, "placement") == [SWISH, DEPTHWISE]
    assert of(trials, "placement_together") == [f"{SWISH}, {DEPTHWISE}"]
    (together,) = [trial for trial in trials if trial.reason.code == "placement_together"]
    assert "SiLU and hard-swish 0.80, depthwise convolutions 0.90" in together.reason.text
    assert together.ratio == pytest.approx(0.9 * 0.8 * 0.9)
    (winner,) = [trial for trial in trials if trial.outcome.code == "winner"]
    # Of weights with 7 bits another range may be more faithful.
    assert winner is together or (SATURATES and winner.name.startswith(together.name))
    again = raced(swish=0.8, depthwise=0.9)
    assert of(again, "placement_remembered") == [f"{SWISH}, {DEPTHWISE}"]
    assert of(again, "placement") == []


def test_placements_are_built_and_remembered_at_the_target_where_the_file_is_fast(raced):
    trials = raced(swish=1.1, depthwise=0.9, race_targets=(HERE, THERE))
    placed = [trial.name for trial in trials if trial.reason.code == "placement"]
    assert placed
    assert all(name.endswith(f", {THERE.label}") and name.count(THERE.label) == 1 for name in placed)
    assert of(raced(swish=1.1, depthwise=0.9, race_targets=(HERE, THERE)), "placement_remembered")
    for others in ((HERE, STREAMS), ()):
        assert not of(raced(swish=1.1, depthwise=0.9, race_targets=others), "placement_remembered")


def test_what_is_not_faster_stays_in_eight_bits(raced):
    trials = raced(swish=0.8, depthwise=1.1)
    assert of(trials, "placement_together") == []
    again = raced(swish=0.8, depthwise=1.1)
    assert of(again, "placement_remembered") == [SWISH]


def test_a_memory_that_no_longer_holds_is_tried_and_dropped(raced):
    raced(swish=0.8, depthwise=1.1)
    trials = raced(swish=1.2, depthwise=0.8)
    assert of(trials, "placement_remembered") == [SWISH]
    assert DEPTHWISE in of(trials, "placement")
    again = raced(swish=1.2, depthwise=0.8)
    assert of(again, "placement_remembered") == [DEPTHWISE]


def test_placements_are_timed_also_where_every_file_loses_too_much(raced, tmp_path):
    """Layers may go back to float later; what remains in 8 bits is then placed well."""
    draw_again()
    opposite, _ = given(network(sign=-1), tmp_path / "opposite")
    trials = raced(swish=0.8, depthwise=1.1, baseline=opposite)
    assert of(trials, "placement") == [SWISH, DEPTHWISE]
    assert all(trial.ratio is not None for trial in trials if trial.reason.code == "placement")
    assert not any(trial.outcome.code == "winner" for trial in trials)
