"""What comes next for a run of this home, with what its advisor found."""

from io import BytesIO

import pytest

import engine
from engine import AdviseRequest, NotFoundError
from engine.jobs.claims import Claims
from engine.jobs.queue import Queue
from engine.store.folders import Outcome, now
from tests.made import made_advice, made_architecture, made_report
from tests.planning.suggestions.kept import SAMPLE, kept

ADVICE = made_advice(made_architecture("regnetx_002", 0.25, 0.7), faster=("regnetx_002",))


def run(recipe, from_browser=False):
    """The id of a run of this recipe that has kept its baseline."""
    id = engine.submit(recipe, from_browser=from_browser).id
    Queue.default().folder(id).write("report.json", kept(recipe=engine.recipe(id)))
    return id


def advised(request, state="done", from_browser=False):
    """An advice of this home that has ended so."""
    queue = Queue.default()
    id = engine.analyse(request, from_browser=from_browser).id
    assert Claims(queue, "test/1").claim("advice") == id
    queue.folder(id).write("result.json", ADVICE)
    queue.finish(id, Outcome(state=state, next="", exit_status=0, started=now(), finished=now()))


def first(id):
    return engine.suggest(id)[0].code


def test_a_run_that_kept_its_baseline_leads_on(home, recipe):
    found = engine.suggest(run(recipe))
    assert [one.code for one in found][:2] == ["prune", "distill"]
    assert found == engine.suggest(run(recipe))


def test_a_run_without_a_report_and_one_that_found_better_lead_nowhere(home, recipe):
    id = engine.submit(recipe).id
    assert engine.suggest(id) == ()
    Queue.default().folder(id).write("report.json", made_report())
    assert engine.suggest(id) == ()
    with pytest.raises(NotFoundError):
        engine.suggest("0" * 12)


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_the_advisor_measured_for_the_same_model_comes_first(home, recipe, state):
    id = run(recipe)
    advised(AdviseRequest(model=recipe.model, data=recipe.data), state)
    found = engine.suggest(id)[0]
    assert (found.code, found.title, found.basis) == ("architecture", "Try regnetx_002", "measured_here")


def test_advice_for_another_target_is_not_taken(home, recipe):
    id = run(recipe)
    advised(AdviseRequest(model=recipe.model, data=recipe.data, target=engine.Target(batch_size=2)))
    assert first(id) == "prune"


def test_advice_for_an_uploaded_file_is_found_behind_a_link_too(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    model = engine.FileModel(sha256=engine.save_upload("model.onnx", "onnx", BytesIO(b"model")).sha256)
    recipe = engine.parse_recipe(f"{{model: {{kind: file, sha256: {model.sha256}}}, data: {SAMPLE}}}")
    id = run(recipe, from_browser=True)
    advised(AdviseRequest(model=model, data=recipe.data), from_browser=True)
    assert first(id) == "architecture"


def test_advice_for_a_file_on_disk_is_found_without_the_file(home, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"model")
    recipe = engine.parse_recipe(f"{{model: {{kind: file, path: {tmp_path}/model.onnx}}, data: {SAMPLE}}}")
    id = run(recipe)
    advised(AdviseRequest(model=recipe.model, data=recipe.data))
    assert first(id) == "architecture"
    assert engine.suggest(id)[0].basis == "measured_here"
    for change in (lambda file: file.write_bytes(b"another"), lambda file: file.unlink()):
        change(tmp_path / "model.onnx")
        assert engine.suggest(id)[0].basis == "measured_here"


def test_nothing_is_looked_up_for_a_run_that_found_better(home, recipe, monkeypatch):
    monkeypatch.setattr("engine.api.suggestions.find_resolved", never)
    id = engine.submit(recipe).id
    Queue.default().folder(id).write("report.json", made_report())
    assert engine.suggest(id) == ()


def test_neither_the_model_nor_the_images_are_read_or_counted(home, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.png").write_bytes(b"image")
    (tmp_path / "model.onnx").write_bytes(b"model")
    data = f"{{kind: images, path: {tmp_path}/images, labels: none}}"
    recipe = engine.parse_recipe(f"{{model: {{kind: file, path: {tmp_path}/model.onnx}}, data: {data}}}")
    id = run(recipe)
    monkeypatch.setattr("engine.planning.resolve.path_sum", never)
    monkeypatch.setattr("engine.planning.estimate._images", never)
    assert "quantize" in [one.code for one in engine.suggest(id)]


def never(*args, **kwargs):
    pytest.fail("there is no need for this")


def test_damaged_advice_is_none(home, recipe):
    id = run(recipe)
    advised(AdviseRequest(model=recipe.model, data=recipe.data))
    (advice,) = engine.list_jobs("advise")
    (home.job(advice.id).path / "result.json").write_text("{")
    assert first(id) == "prune"
