"""The files that sweeps and showdowns time: found in a run's report, or by themselves."""

import pytest

from engine import VariantFile, input_misfit, start_measuring, sweeps_of, variant_files
from engine.errors import NotFoundError, RequestError, SourceError
from engine.jobs.queue import Queue
from engine.planning.resolve import resolve_request
from engine.results import InputSpec, TensorSpec
from engine.settings import (
    FileModel,
    ImagesData,
    RunRequest,
    SampleData,
    ShowdownEntry,
    ShowdownRequest,
    SweepRequest,
    Target,
)
from engine.settings.target import CUDA
from tests.made import BASE, INT8, RECIPE, made_report, made_variant
from tests.made_raced import BASE_BF16, INT8_BF16, made_raced_report


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr("engine.planning.variant_files.cores", lambda: 2)


@pytest.fixture
def run(home) -> str:
    """A run with two variants whose files are there."""
    return with_files(home, made_report())


def with_files(home, report) -> str:
    """The id of a run with this report and the files of its variants."""
    job = Queue(home).submit(RunRequest(recipe=RECIPE), name="digits to int8")
    folder = home.job(job.id)
    for variant in report.variants:
        (folder.path / variant.file).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / variant.file).write_bytes(b"onnx")
    folder.write("report.json", report.model_copy(update={"run_id": job.id}))
    return job.id


def test_the_files_of_a_run_are_those_of_its_variants(run, home):
    base, int8 = variant_files(run, from_browser=True)
    assert (base.variant, base.label, int8.variant, int8.label) == (BASE, "Baseline", INT8, "Static INT8")
    assert base.model.path == str(home.job(run).path / "variants" / BASE / "model.onnx")
    assert (int8.example_ms, int8.model.sha256, int8.preprocess.size) == (1.0, "b" * 64, (64, 64))
    assert variant_files(home.job(run).path)[0].model == base.model


@pytest.mark.parametrize(
    ("changed", "example"),
    [
        ({"threads": 1}, (0.5, True)),
        ({"threads": 8}, (4.0, True)),
        ({"threads": 2, "batch_size": 4}, (0.25, True)),
        ({"threads": 1, "runtime": "openvino", "provider": "CPU"}, (0.5, True)),
        ({"threads": 1, "provider": CUDA}, (1.0, False)),
        ({"threads": 1, "runtime": "openvino", "provider": "GPU"}, (1.0, False)),
    ],
)
def test_the_latency_of_an_example_is_that_of_all_cores_or_of_a_card(home, changed, example):
    latency = made_variant(INT8, "Static INT8").latency.model_copy(update={"p50_ms": 1.0, "batch_size": 1, **changed})
    variants = (made_variant(BASE, "Baseline"), made_variant(INT8, "Static INT8", latency=latency))
    _, int8 = variant_files(with_files(home, made_report(*variants)), from_browser=True)
    assert (int8.example_ms, int8.example_on_cpu) == example


def test_what_a_request_says_of_a_variant_is_not_believed(run, home):
    claimed = VariantFile(run=run, variant=BASE, model=FileModel(path="/etc/passwd"), label="other", example_ms=9.0)
    resolved = resolve_request(SweepRequest(file=claimed), home, from_browser=True)
    assert resolved.file == variant_files(run, from_browser=True)[0]


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        (VariantFile(run="0" * 12, variant=BASE), RequestError, "'000000000000' is neither a run here nor a folder"),
        (VariantFile(run="../..", variant=BASE), RequestError, "is neither a run here nor a folder"),
        (VariantFile(model=FileModel(path="/etc/passwd")), SourceError, "the browser may not name"),
        (VariantFile(run="RUN", variant="c" * 12), NotFoundError, "has no variant 'cccccccccccc'"),
    ],
)
def test_what_is_not_there_is_refused_by_name(run, home, file, error, message):
    file = file.model_copy(update={"run": run}) if file.run == "RUN" else file
    with pytest.raises(error, match=message):
        resolve_request(SweepRequest(file=file), home, from_browser=True)


def test_a_folder_on_the_server_is_no_run_of_the_browser(run, home):
    with pytest.raises(RequestError, match="neither a run here nor a folder"):
        variant_files(home.job(run).path, from_browser=True)


def test_a_run_without_a_report_and_a_file_that_is_gone_are_refused(run, home):
    (home.job(run).path / "variants" / BASE / "model.onnx").unlink()
    with pytest.raises(NotFoundError, match="has no file"):
        variant_files(run)
    (home.job(run).path / "report.json").unlink()
    with pytest.raises(RequestError, match="has measured nothing yet"):
        variant_files(run)


def test_variants_of_other_inputs_are_told_apart():
    base = made_variant(BASE, "Baseline")
    other = made_variant(INT8, "Larger", input=InputSpec(shape=(3, 96, 96), preprocess=None))
    assert input_misfit(base, made_variant(INT8, "Static INT8")) is None
    assert input_misfit(base, other).message == "'Larger' takes images of 3x96x96 and 'Baseline' images of 1x64x64"
    tokens = TensorSpec(name="ids", dtype="int64", shape=(8,))
    text = made_variant(INT8, "Text", input=InputSpec(shape=(8,), preprocess=None, inputs=(tokens,)))
    assert "'Text' takes ids int64 (N, 8)" in input_misfit(base, text).message


def test_a_sweep_is_queued_once_a_click_and_found_by_its_run(run):
    request = SweepRequest(file=variant_files(run)[0], batch_sizes=(1, 2))
    job = start_measuring(request, token="click", from_browser=True)
    assert start_measuring(request, token="click", from_browser=True).id == job.id
    assert start_measuring(request, from_browser=True).id != job.id
    assert job.estimate_seconds > 0
    assert [found.file.variant for _, found in sweeps_of(run)] == [BASE, BASE]
    assert sweeps_of("0" * 12) == ()


def test_every_row_of_a_showdown_is_found(run, home):
    rows = tuple(ShowdownEntry(file=VariantFile(run=run, variant=id), target=Target()) for id in (BASE, INT8))
    resolved = resolve_request(ShowdownRequest(rows=rows), home, from_browser=True)
    assert [row.file for row in resolved.rows] == list(variant_files(run))


@pytest.mark.parametrize(
    ("data", "found"), [(SampleData(), SampleData()), (ImagesData(path="/gone"), None), (None, None)]
)
def test_outputs_are_compared_on_the_images_of_the_first_rows_run_where_they_are_still_there(run, home, data, found):
    folder = home.job(run)
    recipe = RECIPE.model_copy(update={"data": data, "seed": 7})
    folder.write("report.json", folder.report().model_copy(update={"recipe": recipe}))
    rows = tuple(ShowdownEntry(file=VariantFile(run=run, variant=id)) for id in (BASE, INT8))
    resolved = resolve_request(ShowdownRequest(rows=rows), home, from_browser=True)
    assert (resolved.data, resolved.seed) == (found, 7 if found else 0)
    named = resolve_request(ShowdownRequest(rows=rows, data=SampleData(name="photos")), home, from_browser=True)
    assert named.data == SampleData(name="photos")


@pytest.mark.parametrize(
    ("prefix", "found"), [("", [BASE, INT8]), (BASE_BF16, [BASE]), (INT8_BF16[:2], [INT8]), (INT8, [INT8]), ("f", [])]
)
def test_a_file_that_raced_is_there_once_without_the_name_of_a_target(home, prefix, found):
    files = variant_files(with_files(home, made_raced_report()), prefix=prefix, from_browser=True)
    assert [file.variant for file in files] == found
    assert {file.label for file in files} <= {"Baseline", "Static INT8"}
