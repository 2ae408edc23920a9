"""The results pages of runs whose answers are no classes, or whose data are no images."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from engine.results import MEASURES, TensorSpec
from pages._ui.results.snippet import snippet
from tests.made import INT8, made_variant
from tests.made_tasks import ARRAYS, IMAGES, made_task_race, made_task_report
from tests.pages.test_pages import plain_words
from tests.results.test_measures import FIGURES, wrong_words

OUTPUTS = {"boxes": np.zeros((1, 7, 4), np.float32), "scores": np.array([[0.25]], np.float32)}
VIEWS = ("Overview", "Steps", "Take home", "How it was measured")


def shown(at) -> str:
    """What a page says, and what its tables, figures and charts have."""
    tables = "\n".join(table.value.to_csv(index=False) for table in (*at.table, *at.dataframe))
    figures = "\n".join(f"{metric.label} {metric.value}" for metric in at.metric)
    charts = "\n".join(chart.proto.spec for chart in at.get("plotly_chart"))
    return "\n".join((plain_words(at), tables.replace("\\", ""), figures, charts))


@pytest.mark.parametrize(
    ("measure", "arrays"),
    [("pixel agreement", False), ("detection F1", False), ("cosine similarity", True), ("explained variance", True)],
)
def test_every_view_of_a_run_is_in_the_terms_of_its_task(app, finished, measure, arrays):
    run = finished(made_task_report(measure, arrays=arrays))
    at = app("pages/results.py", run=run.id)
    assert f"{MEASURES[measure].title} {FIGURES[measure]}" in shown(at)
    for view in VIEWS:
        at = at.button_group[0].set_value(view).run()
        assert not at.exception
        text = shown(at).replace("accuracy within budget", "")
        assert [line for line in text.splitlines() if wrong_words(line, measure, arrays=arrays)] == [], view


def test_a_race_of_arrays_speaks_of_examples_and_each_output_has_its_row(app, finished):
    run = finished(made_task_race("explained variance", arrays=True))
    at = app("pages/results.py", run=run.id)
    assert [list(table.value.columns) for table in at.table if "Output" in table.value] == [["Output", "Static INT8"]]
    text = shown(at.button_group[0].set_value("Race").run())
    assert "Examples that chose 64" in text
    assert "on the 64 examples that choose" in text


@pytest.fixture
def session(monkeypatch, tmp_path):
    """What a program in `tmp_path` gave to the model: the inputs of `InferenceSession.run`."""
    calls = []

    def fake(*shapes: tuple[str, list]):
        class Session:
            def __init__(self, path, providers):
                self.path = path

            def get_inputs(self):
                return [SimpleNamespace(name=name, type="tensor(float)", shape=shape) for name, shape in shapes]

            def get_outputs(self):
                return [SimpleNamespace(name=name) for name in OUTPUTS]

            def run(self, outputs, feeds):
                calls.append((outputs, feeds))
                return [OUTPUTS[name] for name in outputs]

        monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=Session))

    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(fake=fake, calls=calls)


def run_program(text: str) -> None:
    Path("run.py").write_text(text)
    runpy.run_path("run.py")


@pytest.mark.parametrize(("batch", "n"), [("batch", 1), (4, 4)])
def test_the_snippet_gives_a_model_of_arrays_one_for_each_input(session, capsys, batch, n):
    session.fake(("token_ids", [batch, "sequence"]), ("features", [batch, 4, 3]), ("threshold", []))
    text = snippet(made_variant(INT8, "x", input=ARRAYS), "m.onnx", None, "explained variance")
    run_program(text)
    ((outputs, feeds),) = session.calls
    assert outputs == ["boxes", "scores"]
    assert {name: (str(array.dtype), array.shape) for name, array in feeds.items()} == {
        "token_ids": ("int64", (n, 8)),
        "features": ("float32", (n, 4, 3)),
        "threshold": ("float32", ()),
    }
    assert capsys.readouterr().out.splitlines()[0] == "boxes float32 (1, 7, 4)"
    assert "PIL" not in text


def test_the_snippet_does_so_where_no_input_has_examples_and_names_are_odd(session):
    spec = ARRAYS.model_copy(update={"inputs": (TensorSpec(name="it's", dtype="bool", shape=(2,), batched=False),)})
    session.fake(("it's", [2]))
    run_program(snippet(made_variant(INT8, "x", input=spec), "m.onnx", None))
    ((_, feeds),) = session.calls
    assert feeds["it's"].dtype == bool
    assert feeds["it's"].shape == (2,)


def test_the_snippet_of_a_detector_says_what_its_outputs_are(session, capsys):
    session.fake(("image", ["batch", 1, 64, 64]))
    Image.fromarray(np.zeros((64, 64), np.uint8)).save("image.jpg")
    run_program(snippet(made_variant(INT8, "x", input=IMAGES), "m.onnx", None, "detection F1"))
    ((outputs, feeds),) = session.calls
    assert outputs == ["boxes", "scores"]
    assert feeds["image"].shape == (1, 1, 64, 64)
    assert capsys.readouterr().out.splitlines() == ["boxes float32 (1, 7, 4)", "scores float32 (1, 1)"]


def test_one_probability_is_that_of_the_second_class(session, capsys):
    session.fake(("image", ["batch", 1, 64, 64]))
    Image.fromarray(np.zeros((64, 64), np.uint8)).save("image.jpg")
    run_program(snippet(made_variant(INT8, "x", input=IMAGES, output="scores"), "m.onnx", ("no", "yes"), "agreement"))
    assert capsys.readouterr().out.splitlines() == ["no 0.750", "yes 0.250"]
