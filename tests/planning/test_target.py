"""Targets that this machine cannot have are refused before a run, by the name of the key."""

import pytest

from engine.errors import TargetError
from engine.planning.target import check_target
from engine.settings import Target
from engine.settings.target import CUDA

OPENVINO, CARD = {"runtime": "openvino"}, {"provider": CUDA}


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Four cores without bfloat16, and two cards."""
    monkeypatch.setattr("engine.planning.target.cores", lambda: 4)
    monkeypatch.setattr("engine.planning.target.isa", lambda: ("avx2",))
    monkeypatch.setattr("engine.planning.target.n_cuda_cards", lambda: 2)


@pytest.mark.parametrize(
    ("target", "message", "next"),
    [
        ({"threads": 5}, r"5 threads are asked for \(target.threads\), and this process may use 4 cores", "4 or fewer"),
        (
            {**OPENVINO, "streams": 5},
            r"5 streams are asked for \(target.streams\), and there are 4 threads",
            "4 or fewer",
        ),
        ({**OPENVINO, "streams": 3, "threads": 2}, "3 streams are asked for .* 2 threads for them", "2 or fewer"),
        ({**OPENVINO, "precision": "bf16"}, "target.precision: bf16", "auto or f32"),
        ({**CARD, "device_id": 2}, r"card number 2 .* \(target.device_id\), and this process sees 2 cards", "0 to 1"),
    ],
)
def test_what_the_machine_does_not_have_is_refused_by_name(target, message, next):
    with pytest.raises(TargetError, match=message) as caught:
        check_target(Target.parse(target))
    assert next in caught.value.next


@pytest.mark.parametrize(
    "target", [{}, {**OPENVINO, "streams": 4}, {**OPENVINO, "streams": 9, "provider": "GPU"}, {**CARD, "device_id": 1}]
)
def test_what_it_has_passes(target):
    check_target(Target.parse(target))


@pytest.mark.parametrize(("n_cards", "next"), [(0, "Choose another provider"), (1, "Ask for 0, or for no number")])
def test_the_way_out_fits_the_number_of_cards(monkeypatch, n_cards, next):
    monkeypatch.setattr("engine.planning.target.n_cuda_cards", lambda: n_cards)
    with pytest.raises(TargetError, match="card number 3") as caught:
        check_target(Target.parse({**CARD, "device_id": 3}))
    assert caught.value.next == next


def test_where_nothing_says_how_many_cards_there_are_the_session_decides(monkeypatch):
    monkeypatch.setattr("engine.planning.target.n_cuda_cards", lambda: None)
    check_target(Target.parse({**CARD, "device_id": 3}))
