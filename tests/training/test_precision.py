import math

import torch
from torch import nn

from engine.settings import Finetune
from engine.training.loop import fit
from engine.training.objectives import Labels
from engine.training.precision import PLAIN, PRECISIONS, fastest, probe
from tests.training.test_loop import PREPROCESS, squares

CPU = torch.device("cpu")


def test_the_fastest_is_taken_and_plain_float32_unless_it_is_clearly_slower():
    assert fastest({"float32": 10.0, "channels_last": 9.5, "bfloat16": 30.0}) == PLAIN
    assert fastest({"float32": 10.0, "channels_last": 7.0, "bfloat16": 5.0}) == PRECISIONS["bfloat16"]
    assert fastest({"channels_last": 7.0}) == PRECISIONS["channels_last"]
    assert fastest({}) == PLAIN


def test_every_mode_is_measured_on_copies_but_those_whose_loss_is_not_finite():
    module = nn.Conv2d(1, 8, 3)
    before = module.weight.clone()
    seen = []

    def step(one, precision):
        seen.append((precision.arithmetic, one.weight.is_contiguous(memory_format=precision.memory_format)))
        with torch.no_grad():
            one.weight.zero_()
        return math.nan if precision.bfloat16 else 1.0

    result = probe(module, step, CPU, math.inf)
    assert torch.equal(module.weight, before)
    assert set(result.milliseconds) == {"float32", "channels_last"}
    assert all(right for _, right in seen)
    assert [name for name, _ in seen].count("channels_last") == 4
    assert all(name in result.note.text for name in result.milliseconds)


def test_a_deadline_that_passed_leaves_one_round():
    timed = []
    probe(nn.Conv2d(1, 8, 3), lambda one, precision: timed.append(precision) or 1.0, CPU, deadline=0.0)
    assert timed.count(PLAIN) == 2


def train(settings, monkeypatch):
    """The note on arithmetic, and the type and format that the network computed in."""
    monkeypatch.setattr("engine.training.precision.MIN_UPDATES", 16)
    monkeypatch.setattr("engine.training.precision.fastest", lambda milliseconds: PRECISIONS["bfloat16_channels_last"])
    seen = set()
    module = nn.Sequential(nn.Conv2d(1, 4, 5, 4), nn.Flatten(), nn.Linear(196, 2))
    module[0].register_forward_hook(lambda one, given, out: seen.add((one.training, out.dtype)))
    pixels, labels = squares()
    result = fit(
        module, pixels, Labels(labels, 0.1), PREPROCESS, settings, seed=0, deadline=math.inf, on_epoch=[].append
    )
    assert {value.dtype for value in module.state_dict().values()} == {torch.float32}
    assert module[0].weight.is_contiguous()
    return "arithmetic" in [note.code for note in result.remarks], seen


def test_what_was_measured_is_used_for_training_and_float32_for_validation(monkeypatch):
    noted, seen = train(Finetune(epochs=2), monkeypatch)
    assert noted
    assert seen >= {(True, torch.bfloat16), (False, torch.float32)}
    assert (False, torch.bfloat16) not in seen


def test_short_trainings_and_those_that_say_how_are_not_measured(monkeypatch):
    assert train(Finetune(epochs=1), monkeypatch) == (False, {(True, torch.float32), (False, torch.float32)})
    noted, seen = train(Finetune(epochs=2, arithmetic="bfloat16"), monkeypatch)
    assert (noted, seen) == (False, {(True, torch.bfloat16), (False, torch.float32)})
