"""Jobs and runs that an address names: found however old they are, and not taken for those of another machine."""

import pytest

import engine
from engine import PeaksRequest, ProfileRequest, SampleModel
from engine.results import Note, Recommendation
from engine.settings import ServeBenchRequest, ShowdownEntry, ShowdownRequest, SweepRequest, Target, VariantFile
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_machine import made_peaks
from tests.made_serving import made_serve_bench
from tests.made_speed import made_showdown, made_sweep
from tests.pages.test_pages import box, button, words

NO_PEAKS, PEAKS = "Measure this machine", "Measure anew"


def sweep(run):
    return SweepRequest(file=VariantFile(run=run, variant=INT8))


def showdown(run):
    file = VariantFile(run=run, variant=INT8)
    return ShowdownRequest(rows=tuple(ShowdownEntry(file=file, target=Target(threads=n)) for n in (1, 2)))


def serve_bench(run):
    return ServeBenchRequest(bundle="bundle.zip", run=run, variant=INT8)


LINKED = {
    "sweep": (sweep, made_sweep, "pages/results.py", {"view": "Sweep"}),
    "showdown": (showdown, made_showdown, "pages/results.py", {"view": "Showdown"}),
    "serving": (serve_bench, made_serve_bench, "pages/ship.py", {}),
}
"""What is asked and answered, and where it is shown, by the parameter of the address that holds its job."""


@pytest.fixture(params=LINKED)
def linked(request, monkeypatch, app, finished, queue, answer):
    """Queues and ends jobs of a kind, of which the newest alone is looked at; opens their page at one of them."""
    monkeypatch.setattr("engine.api.jobs.LOOKED_AT", 1)
    ask, made, page, address = LINKED[request.param]
    run = finished().id

    def job(of=run):
        job = queue.submit(ask(of), name=ask(of).kind)
        answer(made())
        return job

    def shown_at(job):
        return app(page, run=run, **address, **{request.param: job.id}).query_params.get(request.param)

    return job, shown_at


def test_an_address_finds_its_job_when_many_newer_ones_are_there(linked):
    job, shown_at = linked
    old = job()
    job()
    job(of="another run")
    assert shown_at(old) == old.id


def test_an_address_takes_no_job_of_another_run_and_none_of_another_kind(linked, finished):
    job, shown_at = linked
    other, own = job(of="another run"), job()
    assert shown_at(other) == own.id
    assert shown_at(finished()) == own.id


def test_an_address_opens_its_job_though_another_variant_is_recommended_by_now(linked, queue):
    job, shown_at = linked
    old = job()
    (run,) = engine.list_jobs("run")
    report = made_report(recommended=Recommendation(id=BASE, reason=Note(code="best", text="it is fast")))
    queue.home.job(run.id).write("report.json", report.model_copy(update={"run_id": run.id}))
    assert shown_at(old) == old.id


OF_A_VARIANT = (
    *(("results", {"view": view}, "variant") for view in ("Take home", "Sweep", "Time", "Layers", "Graph")),
    ("ship", {}, "serve"),
)


@pytest.mark.parametrize(("page", "view", "param"), OF_A_VARIANT)
def test_an_address_names_its_variant_so_that_it_opens_it_though_another_is_recommended_by_now(
    app, finished, queue, page, view, param
):
    int8, other = made_variant(INT8, "Static INT8"), made_variant("d" * 12, "FP16", sha256="d" * 64)
    variants = (made_variant(BASE, "Baseline"), other, int8)
    run = finished(made_report(*variants)).id
    at = app(f"pages/{page}.py", run=run, **view)
    copied = {name: at.query_params[name] for name in ("run", param)}
    report = made_report(*variants, recommended=Recommendation(id=other.id, reason=Note(code="best", text="fast")))
    queue.home.job(run).write("report.json", report.model_copy(update={"run_id": run}))
    assert app(f"pages/{page}.py", **view, run=run).selectbox(key=param).value == other.id
    assert app(f"pages/{page}.py", **view, **copied).selectbox(key=param).value == INT8


def test_the_machine_page_finds_its_run_when_many_newer_ones_are_there(app, finished, monkeypatch):
    monkeypatch.setattr("pages._ui.run_choice.MOST_LISTED", 1)
    old, _ = finished(), finished()
    at = app("pages/machine.py", run=old.id)
    assert box(at, "Set against this machine").value == old.id
    assert at.query_params["run"] == old.id
    assert "There is no finished run" not in words(at)


@pytest.fixture
def peaks_link(app, answer):
    """The address of this machine's peaks."""
    at = app("pages/machine.py")
    button(at, NO_PEAKS).click().run()
    answer(made_peaks())
    return at.query_params["peaks"]


def test_a_link_shows_what_was_measured_to_anybody(app, peaks_link):
    assert button(app("pages/machine.py", peaks=peaks_link), PEAKS)


@pytest.mark.parametrize(
    ("what", "now"),
    [
        ("versions", lambda: {"onnxruntime": "99.0"}),
        ("cores", lambda: 96),
        ("cpu_name", lambda: "another processor"),
        ("graphics_cards", lambda: ("H100",)),
    ],
)
def test_a_link_to_what_another_machine_or_other_versions_measured_shows_it_no_more(
    app, peaks_link, monkeypatch, what, now
):
    monkeypatch.setattr(f"engine.jobs.job_kind.{what}", now)
    at = app("pages/machine.py", peaks=peaks_link)
    assert button(at, NO_PEAKS)
    assert "kept for this machine" not in words(at)


def test_a_key_is_that_of_the_machine_where_the_result_depends_on_it(monkeypatch):
    profile = ProfileRequest(model=SampleModel())
    before = [engine.analysis_key(one) for one in (profile, PeaksRequest())]
    monkeypatch.setattr("engine.jobs.job_kind.cpu_name", lambda: "another processor")
    assert [engine.analysis_key(one) == key for one, key in zip((profile, PeaksRequest()), before, strict=True)] == [
        True,
        False,
    ]
    assert engine.analysis_key(sweep("run")) is None
