"""The Race page: what is chosen, what is refused, and the routes that its stage asks."""

import json
import struct

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine import open_live_race
from engine.results import Fidelity
from pages._ui import run_choice
from pages._ui.race import routes
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_live_race import run_of_small_files
from tests.pages.test_pages import words

PAGE = "pages/race.py"


def test_without_runs_it_teaches(app):
    at = app(PAGE)
    assert "Nothing to race yet" in words(at)
    assert "on a photo that you drop" in words(at)


def test_the_address_restores_the_run_and_its_lanes(app, finished):
    run, _ = finished(name="first"), finished(name="second")
    at = app(PAGE, run=run.id)
    assert at.selectbox(key="race-run").value == run.id
    assert at.multiselect(key="lanes").value == [INT8]
    at.multiselect(key="lanes").set_value([]).run()
    assert not at.exception
    assert at.query_params["run"] == run.id


@pytest.mark.parametrize(("page", "key"), [(PAGE, "race-run"), ("pages/ship.py", "ship-run")])
def test_the_address_restores_a_run_that_is_older_than_the_list(app, finished, monkeypatch, page, key):
    monkeypatch.setattr(run_choice, "MOST_LISTED", 1)
    run, newer = finished(name="first"), finished(name="second")
    at = app(page, run=run.id)
    assert at.selectbox(key=key).value == run.id
    assert app(page).selectbox(key=key).value == newer.id


def test_an_unknown_run_is_named(app, finished):
    finished()
    assert "There is no finished run 'nothing' here" in words(app(PAGE, run="nothing"))


def test_what_is_no_classifier_is_said(app, finished):
    other = Fidelity(agreement=None, similarity=0.9, measure="cosine similarity", sqnr_db=20.0, n_images=9)
    finished(made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "INT8", fidelity=other)))
    at = app(PAGE)
    assert "Its model gives no class for an image" in words(at)
    assert not at.exception


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes.routes()))


@pytest.fixture
def ticket(home) -> str:
    return open_live_race(run_of_small_files(home).id, [INT8])


@pytest.mark.parametrize("path", [
    "guessed/status", "guessed/model/" + INT8, "guessed/sheet", "{ticket}/model/" + "c" * 12,
    "{ticket}/model/..%2F..%2Freport.json", "ort/LICENSE.txt", "ort/__init__.py", "static/routes.py",
    "static/..%2Fstate.py",
])  # fmt: skip
def test_unknown_tickets_and_paths_are_not_found(client, ticket, path):
    assert client.get(f"/stage/{path.format(ticket=ticket)}").status_code == 404


def test_files_are_served_by_their_names_alone(client, ticket):
    assert client.get(f"/stage/{ticket}/model/{INT8}").headers["content-length"] > "0"
    script = client.get("/stage/static/stage.mjs")
    assert (script.status_code, script.headers["content-type"].split(";")[0]) == (200, "text/javascript")
    wasm = client.get("/stage/ort/ort-wasm-simd-threaded.wasm")
    assert (wasm.headers["content-type"], wasm.content[:4]) == ("application/wasm", b"\0asm")


def test_nothing_is_started_for_another_site_or_by_a_link(client, ticket):
    assert client.get(f"/stage/{ticket}/start/alone").status_code == 405
    refused = client.post(f"/stage/{ticket}/start/alone", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert client.get(f"/stage/{ticket}/status").json()["phase"] == "ready"


def test_photos_are_limited_and_answered(client, ticket, monkeypatch):
    assert client.post(f"/stage/{ticket}/answer/backwards", content=b"x").status_code == 404
    answer = client.post(f"/stage/{ticket}/frame/alone", content=b"no image")
    assert (answer.status_code, answer.json()["text"][:47]) == (400, "The photo cannot be used: it is a text and no i")
    inputs = client.get(f"/stage/{ticket}/inputs").content
    (length,) = struct.unpack_from("<I", inputs)
    assert length % 4 == 0
    n, *shape = json.loads(inputs[4 : 4 + length])["shape"]
    assert len(inputs) == 4 + length + 4 * n * shape[0] * shape[1] * shape[2]
    monkeypatch.setattr(routes, "MAX_PHOTO_BYTES", 3)
    for content in (b"1234", iter([b"12", b"34"])):
        assert client.post(f"/stage/{ticket}/answer/alone", content=content).status_code == 413
