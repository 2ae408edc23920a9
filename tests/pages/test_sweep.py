"""The sweep of a variant on Results: asked for, followed, read, and its cell made the target."""

import pytest

from engine import FileModel, Hardware, HardwareRequest, Provider, SweepRequest, Target, analyse, list_jobs
from engine.results import Note
from engine.settings import Distill, QuantizeStatic
from engine.settings.target import CUDA
from engine.system.machine import environment
from pages._ui.draft import from_link
from pages._ui.results import sweep_form, sweep_table
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_charts import made_profile
from tests.made_raced import made_raced_report
from tests.made_speed import made_cell, made_skipped, made_streamed_sweep, made_sweep
from tests.pages.test_pages import button, plain_words, words

START = "Start the sweep"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    for module in ("target", "hardware_jobs", "variant_files"):
        monkeypatch.setattr(f"engine.planning.{module}.cores", lambda: 2)
    monkeypatch.setattr("pages._ui.results.sweep_form.cores", lambda: 2)


@pytest.fixture
def page(app, finished):
    return app("pages/results.py", run=finished().id, view="Sweep")


@pytest.fixture
def asked(page, measuring):
    """The page with a sweep that was started; ends it with a result and a state."""
    return measuring(page, START)


def request(queue) -> SweepRequest:
    (job,) = list_jobs("sweep")
    return queue.folder(job.id).request().request


def within(at):
    (field,) = [one for one in at.number_input if one.label == "Within, ms"]
    return field


def choice(at, label: str):
    """The pills or the buttons of this label."""
    (found,) = [one for one in at.button_group if one.label == label]
    return found


def labels(at) -> list[str]:
    return [one.label for one in at.button]


def test_it_says_what_a_sweep_is_and_how_long_it_takes_before_it_starts(page):
    assert "Which batch size, how many threads?" in words(page)
    assert "12 cells, each timed 6 times: about" in words(page)
    assert "may use 2 cores, so no more threads are on offer" in words(page)
    assert list_jobs("sweep") == ()


def test_what_is_chosen_is_asked_for_and_the_address_holds_it(page, queue):
    (limit,) = [one for one in page.number_input if one.label.startswith("A call may take")]
    limit.set_value(5.0).run()
    button(page, START).click().run()
    assert not page.exception
    found = request(queue)
    assert (found.batch_sizes, found.threads, found.max_latency_ms) == ((1, 2, 4, 8, 16, 32), (1, 2), 5.0)
    assert (found.file.variant, found.file.example_ms, found.minutes) == (INT8, 1.0, 15)
    assert page.query_params["sweep"] == list_jobs("sweep")[0].id
    assert "Sweeping batch and threads" in words(page)


def test_minutes_that_may_not_be_enough_are_told_and_more_can_be_asked_for(app, finished, queue):
    latency = made_variant(INT8, "Static INT8").latency.model_copy(update={"p50_ms": 800.0})
    slow = made_variant(INT8, "Static INT8", latency=latency)
    at = app("pages/results.py", run=finished(made_report(made_variant(BASE, "Baseline"), slow)).id, view="Sweep")
    warning = "The 15 min that are allowed may be up before every cell has all of its rounds"
    assert warning in words(at)
    at.number_input(key="sweep-minutes").set_value(120).run()
    assert "may be up before every cell" not in words(at)
    button(at, START).click().run()
    assert not at.exception
    assert request(queue).minutes == 120


def test_a_variant_at_another_target_is_swept_as_its_file_at_its_own_target(app, finished, queue, monkeypatch):
    for module in ("target", "hardware_jobs"):
        monkeypatch.setattr(f"engine.planning.{module}.isa", lambda: ("avx512_bf16",))
    at = app("pages/results.py", run=finished(made_raced_report()).id, view="Sweep")
    button(at, START).click().run()
    assert not at.exception
    found = request(queue)
    assert (found.file.variant, found.file.label) == (INT8, "Static INT8")
    assert (found.target.runtime, found.target.precision) == ("openvino", "bf16")
    assert "Sweeping batch and threads" in words(at)


def test_cells_are_shown_as_they_come_and_it_can_be_stopped(asked):
    cells = (made_cell(1, 1, low_ms=None, high_ms=None), *made_sweep().cells[1:])
    at = asked(made_sweep(cells=cells, complete=False, measuring=2), "running")
    assert at.table[0].value["1"].tolist() == ["≈ 1 ms · 1,000/s", "0.6 ms · 1,667/s"]
    button(at, "Stop, and keep what was measured").click().run()
    assert not at.exception


def test_the_best_cell_becomes_the_target_by_one_press(asked):
    at = asked(made_sweep(variant=INT8))
    assert "Most images a second: 8 images a call, 2 threads" in words(at)
    within(at).set_value(2.2).run()
    assert "Sweet spot within 2.2 ms: 4 images a call, 2 threads" in words(at)
    button(at, "Make it the target").click().run()
    assert not at.exception
    draft = from_link(at.query_params["draft"])
    assert (draft.target.batch_size, draft.target.threads, draft.model.kind) == (4, 2, "sample")


@pytest.fixture
def linked(asked, app):
    """Opens the address of a sweep that has ended, with more in it, in a session of its own."""

    def opened(ended=None, **more):
        at = asked(ended or made_sweep(variant=INT8))
        params = {name: at.query_params[name] for name in ("run", "sweep")}
        return app("pages/results.py", view="Sweep", **params | more)

    return opened


def test_a_copied_address_holds_the_cell_and_the_latency(linked):
    at = linked(cell="0,2", within="2.2")
    assert (within(at).value, at.query_params["cell"], at.query_params["within"]) == (2.2, "0,2", "2.2")
    assert "Chosen: 2 images a call, 1 thread" in words(at)


def test_the_cell_and_the_latency_of_a_sweep_that_is_gone_are_not_those_of_another(linked):
    at = linked(sweep="gone", cell="0,2", within="2.2")
    assert {"cell", "within"} & set(at.query_params) == set()
    assert "Most images a second: 8 images a call, 2 threads" in words(at)


def test_a_latency_can_be_taken_back_and_the_address_says_so(linked):
    at = linked(made_sweep(variant=INT8, max_latency_ms=2.2))
    assert "within" not in at.query_params
    within(at).set_value(None).run()
    assert "Most images a second: 8 images a call, 2 threads" in words(at)
    assert at.query_params["within"] == ""
    within(at).set_value(2.2).run()
    assert "within" not in at.query_params


@pytest.mark.parametrize(
    ("asked_within", "value"), [("", None), ("nothing", 5.0), ("-1", 5.0), ("inf", 5.0), ("nan", 5.0)]
)
def test_a_latency_in_the_address_that_is_none_leaves_that_of_the_sweep(linked, asked_within, value):
    at = linked(made_sweep(variant=INT8, max_latency_ms=5.0), within=asked_within)
    assert not at.exception
    assert within(at).value == value


@pytest.mark.parametrize("cell", ["0,3", "7,2", "-1,2", "x", ""])
def test_a_cell_that_is_none_of_the_sweep_leaves_the_best_one(linked, cell):
    at = linked(cell=cell)
    assert not at.exception
    assert "Most images a second: 8 images a call, 2 threads" in words(at)


def with_target(target: Target):
    """A report of a run at this target."""
    return made_report(recipe=made_report().recipe.model_copy(update={"target": target}))


def test_the_runs_own_options_are_swept_and_stay_in_the_recipe_by_one_press(app, finished, queue, measuring):
    own = Target(spinning=False, quant_precision=True, threads=2)
    at = app("pages/results.py", run=finished(with_target(own)).id, view="Sweep")
    title = "onnxruntime, idle threads sleep, exact 8-bit sums"
    assert choice(at, "Runtime").value == title
    end = measuring(at, START)
    cells = tuple(
        made_cell(one.threads, one.batch_size, target=one) for one in request(queue).targets(2) if one.batch_size <= 2
    )
    at = end(made_sweep((1, 2), cells=cells, variant=INT8))
    assert f"{title}. Click a cell to choose it" in plain_words(at)
    assert f"It opens this run's recipe with {title}, 2 images a call, 2 threads as its target" in plain_words(at)
    button(at, "Make it the target").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).target == own.model_copy(update={"batch_size": 2})


def test_a_run_on_a_card_is_swept_there_with_the_most_threads_alone(app, finished, queue):
    own = Target(provider=CUDA, tf32=False)
    at = app("pages/results.py", run=finished(with_target(own)).id, view="Sweep")
    assert choice(at, "Runtime").value == f"onnxruntime, {CUDA}, without TF32"
    assert choice(at, "Runtime").options[1:3] == [f"onnxruntime, {CUDA}, with TF32", "onnxruntime"]
    assert choice(at, "Threads").value == [2]
    button(at, START).click().run()
    assert not at.exception
    assert (request(queue).target, request(queue).threads) == (own, (2,))
    at = app("pages/results.py", run=finished(with_target(own)).id, view="Sweep")
    choice(at, "Runtime").set_value("onnxruntime").run()
    assert choice(at, "Threads").value == [1, 2]


def test_the_streams_of_the_run_are_the_ones_that_are_chosen(app, finished, queue):
    own = Target(runtime="openvino", precision="f32", streams=2)
    at = app("pages/results.py", run=finished(with_target(own)).id, view="Sweep")
    assert choice(at, "Runtime").value == "OpenVINO in f32"
    assert choice(at, "Streams").value == [2]
    button(at, START).click().run()
    assert not at.exception
    assert (request(queue).streams, request(queue).target.streams) == ((2,), None)
    own = Target(runtime="openvino", precision="f32", streams=3)
    at = app("pages/results.py", run=finished(with_target(own)).id, view="Sweep")
    assert choice(at, "Streams").value == [1]


@pytest.mark.parametrize(("isa", "title"), [("avx2", "OpenVINO in f32"), ("avx512_bf16", "OpenVINO in bf16")])
def test_openvino_left_to_itself_is_swept_in_what_it_computes_in(app, finished, monkeypatch, isa, title):
    monkeypatch.setattr("engine.planning.hardware_jobs.isa", lambda: (isa,))
    at = app("pages/results.py", run=finished(with_target(Target(runtime="openvino"))).id, view="Sweep")
    assert choice(at, "Runtime").value == title


def test_a_cell_that_is_as_good_within_the_intervals_and_quicker_is_named(asked):
    cells = (made_cell(1, 1, 1.0), made_cell(1, 2, 1.98), made_cell(1, 4, 3.9))
    at = asked(made_sweep((1, 2, 4), (1,), cells=cells))
    assert "Within the intervals, 1 image a call, 1 thread is as good, and its call takes 1 ms" in words(at)


def test_a_latency_that_no_cell_keeps_is_a_sentence(asked):
    at = asked(made_sweep())
    within(at).set_value(0.1).run()
    assert "No cell takes at most 0.1 ms" in words(at)
    assert "Make it the target" not in labels(at)


def test_why_cells_have_no_figure_is_listed_once_a_reason(asked):
    skipped = (made_skipped(1, 4, "2 images took too long"), made_skipped(1, 8, "2 images took too long"))
    at = asked(made_sweep(threads=(1,), cells=(made_cell(1, 1), made_cell(1, 2), *skipped), max_latency_ms=1.1))
    (frame,) = [one.value for one in at.dataframe if "Images a call" in one.value]
    assert frame.iloc[0].tolist() == ["1 thread", "★ 1 ms · 1,000/s", "1.87 ms · 1,072/s", "skipped", "skipped"]
    assert "**4 images a call, 1 thread; 8 images a call, 1 thread**: 2 images took too long\\." in words(at)


def test_a_stop_keeps_the_cells(asked):
    cells = (made_cell(1, 1), *(made_skipped(1, size) for size in (2, 4, 8)))
    at = asked(made_sweep(threads=(1,), cells=cells, complete=False, measuring=1), "cancelled")
    assert "You stopped it: 1 of 4 cells have a figure" in words(at)
    assert button(at, "Make it the target")
    assert button(at, START)


def test_a_failure_names_the_cell_and_keeps_the_others(asked):
    error = Note(code="memory", text="the job used 9,000 MB of memory, 8,000 MB are allowed")
    cells = (made_cell(1, 1), made_cell(1, 2).model_copy(update={"p50_ms": None, "state": "waiting"}))
    at = asked(made_sweep((1, 2), (1,), cells=cells, complete=False, measuring=1), "failed", error)
    assert at.error[0].value.startswith("The job used 9,000 MB of memory")
    assert "It ended while 2 images a call, 1 thread was being timed: 1 of 2 cells" in words(at)


def test_where_nothing_was_measured_it_says_so(asked):
    at = asked(None, "cancelled")
    assert "Nothing was measured before it ended" in words(at)
    assert at.expander[0].proto.expanded
    assert button(at, START)


def test_a_sweep_without_any_figure_says_why(asked):
    disturbed = Note(code="not_measured", text="other programs disturbed too many of its calls")
    waiting = Note(code="out_of_time", text="the 15 minutes were up")
    cells = (
        made_cell(1, 1, state="failed", note=disturbed).model_copy(update={"p50_ms": None}),
        made_skipped(1, 2).model_copy(update={"note": waiting}),
    )
    warnings = (Note(code="out_of_time", text="The 15 minutes were up before every cell had all of its rounds"),)
    at = asked(made_sweep((1, 2), (1,), cells=cells, warnings=warnings))
    assert "Nothing was measured before it ended" in words(at)
    assert at.warning[0].value == "The 15 minutes were up before every cell had all of its rounds\\."
    assert "**1 image a call, 1 thread**: Other programs disturbed too many of its calls\\." in words(at)
    assert "**2 images a call, 1 thread**: The 15 minutes were up\\." in words(at)
    assert at.expander[0].proto.expanded


def test_another_variant_has_a_sweep_of_its_own(asked):
    at = asked(made_sweep(variant=INT8))
    at.selectbox(key="variant").set_value(BASE).run()
    assert "Which batch size, how many threads?" in words(at)
    assert "sweep" not in at.query_params
    at.selectbox(key="variant").set_value(INT8).run()
    assert "Most images a second" in words(at)


def test_a_copied_link_finds_it(asked, app, page):
    asked(made_sweep(variant=INT8))
    params = {name: page.query_params[name] for name in ("run", "sweep")}
    assert "Every cell" in words(app("pages/results.py", view="Sweep", **params))


def test_take_home_leads_here(app, finished):
    at = app("pages/results.py", run=finished().id, view="Take home")
    button(at, "Sweep batch and threads").click().run()
    assert not at.exception
    assert "Which batch size, how many threads?" in words(at)


@pytest.fixture
def fixed_to_four(app, finished, monkeypatch):
    """Opens the page of a run of an ONNX file that takes four images a call, at the variant of these steps."""
    profile = made_profile(1).model_copy(update={"fixed_batch": 4})
    monkeypatch.setattr(sweep_form, "known_profile", lambda *given, **more: profile)

    def opened(*steps):
        variants = [made_variant(BASE, "Baseline")]
        for number, step in enumerate(steps):
            id, parent = f"{number:012}", variants[-1].id
            variants.append(made_variant(id, step.label, settings=step, parent_id=parent))
        report = made_report(*variants)
        recipe = report.recipe.model_copy(update={"model": FileModel(sha256="0" * 64)})
        report = report.model_copy(update={"recipe": recipe})
        return app("pages/results.py", run=finished(report).id, view="Sweep", variant=variants[-1].id)

    return opened


def test_a_file_of_a_fixed_batch_has_no_other_on_offer(fixed_to_four):
    for at in (fixed_to_four(), fixed_to_four(QuantizeStatic(method="static"))):
        assert "takes 4 images a call and no other number" in words(at)
        assert "2 cells, each timed 6 times" in words(at)


def test_a_student_of_a_file_of_a_fixed_batch_has_a_dynamic_one(fixed_to_four):
    student = Distill(student="resnet18")
    for at in (fixed_to_four(student), fixed_to_four(student, QuantizeStatic(method="static"))):
        assert "and no other number" not in words(at)
        assert "12 cells, each timed 6 times" in words(at)


def test_files_that_are_gone_are_a_sentence(app, finished, queue):
    run = finished()
    (queue.folder(run.id).path / "variants" / INT8 / "model.onnx").unlink()
    at = app("pages/results.py", run=run.id, view="Sweep")
    assert at.error[0].value.startswith("The job has no file")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [([(1, "4")], (2, 4)), ([(0, "1")], (1, 1)), ([(0, "Images a call")], None), ([(9, "1")], None), ([], None)],
)
def test_the_cell_that_was_clicked(cells, expected):
    cell = sweep_table.clicked(made_sweep(), cells)
    assert (cell and (cell.target.threads, cell.target.batch_size)) == expected


def test_a_cell_without_a_figure_cannot_be_chosen():
    sweep = made_sweep((1, 2), (1,), cells=(made_cell(1, 1), made_skipped(1, 2)))
    assert sweep_table.clicked(sweep, [(0, "2")]) is None


def test_the_csv_has_a_line_a_cell():
    sweep = made_sweep((1, 2), (1,), cells=(made_cell(1, 1), made_skipped(1, 2, "too long")))
    head, first, second = sweep_table.as_csv(sweep).splitlines()
    assert head.startswith("runtime,precision,threads,streams,in_flight,batch_size,state,p50_ms")
    assert first.startswith("onnxruntime,auto,1,,1,1,measured,1.0,0.95,1.05,1.2,1000.0")
    assert second == "onnxruntime,auto,1,,1,2,skipped,,,,,,,,0,0,0,too long,CPUExecutionProvider,,A CPU,2"
    card = made_cell(1, 1, target=Target(provider=CUDA, threads=1))
    assert sweep_table.as_csv(made_sweep((1,), (1,), cells=(card,))).endswith(f",{CUDA},with TF32,A CPU,2\n")


def test_the_machine_that_was_measured_is_named_and_another_one_warned_of(asked):
    at = asked(made_sweep())
    assert [one.value for one in at.warning if one.value.startswith("Measured on another machine than this: A CPU, 2")]


def test_streams_are_on_offer_in_openvino_alone_and_asked_for(page, queue):
    assert "Streams" not in [one.label for one in page.button_group]
    choice(page, "Runtime").set_value("OpenVINO in f32").run()
    choice(page, "Streams").set_value([1, 2]).run()
    assert "18 cells, each timed 6 times" in words(page)
    button(page, START).click().run()
    assert not page.exception
    assert (request(queue).streams, request(queue).threads) == ((1, 2), (1, 2))


def test_more_cells_than_are_allowed_are_a_sentence(app, finished, monkeypatch):
    monkeypatch.setattr(sweep_form, "cores", lambda: 64)
    at = app("pages/results.py", run=finished(made_raced_report()).id, view="Sweep")
    choice(at, "Streams").set_value([1, 2, 4, 8, 16, 32, 64]).run()
    assert not at.exception
    assert at.error[0].value.startswith("168 combinations are asked for, at most 128 are allowed")
    choice(at, "Images a call").set_value([1, 8]).run()
    assert not at.error
    assert "56 cells, each timed 6 times" in words(at)


def test_a_cell_with_several_streams_says_how_many_calls_are_in_flight(asked):
    at = asked(made_streamed_sweep(variant=INT8))
    (frame,) = [one.value for one in at.dataframe if "Images a call" in one.value]
    assert frame["Images a call"].tolist() == ["1 thread, 1 stream", "2 threads, 1 stream", "2 threads, 2 streams"]
    assert "Most images a second: 1 image a call, 2 threads, 2 streams" in words(at)
    assert "with 2 calls in flight, one on each stream" in words(at)
    assert "A run times one call at a time" in words(at)


def test_a_provider_that_works_here_can_be_swept_once_it_was_looked_for(app, finished, answer):
    run = finished()
    analyse(HardwareRequest())
    provider = Provider(runtime="onnxruntime", name=CUDA, works=True, reason="")
    answer(Hardware(environment=environment(), providers=(provider,), gpus=("H200",)))
    at = app("pages/results.py", run=run.id, view="Sweep")
    (runtimes,) = [one for one in at.button_group if one.label == "Runtime"]
    assert runtimes.options[-2:] == [f"onnxruntime, {CUDA}, {one} TF32" for one in ("with", "without")]
