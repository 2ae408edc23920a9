"""One call of two files, node by node, in either runtime, and in the process of a job."""

import shutil

import onnx
import pytest
from onnx import helper

import engine
from engine.analyses import time_profile as module
from engine.analyses.time_profile import time_profile
from engine.errors import NotFoundError, RequestError, RunError
from engine.measure.timing import FileTimings
from engine.models.artifacts import file_sha256
from engine.results import InputSpec, codes
from engine.settings import FileModel, Preprocess, Target
from engine.settings.graph_jobs import TimeProfileRequest
from engine.settings.target import CUDA
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_card import put_in_card
from tests.models.small import Shape, small_classifier

PREPROCESS = Preprocess(size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3)


def named(proto, *, with_relu):
    """The small classifier whose nodes have names, and a Relu after the Conv in one of the two."""
    for node in proto.graph.node:
        node.name = f"node_{node.op_type}"
    if with_relu:
        proto.graph.node[0].output[0] = "raw"
        proto.graph.node.insert(1, helper.make_node("Relu", ["raw"], ["features"], name="node_Relu"))
    return proto


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, with_relu in (("a.onnx", True), ("b.onnx", False)):
        shape = Shape(image=("batch", 3, 32, 32))
        onnx.save(named(small_classifier(shape), with_relu=with_relu), folder / name)
    return folder / "a.onnx", folder / "b.onnx"


@pytest.mark.parametrize("target", [Target(threads=1), Target(runtime="openvino", threads=1)], ids=["ort", "openvino"])
def test_what_one_file_fuses_is_matched_with_what_the_other_has(files, target, tmp_path):
    baseline, model = (FileModel(path=str(path)) for path in files)
    events = []
    request = TimeProfileRequest(baseline=baseline, model=model, preprocess=PREPROCESS, target=target)
    profile = time_profile(request, JobFolder(tmp_path / "job"), Progress(events.append))
    rows = {row.name: row for row in profile.rows}
    for name in ("node_Conv", "node_Gemm"):
        assert rows[name].is_matched, rows.keys()
    assert "node_Relu" not in rows  # it is computed in the Conv
    assert rows["node_Conv"].baseline_ms > 0
    assert {"Conv", "MatMul and Gemm"} <= {one.family for one in profile.operators}
    assert profile.baseline_latency.ratio_to_baseline == 1
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)


def test_on_a_card_the_times_of_nodes_are_called_those_of_starting_them(files, tmp_path, monkeypatch):
    put_in_card(monkeypatch)
    baseline, model = (FileModel(path=str(path)) for path in files)
    target = Target(provider=CUDA, threads=1)
    request = TimeProfileRequest(baseline=baseline, model=model, preprocess=PREPROCESS, target=target)
    profile = time_profile(request, JobFolder(tmp_path / "job"), Progress([].append))
    assert [note.code for note in profile.warnings if note.code == codes.TIMES_OF_STARTS] == [codes.TIMES_OF_STARTS]


@pytest.mark.parametrize(("broken", "said"), [("baseline", "the baseline, which"), ("model", "the variant does not")])
def test_the_file_that_does_not_run_is_the_one_that_is_named(files, tmp_path, monkeypatch, broken, said):
    error = RunError("it has no such operator", "Take another runtime")
    monkeypatch.setattr(module, "time_files", lambda *args, **more: FileTimings({}, {broken: error}))
    baseline, model = (FileModel(path=str(path)) for path in files)
    request = TimeProfileRequest(baseline=baseline, model=model, preprocess=PREPROCESS, target=Target(threads=1))
    with pytest.raises(RunError, match=f"{said}.*it has no such operator") as raised:
        time_profile(request, JobFolder(tmp_path / "job"), Progress([].append))
    assert raised.value.next == "Take another runtime"


@pytest.fixture
def run_folder(files, home, tmp_path):
    """A finished run of the two files, as a folder."""
    variants = []
    for id, path in zip((BASE, INT8), files, strict=True):
        file = tmp_path / "run" / "variants" / id / "model.onnx"
        file.parent.mkdir(parents=True)
        shutil.copyfile(path, file)
        image = InputSpec(shape=(3, 32, 32), preprocess=PREPROCESS)
        variants.append(made_variant(id, id, sha256=file_sha256(file), input=image))
    report = made_report(*variants)
    report = report.model_copy(update={"recipe": report.recipe.model_copy(update={"target": Target(threads=1)})})
    (tmp_path / "run" / "report.json").write_text(report.model_dump_json())
    return tmp_path / "run"


def test_a_confined_job_reads_the_two_files_of_a_run_and_saves_a_graph(run_folder, tmp_path):
    profile = engine.time_profile(run_folder, INT8)
    assert any(row.is_matched for row in profile.rows)
    graph = engine.save_optimized(run_folder, INT8, tmp_path / "optimized.onnx")
    assert graph.sha256 == file_sha256(tmp_path / "optimized.onnx")


def test_what_is_not_in_the_run_is_refused(run_folder):
    with pytest.raises(NotFoundError, match=f"no variant '{'0' * 12}'. It has {BASE}, {INT8}"):
        engine.time_profile(run_folder, "0" * 12)
    with pytest.raises(RequestError, match="beside itself"):
        engine.time_profile(run_folder, BASE)


def test_a_report_that_names_a_file_elsewhere_opens_nothing(run_folder, tmp_path):
    secret = tmp_path / "secret.onnx"
    secret.write_bytes(b"secret")
    path = run_folder / "report.json"
    path.write_text(path.read_text().replace(f"variants/{INT8}/model.onnx", "../secret.onnx"))
    with pytest.raises(NotFoundError, match="no file"):
        engine.save_optimized(run_folder, INT8, tmp_path / "out.onnx")
