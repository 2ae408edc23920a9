"""Sweeps and showdowns before they begin: targets, refusals, estimates."""

import pytest

from engine.errors import SettingsError, TargetError
from engine.jobs.kinds import kind_of
from engine.planning import hardware_jobs
from engine.planning import target as target_check
from engine.planning.hardware_jobs import (
    check_showdown,
    check_sweep,
    estimate_showdown,
    estimate_sweep,
    fitting_target,
    showdown_targets,
)
from engine.results import Provider
from engine.settings import FileModel, ShowdownEntry, ShowdownRequest, SweepRequest, Target, VariantFile
from engine.settings.hardware_jobs import MOST_MINUTES
from engine.settings.target import CUDA
from engine.store.measure_lock import MAX_WAIT_SECONDS
from tests.made_speed import made_file


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    for module in (hardware_jobs, target_check):
        monkeypatch.setattr(module, "cores", lambda: 2)


@pytest.mark.parametrize(
    ("instructions", "precisions"), [(("avx2",), ["auto", "f32"]), (("avx512_bf16",), ["auto", "f32", "bf16"])]
)
def test_16_bits_are_on_offer_where_the_processor_has_them(monkeypatch, instructions, precisions):
    monkeypatch.setattr(hardware_jobs, "isa", lambda: instructions)
    targets = showdown_targets(Target(threads=2, batch_size=4, runtime="openvino"))
    assert [target.precision for target in targets] == precisions
    assert [target.runtime for target in targets] == ["onnxruntime", *["openvino"] * (len(precisions) - 1)]
    assert {(target.threads, target.batch_size) for target in targets} == {(2, 4)}


def test_targets_on_offer_keep_the_options_that_their_provider_has(monkeypatch):
    monkeypatch.setattr(hardware_jobs, "isa", lambda: ("avx512_bf16",))
    size = {"threads": 2, "batch_size": 4}
    spinning = Target(spinning=False, quant_precision=True, **size)
    in_openvino = tuple(Target(runtime="openvino", precision=one, **size) for one in ("f32", "bf16"))
    assert showdown_targets(spinning) == (spinning, *in_openvino)
    streams = Target(runtime="openvino", streams=2, **size)
    with_streams = tuple(one.model_copy(update={"streams": 2}) for one in in_openvino)
    assert showdown_targets(streams) == (Target(**size), *with_streams)
    both = Target(runtime="any", spinning=False, quant_precision=True, streams=2, **size)
    assert showdown_targets(both) == (spinning, *with_streams)


def test_a_target_on_a_card_is_on_offer_itself_beside_those_of_the_cpu(monkeypatch):
    monkeypatch.setattr(hardware_jobs, "isa", lambda: ("avx2",))
    of_cpu = (Target(), Target(runtime="openvino", precision="f32"))
    card = Target(provider=CUDA, tf32=False, cuda_graph=True, device_id=1)
    assert showdown_targets(card) == (card, card.model_copy(update={"tf32": True}), *of_cpu)
    device = Target(runtime="openvino", provider="GPU", streams=8)
    assert showdown_targets(device) == (device, *of_cpu)  # a CPU has not as many streams as a card


def test_providers_that_work_here_are_on_offer_once_and_plain(monkeypatch):
    monkeypatch.setattr(hardware_jobs, "isa", lambda: ("avx2",))
    found = [
        Provider(runtime=runtime, name=name, works=works, reason="")
        for runtime, name, works in (
            ("onnxruntime", "CPUExecutionProvider", True),
            ("onnxruntime", CUDA, True),
            ("onnxruntime", "TensorrtExecutionProvider", False),
            ("openvino", "CPU", True),
            ("openvino", "GPU", True),
        )
    ]
    size = {"threads": 2, "batch_size": 4}
    card, device = Target(provider=CUDA, **size), Target(runtime="openvino", provider="GPU", **size)
    own = Target(runtime="openvino", streams=2, **size)
    without_tf32 = card.model_copy(update={"tf32": False})
    assert showdown_targets(own, found) == (*showdown_targets(own), card, without_tf32, device)
    assert [one for one in showdown_targets(without_tf32, found) if not one.on_cpu] == [without_tf32, card, device]


@pytest.mark.parametrize(
    ("asked", "fitting"),
    [
        ({"threads": 2}, {"threads": 2}),
        ({"threads": 8}, {"threads": 2}),
        ({}, {}),
        ({"runtime": "openvino", "threads": 8, "streams": 8}, {"runtime": "openvino", "threads": 2, "streams": 2}),
        ({"runtime": "openvino", "streams": 8}, {"runtime": "openvino", "streams": 2}),
        (
            {"runtime": "openvino", "provider": "GPU", "streams": 8},
            {"runtime": "openvino", "provider": "GPU", "streams": 8},
        ),
    ],
)
def test_a_target_of_another_machine_is_cut_to_what_this_one_has(asked, fitting):
    found = fitting_target(Target(**asked))
    assert found == Target(**fitting)
    target_check.check_target(found)


def test_threads_above_the_cores_are_refused_by_name():
    with pytest.raises(TargetError, match=r"4 threads are asked for .* may use 2 cores"):
        check_sweep(SweepRequest(file=made_file(), threads=(1, 4)))
    check_sweep(SweepRequest(file=made_file(), threads=(1, 2)))
    rows = tuple(ShowdownEntry(file=made_file(), target=Target(threads=threads)) for threads in (1, 3))
    with pytest.raises(TargetError, match="3 threads are asked for"):
        check_showdown(ShowdownRequest(rows=rows))


def test_every_cell_has_a_thread_for_each_stream():
    target = Target(runtime="openvino", streams=2)
    request = SweepRequest(file=made_file(), target=target)
    check_sweep(request)
    assert request.axes(2)["threads"] == (2,)
    for threads in ((1, 2), (1,)):
        with pytest.raises(TargetError, match=r"2 streams are asked for .*, and there is 1 thread for them"):
            check_sweep(SweepRequest(file=made_file(), target=target, threads=threads))
    with pytest.raises(TargetError, match=r"3 streams are asked for .*, and there are 2 threads"):
        check_sweep(SweepRequest(file=made_file(), target=target.model_copy(update={"streams": 3})))


def test_combinations_with_fewer_threads_than_streams_are_left_out_and_streams_above_the_cores_refused():
    request = SweepRequest(file=made_file(), target=Target(runtime="openvino"), streams=(1, 2), batch_sizes=(1,))
    check_sweep(request)
    assert [(one.threads, one.streams) for one in request.targets(2)] == [(1, 1), (2, 1), (2, 2)]
    for values, there in (({"streams": (1, 4)}, "are 2 threads"), ({"threads": (1,)}, "is 1 thread")):
        with pytest.raises(TargetError, match=rf"streams are asked for \(target.streams\), and there {there} for them"):
            check_sweep(request.model_copy(update=values))


def test_more_combinations_than_are_allowed_are_refused_where_the_cores_say_how_many_threads_there_are(monkeypatch):
    request = SweepRequest(file=made_file(), batch_sizes=tuple(range(1, 17)), target=Target(runtime="openvino"))
    check_sweep(request)
    for module in (hardware_jobs, target_check):
        monkeypatch.setattr(module, "cores", lambda: 256)
    with pytest.raises(SettingsError, match=r"144 combinations .* at most 128 are allowed\. Name fewer .*threads"):
        check_sweep(request)
    check_sweep(request.model_copy(update={"threads": (64, 256)}))


def test_a_cell_with_streams_takes_longer_since_bursts_are_timed():
    target = {"runtime": "openvino"}
    alone, both = (seconds(target=target, batch_sizes=(64,), threads=(2,), streams=(n,)) for n in (1, 2))
    assert both > 1.5 * alone


def test_16_bits_that_the_processor_does_not_have_are_refused(monkeypatch):
    monkeypatch.setattr(target_check, "isa", lambda: ("avx2",))
    bf16 = Target(runtime="openvino", precision="bf16")
    with pytest.raises(TargetError, match="no instructions for them"):
        check_sweep(SweepRequest(file=made_file(), target=bf16))
    with pytest.raises(TargetError, match="no instructions for them"):
        check_showdown(
            ShowdownRequest(rows=(ShowdownEntry(file=made_file()), ShowdownEntry(file=made_file(), target=bf16)))
        )


def seconds(**values) -> float:
    return estimate_sweep(SweepRequest.parse({"file": made_file(), **values})).seconds


def test_a_sweep_takes_longer_the_more_cells_images_and_rounds_it_has_and_its_minutes_at_most():
    few = seconds(batch_sizes=(1, 2))
    assert few < seconds(batch_sizes=(1, 2, 4))
    assert seconds(batch_sizes=(1,)) < seconds(batch_sizes=(1024,))
    assert few < seconds(batch_sizes=(1, 2), rounds=20)
    assert seconds(batch_sizes=(1, 1024), minutes=0.1) <= 6 + hardware_jobs.STARTING_SECONDS
    slow = made_file().model_copy(update={"example_ms": 500.0})
    assert few < seconds(batch_sizes=(1, 2), file=slow)


def test_a_file_that_nobody_has_timed_is_estimated_by_its_size(tmp_path):
    found = []
    for name, n_bytes in (("small.onnx", 1000), ("large.onnx", 100_000_000)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(n_bytes)
        found.append(seconds(file=VariantFile(model=FileModel(path=str(tmp_path / name)))))
    assert found[0] < found[1]


def test_a_figure_of_a_card_says_nothing_of_the_cpu_and_the_other_way_round():
    """Cell by cell: on a card the number of threads hardly matters."""
    slow = made_file().model_copy(update={"example_ms": 500.0})
    of_card = slow.model_copy(update={"example_on_cpu": False})
    one = {"batch_sizes": (1,), "threads": (1,)}
    unknown = seconds(file=slow.model_copy(update={"example_ms": None}), **one)
    assert seconds(file=of_card, **one) == unknown < seconds(file=slow, **one)
    card = {**one, "target": Target(provider=CUDA)}
    assert seconds(file=slow, **card) < seconds(file=of_card, **card)
    assert seconds(file=of_card, **card) == seconds(file=of_card, **card | {"threads": (2,)})


def test_a_showdown_takes_longer_with_more_rounds():
    rows = (ShowdownEntry(file=made_file()), ShowdownEntry(file=made_file(), target=Target(runtime="openvino")))
    few, many = (estimate_showdown(ShowdownRequest(rows=rows, rounds=rounds)) for rounds in (3, 30))
    assert few.seconds < many.seconds
    assert few.phases.keys() == {"starting", "latency"}


def test_a_showdown_takes_its_minutes_at_most():
    rows = (ShowdownEntry(file=made_file()), ShowdownEntry(file=made_file(), target=Target(runtime="openvino")))
    short, long = (ShowdownRequest(rows=rows, rounds=1000, minutes=minutes) for minutes in (2, 4))
    assert estimate_showdown(short).phases["latency"] == 120
    assert estimate_showdown(long).phases["latency"] == 240


def test_a_showdown_takes_three_rounds_at_least_however_few_its_minutes():
    slow = made_file().model_copy(update={"example_ms": 5000.0})
    rows = (ShowdownEntry(file=slow), ShowdownEntry(file=slow, target=Target(runtime="openvino")))
    three, more = (ShowdownRequest(rows=rows, rounds=rounds, minutes=0.1) for rounds in (3, 12))
    assert estimate_showdown(three).phases["latency"] > 60
    assert estimate_showdown(more) == estimate_showdown(three)


def test_the_job_of_a_showdown_is_not_ended_while_its_minutes_last():
    rows = (ShowdownEntry(file=made_file()), ShowdownEntry(file=made_file(), target=Target(runtime="openvino")))
    longest = ShowdownRequest(rows=rows, minutes=MOST_MINUTES)
    assert kind_of(longest).limit_seconds(longest) >= 2 * 60 * MOST_MINUTES
    assert 60 * MOST_MINUTES < MAX_WAIT_SECONDS  # others wait for the lock meanwhile
