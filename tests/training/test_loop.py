import math

import numpy as np
import pytest
import timm
import torch
from torch import nn

from engine.errors import StepError
from engine.settings import Finetune, Preprocess
from engine.training.batches import TrainBatches
from engine.training.guards import batch_size
from engine.training.loop import fit
from engine.training.objectives import Labels

PREPROCESS = Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,))


def squares(n=80, size=32):
    """Images whose class is which half is bright."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    pixels = rng.integers(0, 60, (n, size, size, 1)).astype(np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[:, : size // 2] += np.uint8(150 * (1 - label))
        image[:, size // 2 :] += np.uint8(150 * label)
    return pixels, labels


def network():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=2, in_chans=1)


def train(settings, deadline=math.inf, curve=None, module=None, n=80, **options):
    module = module or network()
    pixels, labels = squares(n)
    points = curve if curve is not None else []
    result = fit(
        module,
        pixels,
        Labels(labels, 0.1),
        PREPROCESS,
        settings,
        seed=0,
        deadline=deadline,
        on_epoch=points.append,
        **options,
    )
    return module, result


def test_it_learns_and_says_how_each_epoch_went():
    curve = []
    _, result = train(Finetune(epochs=15, batch_size=8, learning_rate=3e-3), curve=curve)
    assert [point.epoch for point in curve] == list(range(1, 16))
    assert curve[-1].train_loss < curve[0].train_loss
    assert result.best_top1 == max(point.validation_top1 for point in curve) == 1.0
    assert (result.n_train, result.n_validation) == (72, 8)


def test_the_same_seed_gives_the_same_weights():
    settings = Finetune(epochs=1, batch_size=16)
    first, second = (train(settings)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_deadline_ends_training_after_the_batch_and_says_so(monkeypatch):
    shown = count_batches(monkeypatch)
    _, result = train(Finetune(epochs=50, batch_size=9), deadline=0.0)
    assert (result.n_epochs, result.stopped_by_budget, shown) == (1, True, [9])


def test_a_last_epoch_that_the_deadline_cuts_is_told_too():
    _, result = train(Finetune(epochs=1, batch_size=16), deadline=0.0)
    assert result.stopped_by_budget


def test_a_deadline_after_the_last_batch_cuts_nothing(monkeypatch):
    shown = count_batches(monkeypatch)
    _, result = train(Finetune(epochs=1, batch_size=8), deadline=0.0, n=9)
    assert (result.stopped_by_budget, shown) == (False, [8])


def count_batches(monkeypatch):
    """A list that grows by the size of every batch that is trained on."""
    shown = []

    def counting(*args):
        for batch in TrainBatches.epoch(*args):
            shown.append(len(batch.rows))
            yield batch

    monkeypatch.setattr("engine.training.loop.TrainBatches", type("Counting", (TrainBatches,), {"epoch": counting}))
    return shown


def test_two_images_are_too_few_to_train_and_validate():
    pixels, labels = squares(2)
    with pytest.raises(StepError, match="at least 3 train images, there are 2"):
        fit(
            network(),
            pixels,
            Labels(labels, 0.1),
            PREPROCESS,
            Finetune(epochs=1),
            seed=0,
            deadline=math.inf,
            on_epoch=print,
        )


def test_a_loss_that_is_not_finite_is_an_error_with_a_way_out():
    module = network()
    with torch.no_grad():
        next(module.parameters()).fill_(float("nan"))
    with pytest.raises(StepError, match="loss is nan") as caught:
        train(Finetune(epochs=1, batch_size=16), module=module)
    assert "learning_rate" in caught.value.next


def test_the_best_epoch_is_kept_not_the_last(monkeypatch):
    scores = iter([0.2, 0.9, 0.1])
    monkeypatch.setattr("engine.training.loop._top1", lambda *args: next(scores))
    seen = []
    module = network()
    pixels, labels = squares()
    result = fit(
        module,
        pixels,
        Labels(labels, 0.1),
        PREPROCESS,
        Finetune(epochs=3, batch_size=16),
        seed=0,
        deadline=math.inf,
        on_epoch=lambda _: seen.append({k: v.clone() for k, v in module.state_dict().items()}),
    )
    assert result.best_epoch == 2
    assert all(torch.equal(value, seen[1][name]) for name, value in module.state_dict().items())


class Halves(Labels):
    """Labels told from features through a part of its own, on a module that is not timm's."""

    def loss(self, module, batch):
        return self.loss_of(self.extra(module[:2](batch.images)), batch)


def test_any_module_learns_and_a_lesson_may_train_parts_of_its_own():
    torch.manual_seed(0)
    module = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(4, 2))
    extra = nn.Linear(4, 2)
    before = [value.clone() for value in (extra.weight, module[2].weight)]
    pixels, labels = squares()
    fit(
        module,
        pixels,
        Halves(labels, 0.0, extra=extra),
        PREPROCESS,
        Finetune(epochs=1),
        seed=0,
        deadline=math.inf,
        on_epoch=lambda point: None,
    )
    assert not torch.equal(extra.weight, before[0])
    assert torch.equal(module[2].weight, before[1])
    assert set(module.state_dict()) == {"2.weight", "2.bias"}


def scored(monkeypatch, *scores):
    """Validation says these, one after the other."""
    given = iter(scores)
    monkeypatch.setattr("engine.training.loop._top1", lambda *args: next(given))


def test_training_ends_after_so_many_epochs_that_are_worse_than_the_best(monkeypatch):
    scored(monkeypatch, 0.2, 0.9, 0.9, 0.3, 0.4, 0.8)
    _, result = train(Finetune(epochs=6, patience=2))
    assert (result.best_epoch, result.n_epochs, result.stopped_early) == (3, 5, True)
    assert result.notes("right")[-1].code == "training_stopped_early"
    scored(monkeypatch, 0.9, 0.1, 0.1, 0.1)
    assert train(Finetune(epochs=4, patience=0))[1].n_epochs == 4


def test_averaged_weights_are_validated_too_and_kept_where_they_are_better(monkeypatch):
    settings = Finetune(epochs=2, ema_decay=0.99)
    scored(monkeypatch, 0.5, 0.4, 0.5, 0.8)
    averaged, result = train(settings)
    assert (result.best_epoch, result.best_top1, result.averaged) == (2, 0.8, True)
    assert "averaged weights" in result.notes("right")[0].text
    scored(monkeypatch, 0.5, 0.4, 0.8, 0.8)
    own, result = train(settings)
    assert not result.averaged
    assert not torch.equal(averaged.fc.weight, own.fc.weight)


def test_the_average_is_on_the_curve():
    curve = []
    train(Finetune(epochs=1, ema_decay=0.9), curve=curve)
    assert set(curve[0].metrics) == {"epoch", "train_loss", "validation_top1", "averaged_weights_top1"}


def test_few_images_make_smaller_steps_and_deep_networks_a_warning():
    notes = {note.code: note.text for note in train(Finetune(epochs=1))[1].notes("right")}
    assert "takes 9 images, not 64" in notes["batch_capped"]
    assert "map of 1x1 out of 32x32 pixels" in notes["network_too_deep"]
    assert "learning rate 0.001" in notes["family_defaults"]


def test_every_process_gets_as_many_images_and_two_at_least():
    size, note = batch_size(64, 1000, processes=3)
    assert (size, note.text) == (63, "A step takes 63 images, not 64: each of 3 processes takes as many")
    with pytest.raises(StepError, match="too small for 8 processes"):
        batch_size(15, 1000, processes=8)


def test_memory_that_is_not_enough_is_an_error_that_names_the_batch(monkeypatch):
    def full(self, images):
        return torch.empty(2**60)

    with pytest.raises(
        StepError, match=r"training steps of 16 images\. Take fewer images a training step \(batch_size\)"
    ):
        train(Finetune(epochs=1, batch_size=16), module=type("Full", (nn.Linear,), {"forward": full})(2, 2), n=300)
