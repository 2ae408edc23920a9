"""The report.html of a run's folder: there however the run has ended, and never in a folder that was refused."""

import pytest

import engine
from engine.api import measuring, recipes
from engine.errors import Cancelled, RequestError, RunError
from tests.made import RECIPE, made_report


@pytest.fixture
def carried_out(monkeypatch, tmp_path):
    """Stands in for a run that leaves this report and ends with this error, if any."""
    monkeypatch.setattr(recipes, "resolve", lambda recipe: recipe)

    def prepare(report, error):
        def run_in_folder(home, recipe, out, on_event):
            if report is not None:
                out.mkdir()
                (out / "report.json").write_text(report.model_dump_json())
            if error is not None:
                raise error
            return report

        monkeypatch.setattr(recipes.foreground, "run_in_folder", run_in_folder)
        return tmp_path / "out"

    return prepare


@pytest.mark.parametrize("error", [None, Cancelled("it was cancelled"), RunError("it broke", "Try again")])
def test_however_a_run_ends_it_leaves_the_page_of_what_it_had(home, carried_out, error):
    out = carried_out(made_report(), error)
    if error is None:
        engine.optimize(RECIPE, out)
    else:
        with pytest.raises(type(error)):
            engine.optimize(RECIPE, out)
    assert "Static INT8" in (out / "report.html").read_text()


def test_before_the_first_variant_there_is_no_page(home, carried_out):
    out = carried_out(made_report().model_copy(update={"variants": ()}), Cancelled("it was cancelled"))
    with pytest.raises(Cancelled):
        engine.optimize(RECIPE, out)
    assert not (out / "report.html").exists()


def test_a_folder_that_is_refused_keeps_the_page_of_another_run(home, carried_out):
    out = carried_out(None, RequestError("the folder is not empty", "Choose another"))
    out.mkdir()
    (out / "report.json").write_text(made_report().model_dump_json())
    (out / "report.html").write_text("another")
    with pytest.raises(RequestError, match="not empty"):
        engine.optimize(RECIPE, out)
    assert (out / "report.html").read_text() == "another"


@pytest.mark.parametrize("there", [True, False])
def test_measured_again_the_page_is_written_anew_where_there_is_one(home, tmp_path, monkeypatch, there):
    report = made_report()
    for variant in report.variants:
        file = tmp_path / variant.file
        file.parent.mkdir(parents=True)
        file.write_bytes(b"onnx")
    (tmp_path / "report.json").write_text(report.model_dump_json())
    if there:
        (tmp_path / "report.html").write_text("old")
    monkeypatch.setattr(measuring.foreground, "run_analysis", lambda *args, **more: None)
    monkeypatch.setattr(measuring, "_request", lambda *args: None)
    engine.remeasure(tmp_path)
    assert (tmp_path / "report.html").exists() == there
    assert not there or "Static INT8" in (tmp_path / "report.html").read_text()
