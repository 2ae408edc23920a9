"""Peaks and rooflines as lines of text."""

from engine.cli import machine_lines
from engine.planning.roofline import place
from engine.results import Note
from engine.results.machine import Peak
from tests.made_machine import made_peaks, made_rate, made_workload, made_workloads


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
