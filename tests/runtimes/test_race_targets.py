"""Which concrete targets a target stands for."""

import subprocess
from contextlib import nullcontext

import pytest

from engine.errors import RunError, SettingsError
from engine.models.artifacts import variant_key
from engine.runtimes import RUNTIMES, left_out, race_targets
from engine.runtimes.missing import MissingRuntime
from engine.runtimes.openvino_runtime.device import PRECISIONS
from engine.runtimes.trial_model import WRONG_ANSWER
from engine.settings import Target, dump_recipe, parse_recipe
from engine.settings.target import CUDA
from tests.made_card import put_in_card

OPENVINO = RUNTIMES["openvino"]


@pytest.fixture
def precision(monkeypatch):
    """Sets what OpenVINO's CPU computes in where nothing is asked for, of all that it can."""
    monkeypatch.setattr("engine.runtimes.openvino_runtime.runtime.capabilities", lambda name: PRECISIONS.values())
    return lambda name: monkeypatch.setattr(OPENVINO, "precision", lambda target: name)


def rows(**target):
    return [
        (one.label, one.target.runtime, one.target.provider, one.target.precision)
        for one in race_targets(Target(threads=1, **target))
    ]


ORT = ("onnxruntime", "onnxruntime", "CPUExecutionProvider", "auto")
F32, BF16, F16 = (f"OpenVINO {name}" for name in ("f32", "bf16", "f16"))


@pytest.mark.parametrize(
    ("own", "target", "expected"),
    [
        ("bf16", {}, [("", *ORT[1:])]),
        ("bf16", {"runtime": "any"}, [ORT, (F32, "openvino", "CPU", "f32"), (BF16, "openvino", "CPU", "bf16")]),
        ("f32", {"runtime": "any"}, [ORT, (F32, "openvino", "CPU", "f32")]),
        ("bf16", {"runtime": "any", "precision": "f32"}, [ORT, (F32, "openvino", "CPU", "f32")]),
        ("bf16", {"runtime": "openvino"}, [(F32, "openvino", "CPU", "f32"), (BF16, "openvino", "CPU", "bf16")]),
        ("f32", {"runtime": "openvino"}, [("", "openvino", "CPU", "auto")]),
        ("bf16", {"runtime": "openvino", "precision": "f32"}, [("", "openvino", "CPU", "f32")]),
        (
            "f16",
            {"runtime": "openvino"},
            [(F32, "openvino", "CPU", "f32"), (F16, "openvino", "CPU", "auto")],
        ),
    ],
)
def test_a_target_stands_for_one_or_for_all_that_race_the_baselines_first(precision, own, target, expected):
    precision(own)
    assert rows(**target) == expected


def test_every_one_has_a_number_of_threads_and_the_batch_and_one_is_the_first():
    found = race_targets(Target(runtime="any", batch_size=4))
    assert {(one.target.threads is None, one.target.batch_size) for one in found} == {(False, 4)}
    assert [one.is_first for one in found] == [True] + [False] * (len(found) - 1)


class Stand(type(OPENVINO)):
    """OpenVINO with something else than it has; nothing is known of it yet."""

    def __init__(self, **changes):
        vars(self).update(changes)


def refuse(*args, **more):
    raise RunError("no such plugin")


MISSING = MissingRuntime("openvino", "CPU", ImportError("no such library"))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (MISSING, "its package cannot be loaded: no such library"),
        (Stand(providers=lambda: ("GPU",)), "OpenVINO finds no CPU here"),
        (Stand(open_session=refuse), "no such plugin"),
        (Stand(open_session=lambda *args, **more: nullcontext(lambda image: {"sums": image})), WRONG_ANSWER),
    ],
)
def test_where_openvino_does_not_work_the_others_race_and_the_reason_is_there(monkeypatch, broken, reason):
    monkeypatch.setitem(RUNTIMES, "openvino", broken)
    assert rows(runtime="any") == [("", *ORT[1:])]
    assert left_out(Target(runtime="any")) == {"openvino": reason}
    assert left_out(Target()) == {}


def test_whether_openvino_works_is_asked_once_and_without_a_process(monkeypatch):
    def open_session(*args, **more):
        opened.append(args)
        return OPENVINO.open_session(*args, **more)

    opened: list[object] = []
    monkeypatch.setitem(RUNTIMES, "openvino", Stand(open_session=open_session))
    monkeypatch.setattr(subprocess, "Popen", None)  # a confined run may start none
    assert left_out(Target(runtime="any")) == left_out(Target(runtime="any")) == {}
    assert len(opened) == 1


def test_a_file_has_its_own_address_at_the_first_and_another_at_each_of_the_others():
    found = race_targets(Target(runtime="any", threads=1))
    keys = [variant_key("file", one) for one in found]
    assert keys[0] == variant_key("file", None) == "file"
    assert len(set(keys)) == len(found)


def test_another_provider_than_the_cpu_does_not_race():
    with pytest.raises(SettingsError, match=r"'provider' is 'CUDAExecutionProvider', which the runtime any does not"):
        Target.parse({"runtime": "any", "provider": "CUDAExecutionProvider"})


def test_a_recipe_with_any_is_written_and_read_as_it_was():
    text = "{model: {kind: sample}, data: {kind: sample}, target: {runtime: any, provider: CPUExecutionProvider}}"
    recipe = parse_recipe(text)
    assert (recipe.target.runtime, recipe.target.provider) == ("any", "CPU")
    assert parse_recipe(dump_recipe(recipe)) == recipe


OF_A_CARD = [
    ("CUDA", (), False, False, False),
    ("CUDA TF32", ("FP32",), True, False, False),
    ("CUDA NHWC", ("FP16",), False, True, False),
    ("CUDA graph", ("FP32", "FP16"), False, False, True),
    ("CUDA TF32 graph", ("FP32",), True, False, True),
    ("CUDA NHWC graph", ("FP16",), False, True, True),
]
"""Label, formats of the files, TF32, NHWC and whether the graph is captured."""


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ({}, [label for label, *_ in OF_A_CARD]),
        ({"tf32": False}, ["CUDA", "CUDA NHWC", "CUDA graph", "CUDA NHWC graph"]),
        ({"prefer_nhwc": True}, ["CUDA", "CUDA TF32", "CUDA graph", "CUDA TF32 graph"]),
        ({"cuda_graph": True}, ["CUDA", "CUDA TF32", "CUDA NHWC"]),
        ({"tf32": False, "prefer_nhwc": True, "cuda_graph": True}, [""]),
    ],
)
def test_what_a_card_is_not_told_is_raced_without_tf32_first(monkeypatch, asked, labels):
    put_in_card(monkeypatch)
    target = Target(provider=CUDA, bound=True, device_id=1, batch_size=8, **asked)
    found = race_targets(target, races=True)
    assert [one.label for one in found] == labels
    assert [one.is_first for one in found] == [True] + [False] * (len(found) - 1)
    assert {(one.target.bound, one.target.device_id, one.target.batch_size) for one in found} == {(True, 1, 8)}
    for one in found:
        told = one.target.tf32, one.target.prefer_nhwc, one.target.cuda_graph
        if not asked:
            assert (one.label, one.formats, *told) in OF_A_CARD
        assert all(getattr(one.target, name) == value for name, value in asked.items())


def test_a_run_without_a_race_takes_a_card_as_it_is(monkeypatch):
    put_in_card(monkeypatch)
    (alone,) = race_targets(Target(provider=CUDA, threads=1))
    assert (alone.label, alone.target) == ("", Target(provider=CUDA, threads=1))
