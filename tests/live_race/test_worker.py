"""The warm worker as the app uses it: a real process over a run of small files."""

import io
import os
import signal
import sys
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image

from engine.api.live_races import find_live_race, open_live_race
from engine.errors import NotFoundError, RequestError, RunError, StateError
from engine.jobs import live_race, live_races
from engine.jobs.live_race import LiveRace
from engine.jobs.live_races import LiveRaces
from engine.jobs.policy import worker_policy
from engine.live_race import service
from engine.planning.live_races import live_race_request
from engine.results import Fidelity
from engine.settings import ArraysData
from engine.settings.live_race import MOST_LANES, LiveRaceRequest
from engine.store.home import Home
from engine.store.measure_lock import measure_lock
from tests.jobs.standins import until
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_live_race import run_of_small_files
from tests.processes import command_of

GOING_ON = ("loading", "waiting", "racing")


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def request_of_run(home) -> LiveRaceRequest:
    folder = home.job(run_of_small_files(home).id)
    return live_race_request(folder.report(), folder, [INT8])


@pytest.fixture
def race(home, request_of_run) -> Iterator[LiveRace]:
    found = LiveRace(home, request_of_run, lambda race: None)
    yield found
    found.close()


def test_lanes_race_to_the_finish_line_and_answer_photos(race):
    assert race.status().phase == "ready"
    assert not race.is_running
    race.start("alone")
    until(lambda: race.status().lanes[1].n_done, 60)
    with pytest.raises(RequestError, match="race is on"):
        race.answer(png(), "alone")
    race.stop()
    stopped = race.status()
    assert stopped.phase == "ready"
    assert 0 < stopped.lanes[0].n_done < stopped.distance
    assert (stopped.images, stopped.labelled) == ("photos that ship with Featherweight", False)
    assert stopped.lanes[1].n_agreeing == stopped.lanes[1].n_compared > 0

    answer = race.answer(png(), "alone", most_calls=4)
    assert [lane.n_calls for lane in answer.lanes] == [4, 4]
    first, second = (lane.answer.classes for lane in answer.lanes)
    assert first == second
    assert sum(one.probability for one in first) <= 1.0
    assert {lane.n_calls for lane in race.answer(png("blue"), "together").lanes} == {1}
    after = race.status().lanes[1]
    assert (after.n_calls, after.p50_ms) == (stopped.lanes[1].n_calls, stopped.lanes[1].p50_ms), "photos are no race"
    with pytest.raises(RequestError, match="it is a text and no image"):
        race.answer(b"no image", "alone")
    with Image.open(io.BytesIO(race.sheet())) as sheet:
        assert (sheet.width, sheet.height % 64) == (512, 0)

    inputs, images = race.inputs()
    assert len(images) == 4 * inputs.shape[0] * 3 * 8 * 8
    assert inputs.probabilities[BASE] == inputs.probabilities[INT8]
    assert (inputs.refusals, set(inputs.input_names.values())) == ({}, {"image"})


def test_a_worker_that_is_killed_is_named_and_another_one_begins(race):
    race.answer(png(), "alone", most_calls=1)
    (child,) = [one for one in psutil.Process().children() if "engine.worker" in command_of(one)]
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(RunError, match=r"ended by SIGKILL \(Killed\)\. Start the race again"):
        race.status()
    assert race.status().phase == "ready"
    assert race.answer(png(), "alone", most_calls=1).lanes
    psutil.wait_procs([child], timeout=10)


def test_a_worker_that_sends_no_message_is_ended(race, monkeypatch):
    monkeypatch.setattr(
        live_race, "WORKER", (sys.executable, "-c", "print('no message', flush=True); input(); input()")
    )
    with pytest.raises(RunError, match="cannot be read"):
        race.sheet()
    assert not race.is_running
    assert race.status().phase == "ready"


def test_a_race_waits_while_a_job_measures_and_says_for_which(home, race):
    race.sheet()
    with measure_lock(home.measure_lock, "a long run"):
        with pytest.raises(RunError, match="'a long run' measures on this machine now"):
            race.answer(png(), "alone")
        race.start("alone")
        assert until(lambda: race.status().waits_for, 30) == "a long run"
        assert race.status().lanes[0].n_done == 0
    until(lambda: race.status().lanes[0].n_done, 30)


def test_it_ends_with_its_app_and_when_nobody_asks(request_of_run, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "IDLE_SECONDS", 0.05)
    asks, ours = os.pipe()
    try:
        with os.fdopen(asks, "rb") as stream:
            assert service.serve(request_of_run, tmp_path, stream, io.BytesIO()) == 0
    finally:
        os.close(ours)
    monkeypatch.setattr(service, "IDLE_SECONDS", 60)
    asks, ours = os.pipe()
    os.close(ours)
    with os.fdopen(asks, "rb") as stream:
        assert service.serve(request_of_run, tmp_path, stream, io.BytesIO()) == 0


def test_a_file_that_was_changed_does_not_race(home):
    folder = home.job(run_of_small_files(home).id)
    (folder.path / "variants" / INT8 / "model.onnx").write_bytes(b"another")
    race = LiveRace(home, live_race_request(folder.report(), folder, [INT8]), lambda race: None)
    try:
        with pytest.raises(RequestError, match="the file of 'Static INT8' has changed"):
            race.sheet()
        assert race.status().phase == "failed"
    finally:
        race.close()


def test_few_workers_run_at_once_and_the_idle_one_goes(home, request_of_run, monkeypatch):
    monkeypatch.setattr(live_races, "MOST_WORKERS", 1)
    races = LiveRaces()
    one, other = (races.find(races.open(home, request_of_run)) for _ in range(2))
    try:
        one.sheet()
        with pytest.raises(StateError, match="which is the most"):
            other.sheet()
        monkeypatch.setattr(live_races, "BUSY_SECONDS", 0.0)
        with one._lock, pytest.raises(StateError, match="which is the most"):  # as while it answers
            other.sheet()
        assert other.sheet()
        assert (one.is_running, other.is_running) == (False, True)
    finally:
        one.close()
        other.close()


def test_it_may_read_its_own_files_and_no_others(home, request_of_run):
    policy = worker_policy(home, home.path / "somewhere", request_of_run)
    lanes = {lane.file for lane in request_of_run.lanes}
    assert lanes <= {str(path) for path in policy.readable}
    assert not any(path in policy.readable for path in (home.path, home.jobs, home.uploads, home.requests))
    assert home.jobs not in policy.writable
    assert (policy.network, policy.processes) == (False, False)


def test_tickets_and_what_cannot_race(home):
    run = run_of_small_files(home)
    ticket = open_live_race(run.id, [INT8])
    assert find_live_race(ticket).file(INT8).name == "model.onnx"
    for id in ("../../x", "c" * 12):
        with pytest.raises(NotFoundError, match="no lane of this race"):
            find_live_race(ticket).file(id)
    with pytest.raises(NotFoundError, match="this race is over"):
        find_live_race("guessed")
    with pytest.raises(NotFoundError, match="has no variant"):
        open_live_race(run.id, ["d" * 12])
    with pytest.raises(RequestError, match="neither a run here"):
        open_live_race("0" * 12, [])


COSINE = Fidelity(agreement=None, similarity=0.9, measure="cosine similarity", sqnr_db=20.0, n_images=9)


def report_of(**variant):
    return made_report(*(made_variant(id, name, **variant) for id, name in ((BASE, "Baseline"), (INT8, "INT8"))))


@pytest.mark.parametrize(("report", "why"), [
    (report_of(input=made_variant(BASE, "b").input.model_copy(update={"preprocess": None})), "takes no images"),
    (report_of(fidelity=COSINE), "gives no class"),
    (made_report(recipe=made_report().recipe.model_copy(update={"data": ArraysData(path="x.npz")})), "came as arrays"),
])  # fmt: skip
def test_what_is_no_classifier_of_images_is_refused(home, report, why):
    with pytest.raises(RequestError, match=why):
        live_race_request(report, home.job("a"), [])


def test_too_many_lanes_are_refused(home):
    ids = [f"{number:012x}" for number in range(MOST_LANES)]
    report = made_report(made_variant(BASE, "Baseline"), *(made_variant(id, id) for id in ids))
    with pytest.raises(RequestError, match=f"at most {MOST_LANES} race"):
        live_race_request(report, home.job("a"), ids)


@pytest.mark.parametrize(
    "says", ["", '{"kind":', '{"n_bytes": 9}\n1234'], ids=["nothing", "half a line", "half a payload"]
)
def test_a_reply_that_does_not_come_whole_ends_the_worker(home, request_of_run, monkeypatch, says):
    program = f"import sys, threading; print({says!r}, end='', flush=True); threading.Event().wait()"
    monkeypatch.setattr(live_race, "WORKER", (sys.executable, "-c", program))
    monkeypatch.setattr(live_race, "REPLY_SECONDS", 0.5)
    race = LiveRace(Home(home.path), request_of_run, lambda race: None)
    with pytest.raises(RunError, match="did not answer"):
        race.sheet()
    assert not race.is_running
