"""Sweeps and showdowns on the command line: what is asked for, and the lines that are printed."""

import json
import re

import pytest

import engine
from engine.cli.main import main
from engine.cli.speed_lines import of_showdown, of_sweep
from engine.errors import Cancelled, TargetError
from engine.planning import hardware_jobs
from engine.results import Event, Fidelity, Note
from engine.settings import ShowdownRequest, SweepRequest, Target
from engine.settings.target import CUDA
from tests.made import BASE, INT8
from tests.made_speed import ROWS, made_cell, made_file, made_showdown, made_skipped, made_streamed_sweep, made_sweep

EVENT = Event(time="2026-01-01T00:00:00.000Z", step="speed", phase="latency", fraction=0.0, message="round 1")


@pytest.fixture
def asked(monkeypatch):
    """What the façade was asked for; nothing is measured."""
    requests = []

    def sweep(request, on_event, on_unfinished):
        requests.append(request)
        for _ in range(2):
            on_event(EVENT)
        return made_sweep()

    def showdown(request, on_event, on_unfinished):
        requests.append(request)
        for _ in range(2):
            on_event(EVENT)
        return made_showdown()

    monkeypatch.setattr(engine, "sweep", sweep)
    monkeypatch.setattr(engine, "showdown", showdown)
    files = (made_file(), made_file(INT8, "Static INT8"))

    def variant_files(run, *, prefix=""):
        return tuple(one.model_copy(update={"run": run}) for one in files if one.variant.startswith(prefix))

    monkeypatch.setattr(engine, "variant_files", variant_files)
    return requests


def test_a_sweep_is_asked_for_as_the_options_say(asked, tmp_path, capsys):
    (tmp_path / "model.onnx").write_bytes(b"")
    options = ["--batches", "1, 8", "--threads", "1", "--streams", "1", "--target", "openvino:f32"]
    options += ["--within", "20", "--minutes", "3"]
    assert main(["sweep", str(tmp_path / "model.onnx"), *options]) == 0
    (request,) = asked
    assert isinstance(request, SweepRequest)
    assert (request.batch_sizes, request.threads, request.max_latency_ms, request.minutes) == ((1, 8), (1,), 20.0, 3.0)
    assert (request.target.runtime, request.target.precision, request.streams) == ("openvino", "f32", (1,))
    assert request.file.model.path == str(tmp_path / "model.onnx")
    assert "most images a second: 2,052 at 8 images a call with 2 threads" in capsys.readouterr().out


def test_the_streams_of_a_cell_are_told_and_what_its_figures_are_then():
    assert "streams  images a call" in of_sweep(made_streamed_sweep())[1]
    lines = of_sweep(made_streamed_sweep())
    assert any(line.startswith("with several streams one call is in flight on each") for line in lines)
    assert "with 2 threads, 2 streams" in lines[-1]
    assert not any("in flight" in line for line in of_sweep(made_sweep()))


def test_a_run_alone_is_its_last_variant_and_one_can_be_named(asked):
    for name, variant in (("run1", INT8), (f"run1:{BASE}", BASE), ("run1:bbb", INT8)):
        assert main(["sweep", name]) == 0
        assert (asked[-1].file.run, asked[-1].file.variant) == ("run1", variant)


def test_rows_are_every_file_at_every_target_but_for_those_that_name_their_own(asked):
    status = main(["showdown", "run1", "run1:aaa@openvino:f32", "--target", "onnxruntime", "--threads", "1"])
    assert status == 0
    (request,) = asked
    assert isinstance(request, ShowdownRequest)
    assert [(row.file.variant, row.target.runtime, row.target.precision) for row in request.rows] == [
        (BASE, "onnxruntime", "auto"), (INT8, "onnxruntime", "auto"), (BASE, "openvino", "f32"),
    ]  # fmt: skip
    assert {row.target.threads for row in request.rows} == {1}
    assert (request.rounds, request.minutes) == (12, 15)
    assert main(["showdown", "run1", "--target", "openvino", "--rounds", "900", "--minutes", "25"]) == 0
    assert (asked[-1].rounds, asked[-1].minutes) == (900, 25)


def test_every_row_has_each_number_of_threads(asked, monkeypatch):
    size = ["--threads", "1,2"]
    assert main(["showdown", "run1:aaa", "run1:bbb@onnxruntime", "--target", "openvino:f32", *size]) == 0
    assert [(row.file.variant, row.target.runtime, row.target.threads) for row in asked[-1].rows] == [
        (BASE, "openvino", 1), (BASE, "openvino", 2), (INT8, "onnxruntime", 1), (INT8, "onnxruntime", 2),
    ]  # fmt: skip
    monkeypatch.setattr(hardware_jobs, "isa", lambda: ("avx2",))
    assert main(["showdown", "run1:aaa", *size]) == 0
    assert [(row.target.runtime, row.target.threads) for row in asked[-1].rows] == [
        ("onnxruntime", 1), ("onnxruntime", 2), ("openvino", 1), ("openvino", 2),
    ]  # fmt: skip


def test_threads_that_differ_are_told_of_every_row():
    one = (BASE, "Baseline", Target(runtime="openvino", precision="bf16", threads=1), "bf16", 0.5)
    lines = of_showdown(made_showdown((ROWS[0], one, *ROWS[2:])))
    assert lines[0].startswith("batch 1, 12 rounds")
    assert "onnxruntime, 2 threads " in lines[2]
    assert "OpenVINO in bf16, 1 thread " in lines[3]


def test_a_target_may_name_a_provider_or_a_device(asked):
    assert main(["sweep", "run1", "--target", f"onnxruntime:{CUDA}"]) == 0
    assert (asked[-1].target.provider, asked[-1].target.precision) == (CUDA, "auto")
    assert main(["showdown", "run1@openvino:HETERO:GPU,CPU", "run1:aaa", "--target", "openvino:auto"]) == 0
    rows = [(row.target.provider, row.target.precision) for row in asked[-1].rows]
    assert rows == [("HETERO:GPU,CPU", "auto"), ("HETERO:GPU,CPU", "auto"), ("CPU", "auto")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "run1", "--batches", "1,x"], "--batches is '1,x', it must be whole numbers with commas between"),
        (["showdown", "run1", "--threads", ","], "--threads is ',', it must be whole numbers with commas between"),
        (["showdown", "run1", "--threads", "0"], "'threads' is 0"),
        (["sweep", "run1", "--batches", "0"], "'batch_sizes.0' is 0"),
        (["sweep", "run1", "--target", "tensorrt"], "'runtime' is 'tensorrt'"),
        (["sweep", "run1", "--target", "openvino:f16"], "'precision' is 'f16', it must be 'auto', 'f32' or 'bf16'"),
        (["sweep", "run1", "--target", "onnxruntime:bf16"], "'precision' is 'bf16', which onnxruntime does not take"),
        (["sweep", "run1:ccc"], "the run 'run1' has no variant 'ccc'. Name one of aaaaaaaaaaaa (Baseline), bbb"),
        (["showdown", "run1:aaa", "--target", "onnxruntime"], "there is one row alone"),
        (["showdown", "run1:aaa", "run1:aaa", "--target", "onnxruntime"], "row 2 is the same as an earlier one"),
    ],
)
def test_what_is_wrong_is_one_line(asked, arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert len(error.splitlines()) == 1
    assert asked == []


def test_a_sweep_that_was_stopped_prints_what_was_measured(asked, monkeypatch, capsys):
    def stopped(request, on_event, on_unfinished):
        on_unfinished(made_sweep(cells=(made_cell(1, 1), made_skipped(1, 2)), complete=False))
        raise Cancelled("the job was cancelled")

    monkeypatch.setattr(engine, "sweep", stopped)
    assert main(["sweep", "run1"]) == 130
    out, error = capsys.readouterr()
    assert "ended before every cell had all of its rounds" in out
    assert error.splitlines()[-1] == "error: the job was cancelled"


def test_a_showdown_that_was_stopped_prints_what_its_rounds_tell(asked, monkeypatch, capsys):
    def stopped(request, on_event, on_unfinished):
        on_unfinished(made_showdown(complete=False, n_rounds=5, n_rounds_asked=12))
        raise Cancelled("the job was cancelled")

    monkeypatch.setattr(engine, "showdown", stopped)
    assert main(["showdown", "run1"]) == 130
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "2 threads, batch 1, 5 of 12 rounds, outputs compared on 64 images"
    assert "it was ended before all of its rounds were done" in out
    assert "it was ended before all of its rounds were done" not in of_showdown(made_showdown())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sweep", "run1"], r"about .*, estimated; Ctrl-C keeps what was measured"),
        (["showdown", "run1", "--target", "onnxruntime"], r"about .*, estimated for 2 rows"),
    ],
)
def test_about_how_long_it_takes_stands_where_the_progress_goes(asked, capsys, arguments, line):
    assert main([*arguments, "--json"]) == 0
    out, error = capsys.readouterr()
    first, *progress = error.splitlines()
    assert re.fullmatch(line, first)
    assert progress == ["  0 % speed: round 1"] * 2
    json.loads(out)


@pytest.mark.parametrize("verb", ["sweep", "showdown"])
def test_what_is_refused_has_no_estimate(asked, monkeypatch, capsys, verb):
    def refused(request, on_event, on_unfinished):
        raise TargetError("64 threads are asked for", "Ask for 2 or fewer")

    monkeypatch.setattr(engine, verb, refused)
    assert main([verb, "run1"]) == 2
    assert capsys.readouterr().err == "error: 64 threads are asked for. Ask for 2 or fewer\n"


def test_the_machine_of_the_figures_is_named():
    for told in (of_sweep(made_sweep()), of_showdown(made_showdown())):
        assert "measured on A CPU, 2 cores" in told


def test_rows_on_a_card_say_that_copies_count():
    card = (BASE, "Baseline", Target(provider=CUDA, threads=2), "tf32", 0.5)
    assert "Row 2: a call takes arrays in memory, and copying" in "\n".join(of_showdown(made_showdown((ROWS[0], card))))
    assert not any("copying" in line for line in of_showdown(made_showdown()))


def test_streams_that_vary_are_told_by_the_cells_alone():
    assert of_sweep(made_streamed_sweep())[0] == "Baseline: OpenVINO in f32"
    target = Target(runtime="openvino", streams=2, threads=2)
    assert (
        of_sweep(made_sweep((1,), (2,), cells=(made_cell(2, 1, target=target),)))[0] == "Baseline: OpenVINO, 2 streams"
    )


def test_they_are_json_on_demand(asked, capsys):
    assert main(["sweep", "run1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cells"]) == 8
    assert main(["showdown", "run1", "--target", "onnxruntime", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 4


def test_every_cell_is_a_line_with_its_figures_or_its_reason():
    cells = (made_cell(1, 1, 2.0), made_cell(1, 2, 3.0, low_ms=None, high_ms=None, n_rounds=1), made_skipped(1, 4))
    told = of_sweep(made_sweep(cells=cells, max_latency_ms=2.05))
    assert told[0] == "Baseline: onnxruntime"
    assert told[2].split()[-1] == "6"
    assert "1.9 to 2.1 ms" in told[2]
    assert "too few rounds" in told[3]
    assert told[4].endswith("skipped: a smaller batch took longer")
    best = "500 at 1 image a call with 1 thread, though its interval reaches beyond it"
    assert told[-1] == f"most images a second within 2.05 ms: {best}"
    equal = of_sweep(made_sweep((1, 2), (1,), cells=(made_cell(1, 1, 1.0), made_cell(1, 2, 1.98))))[-1]
    assert equal.endswith("; within the intervals 1 image a call with 1 thread is as good, at 1 ms a call")
    assert of_sweep(made_sweep(max_latency_ms=0.1))[-1] == "no cell within 0.1 ms was measured"


def test_every_row_and_every_pair_is_a_line():
    told = of_showdown(made_showdown())
    assert told[0] == "2 threads, batch 1, 12 rounds, outputs compared on 64 images"
    assert "OpenVINO in bf16" in told[3]
    assert "40.2 dB" in told[3]
    assert "row 2 beside row 1: faster, 2.00 (1.82 to 2.22) times as fast" in told
    assert "row 4 beside row 1: slower, 0.71 (0.65 to 0.79) times as fast" in told
    assert any(line.startswith("row 3 beside row 2: cannot tell") and "would tell" in line for line in told)


def test_a_row_that_does_not_run_is_a_line_with_its_reason():
    rows = made_showdown(ROWS[:2]).rows
    broken = rows[1].model_copy(update={"latency": None, "note": Note(code="not_timed", text="it does not load")})
    same = rows[0].model_copy(update={"fidelity": Fidelity(agreement=1.0, sqnr_db=None, n_images=64)})
    told = of_showdown(made_showdown(rows=ROWS[:2]).model_copy(update={"rows": (same, broken), "pairs": ()}))
    assert "row 2: it does not load" in told
    assert told[2].endswith("the same")
