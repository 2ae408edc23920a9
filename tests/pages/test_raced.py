"""The pages on a run across runtimes: the choice, the result, and the code that starts the pair of file and runtime."""

import csv
import io
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Target
from engine.charts import speed, tree, waterfall
from engine.runtimes import open_session
from pages._ui.draft import sample, to_link
from pages._ui.optimize.steps_view import RACE
from pages._ui.results import race_table, variant_table
from pages._ui.results.snippet import snippet
from tests.made import made_report, made_trial
from tests.made_raced import made_raced_report


def text(at):
    return " ".join(block.value for block in (*at.markdown, *at.caption, *at.header))


def test_any_is_offered_under_target_with_what_it_means(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(target=Target(runtime="any"))))
    assert RACE in [caption.value for caption in at.caption]
    assert "any: they race, " in " ".join(expander.label for expander in at.expander).replace("\\", "")
    (runtime,) = (box for box in (*at.selectbox, *at.button_group) if box.label == "Runtime")
    runtime.set_value("onnxruntime").run()
    assert not at.exception
    assert RACE not in [caption.value for caption in at.caption]


def test_every_pair_has_its_row_and_the_baselines_runtime_stands_beside_the_speed(app, finished, raced_run):
    report = raced_run.report
    at = app("pages/results.py", run=finished(report).id)
    names = [name.partition(" :")[0].strip("*") for name in at.table[0].value["Variant"]]
    assert names == [variant.label for variant in report.variants]
    assert "as fast as the baseline in onnxruntime" in text(at)
    best = report.recommended_variant
    # A busy machine may leave no pair that is surely faster.
    told = "keep the baseline" if best.role == "baseline" else best.label
    assert told in text(at).replace("\\", "")


def test_take_home_has_the_runtime_and_the_options_of_each_variant(app, finished, raced_run):
    report = raced_run.report
    at = app("pages/results.py", run=finished(report).id, view="Take home")
    (box,) = (box for box in at.selectbox if box.label == "Variant")
    for variant in report.variants[:3]:
        box = next(box for box in at.selectbox if box.label == "Variant")
        box.set_value(variant.id).run()
        (code,) = (block.value for block in at.code if block.language == "python")
        library = {"onnxruntime": "onnxruntime", "openvino": "openvino"}[variant.target.runtime]
        assert f"import {library} as" in code
        assert variant.target.runtime != "openvino" or f"'{variant.target.precision}'" in code


@pytest.mark.parametrize("number", [0, -1])
def test_the_code_of_a_pair_answers_as_its_runtime_does(raced_run, tmp_path, monkeypatch, capsys, number):
    variant = raced_run.report.variants[number]
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(raced_run.folder.path / variant.file, "model.onnx")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save("image.jpg", quality=95)
    code = snippet(variant, "model.onnx", None, None, variant.target)
    Path("run.py").write_text(code)
    found = runpy.run_path("run.py")
    first = capsys.readouterr().out.split()
    with open_session(Path("model.onnx"), variant.target, output_names=[variant.output]) as session:
        scores = session(found["prepare"]("image.jpg"))[variant.output].reshape(-1)
    assert (int(first[0]), float(first[1])) == (scores.argmax(), pytest.approx(scores.max(), abs=1e-3))


def test_the_csv_says_what_each_variant_runs_in(raced_run):
    report = raced_run.report
    rows = list(csv.DictReader(io.StringIO(variant_table.as_csv(report))))
    expected = [(one.target_label, one.target.runtime, one.target.precision) for one in report.variants]
    assert [(row["target"], row["runtime"], row["precision"]) for row in rows] == expected
    trial = made_trial("FP32", "final", "winner", "Won", 0.5)
    (row,) = csv.DictReader(io.StringIO(race_table.as_csv(report, [(report.variants[-1], trial)])))
    assert (row["target"], row["runtime"]) == expected[-1][:2]


def test_the_csv_has_the_options_of_each_variant_and_of_a_candidate_those_of_its_target():
    report = made_raced_report()
    rows = list(csv.DictReader(io.StringIO(variant_table.as_csv(report))))
    assert [row["session_options"] for row in rows] == ["", "INFERENCE_PRECISION_HINT=bf16"] * 2
    candidate = report.variants[-1].model_copy(update={"role": "candidate", "latency": None})
    trial = made_trial("Static INT8", "final", "winner", "Won", 0.5)
    (row,) = csv.DictReader(io.StringIO(race_table.as_csv(report, [(candidate, trial)])))
    assert (row["runtime"], row["session_options"]) == ("openvino", "INFERENCE_PRECISION_HINT=bf16")
    (row, _) = csv.DictReader(io.StringIO(variant_table.as_csv(made_report())))
    assert (row["target"], row["runtime"], row["provider"]) == ("", "onnxruntime", "CPUExecutionProvider")


def test_charts_name_every_pair_and_what_the_speeds_are_to(raced_run):
    report = raced_run.report
    figure = speed(report)
    assert figure.layout.xaxis.title.text == "Speed, times as fast as the baseline in onnxruntime (×)"
    family = " ".join(note.text.replace("<br>", " ") for note in tree(report).layout.annotations)
    assert all(f"in {label}" in family for label in report.target_labels[1:])
    chain = " ".join(str(note.text) for note in waterfall(report, report.variants[-1].id, "latency").layout.annotations)
    assert f"2 in {report.target_labels[-1]}" in chain.replace("<br>", " ")
