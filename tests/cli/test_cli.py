import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import timm
from PIL import Image
from safetensors.torch import save_file

import engine as facade
from engine.cli.main import main
from engine.store.home import Home
from tests.made import made_report
from tests.models.small import Shape, small_classifier

SAMPLE = "{model: {kind: sample}, data: {kind: sample}, steps: [{technique: quantize, method: static}]}"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    return Home.default()


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe file."""

    def write(text: str = SAMPLE) -> str:
        (tmp_path / "recipe.yaml").write_text(text)
        return str(tmp_path / "recipe.yaml")

    return write


@pytest.fixture
def engine(capsys):
    """A command line in this process: its exit status, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return call


def start(*arguments: str) -> subprocess.Popen:
    """A command as from a terminal: a shell's background jobs, such as this test may be, ignore Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["optimize"], ["optimize", "x.yaml"], ["status"], ["runs", "--limit", "0"],
    ["runs", "--nonsense"],
])  # fmt: skip
def test_a_wrong_command_is_one_line_and_exit_2(engine, arguments):
    status, out, err = engine(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert "--help" in err


def test_help_names_every_verb(engine):
    status, out, _ = engine("--help")
    assert status == 0
    for verb in (
        "optimize",
        "inspect",
        "models",
        "techniques",
        "hardware",
        "submit",
        "runs",
        "status",
        "cancel",
        "supervisor",
        "check",
    ):
        assert f"  {verb} " in out


@pytest.mark.parametrize(("text", "naming"), [
    ("{model: {kind: sample}, nonsense: 1}", "nonsense"),
    ("{model: {kind: timm, name: resnet81}}", "resnet81"),
    ("{model: {kind: file, path: none.onnx}}", "none.onnx"),
    ("{model: {kind: sample}, target: {threads: 1000}}", "threads"),
    ("{model: {kind: sample}, seed: many}", "seed"),
    ("{model: {kind: sample}, data: {kind: images, path: none}}", "none"),
    ("[", "YAML"),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["optimize", "submit"])
def test_a_refused_recipe_is_one_line_and_leaves_nothing(engine, recipe, home, tmp_path, verb, text, naming):
    out = tmp_path / "new" / "out"
    status, said, err = engine(verb, recipe(text), *(["--out", str(out)] if verb == "optimize" else []))
    assert (status, said, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert naming in err
    assert not (tmp_path / "new").exists()
    assert list(home.jobs.glob("*")) == []


def test_a_missing_recipe_is_refused(engine, tmp_path):
    status, _, err = engine("submit", str(tmp_path / "none.yaml"))
    assert status == 2
    assert "none.yaml" in err


@pytest.mark.slow  # tests/test_bad_input.py does the same by a process, with a file that is cut off
def test_a_file_that_is_no_model_is_refused_before_the_start(engine, recipe, tmp_path):
    (tmp_path / "page.onnx").write_text("<html>not found</html>")
    status, said, err = engine(
        "optimize", recipe("{model: {kind: file, path: page.onnx}}"), "--out", str(tmp_path / "out")
    )
    assert (status, said) == (2, "")
    assert err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_optimize_leaves_what_the_contract_says(engine, recipe, tmp_path, home, with_baseline):
    shutil.copytree(with_baseline, home.cache)
    out = tmp_path / "out"
    status, said, err = engine("optimize", recipe(), "--out", str(out))
    assert status == 0, err
    assert "recommended: " in said
    assert said.splitlines()[0].split()[:3] == ["variant", "id", "size"]
    assert err.splitlines()[0].startswith("  0 % ")
    report = json.loads((out / "report.json").read_text())
    assert report["state"] == "done"
    assert {variant["technique"] for variant in report["variants"]} == {"baseline", "quantize"}
    for variant in report["variants"]:
        assert (out / "variants" / variant["id"] / "model.onnx").stat().st_size == variant["size_bytes"]
        assert variant["cold_start"]["session_bytes"]["median"] > 1_000_000  # in processes that the runner started
    assert "fresh process" in said
    assert "<title>" in (out / "report.html").read_text()
    assert json.loads((out / "events.jsonl").read_text().splitlines()[-1])["fraction"] == 1.0
    assert not (out / "work").exists()
    again = engine("submit", str(out / "recipe.yaml"))
    assert again[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_report_and_exits_130(recipe, tmp_path, number):
    process = start("optimize", recipe(), "--out", str(tmp_path / "out"))
    assert "loading" in process.stderr.readline()
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("error: ")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["state"] == "cancelled"


def test_the_queue_from_submit_to_cancel(engine, recipe):
    status, out, err = engine("submit", recipe())
    id = out.strip()
    assert (status, out, err) == (0, f"{id}\n", "")
    assert engine("status", id)[1].startswith("queued")
    assert id in engine("runs")[1]
    assert [job["id"] for job in json.loads(engine("runs", "--json")[1])] == [id]
    supervisor = start("supervisor")
    try:
        while engine("status", id)[1].startswith("queued"):
            assert supervisor.poll() is None
        assert engine("status", id)[1].startswith("running")
        assert engine("cancel", id)[0] == 0
        while engine("status", id)[1].startswith("running"):
            assert supervisor.poll() is None
        assert engine("status", id)[1].startswith("cancelled")
        assert json.loads(engine("status", id, "--json")[1])["state"] == "cancelled"
        assert engine("cancel", id)[0] == 0
        assert engine("supervisor")[0] == 2
    finally:
        supervisor.terminate()
        supervisor.communicate()
    assert supervisor.returncode == 0


@pytest.mark.parametrize("verb", ["status", "cancel"])
def test_no_such_run_is_refused(engine, verb):
    status, _, err = engine(verb, "0" * 12)
    assert status == 2
    assert err.startswith("error: there is no job")


def test_tables_and_json_of_what_is_known(engine):
    assert "resnet18" in engine("models", "--search", "resnet18")[1]
    assert json.loads(engine("models", "--search", "resnet18", "--json")[1])[0]["name"] == "resnet18"
    assert "quantize" in engine("techniques")[1]
    assert all("properties" in row["schema"] for row in json.loads(engine("techniques", "--json")[1]))


def test_the_machine_and_a_model_are_told(engine, sample_run):
    status, out, _ = engine("hardware", "--json")
    assert status == 0
    assert any(provider["works"] for provider in json.loads(out)["providers"])
    path = str(sample_run.folder.path / sample_run.report.baseline.file)
    assert json.loads(engine("inspect", path, "--json")[1])["format"] == "onnx"


def test_weights_are_told_with_the_architecture_and_the_recipe_that_loads_them(engine, tmp_path):
    save_file(timm.create_model("test_resnet", num_classes=3).state_dict(), tmp_path / "mine.safetensors")
    status, out, err = engine("inspect", str(tmp_path / "mine.safetensors"))
    assert status == 0, err
    assert "model: {kind: timm, name: test_resnet, weights: mine.safetensors}" in out


def test_a_refused_inspection_is_one_line(engine, tmp_path):
    status, out, err = engine("inspect", str(tmp_path / "none.onnx"))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "none.onnx" in err


def test_a_file_of_any_size_is_inspected_at_the_size_that_is_named(engine, tmp_path):
    path = tmp_path / "any.onnx"
    path.write_bytes(small_classifier(Shape(image=("batch", 3, "height", "width"))).SerializeToString())
    status, _, err = engine("inspect", str(path))
    assert (status, err.count("\n")) == (2, 1)
    assert "takes images of any size. Say which (--size)" in err
    status, out, err = engine("inspect", str(path), "--size", "8x16", "--json")
    assert status == 0, err
    profile = json.loads(out)
    assert profile["preprocess"]["size"] == [8, 16]
    assert profile["preprocess_origins"]["size"] == "asked"
    refused = {row["technique"] for row in profile["applicability"] if row["refusal"]}
    assert refused == {"finetune", "prune"}


@pytest.mark.parametrize(("size", "said"), [
    ("abc", "--size is 'abc', it must be a height and a width in px"),
    ("1x2x3", "--size is '1x2x3'"),
    ("4", "'size.0' is 4, it must be at least 8"),
])  # fmt: skip
def test_a_size_that_is_none_is_refused(engine, size, said, tmp_path):
    status, _, err = engine("inspect", str(tmp_path / "any.onnx"), "--size", size)
    assert status == 2
    assert said in err


@pytest.mark.slow
def test_check_finds_this_installation_right(engine):
    status, out, _ = engine("check", "--json")
    assert [item for item in json.loads(out) if not item["ok"]] == []
    assert status == 0


def test_a_closed_pipe_is_no_traceback():
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()


def test_advice_is_measured_here_and_told_as_it_goes(engine):
    status, out, err = engine("advise", "sample", "--threads", "1", "--only", "test_resnet", "--json")
    assert status == 0, err
    assert "timing test_resnet, 1 of 1" in err
    told = json.loads(out)
    assert told["target"]["threads"] == 1
    assert told["architectures"][0]["latency"]["n_rounds"] == 6


@pytest.mark.parametrize(("arguments", "naming"), [
    (["resnet81"], "resnet81"), (["sample", "--only", "resnet81"], "resnet81"),
    (["sample", "--threads", "1000"], "target.threads"),
])  # fmt: skip
def test_advice_on_what_is_not_there_is_refused(engine, arguments, naming):
    status, out, err = engine("advise", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert naming in err


def test_a_preset_is_put_in_line_for_a_recipe_without_steps(engine, recipe):
    file = recipe("{model: {kind: sample}, data: {kind: sample}}")
    status, out, err = engine("submit", file, "--preset", "smallest")
    assert status == 0, err
    steps = facade.recipe(out.strip()).steps
    assert [step.technique for step in steps] == ["distill", "quantize"]
    assert engine("submit", file, "--preset", "fastest")[0] == 2


def test_sensitivity_is_seen_on_images_and_gives_ratios(engine, tmp_path):
    for number in range(20):
        Image.new("L", (16, 16), 12 * number).save(tmp_path / f"{number}.png")
    status, out, err = engine(
        "sensitivity",
        "sample",
        "--data",
        str(tmp_path),
        "--labels",
        "none",
        "--ratio",
        "0.25",
        "--within",
        "100",
        "--json",
    )
    assert status == 0, err
    assert "layer4.0.conv1: 10 of 10" in err
    told = json.loads(out)
    assert (told["labelled"], told["n_images"]) == (False, 2)
    assert len(told["layers"]) == len(told["group_ratios"]) == 10
    assert "layer4.0.conv1=0.25" in told["group_ratios"]


@pytest.mark.parametrize(("arguments", "naming"), [
    (["resnet10t"], "--data"), (["rexnet_100", "--weights", "w", "--data", "."], "weights file"),
    (["sample", "--ratio", "1.5"], "ratios"), (["sample", "--data", "nowhere"], "nowhere"),
    (["resnet10t", "--weights", __file__, "--data", "nowhere"], "nowhere"), (["sample", "--within", "-1"], "within"),
])  # fmt: skip
def test_a_sensitivity_that_cannot_be_seen_is_refused(engine, arguments, naming):
    status, out, err = engine("sensitivity", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert naming in err


def test_a_recipe_is_tried_under_other_preprocessings(engine, tmp_path):
    (tmp_path / "small.onnx").write_bytes(small_classifier().SerializeToString())
    images = tmp_path / "images"
    images.mkdir()
    for number in range(20):
        Image.new("RGB", (16, 12), (12 * number, 0, 200)).save(images / f"{number}.png")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("{model: {kind: file, path: small.onnx}, data: {kind: images, path: images, labels: none}}")
    status, out, err = engine("detect", str(recipe), "--json")
    assert status == 0, err
    told = json.loads(out)
    assert (told["labelled"], told["better"], told["untried"]) == (False, None, [])
    assert len(told["trials"]) > 10


@pytest.mark.parametrize(("arguments", "naming"), [
    (["resnet10t"], "--data"), (["nowhere.yaml"], "nowhere.yaml"), (["sample", "--minutes", "0"], "minutes"),
    (["sample", "--data", "nowhere"], "nowhere"),
])  # fmt: skip
def test_a_detection_without_images_or_a_model_is_refused(engine, arguments, naming):
    status, out, err = engine("detect", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert naming in err


def test_an_audit_is_told_and_its_findings_are_written(engine, tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(12):
        Image.new("L", (16, 16), 20 * number).save(tmp_path / "images" / f"{number}.png")
    findings = tmp_path / "findings.csv"
    arguments = ("audit", str(tmp_path / "images"), "--labels", "none", "--findings", str(findings), "--json")
    status, out, err = engine(*arguments)
    assert status == 0, err
    told = json.loads(out)
    assert (told["n_images"], told["no_labels"]["code"]) == (12, "unlabelled")
    n_findings = sum(check["n_found"] for check in told["checks"] if not check["usual"])
    assert len(findings.read_text().splitlines()) == 1 + n_findings > 1


@pytest.mark.parametrize(("arguments", "naming"), [
    (["nowhere"], "nowhere"), ([".", "--exclude", "some"], "leave_out"), (["sample", "--minutes", "0"], "minutes"),
])  # fmt: skip
def test_an_audit_that_cannot_be_made_is_refused(engine, arguments, naming):
    status, out, err = engine("audit", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert naming in err


@pytest.mark.parametrize(("size", "status", "first"), [("6", 0, "yes"), ("4", 3, "no")])
def test_a_gate_has_one_line_a_rule_and_its_own_status(engine, tmp_path, size, status, first):
    (tmp_path / "report.json").write_text(made_report().model_dump_json())
    code, out, err = engine("gate", str(tmp_path), "--max-size", size, "--min-speedup", "1.5")
    assert (code, err) == (status, "")
    assert [line.split(":")[0] for line in out.splitlines()] == ["yes", first]
    assert "at least 1.5 times as fast: Static INT8: 2.00 times as fast (1.82 to 2.22)" in out


def test_a_gate_in_doubt_ends_with_4_and_refusals_with_2(engine, tmp_path):
    (tmp_path / "report.json").write_text(made_report().model_dump_json())
    assert engine("gate", str(tmp_path), "--max-drop", "1")[0] == 4
    assert engine("gate", str(tmp_path)) == (
        2,
        "",
        "error: there is no rule to check. Give the largest drop, the smallest speed-up or the largest size\n",
    )
    assert engine("gate", str(tmp_path / "none"), "--max-drop", "1")[0] == 2


def test_the_report_to_hand_over_is_written_whole_or_refused(engine, tmp_path):
    (tmp_path / "report.json").write_text(made_report().model_dump_json())
    out = tmp_path / "out.html"
    assert engine("report", str(tmp_path), "--out", str(out)) == (0, f"{out}\n", "")
    assert out.read_text().startswith("<!doctype html>")
    assert engine("report", str(tmp_path), "--out", str(out), "--no-images")[0] == 0
    assert "The images were left out of this report." in out.read_text()
    code, _, err = engine("report", str(tmp_path), "--out", str(tmp_path / "none" / "out.html"))
    assert (code, err.count("\n")) == (2, 1)
    assert "cannot be written: No such file or directory. Choose another place" in err
    assert engine("report", str(tmp_path / "none"), "--out", str(out))[0] == 2
