"""This machine's peaks and the roofline on the command line, and as lines of text."""

import json

import pytest

import engine
from engine.cli import machine_lines
from engine.cli.main import main
from engine.planning.roofline import place
from engine.results import Note
from engine.results.machine import Peak
from tests.made_machine import MACHINE, made_peaks, made_rate, made_workload, made_workloads


@pytest.fixture
def command(home, monkeypatch, capsys):
    """A command line over made results: its exit status, stdout, stderr, and what was asked for so far."""
    asked = []

    def answer(name, result):
        monkeypatch.setattr(engine, name, lambda *arguments: asked.append((name, *arguments[:1])) or result)

    found = engine.Hardware(environment=MACHINE, providers=(), gpus=())
    answer("measure_peaks", made_peaks())
    answer("workloads", made_workloads())
    monkeypatch.setattr(engine, "hardware", lambda: found)
    monkeypatch.setattr(engine, "cores", lambda: MACHINE.cores)
    monkeypatch.setattr("engine.api.machine.cores", lambda: MACHINE.cores)

    def call(*arguments):
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err, asked

    return call


def test_hardware_measures_the_peaks_where_it_is_asked_to(command):
    status, out, _, asked = command("hardware", "--peaks", "--threads", "2")
    assert (status, asked) == (0, [("measure_peaks", 2)])
    assert "100 (95 to 105)" in out
    status, out, _, asked = command("hardware")
    assert len(asked) == 1
    assert "peaks" not in out


def test_hardware_as_json_has_the_peaks_beside_what_it_had(command):
    _, out, _, _ = command("hardware", "--json")
    assert json.loads(out).keys() == {"environment", "providers", "gpus", "peaks"}
    assert json.loads(out)["peaks"] is None
    _, out, _, _ = command("hardware", "--json", "--peaks")
    assert json.loads(out)["peaks"]["threads"] == 2


@pytest.mark.parametrize("arguments", [("hardware",), ("hardware", "--threads", "2"), ("roofline", "sample")])
def test_peaks_that_were_kept_are_not_measured_again_and_say_so(command, monkeypatch, arguments):
    monkeypatch.setattr(engine, "known_peaks", lambda threads: made_peaks())
    status, out, _, asked = command(*arguments)
    assert status == 0
    assert "measure_peaks" not in [name for name, *_ in asked]
    threads = "" if arguments == ("hardware",) else " --threads 2"
    assert out.endswith(f"measured here earlier and kept; hardware --peaks{threads} measures them anew\n")


def test_peaks_that_are_measured_say_nothing_of_an_earlier_measurement(command):
    for arguments in (("hardware", "--peaks"), ("roofline", "sample")):
        status, out, _, asked = command(*arguments)
        assert (status, asked[-1][0]) == (0, "measure_peaks")
        assert "kept" not in out


@pytest.mark.parametrize("subject", ["sample", "resnet18", "model.onnx"])
def test_a_model_is_timed_and_its_roofline_told(command, subject):
    status, out, _, asked = command("roofline", subject, "--threads", "1", "--batch", "4")
    (name, request), *_ = asked
    assert (status, name, request.folder) == (0, "workloads", None)
    assert (request.target.threads, request.target.batch_size) == (1, 4)
    assert "Static INT8" in out


def test_a_roofline_as_json_has_every_figure(command):
    _, out, _, _ = command("roofline", "sample", "--json")
    first = json.loads(out)["points"][0]
    assert (first["label"], first["bound"], round(first["share"], 2)) == ("Baseline", "compute", 0.8)


def test_what_is_neither_a_run_nor_a_model_is_refused_in_one_line(command):
    status, _, err, asked = command("roofline", "nosuchrun")
    assert (status, asked) == (2, [])
    assert err == "error: 'nosuchrun' is neither a run here nor a folder. See the list of runs\n"


def test_more_threads_than_cores_are_refused(command):
    status, _, err, _ = command("hardware", "--threads", "1024")
    assert status == 2
    assert "1,024 threads are asked for" in err


def test_peaks_are_a_row_for_each_runtime_and_data_type():
    head, *lines = machine_lines.of_peaks(made_peaks())
    assert head.split() == ["peaks", "GEMM", "convolution", "depthwise", "convolution"]
    assert lines[0].split("  ")[0] == "onnxruntime"
    assert "FP32" in lines[0]
    assert "100 (95 to 105)" in lines[0]
    assert "with 2 threads" in lines[4]
    assert lines[5] == "memory: 10 (9.5 to 10.5) GB/s through onnxruntime"


def test_what_was_not_measured_has_its_reason_and_what_was_disturbed_is_at_least_that():
    missing = Peak(runtime="openvino", operation="gemm", data_type="bf16", rate=None, reason="no such instructions")
    note = Note(code="not_measured", text="Other programs disturbed it")
    lines = machine_lines.of_peaks(
        made_peaks(peaks=(missing,), bandwidth=made_rate(9.0, disturbed=True), warnings=(note,))
    )
    assert lines[1].split() == ["OpenVINO", "BF16", "-", "-", "-"]
    assert lines[-3:] == [
        "memory: at least 9 GB/s through onnxruntime",
        "no such instructions",
        "not_measured: Other programs disturbed it",
    ]


def test_a_file_in_the_roofline_is_a_row_and_one_that_is_not_a_sentence():
    skipped = Note(code="not_placed", text="Weights is not in the roofline: it has no latency")
    head, first, second, last = machine_lines.of_roofline(place(made_workloads(skipped=(skipped,)), made_peaks()))
    assert head.split("  ")[0] == "file"
    assert first.split()[0] == "Baseline"
    assert first.split()[-3:] == ["80", "%", "compute"]
    assert second.split()[-3:] == ["20", "%", "overhead"]
    assert last == skipped.text


def test_without_a_file_in_it_there_is_no_table():
    roofline = place(made_workloads(made_workload(latency=None)), made_peaks())
    assert machine_lines.of_roofline(roofline) == ["Baseline is not in the roofline: it has no latency"]
