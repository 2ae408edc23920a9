import os
import pkgutil
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest

import engine
from engine import NotFoundError, Recipe, StateError, parse_recipe
from engine.store.home import Home
from engine.system.check import check_home

HEAVY = ("torch", "timm", "onnx", "onnxruntime", "openvino", "streamlit", "pandas", "plotly")
SAMPLE = "{model: {kind: sample}, data: {kind: sample}, steps: [{technique: quantize, method: static}]}"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def recipe() -> Recipe:
    return parse_recipe(SAMPLE)


def test_importing_it_in_a_fresh_interpreter_loads_nothing_heavy():
    code = f"import engine, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_command_line_loads_nothing_heavy():
    code = f"import engine.cli.main, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_every_name_is_there_once_and_in_order():
    assert list(engine.__all__) == sorted(set(engine.__all__))
    assert all(hasattr(engine, name) for name in engine.__all__)


def test_every_verb_says_what_it_does():
    verbs = [getattr(engine, name) for name in engine.__all__ if name[0].islower()]
    assert len(verbs) > 30
    assert [verb.__name__ for verb in verbs if not (verb.__doc__ or "").strip()] == []


def test_submitting_keeps_the_recipe_and_an_estimate(recipe):
    job = engine.submit(recipe, token="click")
    assert engine.submit(recipe, token="click").id == job.id
    assert engine.recipe(job.id) == engine.resolve(recipe)
    assert job.estimate_seconds == engine.estimate(engine.resolve(recipe)).seconds
    assert engine.report(job.id) is None
    assert engine.events(job.id) == ()
    assert engine.log(job.id) == ""
    assert [each.id for each in engine.list_jobs()] == [job.id]


def test_submitting_starts_no_supervisor(recipe, home):
    engine.submit(recipe)
    assert not (home / "supervisor.lock").exists()


def test_an_analysis_is_asked_once_and_is_no_run():
    request = engine.HardwareRequest()
    job = engine.analyse(request)
    assert engine.analyse(request).id == job.id
    assert engine.result(job.id) is None
    assert engine.list_jobs() == ()
    with pytest.raises(StateError, match="no recipe"):
        engine.recipe(job.id)


def test_a_run_has_a_timeline_and_an_analysis_has_none(recipe):
    id = engine.submit(recipe).id
    assert {part.state for part in engine.timeline(id)} == {"waiting"}
    engine.cancel(id)
    assert {part.state for part in engine.timeline(id)} == {"skipped"}
    with pytest.raises(StateError, match="no recipe"):
        engine.timeline(engine.analyse(engine.HardwareRequest()).id)
    with pytest.raises(NotFoundError):
        engine.timeline("0" * 12)


def test_files_of_jobs_are_found_or_refused(recipe):
    id = engine.submit(recipe).id
    assert engine.result_file(id, "recipe.yaml").exists()
    for ask in (
        lambda: engine.result_file(id, "../../x"),
        lambda: engine.variant_file(id, "0" * 12),
        lambda: engine.job("0" * 12),
    ):
        with pytest.raises(NotFoundError):
            ask()


def test_waiting_ends_with_the_job_or_the_time(recipe):
    id = engine.submit(recipe).id
    with pytest.raises(engine.RunError, match="is queued after 0 s"):
        engine.wait(id, 0)
    engine.cancel(id)
    assert engine.wait(id, 0).state == "cancelled"
    assert engine.rename(id, "better").name == "better"
    engine.delete(id)
    assert engine.list_jobs() == ()


def test_an_upload_that_a_waiting_job_needs_is_kept():
    upload = engine.save_upload("model.onnx", "onnx", BytesIO(b"model"))
    recipe = parse_recipe(f"{{model: {{kind: file, sha256: {upload.sha256}}}, steps: []}}")
    id = engine.submit(recipe, from_browser=True).id
    with pytest.raises(StateError, match="needs this upload"):
        engine.delete_upload(upload.sha256)
    engine.cancel(id)
    engine.delete_upload(upload.sha256)
    assert engine.uploads() == ()


def test_usage_and_freeing_the_cache(home, recipe):
    engine.submit(recipe)
    engine.save_folder([("a.png", BytesIO(b"12345"))])
    (home / "cache" / "aa").mkdir()
    (home / "cache" / "aa" / "model.onnx").write_bytes(b"x" * 1000)
    os.utime(home / "cache" / "aa", (1, 1))
    usage = engine.usage()
    assert usage.home == str(home)
    assert min(usage.jobs_bytes, usage.database_bytes, usage.free_bytes) > 0
    assert usage.uploads_bytes > 5
    assert usage.cache_bytes == engine.free_cache() == 1000
    assert engine.usage().cache_bytes == 0


def test_what_a_waiting_job_may_use_stays_in_the_cache(home, recipe):
    id = engine.submit(recipe).id
    used, unused = home / "cache" / "aa", home / "cache" / "bb"
    for entry, used_at in [(used, time.time() + 1), (unused, 1)]:
        entry.mkdir()
        (entry / "model.onnx").write_bytes(b"x")
        os.utime(entry, (used_at, used_at))
    os.utime(home / "jobs" / id, (time.time() + 100, time.time() + 100))  # the job goes on writing
    engine.free_cache()
    assert used.exists()
    assert not unused.exists()


def test_techniques_tell_their_settings():
    rows = engine.list_techniques()
    assert {row.technique for row in rows} >= {"finetune", "simplify", "float16", "quantize"}
    assert all(row.summary and row.schema_["properties"] for row in rows)
    assert [row.method for row in rows if row.technique == "quantize"] == ["auto", "static", "dynamic", "weights"]


def test_the_catalogue_is_searched():
    assert engine.search_models("resnet18", limit=1)[0].name == "resnet18"
    assert engine.catalogue_entry("resnet18.a1_in1k").name == "resnet18"
    assert engine.catalogue_entry("nonsense") is None


def test_recipes_are_described(recipe):
    assert len(engine.describe(engine.resolve(recipe))) >= 4


def test_check_finds_what_is_wrong(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    items = {item.name: item for item in check_home(Home(tmp_path / "file" / "home"), ["false"])}
    for name in ("home", "database", "runtimes"):
        assert not items[name].ok
        assert items[name].found
        assert items[name].next
    assert items["onnxruntime"].ok


def test_no_room_takes_a_verb_s_name_when_it_is_entered():
    """`import engine.x` puts the module in the place of the verb x, unless it was imported before."""
    rooms = {module.name for module in pkgutil.iter_modules(engine.__path__)}
    for name in rooms & set(engine.__all__):
        assert f"engine.{name}" in sys.modules
        assert callable(getattr(engine, name))
