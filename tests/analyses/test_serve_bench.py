"""Measuring a bundle's server: every setting with and without the cache, what fails, and what is kept."""

import json
import zipfile
from contextlib import contextmanager

import pytest

from engine.analyses import serve_bench as module
from engine.analyses.serve_bench import serve_bench, service_times
from engine.errors import RequestError, RunError
from engine.measure.http_load import Answer
from engine.planning.serving_jobs import check_serve_bench, serve_bench_request
from engine.results import ServeBench
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.made_bundle import made_bundle
from tests.made_serving import answering_server

QUICK = {"batch_sizes": (1, 4), "seconds": 0.2, "repeats": 2, "n_images": 20, "n_clients": 4}


@pytest.fixture
def bundle(tmp_path):
    """A zip with what the analysis reads; its server is a stand-in."""
    path = tmp_path / "bundle.zip"
    description = made_bundle().descriptions[0]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", description.model_dump_json())
        archive.writestr("serve.py", "")
        for image in description.golden.images:
            archive.writestr(image.file, image.file)
    return path


@pytest.fixture
def folder(home, tmp_path, monkeypatch) -> JobFolder:
    monkeypatch.setattr(module, "SHARES", (0.2,))  # a stand-in in the process of its clients is slow
    monkeypatch.setattr(module, "LEAST_REQUESTS", 20)
    monkeypatch.setattr(module, "WARM_SECONDS", 0.1)
    job = JobFolder(tmp_path / "job")
    job.path.mkdir()
    return job


def starts(monkeypatch, fails=()) -> list[tuple[int, float]]:
    """The settings with which servers were started; those of a size in `fails` do not start."""
    started: list[tuple[int, float]] = []

    @contextmanager
    def start(place, log, size, wait):
        assert (place / "serve.py").is_file()
        started.append((size, wait))
        if size in fails:
            raise RunError("the server of the bundle ended at once: no room")
        with answering_server() as (port, _):
            yield port

    monkeypatch.setattr(module, "bundle_server", start)
    return started


def test_every_setting_is_measured_with_and_without_the_cache(bundle, folder, monkeypatch):
    started = starts(monkeypatch)
    result = serve_bench(serve_bench_request(bundle, **QUICK), folder, Progress(folder))
    assert started == [(1, 0.0), (4, 2.0)]
    assert [(cell.max_batch_size, cell.cached) for cell in result.measured] == [
        (1, False),
        (1, True),
        (4, False),
        (4, True),
    ]
    off, on = result.cells[:2]
    assert (off.points[0].hit_rate, off.points[0].failed) == (0, 0)
    assert on.points[0].hit_rate > 0.3
    assert off.times.call_ms == {2: 0.5}
    assert (len(off.simulated), on.simulated) == (1, ())
    assert result.complete


def test_a_setting_that_does_not_start_costs_no_other(bundle, folder, monkeypatch):
    starts(monkeypatch, fails=(4,))
    result = serve_bench(serve_bench_request(bundle, **QUICK), folder, Progress(folder))
    assert [cell.state for cell in result.cells] == ["measured", "measured", "failed", "failed"]
    assert "no room" in result.cells[2].note.text


def test_where_none_starts_it_fails_and_says_why(bundle, folder, monkeypatch):
    starts(monkeypatch, fails=(1, 4))
    with pytest.raises(RunError, match="no room"):
        serve_bench(serve_bench_request(bundle, **QUICK), folder, Progress(folder))


def test_a_cancel_keeps_the_settings_before_it(bundle, folder, monkeypatch):
    started = starts(monkeypatch)
    real = module._measure_setting

    def cancelled(*arguments):
        if started:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(module, "_measure_setting", cancelled)
    with pytest.raises(KeyboardInterrupt):
        serve_bench(serve_bench_request(bundle, **QUICK), folder, Progress(folder))
    kept = ServeBench.model_validate(json.loads(folder.file("result.json").read_text()))
    assert [cell.state for cell in kept.cells] == ["measured", "measured", "waiting", "waiting"]


def test_what_an_image_adds_is_the_time_outside_of_calls():
    answers = [Answer(200, 0.01, False, 4, 6.0)] * 8 + [Answer(200, 0.01, False, 1, 2.0)] * 2
    times = service_times(answers, seconds=0.036)
    assert times.call_ms == {1: 2.0, 4: 6.0}
    assert times.added_ms == pytest.approx((36 - (2 * 6 + 2 * 2)) / 10)


def test_what_is_no_bundle_or_serves_nothing_is_refused(bundle, tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(RequestError, match="is no bundle"):
        serve_bench_request(tmp_path / "text.zip")
    with pytest.raises(RequestError, match=r"has no 0123456789ab/serve.py"):
        serve_bench_request(bundle, folder="0123456789ab/")
    with zipfile.ZipFile(tmp_path / "arrays.zip", "w") as archive:
        archive.writestr("infer.py", "")
    with pytest.raises(RequestError, match=r"has no serve.py"):
        serve_bench_request(tmp_path / "arrays.zip")


def test_without_litserve_it_says_what_to_install(bundle, monkeypatch):
    request = serve_bench_request(bundle)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "litserve" else object())
    with pytest.raises(RequestError, match="litserve is not installed here"):
        check_serve_bench(request)
