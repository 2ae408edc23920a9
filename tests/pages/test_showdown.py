"""A showdown on Results: its rows chosen, started, read, and why variants of other runs are not comparable."""

import csv
import io

import pytest

from engine import Hardware, HardwareRequest, Provider, ShowdownRequest, analyse, list_jobs
from engine.measure.pairs import pair_of
from engine.results import InputSpec, LatencyEstimate, Note
from engine.settings import SampleData, Target
from engine.settings.target import CUDA
from engine.system.machine import environment
from pages._ui.draft import from_link
from pages._ui.results import showdown_form, showdown_table
from tests.made import BASE, INT8, made_call_latency, made_latency, made_report, made_variant
from tests.made_raced import made_raced_report
from tests.made_speed import ROWS, made_showdown
from tests.pages.test_pages import button, plain_words, words

START = "Start the showdown"


@pytest.fixture(autouse=True)
def with_bf16(monkeypatch):
    for module in ("engine.planning.target", "engine.planning.hardware_jobs"):
        monkeypatch.setattr(f"{module}.isa", lambda: ("avx512_bf16",))


@pytest.fixture
def page(app, finished):
    return app("pages/results.py", run=finished().id, view="Showdown")


@pytest.fixture
def asked(page, measuring):
    """The page with a showdown that was started; ends it with a result and a state."""
    return measuring(page, START)


def request(queue) -> ShowdownRequest:
    return queue.folder(list_jobs("showdown")[0].id).request().request


def links(at) -> str:
    return " ".join(link.proto.label for link in at.get("page_link"))


def test_it_says_what_a_showdown_is_and_what_it_takes(page):
    assert "Which is faster, where?" in words(page)
    assert "6 rows: about" in words(page)
    assert "compared with the first, Baseline in onnxruntime" in words(page)
    assert list_jobs("showdown") == ()


def test_every_variant_at_every_target_is_asked_for_with_the_runs_images(page, queue):
    button(page, START).click().run()
    assert not page.exception
    found = request(queue)
    assert [(row.file.variant, row.target.runtime, row.target.precision) for row in found.rows] == [
        (variant, *target)
        for variant in (BASE, INT8)
        for target in (("onnxruntime", "auto"), ("openvino", "f32"), ("openvino", "bf16"))
    ]
    assert (found.data, found.rounds) == (SampleData(), 12)
    assert page.query_params["showdown"] == list_jobs("showdown")[0].id
    assert "The showdown is on" in words(page)


def test_as_many_rounds_can_be_asked_for_as_it_may_say_would_tell_and_minutes_for_them(page, queue):
    assert "That is all of" not in words(page)
    page.number_input(key="showdown-rounds").set_value(900).run()
    assert "6 rows: about 15 min, estimated" in words(page)
    assert "The 15 minutes that are allowed may be up before all rounds are timed" in words(page)
    page.multiselect(key="showdown-variants").set_value(page.multiselect(key="showdown-variants").value[:1]).run()
    page.number_input(key="showdown-minutes").set_value(30).run()
    button(page, START).click().run()
    assert not page.exception
    assert (request(queue).rounds, request(queue).minutes) == (900, 30)


def test_each_number_of_threads_is_a_row_of_its_own(page, queue, monkeypatch):
    for module in ("engine.planning.target", "engine.planning.hardware_jobs", "pages._ui.results.showdown_form"):
        monkeypatch.setattr(f"{module}.cores", lambda: 4)
    page.run()
    (pills,) = [one for one in page.button_group if one.label == "Threads"]
    own = pills.value
    assert [list(pills.options), len(own)] == [["1", "2", "4"], 1]
    pills.set_value([1, *own]).run()
    assert "12 rows: about" in words(page)
    assert "compared with the first, Baseline in onnxruntime, 1 thread" in plain_words(page)
    button(page, START).click().run()
    assert not page.exception
    assert [row.target.threads for row in request(queue).rows[:4]] == [1, made_report().recipe.target.threads] * 2


def test_rows_are_told_apart_by_their_threads_and_the_target_takes_them(asked):
    one = Target(runtime="openvino", precision="f32", threads=1)
    at = asked(made_showdown((ROWS[0], (BASE, "Baseline", one, "f32", 0.5))))
    assert "Baseline · OpenVINO in f32, 1 thread: 2.00 times as fast" in plain_words(at)
    assert "1 image a call, 12 rounds" in words(at)
    button(at, "Make it the target").click().run()
    assert from_link(at.query_params["draft"]).target.threads == 1


def test_a_run_on_a_card_is_compared_there_and_told_apart_from_the_cpu(app, finished, queue):
    own = Target(provider=CUDA, tf32=False)
    report = made_report(recipe=made_report().recipe.model_copy(update={"target": own}))
    at = app("pages/results.py", run=finished(report).id, view="Showdown")
    assert f"compared with the first, Baseline in onnxruntime, {CUDA}, without TF32" in plain_words(at)
    button(at, START).click().run()
    assert not at.exception
    targets = [row.target for row in request(queue).rows[:5]]
    assert targets[:3] == [own, own.model_copy(update={"tf32": True}), Target()]
    assert {one.runtime for one in targets[3:]} == {"openvino"}


def test_a_file_that_raced_at_several_targets_is_on_offer_once(app, finished):
    at = app("pages/results.py", run=finished(made_raced_report()).id, view="Showdown")
    assert at.multiselect(key="showdown-variants").options == [f"Baseline · {BASE[:4]}", f"Static INT8 · {INT8[:4]}"]
    assert "6 rows: about" in words(at)


def test_one_row_alone_cannot_start(page):
    page.multiselect(key="showdown-variants").set_value([]).run()
    assert button(page, START).disabled
    assert "Choose at least two rows" in words(page)


def test_the_finding_the_rows_and_every_pair_are_told(asked):
    at = asked(made_showdown())
    assert "Baseline · OpenVINO in bf16: 2.00 times as fast" in words(at)
    assert "40.2 dB above their error on 64 evaluation images" in words(at)
    assert "Whether it is faster than Static INT8 · onnxruntime, these rounds cannot tell" in words(at)
    rows, pairs = (one.value for one in at.table)
    assert rows["Speed"].tolist()[1:] == [
        "2.00× :green[(1.82 – 2.22)]", "1.92× :green[(1.75 – 2.14)]", "0.71× :red[(0.65 – 0.79)]",
    ]  # fmt: skip
    assert pairs["beside 1"].tolist()[0] == "–"
    assert pairs["beside 1"].tolist()[3].startswith(":red-badge[slower]")
    assert "cannot tell" in pairs["beside 2"].tolist()[2]


def test_the_fastest_target_becomes_the_recipes_by_one_press(asked):
    at = asked(made_showdown())
    button(at, "Make it the target").click().run()
    assert not at.exception
    target = from_link(at.query_params["draft"]).target
    assert (target.runtime, target.precision) == ("openvino", "bf16")


def test_where_nothing_is_faster_it_says_so(asked):
    at = asked(made_showdown((ROWS[0], ROWS[3])))
    assert "Nothing is surely faster than Baseline · onnxruntime" in words(at)
    assert "Make it the target" not in [one.label for one in at.button]


def test_where_others_disturbed_everything_there_is_no_finding(asked):
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    rows = tuple(row.model_copy(update={"latency": None, "estimate": estimate}) for row in made_showdown().rows)
    warning = Note(code="not_measured", text="the speed was not measured")
    at = asked(made_showdown().model_copy(update={"rows": rows, "pairs": (), "warnings": (warning,)}))
    assert "No speed was measured" in words(at)
    assert at.table[0].value["Speed"].tolist()[1] == ":gray[about 2, an estimate]"


def test_a_row_that_does_not_run_is_named(asked):
    made = made_showdown(ROWS[:2])
    note = Note(code="not_timed", text="its latency was not measured: it does not load")
    rows = (made.rows[0], made.rows[1].model_copy(update={"latency": None, "note": note}))
    at = asked(made.model_copy(update={"rows": rows, "pairs": ()}))
    assert [one.value for one in at.warning if one.value.startswith("Row 2, Baseline · OpenVINO in bf16: Its latency")]
    assert at.table[0].value["Speed"].tolist()[1] == ":red-badge[does not run]"


def test_a_disturbed_row_whose_outputs_were_not_compared_runs_all_the_same(asked):
    made = made_showdown(ROWS[:2])
    note = Note(code="run", text="Its outputs were not compared: it answers with other shapes")
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    row = made.rows[1].model_copy(update={"latency": None, "estimate": estimate, "fidelity": None, "note": note})
    at = asked(made.model_copy(update={"rows": (made.rows[0], row), "pairs": ()}))
    assert at.table[0].value["Speed"].tolist()[1] == ":gray[about 2, an estimate]"
    assert "Its outputs were not compared" in words(at)


def test_where_others_disturbed_the_first_row_the_other_pairs_are_told(asked):
    made = made_showdown(ROWS[:3])
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    latencies = (None, made_call_latency(2.0), made_call_latency(1.0))
    rows = tuple(
        row.model_copy(update={"latency": latency, "estimate": estimate})
        for row, latency in zip(made.rows, latencies, strict=True)
    )
    pairs = (pair_of(2, 1, made_latency(1.0, 0.5)), pair_of(1, 2, made_latency(2.0, 2.0)))
    at = asked(made.model_copy(update={"rows": rows, "pairs": pairs}))
    assert "Static INT8 · onnxruntime: 2.00 times as fast" in words(at)
    assert "That is beside Baseline · OpenVINO in bf16 (1.82 to 2.22, 95 %)" in words(at)
    table = at.table[0].value
    assert table["Speed"].tolist() == [":gray[about 2, an estimate]"] * 3
    assert table["Latency p50"].tolist() == ["–", "2 ms", "1 ms"]


def test_a_stop_before_the_third_round_is_a_sentence(asked):
    at = asked(None, "cancelled")
    assert "You stopped it before three rounds were done, and fewer tell nothing" in words(at)
    assert button(at, START)


@pytest.mark.parametrize(("state", "how"), [("cancelled", "You stopped it"), ("failed", "It broke off")])
def test_a_showdown_that_ended_before_its_time_shows_what_its_rounds_tell(asked, state, how):
    error = Note(code="memory", text="the job ran out of memory") if state == "failed" else None
    at = asked(made_showdown(complete=False, n_rounds=5, n_rounds_asked=12), state, error)
    assert f"{how} after 5 of 12 rounds: what they tell is here" in words(at)
    assert "Baseline · OpenVINO in bf16: 2.00 times as fast" in words(at)
    assert len(at.error) == (state == "failed")


def test_what_was_measured_elsewhere_says_so_and_what_its_target_means(asked):
    at = asked(made_showdown())
    (warning,) = [one.value for one in at.warning if "another machine" in one.value]
    assert warning.startswith(
        "Measured on another machine than this: A CPU, 2 cores. What is fastest there need not be"
    )


def test_what_was_measured_here_names_the_machine(asked):
    here = environment()
    at = asked(made_showdown(environment=here))
    assert f"Measured on {here.machine}." in plain_words(at)
    assert not [one for one in at.warning if "another machine" in one.value]


def test_providers_that_work_here_are_on_offer_once_they_were_looked_for(app, finished, answer):
    run = finished()
    at = app("pages/results.py", run=run.id, view="Showdown")
    assert "Look for graphics cards and other devices" in links(at)
    analyse(HardwareRequest())
    providers = tuple(
        Provider(runtime="onnxruntime", name=name, works=works, reason="")
        for name, works in ((CUDA, True), ("TensorrtExecutionProvider", False))
    )
    answer(Hardware(environment=environment(), providers=providers, gpus=("H200",)))
    at = app("pages/results.py", run=run.id, view="Showdown")
    assert "Look for graphics cards and other devices" not in links(at)
    (pills,) = [one for one in at.button_group if one.label == "Targets"]
    assert pills.options[-2:] == [f"onnxruntime, {CUDA}, {one} TF32" for one in ("with", "without")]
    assert "10 rows: about" in words(at)


def test_a_run_of_a_machine_with_more_cores_can_be_compared_here(app, finished, queue, monkeypatch):
    for module in ("engine.planning.target", "engine.planning.hardware_jobs", "pages._ui.results.showdown_form"):
        monkeypatch.setattr(f"{module}.cores", lambda: 2)
    report = made_report(recipe=made_report().recipe.model_copy(update={"target": Target(threads=64)}))
    at = app("pages/results.py", run=finished(report).id, view="Showdown")
    assert "The run's target is 64 threads; here it is 2 threads, as this app may use 2 cores" in words(at)
    button(at, START).click().run()
    assert not at.exception
    assert {row.target.threads for row in request(queue).rows} == {2}


def test_it_says_where_older_runs_are_not_on_offer(app, finished, monkeypatch):
    run, other = finished(), finished(name="other")
    at = app("pages/results.py", run=run.id, view="Showdown")
    assert at.multiselect(key="showdown-runs").options == [f"other · {other.id[:4]}"]
    assert "newest runs" not in words(at)
    monkeypatch.setattr(showdown_form, "MOST_RUNS", 1)
    at = app("pages/results.py", run=run.id, view="Showdown")
    assert "On offer are the 1 newest runs. To compare with an older one, open its results" in words(at)


def test_a_refusal_of_the_job_is_a_sentence(asked):
    at = asked(None, "failed", Note(code="request", text="'B' answers with 4 values and 'A' with 5"))
    assert at.error[0].value.startswith("'B' answers with 4 values")


def test_variants_of_another_run_join_where_they_take_the_same_inputs(app, finished, queue):
    other = finished(made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Pruned")), name="pruned")
    odd = made_variant(BASE, "Baseline", input=InputSpec(shape=(3, 96, 96), preprocess=None))
    larger = finished(made_report(odd), name="larger")
    run = finished()
    at = app("pages/results.py", run=run.id, view="Showdown")
    at.multiselect(key="showdown-runs").set_value([other.id, larger.id]).run()
    assert "larger is not comparable: 'Baseline' takes images of 3x96x96 and 'Baseline' images of 1x64x64" in words(at)
    options = at.multiselect(key="showdown-variants").options
    assert [option.split(" · ")[0] for option in options] == [
        "Baseline", "Static INT8", "Baseline (pruned)", "Pruned (pruned)",
    ]  # fmt: skip
    chosen = at.multiselect(key="showdown-variants")
    chosen.set_value([*chosen.value, f"{other.id} {INT8}"]).run()
    assert "9 rows" in words(at)
    at.multiselect(key="showdown-runs").set_value([]).run()
    assert not at.exception
    assert "6 rows" in words(at)


def test_take_home_leads_here(app, finished):
    at = app("pages/results.py", run=finished().id, view="Take home")
    button(at, "Compare on other targets").click().run()
    assert not at.exception
    assert "Which is faster, where?" in words(at)


def test_the_csv_has_a_line_a_row():
    head, first, second, *_ = showdown_table.as_csv(made_showdown()).splitlines()
    assert head.startswith("row,file,run,variant,runtime,precision,threads,batch_size,size_bytes,p50_ms")
    assert first.startswith(f"1,Baseline,run1,{BASE},onnxruntime,f32,2,1,20000000,2.0,3.0,500.0,1.0")
    assert second.endswith(",40.2,0.98,faster,CPU,,numpy,A CPU,2")


def test_the_csv_tells_a_card_from_the_cpu_and_with_which_options():
    card = (BASE, "Baseline", Target(provider=CUDA, tf32=False, cuda_graph=True, threads=2), "f32", 0.5)
    _, cpu, on_card = csv.DictReader(io.StringIO(showdown_table.as_csv(made_showdown((*ROWS[:1], ROWS[2], card)))))
    named = ("runtime", "precision", "threads", "batch_size", "provider", "options")
    assert [cpu[name] for name in named] == ["onnxruntime", "f32", "2", "1", "CPUExecutionProvider", ""]
    assert [on_card[name] for name in named] == ["onnxruntime", "f32", "2", "1", CUDA, "without TF32; as a CUDA graph"]
