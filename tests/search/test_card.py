"""A race on an NVIDIA card: the same files with its options, and what cannot be captured."""

import pytest

from engine.measure.latency import PairedLatency
from engine.runtimes import race_targets
from engine.search.context import RaceContext
from engine.search.race import race
from engine.settings import Budget, QuantizeAuto, Target
from engine.settings.target import CUDA
from tests.made import made_latency
from tests.made_card import put_in_card
from tests.made_contexts import made_context
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given

FP32 = ["FP32, CUDA TF32", "FP32, CUDA graph", "FP32, CUDA TF32 graph"]
FP16 = [f"16-bit floats, {at}" for at in ("CUDA", "CUDA NHWC", "CUDA graph", "CUDA NHWC graph")]


@pytest.fixture
def raced(tmp_path, monkeypatch):
    """Races on a card, where a captured graph takes a third of the time."""

    def run(not_captured=()):
        def measure(models, baseline, target, inputs, on_round, n_rounds, deadline, targets):
            assert set(models) - {baseline} <= set(targets)
            shares = {key: 1 / 3 if targets.get(key, target).cuda_graph else 1.0 for key in models}
            return {key: PairedLatency(made_latency(1.0, share), None) for key, share in shares.items()}

        put_in_card(monkeypatch, not_captured)
        monkeypatch.setattr("engine.measure.timing.measure_latency", measure)
        model, bare = given(spoilt_graph(), tmp_path)
        targets = race_targets(Target(provider=CUDA, threads=1), races=True)
        context = made_context(
            RaceContext,
            bare.data,
            bare.folder,
            target=targets[0].target,
            race_targets=targets,
            budget=Budget(max_accuracy_drop=None),
        )
        return race(model, QuantizeAuto(calibration_images=32), context)

    return run


def test_each_file_is_raced_with_the_options_that_suit_its_floats_and_none_in_8_bits(raced):
    outcome = raced()
    assert sorted(one.trial.name for one in outcome.search.candidates) == sorted(FP32 + FP16)
    reasons = {one.trial.name: one.trial.reason.text for one in outcome.search.candidates}
    assert "rounded to TF32" in reasons[FP32[0]]
    assert "captured once and replayed as one" in reasons[FP32[1]]
    winner = outcome.search.winner
    assert winner.at.target.cuda_graph
    assert winner.at.label == "CUDA graph"


def test_a_graph_that_cannot_be_captured_is_left_out_with_the_reason(raced):
    outcome = raced(not_captured=("GlobalAveragePool",))
    assert sorted(one.trial.name for one in outcome.search.candidates) == sorted([FP32[0], *FP16[:2]])
    texts = [note.text for note in outcome.notes if note.code == "candidate_failed"]
    reason = "the graph cannot be captured (target.cuda_graph): some of its operators do not run on the card"
    assert f"FP32 does not run in CUDA graph: {reason}" in texts
    assert f"16-bit floats does not run in CUDA NHWC graph: {reason}" in texts
