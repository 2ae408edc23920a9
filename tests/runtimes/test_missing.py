"""A runtime whose package cannot be loaded: the rest goes on, and whoever asks for it reads why."""

import sys

import pytest

from engine.errors import TargetError
from engine.runtimes import RUNTIMES, check_target, left_out, race_targets, registry
from engine.settings import Target


@pytest.fixture(autouse=True)
def missing(monkeypatch):
    """OpenVINO, whose package is not there."""
    monkeypatch.setitem(sys.modules, "engine.runtimes.openvino_runtime", None)
    monkeypatch.setitem(RUNTIMES, "openvino", registry._openvino())


def test_its_provider_does_not_work_and_the_reason_is_the_error_of_the_import():
    (name,) = RUNTIMES["openvino"].providers()
    assert RUNTIMES["openvino"].known_providers() == (name,)
    found = RUNTIMES["openvino"].try_provider(name)
    assert (found.name, found.works) == ("CPU", False)
    assert found.reason.startswith("its package cannot be loaded: ")


@pytest.mark.parametrize("precision", ["auto", "f32"])
def test_a_target_that_asks_for_it_is_refused_in_a_sentence(precision):
    target = Target(runtime="openvino", precision=precision)
    for ask in (check_target, race_targets):
        with pytest.raises(TargetError, match="the runtime 'openvino' does not work here, its package") as refusal:
            ask(target)
        assert "install the requirements again" in refusal.value.next


def test_the_race_goes_on_without_it():
    (alone,) = race_targets(Target(runtime="any"))
    assert alone.target.runtime == "onnxruntime"
    assert "package cannot be loaded" in left_out(Target(runtime="any"))["openvino"]
