"""Jobs that try what they may not, or never end: real runners, under the real executor."""

import json
import socket
import sys
import zipfile
from pathlib import Path

import onnx
import pytest
import timm
from safetensors.torch import save_file

from engine.jobs.executor import Execution, Limits
from engine.jobs.foreground import run_analysis
from engine.jobs.kinds import slot_of
from engine.jobs.policy import policy_of
from engine.jobs.queue import describe_folder, new_id
from engine.results import ModelProfile, codes
from engine.settings import FileModel, ProfileRequest, RunRequest, SampleModel, TimmModel, load_recipe, parse_recipe
from engine.settings.serving_job import ServeBenchRequest
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.store.rebuild import rows_from_folders
from engine.system import seccomp
from engine.system.sandbox import MIN_ABI, landlock_abi
from tests.hostile import endless_loop, grown, nested_if, saved
from tests.jobs.standins import ended, until
from tests.models.small import small_classifier
from tests.models.test_hub import COMMIT

GB = 10**9
HOUR = 3600.0
RUNNER_THAT = """
import os, socket, subprocess, sys
from pathlib import Path
from engine import runner
def attack(request, folder, progress):
    {attack}
runner.load = lambda path: attack
sys.exit(runner.main(*sys.argv[1:]))
"""
COMPUTES = "import time, sys\nwhile time.process_time() < 0.6: pass\nprint(flush=True); time.sleep(600)"
SERVER = f"""
import http.server, os, subprocess, sys, threading
inner = subprocess.Popen([sys.executable, "-c", {COMPUTES!r}], stdout=subprocess.PIPE)
inner.stdout.readline()
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
port = int(sys.argv[sys.argv.index("--port") + 1])
server = http.server.HTTPServer(("127.0.0.1", port), Healthy)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
"""
"""What a bundle's server may be like: what it has started it neither ends nor waits for."""
SERVED = """
from engine.analyses.bundle_server import bundle_server
from engine.analyses.serve_bench import CpuSeconds
began = CpuSeconds.now()
with bundle_server(folder.work, folder.path / 'serve-log.txt', 1, 0.0):
    pass
(folder.path / 'computed.txt').write_text(str(CpuSeconds.now().own - began.own))
os._exit(0)
"""
confined = pytest.mark.skipif(
    landlock_abi() < MIN_ABI or not seccomp.is_available(), reason="this kernel has no Landlock, or no seccomp"
)


@pytest.fixture
def execute(home):
    """Starts a job; whatever is left of it at the end of the test is killed."""
    started: list[Execution] = []

    def start(request, limits: Limits | None = None, code: str | None = None) -> tuple[Execution, JobFolder]:
        job = JobFile(id=new_id(), kind=request.kind, name="a", created=now(), request=request)
        folder = home.job(job.id)
        describe_folder(folder, job)
        command = {"command": [sys.executable, "-P", "-c", code]} if code else {}
        started.append(Execution(home, job, folder, limits, **command))
        return started[-1], folder

    yield start
    for execution in started:
        execution.kill(TimeoutError("the test is over"))


@confined
@pytest.mark.parametrize("attack", [
    "folder.request_file.write_text('{{}}')",
    "folder.request_file.unlink()",
    "folder.request_file.rename(folder.path / 'job.json')",
    "(folder.path / 'a').touch(); (folder.path / 'a').rename(folder.request_file)",
    "Path(r'{home}/uploads/other/secret').read_text()",
    "Path(r'{home}/featherweight.db').write_text('x')",
    "(folder.path / 'link.txt').symlink_to('/etc/hostname')",
    "socket.create_connection(('127.0.0.1', {port}))",
    "os.fork()",
])  # fmt: skip
def test_a_job_that_tries_what_it_may_not_fails_in_our_words(home, execute, attack):
    (home.uploads / "other").mkdir()
    for secret in (home.uploads / "other" / "secret", home.path / "featherweight.db"):
        secret.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        attack = attack.format(home=home.path, port=server.getsockname()[1])
        execution, folder = execute(ProfileRequest(model=SampleModel()), code=RUNNER_THAT.format(attack=attack))
        outcome = ended(execution)
    assert (outcome.state, outcome.exit_status, outcome.error.code) == ("failed", 1, "denied"), folder.log_text()
    assert "denied" in outcome.error.text
    assert "PermissionError" in folder.log_text()
    assert folder.request().request == ProfileRequest(model=SampleModel())
    assert (home.path / "featherweight.db").read_text() == "secret"


@confined
def test_what_a_job_writes_as_its_request_is_none_when_it_runs_again(home, execute):
    """A reboot, a stopped supervisor and a rebuilt list of jobs all give a job a second attempt."""
    secret = home.path / "secret"
    secret.write_text("secret")
    asked = ProfileRequest(model=SampleModel())
    wished = asked.model_copy(update={"model": FileModel(path=str(secret))})
    attack = f"(folder.path / 'job.json').write_text({wished.model_dump_json()!r}); os.kill(os.getpid(), 9)"
    execution, folder = execute(asked, code=RUNNER_THAT.format(attack=attack))
    assert ended(execution).error.code == "signal"
    (row,) = rows_from_folders(home, slot_of)
    folder.reset()
    home.prepare()
    again = home.job(row["id"])
    assert again.request() == execution._job
    assert secret not in policy_of(home, again, again.request().request).readable


def test_what_a_bundles_server_computes_is_known_to_the_job_that_measures_it(execute, tmp_path):
    """Confined or not: else the server is taken for another program, which was once mended by what no job may read."""
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("serve.py", SERVER)
    attack = f"(folder.work / 'serve.py').write_text({SERVER!r}); exec({SERVED!r})"
    execution, folder = execute(ServeBenchRequest(bundle=str(bundle)), code=RUNNER_THAT.format(attack=attack))
    end_of(execution)
    assert folder.file("computed.txt").exists(), folder.log_text()
    assert float(folder.file("computed.txt").read_text()) >= 0.5


def test_the_recipe_of_a_run_is_the_one_that_was_asked_for(execute, tmp_path, recipe):
    attack = "(folder.path / 'recipe.yaml').write_text('{model: {kind: file, path: /etc/passwd}}'); os._exit(0)"
    code = f"from engine import runner\nfolder = runner.JobFolder(runner.Path(runner.sys.argv[1]))\nimport os\n{attack}"
    execution, folder = execute(RunRequest(recipe=recipe), code=code)
    ended(execution)
    assert load_recipe(folder.path / "recipe.yaml") == recipe


def test_a_job_cannot_ask_for_more_memory_than_the_machine_has(execute):
    attack = "[bytes(10**9) for _ in range(10**4)]"  # ten terabytes, of which nothing is touched
    outcome = end_of(execute(ProfileRequest(model=SampleModel()), code=RUNNER_THAT.format(attack=attack))[0])
    assert (outcome.error.code, outcome.error.text) == ("memory", "the job ran out of memory")


def test_a_file_without_end_is_told_as_such(execute):
    attack = "(folder.work / 'huge').open('wb').truncate(10**12)"
    outcome = end_of(execute(ProfileRequest(model=SampleModel()), code=RUNNER_THAT.format(attack=attack))[0])
    assert outcome.error.code == "file_size"


def end_of(execution: Execution) -> Outcome:
    """The outcome of a job that loads the libraries first."""
    return until(lambda: execution.wait(0.1), 180)


def profile_of(path: Path, model) -> ProfileRequest:
    saved(model)(path)
    return ProfileRequest(model=FileModel(path=str(path)))


def run_of(path: Path, model) -> RunRequest:
    saved(model)(path)
    return RunRequest(recipe=parse_recipe(f"{{model: {{kind: file, path: {path}}}, steps: []}}"))


@confined
def test_a_run_whose_runtime_is_any_races_all_runtimes_though_it_may_start_no_process(execute, tmp_path):
    saved(small_classifier())(tmp_path / "m.onnx")
    recipe = f"{{model: {{kind: file, path: {tmp_path / 'm.onnx'}}}, target: {{runtime: any, threads: 1}}, steps: []}}"
    execution, folder = execute(RunRequest(recipe=parse_recipe(recipe)))
    assert end_of(execution).state == "done", folder.log_text()
    report = folder.report()
    assert {one.target.runtime for one in report.variants} == {"onnxruntime", "openvino"}
    assert codes.NOT_RACED not in {note.code for note in report.warnings}


@pytest.mark.slow
def test_what_is_nested_deep_is_profiled(home, tmp_path):
    result = run_analysis(home, profile_of(tmp_path / "m.onnx", nested_if(30)))
    assert isinstance(result, ModelProfile)
    assert result.n_outputs == 2


@pytest.mark.slow
@pytest.mark.parametrize("op_type", ["ConstantOfShape", "Expand"])
def test_what_grows_without_end_once_it_runs_fails_by_its_memory(execute, tmp_path, op_type):
    outcome = end_of(execute(run_of(tmp_path / "m.onnx", grown(op_type)))[0])
    assert (outcome.state, outcome.error.code) == ("failed", "memory"), outcome.error
    assert "memory" in outcome.error.text


def test_what_grows_while_its_shapes_are_inferred_fails_by_its_memory(execute, tmp_path):
    limits = Limits(seconds=HOUR, memory_bytes=3 * GB)
    outcome = end_of(execute(run_of(tmp_path / "m.onnx", grown("Range")), limits)[0])
    assert (outcome.state, outcome.error.code) == ("failed", "memory"), outcome.error
    assert "3000 MB are allowed" in outcome.error.text


@pytest.mark.parametrize("end", ["cancel", pytest.param("time", marks=pytest.mark.slow)])
def test_a_loop_without_end_is_cancelled_or_ends_with_its_time(execute, tmp_path, end):
    execution, folder = execute(run_of(tmp_path / "m.onnx", endless_loop()))
    until(lambda: any(event.message == "loading the model" for event in folder.events()), 120)
    if end == "cancel":
        execution.cancel()
    else:
        execution._limits = Limits(seconds=0, memory_bytes=GB)  # as if they were over
    outcome = ended(execution)
    expected = ("cancelled", "cancelled") if end == "cancel" else ("failed", "time")
    assert (outcome.state, outcome.error.code) == expected


def test_pretrained_weights_of_a_local_cache_are_read(home, tmp_path, monkeypatch):
    snapshot = tmp_path / "hf" / "hub" / "models--timm--test_resnet.r160_in1k" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(COMMIT)
    save_file(timm.create_model("test_resnet").state_dict(), snapshot / "model.safetensors")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = run_analysis(home, ProfileRequest(model=TimmModel(name="test_resnet.r160_in1k")))
    assert isinstance(result, ModelProfile)
    assert result.weights == "pretrained"


def test_a_snapshot_of_the_hub_is_read_through_its_links_and_external_weights_beside_their_model(home, tmp_path):
    snapshot, blobs = tmp_path / "snapshots" / "1", tmp_path / "blobs"
    for folder in (snapshot, blobs):
        folder.mkdir(parents=True)
    model = timm.create_model("test_resnet")
    (blobs / "config").write_text(json.dumps({"architecture": "test_resnet", "pretrained_cfg": model.pretrained_cfg}))
    save_file(model.state_dict(), blobs / "weights")
    (snapshot / "config.json").symlink_to("../../blobs/config")
    (snapshot / "model.safetensors").symlink_to("../../blobs/weights")
    result = run_analysis(home, ProfileRequest(model=TimmModel(name=f"local-dir:{snapshot}")))
    assert isinstance(result, ModelProfile)
    path = tmp_path / "model.onnx"
    onnx.save(small_classifier(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert isinstance(run_analysis(home, ProfileRequest(model=FileModel(path=str(path)))), ModelProfile)
