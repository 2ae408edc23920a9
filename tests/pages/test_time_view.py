"""Where the time goes and the saved graph, on the page of a run: offered, followed, told, and found again."""

import csv
import hashlib
import io

import pytest

from engine import list_jobs
from engine.errors import RequestError
from engine.planning.graph_jobs import time_profile_request
from engine.results import Note
from engine.results.cold_start import Spread
from engine.results.optimized_graph import OPTIMIZED_FILE, OptimizedGraph
from engine.settings import Target
from pages._ui.results import time_view
from tests.made import BASE, INT8, made_latency, made_report, made_variant
from tests.made_charts import made_time_profile
from tests.made_raced import BASE_BF16, made_raced_report
from tests.pages.test_pages import button, plain_words, words

ONE_THREAD = Target(threads=1)


def spread(value):
    return Spread(median=value, low=0.9 * value, high=1.1 * value)


GRAPH = OptimizedGraph(
    sha256="c" * 64,
    size_bytes=5_000_000,
    runtime_version="1.32.0",
    provider="CPUExecutionProvider",
    cpu="A CPU",
    isa=("avx2",),
    threads=1,
    load_ms=spread(290.0),
    optimized_load_ms=spread(40.0),
    load_ratio=spread(0.14),
    n_loads=7,
    worst_difference=0.0,
    latency=made_latency(1.0, 1.0),
)


@pytest.fixture
def run(finished):
    """A finished run whose files have the sums of its report."""

    def made(asked=ONE_THREAD, **changed):
        sums = {id: hashlib.sha256(id.encode()).hexdigest() for id in (BASE, INT8)}
        variants = [
            made_variant(id, label, sha256=sums[id], **changed) for id, label in ((BASE, "Baseline"), (INT8, "INT8"))
        ]
        report = made_report(*variants)
        return finished(report.model_copy(update={"recipe": report.recipe.model_copy(update={"target": asked})})).id

    return made


def test_one_press_profiles_a_variant_and_its_address_finds_the_result(app, run, answer):
    id = run()
    at = app("pages/results.py", run=id, view="Time")
    button(at, "Profile both").click().run()
    assert not at.exception
    assert [job.kind for job in list_jobs("time_profile")] == ["time_profile"]
    assert "Profiling one call" in words(at)
    answer(made_time_profile(3))
    at = app("pages/results.py", run=id, view="Time", variant=INT8)
    assert "Profile both" not in [one.label for one in at.button]
    assert "Both files in onnxruntime" in plain_words(at)
    assert "more than the whole call, which takes 4 ms without the profiler" in plain_words(at)
    table = at.table[0].value
    assert len(table) == 6
    assert table["Variant"].tolist()[-3] == ":gray[no match]"
    assert "3 of 6 rows have no match" in words(at)
    button(at, "Profile again").click().run()
    assert "Profiling one call" in words(at)
    assert [job.state for job in list_jobs("time_profile")] == ["queued"]


def test_a_profile_that_failed_says_why_and_can_be_tried_again(app, run, answer):
    id = run()
    button(app("pages/results.py", run=id, view="Time"), "Profile both").click().run()
    answer(error=Note(code="memory", text="the job ran out of memory"), next="Close other programs")
    at = app("pages/results.py", run=id, view="Time")
    assert [one for one in at.error if "Close other programs" in one.value]
    button(at, "Profile both").click().run()
    assert len(list_jobs("time_profile")) == 2


def test_a_run_of_a_baseline_alone_has_no_such_view(app, finished):
    at = app("pages/results.py", run=finished(made_report(made_variant(BASE, "Baseline"))).id)
    (views,) = (group for group in at.button_group if group.label == "View")
    assert "Time" not in views.options


def test_a_file_that_is_not_the_one_of_the_report_is_refused_in_words(app, finished):
    at = app("pages/results.py", run=finished().id, view="Time")
    button(at, "Profile both").click().run()
    assert [one for one in at.error if "has changed" in one.value.replace("\\", "")]
    assert list_jobs("time_profile") == ()


def test_the_baselines_own_file_at_another_target_is_not_on_offer_and_the_target_is_named(app, finished):
    at = app("pages/results.py", run=finished(made_raced_report()).id, view="Time")
    (box,) = [one for one in at.selectbox if one.label == "Variant beside the baseline"]
    assert [name.split(" · ")[0] for name in box.options] == ["Static INT8, OpenVINO bf16", "Static INT8, onnxruntime"]
    assert "both in OpenVINO in bf16" in plain_words(at)


@pytest.mark.parametrize(("id", "message"), [(BASE, "beside itself"), (BASE_BF16, "is the same file as the baseline")])
def test_a_file_beside_itself_is_refused(tmp_path, id, message):
    with pytest.raises(RequestError, match=message):
        time_profile_request(tmp_path, made_raced_report(), id)


def test_the_csv_has_every_row_and_gaps():
    profile = made_time_profile(30)
    rows = list(csv.DictReader(io.StringIO(time_view.as_csv(profile))))
    assert len(rows) == 33
    assert tuple(rows[0]) == time_view.COLUMNS
    (reorder,) = (row for row in rows if row["name"] == "ReorderOutput")
    assert (reorder["matched"], reorder["baseline_ms"], reorder["ms"]) == ("False", "0.04", "")


def test_the_saved_graph_is_made_on_demand_and_says_what_it_is_bound_to(app, run, answer, queue):
    id = run()
    at = app("pages/results.py", run=id, view="Take home", variant=INT8)
    assert "It belongs to this processor (" in plain_words(at)
    button(at, "Save the optimised graph").click().run()
    assert not at.exception
    (job,) = list_jobs("save_optimized")
    answer(GRAPH)
    (queue.home.job(job.id).path / OPTIMIZED_FILE).write_bytes(b"graph")
    at = app("pages/results.py", run=id, view="Take home", variant=INT8)
    assert "It opens in **40 ms (36 to 44)**, the file in 290 ms (261 to 319)" in words(at)
    assert "equal to the file's" in words(at)
    assert "Bound to A CPU, CPUExecutionProvider and onnxruntime 1.32.0" in plain_words(at)


def test_a_variant_of_a_race_that_was_not_timed_is_saved_at_its_own_target(app, run):
    at = app(
        "pages/results.py",
        run=run(Target(runtime="any"), latency=None, target=ONE_THREAD),
        view="Take home",
        variant=INT8,
    )
    button(at, "Save the optimised graph").click().run()
    (job,) = list_jobs("save_optimized")
    assert job.state == "queued"


def test_there_is_no_saved_graph_for_openvino(app, run):
    latency = made_latency(1.0, 0.5).model_copy(update={"runtime": "openvino"})
    id = run(Target(runtime="openvino", threads=1), latency=latency)
    at = app("pages/results.py", run=id, view="Take home", variant=INT8)
    assert "no saved graph for OpenVINO" in words(at)
    assert "Save the optimised graph" not in [one.label for one in at.button]
