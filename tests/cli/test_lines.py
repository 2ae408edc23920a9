import pytest

from engine.analyses.pareto import advised
from engine.cli import audit_lines, cold_start_lines, lines, model_lines
from engine.planning.applicability import applicability
from engine.results import (
    GraphNode,
    Hardware,
    Job,
    JobRef,
    LayerSensitivity,
    ModelProfile,
    Note,
    Provider,
    Sensitivity,
    SensitivityPoint,
    Speedup,
    speed_cell,
    times_as_fast,
)
from tests.made import (
    AT_CHANCE,
    BASE,
    GRAY,
    INT8,
    LEARNT,
    LOST,
    NEAR_CHANCE,
    made_advice,
    made_architecture,
    made_cold_start,
    made_latency,
    made_race_report,
    made_report,
    made_variant,
)
from tests.made_audit import made_audit


def profile(**changed) -> ModelProfile:
    values = {
        "name": "a.onnx",
        "format": "onnx",
        "weights": "file",
        "inputs": {"x": ("batch", 1, 64, 64)},
        "outputs": {"y": ("batch", 10)},
        "opset": 20,
        "parameters": 4_920_000,
        "macs": 79_830_000,
        "size_bytes": 19_700_000,
        "layers": {"Relu": 2, "Conv": 23},
        "classes": tuple("0123456789ab"),
        "n_outputs": 12,
        "preprocess": GRAY,
    }
    return ModelProfile(**(values | changed))


def test_a_table_stands_in_columns():
    assert lines.table([("a", "b"), ("long", "c")]) == ["a     b", "long  c"]


def test_a_model_is_told_with_units():
    told = "\n".join(model_lines.of_profile(profile(warnings=(Note(code="w", text="Mind this"),))))
    for said in (
        "onnx, opset 20",
        "x: batch x 1 x 64 x 64",
        "y: batch x 10",
        "4.92 M\n",
        "79.83 M for one image",
        "19.70 MB",
        "23 Conv, 2 Relu",
        "12: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...\n",
        "64x64 px, gray, bicubic",
        "mean 0.5, standard deviation 0.25",
        "warning     Mind this",
    ):
        assert said in told
    assert "{" not in told
    assert "None" not in told


def test_what_cannot_be_told_of_a_model_is_said():
    told = "\n".join(model_lines.of_profile(profile(macs=None, classes=None, n_outputs=None, preprocess=None)))
    assert told.count("cannot be told") == 2
    assert "an unknown number of without names" not in told
    assert "None" not in told


def test_only_what_has_classes_is_said_to_have_some():
    told = model_lines.of_profile(profile(task="detection", classes=None, n_outputs=0))
    assert "read as     detection" in told
    assert not any(line.startswith("classes") for line in told)


def test_shares_of_an_unknown_whole_are_not_told():
    told = model_lines.of_profile(profile(macs=None, graph=(node("stem"),), preprocess=None))
    assert "%" not in told[-1]
    assert "83.46 M for one example" in "".join(model_lines.of_profile(profile(macs=83_460_000, preprocess=None)))


def node(name, **changed):
    values = {"operator": "Conv", "inputs": (), "output_shape": (1, 8, 4, 4), "weight_bytes": 2_000, "macs": 300}
    return GraphNode(name=name, **(values | changed))


def test_the_heaviest_layers_and_the_weights_by_operator_are_told():
    head = node("head", operator="Gemm", output_shape=None, weight_bytes=500, macs=100)
    told = model_lines.of_profile(
        profile(graph=(head, node("stem"), node("act", operator="Relu", weight_bytes=0, macs=0)))
    )
    assert "weights     2.00 kB Conv, 500 B Gemm" in told
    heads, stem, last = told[-3:]
    assert heads.split() == ["heaviest", "layers", "operator", "output", "MACs", "share", "weights"]
    assert stem.split() == ["stem", "Conv", "1", "x", "8", "x", "4", "x", "4", "300", "75", "%", "2.00", "kB"]
    assert last.split()[:3] == ["head", "Gemm", "-"]


def test_what_is_assumed_of_the_images_is_told():
    told = model_lines.of_profile(profile(preprocess_origins={"mean": "assumed", "size": "graph", "std": "assumed"}))
    assert "assumed     mean, std" in told
    assert not any(line.startswith("assumed") for line in model_lines.of_profile(profile()))


def test_what_can_be_done_is_a_line_for_each_technique_and_reason():
    told = model_lines.of_applicability(applicability(profile(number_format="INT8")))
    assert "can be done     distill" in told[0]
    assert "with images and a student that learns the model's answers" in told[0]
    quantize = [line for line in told if "quantize (" in line]
    assert len(quantize) == 1
    assert quantize[0].startswith("cannot be done  quantize (auto, static, dynamic, weights)")
    assert quantize[0].endswith("the model is quantized already. Start from its FP32 file")


def test_a_job_tells_what_it_waits_for_or_how_long_it_still_takes():
    values = {
        "id": "c",
        "kind": "run",
        "name": "c",
        "created": "now",
        "started": None,
        "finished": None,
        "seconds": 0.0,
        "phase": "",
        "fraction": 0.0,
        "message": "",
        "attempts": 0,
        "estimate_seconds": 50.0,
        "error": None,
        "error_next": "",
    }
    ahead = (JobRef(id="a", name="first", state="running"), JobRef(id="b", name="second", state="queued"))
    queued = lines.of_job(Job(**values, state="queued", position=2, waits_for=ahead))
    assert "waits for: a first (running), b second (queued)" in queued
    running = lines.of_job(Job(**values, state="running", position=None, remaining_seconds=41.6))
    assert "remaining seconds, estimated: 42" in running
    assert not any("waits" in line for line in running)
    assert not any("remaining" in line for line in queued)


def test_a_machine_is_told_with_its_providers():
    providers = tuple(
        Provider(runtime="onnxruntime", name=name, works=not reason, reason=reason, tested=name.startswith("CPU"))
        for name, reason in (
            ("CoreMLExecutionProvider", ""),
            ("CPUExecutionProvider", ""),
            ("AzureExecutionProvider", "no device"),
        )
    )
    found = Hardware(environment=made_report().environment, providers=providers, gpus=())
    told = lines.of_hardware(found)
    assert told[0] == "processor     A CPU"
    assert "memory        8.0 GB" in told
    assert "GPUs          none that torch can use" in told
    assert told[-3:] == [
        "onnxruntime  CoreMLExecutionProvider  yes, on a small model; this project has not been tested on it",
        "onnxruntime  CPUExecutionProvider     yes",
        "onnxruntime  AzureExecutionProvider   no: no device",
    ]


def test_both_latencies_of_a_card_are_told():
    latency = made_latency(2.0, 0.5).model_copy(update={"buffers": "bound", "other_buffers_p50_ms": 2.5})
    told = lines.of_report(made_report(made_variant(BASE, "Baseline", latency=latency)))
    assert "Baseline: a call takes 2.00 ms with buffers on the card, 2.50 ms with arrays in memory" in told


def test_a_race_is_one_line_and_its_candidates_are_no_rows():
    told = lines.of_report(made_race_report(won=False))
    assert f"race: {LOST.text}" in told
    assert not any("Dynamic INT8" in line for line in told)
    assert len([line for line in told if line.startswith("Baseline")]) == 1


def test_speed_is_said_as_times_as_fast_with_its_interval():
    told = lines.of_report(made_report())
    assert "times as fast (95 %)" in told[0]
    assert "1.00 (" in told[1]
    assert "2.00 (1.82 to 2.22)" in told[2]


def test_a_speed_is_said_with_the_same_figures_wherever_it_stands():
    for latency, figures in (
        (made_latency(1.0, 0.5), ("2.00", "(1.82 to 2.22)")),
        (made_latency(60.0, 30.0), ("0.033", "(0.03 to 0.037)")),
    ):
        known = Speedup(latency.speedup, latency.speedup_low, latency.speedup_high)
        assert speed_cell(latency) == speed_cell(known) == " ".join(figures)
        sentence = f"{figures[0]} times as fast as FP32 {figures[1]}"
        assert times_as_fast(latency, "FP32") == times_as_fast(known, "FP32") == sentence
        assert times_as_fast(known) == f"{figures[0]} times as fast {figures[1]}"


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (AT_CHANCE, "10.00 % (8.00 % to 13.00 %), no better than guessing (12.00 %)"),
        (NEAR_CHANCE, "40.00 % (20.00 % to 64.00 %), not surely better than guessing (33.00 %)"),
    ],
)
def test_what_may_guess_is_told_beside_its_accuracy_with_the_warning(right, words):
    warning = Note(code="not_learnt", text="The baseline has not learnt")
    told = lines.of_report(made_report(made_variant(BASE, "Baseline", accuracy=right), warnings=(warning,)))
    assert words in told[1]
    assert "warning: The baseline has not learnt" in told
    assert "guessing" not in "".join(lines.of_report(made_report(made_variant(BASE, "Baseline", accuracy=LEARNT))))


def test_that_the_baseline_looks_broken_is_said_once_and_before_all_else():
    notes = (Note(code="random_weights", text="R"), Note(code="baseline_looks_broken", text="The baseline is odd"))
    told = lines.of_report(made_report(warnings=notes))
    assert told[0] == "BEFORE ANY COMPARISON: The baseline is odd"
    assert "".join(told).count("The baseline is odd") == 1
    assert "warning: R" in told


def test_advice_is_told_the_fastest_first_and_what_was_refused_with_its_reason():
    told = lines.of_advice(
        advised(
            made_advice(
                made_architecture("slow", 3.0, 0.8),
                made_architecture("fast", 0.5, 0.7, busy=True),
                made_architecture("odd", None, None, refused=Note(code="source", text="it cannot take 8 px")),
            )
        )
    )
    assert told[0] == "the sample: 1x64x64, 2 threads, batch 1, median 2 ms"
    assert [line.split()[0] for line in told[2:5]] == ["fast", "slow", "odd"]
    assert "front faster better  2.00 (1.82 to 2.22) busy" in told[2]
    assert "it cannot take 8 px" in told[4]
    assert told[5].startswith("advised: Held against resnet10t's published 66.7 % at 176 px")


def test_a_sensitivity_is_told_a_group_a_line():
    layers = (
        LayerSensitivity(layer="layer1.0.conv1", channels=64, points=(SensitivityPoint(ratio=0.5, top1=0.875),)),
        LayerSensitivity(layer="stem", channels=8, points=()),
    )
    told = lines.of_sensitivity(Sensitivity(layers=layers, top1=0.99, labelled=False, n_images=64))
    assert told[0] == "agreement of the whole network: 99.0 % of 64 calibration images"
    assert told[2].split() == ["layer1.0.conv1", "64", "50", "%:", "87.5", "%"]
    assert told[3].split() == ["stem", "8", "stays", "whole"]


def test_an_audit_names_what_it_found_and_how_to_mend_leaks():
    text = "\n".join(audit_lines.of_audit(made_audit()))
    assert "is up to 19 points wide" in text
    assert "12 leaked images. They judge a model and are byte for byte the same" in text
    assert "  val/cat/3.png (evaluation) = train/cat/1.png (train)\n  and 11 more" in text
    assert "  val/cat/4.png (evaluation): 'cat' may be 'dog'" in text
    assert "200 grey images of 360, so the set is like that" in text
    assert "data.leave_out: near_duplicates" in text
    clean = tuple(one.model_copy(update={"n_found": 0, "examples": ()}) for one in made_audit().checks)
    reason = Note(code="no_model", text="There is no model")
    told = audit_lines.of_audit(made_audit(checks=clean, no_labels=reason))
    assert "nothing was found" in told
    assert any("not checked. There is no model" in line for line in told)
    assert "leave_out" not in "".join(told)


def test_accuracy_on_leaked_images_is_marked():
    report = made_report()
    leaked = report.model_copy(update={"data": report.data.model_copy(update={"n_leaked": 36})})
    assert "top-1 (95 %), leaked" in lines.of_report(leaked)[0]
    assert any(line.startswith("leaked: 36 of the 540 images") for line in lines.of_report(leaked))
    assert "leaked" not in "".join(lines.of_report(report))


def test_what_its_time_cut_short_is_marked():
    late = made_variant("b" * 12, "late", notes=(Note(code="out_of_time", text="up"),))
    marks = [
        "(its time was up)" in line for line in lines.of_report(made_report(made_variant(BASE, "Baseline"), late))[1:3]
    ]
    assert marks == [False, True]


def test_what_a_variant_loses_is_said_with_how_sure_that_is():
    (line,) = [text for text in lines.of_report(made_report()) if " loses " in text]
    assert line.startswith(
        "Static INT8: loses 0.0 points of top-1 (between −1.5 and 1.5 points, 95 %), probably within the budget of 1 "
        "point. 3 of 540 images have another answer"
    )
    assert "The class that loses most is '8'" in line
    (line,) = [text for text in lines.of_report(made_report(labelled=False)) if " loses " in text]
    assert "0.0 points of agreement" in line


def test_cold_starts_are_lines_under_the_report_and_none_of_an_older_one():
    head, base, int8, about = cold_start_lines.of_cold_starts(made_report())
    assert head.split()[:2] == ["cold", "start"]
    assert "40 ms (36 to 44)" in base
    assert "100 ms (90 to 110)" in int8
    assert "3 fresh processes; importing onnxruntime takes 20 ms (18 to 22) and 18.0 MB more" in about
    assert cold_start_lines.of_cold_starts(made_report(made_variant(BASE, "Baseline", cold_start=None))) == []


def test_the_import_of_every_runtime_that_was_measured_is_said():
    elsewhere = made_cold_start(50.0, 1.2).model_copy(update={"runtime": "openvino"})
    report = made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Static INT8", cold_start=elsewhere))
    about = cold_start_lines.of_cold_starts(report)[-1]
    assert "importing onnxruntime takes 20 ms (18 to 22) and 18.0 MB more, importing openvino takes 20 ms" in about
