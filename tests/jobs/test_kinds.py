import inspect
import subprocess
import sys
from typing import get_args

import pytest

from engine.errors import StateError
from engine.jobs.kinds import KINDS, SLOTS, JobKind, kind_of, load, request_and_machine, request_and_versions
from engine.planning.estimate import estimate_any
from engine.results import Result
from engine.settings import AnalysisRequest, HardwareRequest, JobRequest, RunRequest, Settings

HEAVY = ("torch", "timm", "onnx", "onnxruntime", "openvino", "engine.analyses", "engine.run")


class ForgottenRequest(Settings):
    kind: str = "forgotten"


def named(kind: JobKind) -> str:
    return kind.name


def test_every_request_has_one_row():
    union, _ = get_args(JobRequest)
    requests, rows = set(get_args(union)), [kind.request for kind in KINDS]
    assert requests == {RunRequest, *get_args(AnalysisRequest)}
    assert requests - set(rows) == set()
    assert set(rows) - requests == set()
    assert len({kind.name for kind in KINDS}) == len(rows)


def test_a_kind_that_was_forgotten_is_named():
    with pytest.raises(LookupError, match=r"'forgotten' has no row in engine/jobs/kinds\.py"):
        kind_of(ForgottenRequest())


def test_reading_the_table_loads_nothing_heavy():
    code = f"import engine.jobs.kinds, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("kind", KINDS, ids=named)
def test_its_functions_are_there(kind):
    signature = inspect.signature(load(kind.function))
    assert signature.return_annotation is kind.result
    if kind.request is not RunRequest:
        assert list(signature.parameters) == ["request", "folder", "progress"]
        assert signature.parameters["request"].annotation is kind.request
    for path in (kind.check, kind.estimate):
        if path is not None:
            (parameter,) = inspect.signature(load(path)).parameters.values()
            assert parameter.annotation is kind.request


@pytest.mark.parametrize("kind", KINDS, ids=named)
def test_it_waits_in_a_line_that_is_served_and_has_a_result_of_its_own(kind):
    assert kind.slot in SLOTS
    assert issubclass(kind.result, Result)
    assert [other for other in KINDS if other.result is kind.result] == [kind]


def test_the_key_follows_the_request_and_the_versions(monkeypatch):
    key = request_and_versions(HardwareRequest())
    assert request_and_versions(HardwareRequest()) == key
    monkeypatch.setattr("engine.jobs.job_kind.versions", lambda: {"torch": "0"})
    assert request_and_versions(HardwareRequest()) != key


@pytest.mark.parametrize(
    ("name", "other"), [("cpu_name", "another"), ("cores", 999), ("isa", ("mmx",)), ("graphics_cards", ("a card",))]
)
def test_what_was_measured_on_another_machine_is_no_answer_for_this_one(monkeypatch, name, other):
    keys = {kind.name: kind.key for kind in KINDS}
    assert keys["advise"] == keys["hardware"] == keys["peaks"] == request_and_machine
    key = request_and_machine(HardwareRequest())
    assert request_and_machine(HardwareRequest()) == key
    monkeypatch.setattr(f"engine.jobs.job_kind.{name}", lambda: other)
    assert request_and_machine(HardwareRequest()) != key


def test_what_takes_seconds_is_not_estimated(home):
    with pytest.raises(StateError, match="'hardware' takes seconds"):
        estimate_any(HardwareRequest(), home)
