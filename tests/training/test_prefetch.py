"""Batches that are made ahead are the same, in the same order; the CPU plays the card here."""

import threading

import numpy as np
import pytest
import torch

from engine.training import prefetch
from engine.training.batches import Batch
from engine.training.prefetch import prefetched


def batches(n, makers):
    for number in range(n):
        makers.append(threading.current_thread().name)
        yield Batch(np.array([number]), 0, np.zeros((1, 2, 2, 3), np.uint8), torch.full((1, 3, 2, 2), float(number)))


@pytest.fixture
def card(monkeypatch):
    monkeypatch.setattr(prefetch, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self.clone())


def test_on_a_card_they_come_from_another_thread_one_ahead(card):
    makers, seen = [], []
    for batch in prefetched(batches(4, makers)):
        seen.append((int(batch.rows[0]), float(batch.images.mean())))
    assert seen == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    assert len(makers) == 4
    assert threading.current_thread().name not in makers


def test_on_the_cpu_nothing_is_made_before_it_is_asked_for():
    makers = []
    for number, batch in enumerate(prefetched(batches(3, makers)), start=1):
        assert len(makers) == number == batch.rows[0] + 1
    assert set(makers) == {threading.current_thread().name}


def test_what_stops_early_leaves_no_thread(card):
    before = threading.active_count()
    for _ in prefetched(batches(9, [])):
        break
    assert threading.active_count() == before


def test_an_error_of_a_batch_is_the_loops(card):
    def failing():
        yield from batches(1, [])
        raise ValueError("no such image")

    with pytest.raises(ValueError, match="no such image"):
        list(prefetched(failing()))
