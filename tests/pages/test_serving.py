"""Serving on the Ship page: measured, chosen, put into the bundle, simulated, priced."""

import hashlib
import json

import pytest

from engine.results.bundle import BUNDLE_FILE
from engine.settings import ServeBenchRequest
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_bundle import made_bundle
from tests.made_serving import made_cell, made_serve_bench
from tests.pages.test_pages import plain_words

PAGE = "pages/ship.py"


@pytest.fixture
def shipped(finished):
    variants = [
        made_variant(id, label, sha256=hashlib.sha256(id.encode()).hexdigest())
        for id, label in ((BASE, "Baseline"), (INT8, "Static INT8"))
    ]
    return finished(made_report(*variants))


@pytest.fixture
def measured(queue, shipped, answer):
    """Queues a measurement of the run's INT8 variant and answers it with a result; gives the address."""

    def give(result) -> dict[str, str]:
        request = ServeBenchRequest(bundle="bundle.zip", run=shipped.id, variant=INT8)
        job = queue.submit(request, name="serve_bench")
        answer(result)
        return {"run": shipped.id, "serving": job.id}

    return give


def test_without_a_bundle_it_says_that_it_comes_first(app, shipped):
    words = plain_words(app(PAGE, run=shipped.id))
    assert "Make the bundle of this variant first" in words
    assert "dynamic batching" in words


def test_the_best_setting_is_chosen_by_the_time_that_is_allowed(app, measured):
    at = app(PAGE, **measured(made_serve_bench()))
    assert not at.exception
    assert at.button(key="serving-pack")
    (best,) = [one for one in at.get("button_group") if "cache" in one.proto.options[0].content]
    assert [option.content for option in best.proto.options] == [
        "up to 8 images, 2 ms, cache off",
        "up to 8 images, 2 ms, cache on",
    ]
    within = next(one for one in at.number_input if one.key.startswith("serving-within"))
    within.set_value(1.0).run()
    assert "No setting has its p99 within 1 ms" in plain_words(at)


def test_the_bundle_is_made_anew_with_the_setting(app, measured, queue, answer):
    at = app(PAGE, **measured(made_serve_bench()))
    at.button(key="serving-pack").click().run()
    (job,) = queue.jobs("bundle", 5)
    settings = queue.folder(job.id).request().request.serve
    assert (settings.settings.max_batch_size, settings.settings.cache_mb) == (8, 64.0)
    assert settings.measured.per_s == pytest.approx(0.7 * 800)
    id = answer(made_bundle())
    (queue.home.job(id).path / BUNDLE_FILE).write_bytes(b"zip")
    at.run()
    assert "Download the bundle with this setting" in json.dumps([str(one.proto) for one in at.get("download_button")])


def test_one_that_was_stopped_at_once_can_be_measured_anew(app, queue, shipped):
    job = queue.submit(ServeBenchRequest(bundle="bundle.zip", run=shipped.id, variant=INT8), name="serve_bench")
    queue.cancel(job.id)
    words = plain_words(app(PAGE, run=shipped.id, serving=job.id))
    assert "Served from here" in words
    assert "stopped before it had a figure" in words


def test_money_follows_from_what_was_measured(app, measured):
    at = app(PAGE, **measured(made_serve_bench()))
    at.number_input(key="serving-traffic").set_value(1000.0).run()
    assert "4 machines for 1000 requests a second; enter a price" in plain_words(at)  # at 280 a second each
    at.number_input(key="serving-price").set_value(2.0).run()
    assert "1.98 for a million answers, 8 an hour" in plain_words(at)


@pytest.mark.parametrize(("off", "text"), [(0.1, "An estimate, not a measurement"), (0.3, "Not offered")])
def test_other_rates_are_simulated_only_where_the_simulation_was_close(app, measured, off, text):
    at = app(PAGE, **measured(made_serve_bench(made_cell(8, 400.0, off=off))))
    words = plain_words(at)
    assert text in words
    assert f"up to {100 * off:.0f} % off" in words.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_rate_that_the_server_does_not_keep_up_with_has_no_figures(app, measured):
    at = app(PAGE, **measured(made_serve_bench(made_cell(8, 400.0, off=0.1))))
    at.number_input(key="serving-rate").set_value(400.0).run()
    assert "they would wait longer and longer" in " ".join(one.value for one in at.error)
    assert "An estimate, not a measurement" not in plain_words(at)
