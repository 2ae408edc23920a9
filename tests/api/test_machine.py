"""Peaks that the command line has measured: kept by this home as if its pages had asked for them."""

import pytest

import engine
from engine.jobs.queue import Queue
from engine.results import Result
from engine.store import home as home_module
from engine.store.home import Home
from tests.made_machine import made_peaks, made_rate


@pytest.fixture
def measure(home, monkeypatch):
    """Measures the peaks in the foreground, which comes to these."""

    def measured(peaks: Result, threads: int | None = None) -> engine.Peaks:
        with monkeypatch.context() as patch:
            patch.setattr("engine.jobs.foreground.run_analysis", lambda home, request, on_event: peaks)
            return engine.measure_peaks(threads)

    return measured


def test_peaks_that_were_measured_are_known_and_the_page_finds_them(measure):
    assert engine.known_peaks() is None
    assert measure(made_peaks()) == made_peaks()
    assert engine.known_peaks() == made_peaks()
    job = engine.analyse(engine.peaks_request())
    assert (job.state, job.fraction, job.finished is not None) == ("done", 1.0, True)
    assert engine.result(job.id) == made_peaks()


def test_peaks_that_were_measured_anew_are_the_ones_that_are_known(measure):
    anew = made_peaks(bandwidth=made_rate(20.0))
    measure(made_peaks())
    measure(anew)
    assert engine.known_peaks() == anew


def test_peaks_are_known_on_their_machine_alone(measure, monkeypatch):
    measure(made_peaks())
    monkeypatch.setattr("engine.jobs.job_kind.cpu_name", lambda: "another processor")
    assert engine.known_peaks() is None


def test_kept_peaks_are_a_whole_job_in_their_folder(measure, home):
    measure(made_peaks())
    (job,) = engine.list_jobs("peaks")
    assert Home(home.path).job(job.id).outcome().state == "done"
    assert Queue(home).folder(job.id).request().request == engine.peaks_request()


def test_a_full_disk_keeps_nothing_and_the_peaks_are_told_all_the_same(measure, home, monkeypatch):
    monkeypatch.setattr(home_module, "FREE_FLOOR_BYTES", 10**18)
    assert measure(made_peaks()) == made_peaks()
    assert engine.list_jobs("peaks") == ()
    assert engine.known_peaks() is None
