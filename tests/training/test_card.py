"""Which card a training takes; torch's cards are played here."""

from contextlib import contextmanager

import pytest
import torch

from engine.errors import StepError
from engine.training import distributed
from engine.training.loss_module import device, on_card


@pytest.fixture
def cards(monkeypatch):
    """Two cards, the first of them that of this process."""
    current = [0]

    @contextmanager
    def played(number):
        current.append(number)
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: current[-1])
    monkeypatch.setattr(torch.cuda, "device", played)


@pytest.mark.parametrize(("number", "expected"), [(None, 0), (0, 0), (1, 1)])
def test_it_is_the_one_that_the_target_names_and_afterwards_what_it_was(cards, number, expected):
    with on_card(number):
        assert device() == torch.device("cuda", expected)
    assert device() == torch.device("cuda", 0)


def test_of_several_processes_each_has_its_own(cards, monkeypatch):
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    with on_card(1):
        assert device() == torch.device("cuda", 0)


def test_a_card_that_torch_does_not_see_is_refused_by_name(cards):
    with pytest.raises(StepError, match=r"card number 2 is asked for \(target.device_id\), and torch sees 2 cards"):
        on_card(2)


def test_without_a_card_for_torch_the_cpu_trains(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with on_card(1):
        assert device() == torch.device("cpu")
