"""The Machine page: hardware, peaks that are measured when asked for, the roofline of a run, and other hardware."""

import pytest

import engine
from engine import PeaksRequest, SampleModel, Target, TimmModel, WorkloadRequest, list_jobs
from engine.results import Hardware, Note, Provider
from engine.store.folders import Outcome, now
from pages._ui.draft import Draft, to_link
from pages._ui.machine.other_hardware_view import _times
from tests.made import BASE, RECIPE, made_latency, made_profile, made_report, made_variant
from tests.made_machine import MACHINE, made_peaks, made_rate, made_workload, made_workloads
from tests.pages.conftest import claim
from tests.pages.test_pages import box, button, plain_words, words

PAGE, AGAINST = "pages/machine.py", "Set against this machine"
HARDWARE = Hardware(
    environment=MACHINE,
    gpus=(),
    providers=(
        Provider(runtime="onnxruntime", name="AzureExecutionProvider", works=False, reason="it cannot run a *thing*"),
        Provider(runtime="onnxruntime", name="CPUExecutionProvider", works=True, reason=""),
        Provider(runtime="openvino", name="GPU", works=True, reason="", tested=False),
    ),
)


@pytest.fixture
def here(monkeypatch):
    """This machine has the processor and as many cores as the made one, so that its peaks are those of all cores."""
    for module in ("engine.api.machine", "pages._ui.machine.subject"):
        monkeypatch.setattr(f"{module}.cores", lambda: MACHINE.cores)
    monkeypatch.setattr("engine.api.machine.cpu_name", lambda: MACHINE.cpu)


@pytest.fixture
def measured(here, app, queue, answer):
    """Opens the page once the machine was examined and its peaks were measured."""

    def opened(peaks=None, **address):
        for request, result in ((engine.HardwareRequest(), HARDWARE), (PeaksRequest(), peaks or made_peaks())):
            engine.analyse(request)
            answer(result)
        return app(PAGE, **address)

    return opened


def tables(at):
    return [table.value for table in at.table]


def test_hardware_is_examined_by_itself_and_what_does_not_work_has_its_reason(app, answer):
    at = app(PAGE)
    answer(HARDWARE)
    at.run()
    assert {m.label: m.value for m in at.metric} == {"Memory": "8.00 GB", "GPU": "none", "Cores, for this app": "2"}
    assert "`avx512_vnni` products of 8 bits, INT8" in words(at)
    assert "static INT8" in words(at)
    providers = tables(at)[0]
    assert list(providers["Provider"]) == ["CPUExecutionProvider", "GPU", "AzureExecutionProvider"]
    works = [text.partition(": ")[2] for text in providers["Works here"]]
    assert works == ["yes", "yes, on a small model; not tested by us", "no"]
    assert providers["Why not"][2] == "It cannot run a \\*thing\\*\\."


def test_the_machine_is_examined_again_once_something_was_installed(app, answer):
    at = app(PAGE)
    answer(HARDWARE)
    button(at.run(), "Examine again").click().run()
    assert not at.exception
    (job,) = list_jobs("hardware")
    assert job.state == "queued"
    works = HARDWARE.providers[0].model_copy(update={"works": True})
    assert answer(HARDWARE.model_copy(update={"providers": (works,)})) == job.id
    assert list(tables(at.run())[0]["Works here"]) == [":material/check_circle: yes"]


def test_an_examination_that_another_session_has_deleted_is_started_again(app, answer):
    at = app(PAGE)
    engine.delete(answer(HARDWARE))
    at.run()
    assert not at.exception
    assert not at.error
    assert [job.state for job in list_jobs("hardware")] == ["queued"]


def test_nothing_is_measured_before_it_is_asked_for_and_the_address_finds_it_again(app):
    at = app(PAGE)
    assert list_jobs("peaks") == ()
    assert "About 40 s" in words(at)
    assert "Measure this machine first" in words(at)
    button(at, "Measure this machine").click().run()
    (job,) = list_jobs("peaks")
    assert at.query_params["peaks"].endswith(job.id)
    assert button(at, "Stop")
    assert not at.error


def test_peaks_are_a_row_for_each_runtime_and_data_type_with_their_intervals(measured):
    at = measured()
    peaks = next(table for table in tables(at) if "Data type" in table)
    assert list(peaks["Data type"]) == ["FP32", "INT8", "FP32", "BF16"]
    assert list(peaks["GEMM"]) == ["100 ± 5", "400 ± 20", "90 ± 4.5", "200 ± 10"]
    assert "**10 ± 0.5 GB/s**" in words(at)
    assert at.get("plotly_chart")
    assert not at.error


def test_what_was_disturbed_is_at_least_the_fastest_call(measured):
    note = Note(code="not_measured", text="Other programs disturbed 1 of 19 rates")
    at = measured(made_peaks(bandwidth=made_rate(10.0, disturbed=True), warnings=(note,)))
    assert "at least 10 GB/s" in words(at)
    assert "disturbed 1 of 19" in words(at)


def test_measuring_anew_replaces_the_peaks(measured):
    at = measured()
    (before,) = list_jobs("peaks")
    button(at, "Measure anew").click().run()
    (after,) = list_jobs("peaks")
    assert (after.id != before.id, after.state) == (True, "queued")


def test_a_measurement_that_failed_says_why_and_can_be_tried_again(app, queue):
    at = app(PAGE)
    button(at, "Measure this machine").click().run()
    id = claim(queue, "advice")
    error = Note(code="run", text="the memory is full")
    end = Outcome(state="failed", error=error, next="Close programs", exit_status=1, started=now(), finished=now())
    queue.finish(id, end)
    at.run()
    assert "The memory is full" in plain_words(at)
    assert button(at, "Measure this machine")


def test_a_run_in_the_address_is_set_against_the_machine(measured, finished, answer):
    run = finished()
    at = measured(run=run.id)
    assert box(at, AGAINST).value == run.id
    answer(made_workloads())
    at.run()
    files = next(table for table in tables(at) if "Bound by" in table)
    assert list(files["File"]) == ["Baseline", "Static INT8"]
    assert list(files["Bound by"]) == ["compute", "overhead"]
    assert list(files["Of its roof"]) == ["80 %", "20 %"]
    assert "is an estimate" in words(at)
    assert at.query_params["run"] == run.id
    assert not at.error


def test_what_is_not_in_the_roofline_is_told(measured, finished, answer):
    at = measured(run=finished().id)
    answer(made_workloads(made_workload(), cpu="another one"))
    at.run()
    assert "timed on another processor (another one)" in plain_words(at)
    assert not any("Bound by" in table for table in tables(at))


def test_a_run_that_is_not_there_is_told_and_the_page_stands(measured, finished):
    finished()
    at = measured(run="nosuchrun")
    assert "There is no finished run 'nosuchrun' here: choose another one below" in plain_words(at)
    assert box(at, AGAINST).value == ""
    assert "run" not in at.query_params
    assert not at.error


def test_a_run_whose_files_are_gone_is_one_sentence(measured, finished, queue):
    run = finished()
    (queue.home.job(run.id).path / f"variants/{'b' * 12}/model.onnx").unlink()
    at = measured(run=run.id)
    assert any("is missing" in error.value for error in at.error)


def test_a_run_with_more_threads_than_cores_has_no_peaks_of_its_own(here, app, finished):
    latency = made_variant(BASE, "Baseline").latency.model_copy(update={"threads": 64})
    at = app(PAGE, run=finished(made_report(made_variant(BASE, "Baseline", latency=latency))).id)
    assert "with all cores" in plain_words(at)
    assert not at.error


def test_peaks_of_a_run_are_those_at_its_threads(here, app, finished):
    latency = made_variant(BASE, "Baseline").latency.model_copy(update={"threads": 1})
    run = finished(made_report(made_variant(BASE, "Baseline", latency=latency)))
    at = app(PAGE, run=run.id)
    assert "with 1 thread" in plain_words(at)
    button(at, "Measure this machine").click().run()
    (job,) = list_jobs("peaks")
    assert engine.find_analysis(PeaksRequest(threads=1)).id == job.id


@pytest.mark.parametrize(
    ("ratio", "words"), [(174.3, "about 170 times"), (1234.0, "about 1,200 times"), (0.33, "about 0.33 times")]
)
def test_an_estimate_has_two_digits_and_no_exponent(ratio, words):
    assert _times(ratio) == words


def test_other_hardware_is_an_estimate_for_the_runs_own_architecture(measured, finished):
    recipe = RECIPE.model_copy(update={"model": TimmModel(name="resnet50.a1_in1k")})
    base = made_variant(BASE, "Baseline", macs=4_110_000_000)
    at = measured(run=finished(made_report(base, recipe=recipe, environment=MACHINE)).id)
    assert "of your model's architecture" in words(at)
    assert "The baseline does 500 images/s here, in batches of 1" in words(at)
    published = next(table for table in tables(at) if "Hardware" in table)
    assert list(published["Published, images/s"]) == ["6,356", "4,218", "3,219", "30"]
    assert published["Beside the baseline here, estimated"][0] == f"about {6356.02 / 500:.2g} times"
    assert "upper bounds" in words(at)
    assert "aa4b5850" in words(at)


def test_other_hardware_is_not_set_beside_a_run_of_another_processor(measured, finished):
    at = measured(run=finished().id)
    assert "no estimate beside the baseline: it was timed on another processor (A CPU)" in plain_words(at)
    assert "images/s here" not in words(at)
    published = next(table for table in tables(at) if "Hardware" in table)
    assert list(published) == ["Hardware", "Published, images/s"]


def test_another_architecture_is_in_the_address_and_goes_with_its_subject(app, here, finished):
    run = finished()
    at = app(PAGE, run=run.id)
    assert "architecture" not in at.query_params
    box(at, "Architecture").set_value("resnet18").run()
    assert at.query_params["architecture"] == "resnet18"
    at = app(PAGE, run=run.id, architecture="resnet18")
    assert box(at, "Architecture").value == "resnet18"
    box(at, AGAINST).set_value("").run()
    assert "architecture" not in at.query_params
    at = app(PAGE, run=run.id, architecture="no such network")
    assert box(at, "Architecture").value != "resnet18"
    assert "architecture" not in at.query_params


def test_another_architecture_is_named_as_the_nearest_by_multiply_adds(measured, finished):
    at = measured(run=finished().id)
    assert "of another architecture than your model's, the nearest one by multiply-adds" in plain_words(at)
    box(at, "Architecture").set_value("resnet50").run()
    assert "of another architecture than your model's: resnet50 at 224 px" in plain_words(at)


def test_the_model_that_was_chosen_is_timed_at_its_target(measured, answer):
    draft = Draft(model=TimmModel(name="resnet18.a1_in1k"), target=Target(batch_size=4))
    at = measured(draft=to_link(draft), run="model")
    (job,) = list_jobs("workload")
    random = TimmModel(name="resnet18.a1_in1k", weights="random")
    assert engine.find_analysis(WorkloadRequest(model=random, target=draft.target)).id == job.id
    answer(made_workloads(made_workload(label="resnet18")))
    at.run()
    files = next(table for table in tables(at) if "Bound by" in table)
    assert list(files["File"]) == ["resnet18"]
    assert box(at, "Architecture").value == "resnet18"
    published = next(table for table in tables(at) if "Hardware" in table)
    assert published["Beside your model here, estimated"][0].startswith("about ")
    assert "Your model does 500 images/s here, in batches of 1" in words(at)


def test_other_hardware_of_a_chosen_file_is_by_the_multiply_adds_of_its_profile(measured, answer):
    draft = Draft(model=SampleModel())
    engine.analyse(engine.ProfileRequest(model=SampleModel()))
    answer(made_profile().model_copy(update={"macs": 4_000_000_000}))
    at = measured(draft=to_link(draft), run="model")
    assert "the nearest one by multiply-adds" in words(at)
    assert "your model has 4 · 10⁹" in words(at)


def test_a_link_to_a_model_that_is_not_there_is_told(measured):
    at = measured(run="model")
    assert "No model was chosen" in words(at)
    assert not at.error


def test_without_a_run_the_architecture_is_that_of_the_draft(app, here):
    draft = Draft(model=TimmModel(name="resnet18.a1_in1k"))
    at = app(PAGE, draft=to_link(draft))
    assert box(at, "Architecture").value == "resnet18"
    exports = words(at)
    assert "FP16, no QDQ" in exports
    assert "reduced range" in exports


def test_results_lead_to_the_roofline_of_their_run(app, finished):
    run = finished()
    at = app("pages/results.py", run=run.id)
    (link,) = [one for one in at.get("page_link") if "machine's limit" in one.proto.label]
    assert link.proto.query_string == f"run={run.id}"


def test_the_workload_of_a_run_is_asked_for_anew_once_its_latencies_were_measured_again(queue, finished):
    run = finished()
    folder = queue.home.job(run.id)
    first = engine.workload_request(run.id)
    assert first.folder == str(folder.path.absolute())
    assert engine.workload_request(run.id) == first
    engine.analyse(first)
    assert engine.find_analysis(first) is not None
    report = folder.report()
    timed = [one.model_copy(update={"latency": made_latency(7.0, 1.0)}) for one in report.variants]
    folder.write("report.json", report.model_copy(update={"variants": tuple(timed)}))
    assert engine.find_analysis(engine.workload_request(run.id)) is None
