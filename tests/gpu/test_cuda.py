"""On an NVIDIA card: every option of the CUDA provider, a run, and training. `make test-gpu` runs these alone."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from engine.errors import LimitError, RunError, TargetError
from engine.results import codes
from engine.runtimes import RUNTIMES, exact_target, open_session, operator_times, race_targets
from engine.settings import Target, parse_recipe
from engine.settings.target import CUDA
from engine.system.machine import graphics_cards, n_cuda_cards, versions
from tests.conftest import carry_out
from tests.packed import bundled_session

pytestmark = pytest.mark.gpu
CARD = Target(provider=CUDA, threads=1, batch_size=4)
EXACT = exact_target(CARD)
IMAGES = np.random.default_rng(0).standard_normal((4, 3, 32, 32), dtype=np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Convolutions with 64 channels, an average over the image, and a layer for 5 classes."""
    path = tmp_path_factory.mktemp("gpu") / "small.onnx"
    random = np.random.default_rng(1)
    names = ["image", "a", "b", "pooled", "flat", "logits"]
    weights = {
        "w1": random.standard_normal((64, 3, 3, 3)) / 5,
        "w2": random.standard_normal((64, 64, 3, 3)) / 24,
        "w3": random.standard_normal((64, 5)) / 8,
    }
    nodes = [
        helper.make_node("Conv", ["image", "w1"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w2"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["b"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w3"], ["logits"]),
    ]
    ends = {"image": ["batch", 3, 32, 32], "logits": ["batch", 5]}
    values = [helper.make_tensor_value_info(names[i], TensorProto.FLOAT, ends[names[i]]) for i in (0, -1)]
    tensors = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def logits(path, target, images=IMAGES):
    with open_session(path, target, output_names=["logits"]) as session:
        first = session(images)["logits"]
        np.testing.assert_array_equal(session(images)["logits"], first)
        return np.array(first)


def error(values, reference):
    return float(np.abs(values - reference).max() / np.abs(reference).max())


def test_the_provider_works_and_is_known():
    provider = RUNTIMES["onnxruntime"].try_provider(CUDA)
    assert (provider.works, provider.reason, provider.tested) == (True, "", True)
    missing = RUNTIMES["onnxruntime"].try_provider("TensorrtExecutionProvider")
    assert missing.works or "Conflicting session configuration" not in missing.reason


def test_without_tf32_the_answers_are_those_of_the_cpu(path):
    reference = logits(path, Target(threads=1))
    assert error(logits(path, EXACT), reference) < 1e-5
    assert error(logits(path, CARD), reference) < 1e-2


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("cuda_graph", [False, True])
@pytest.mark.parametrize("tf32", [False, True])
def test_every_way_of_running_a_file_gives_the_same_answers(path, tf32, cuda_graph, bound):
    target = CARD.model_copy(update={"tf32": tf32, "cuda_graph": cuda_graph, "bound": bound})
    reference = logits(path, target.model_copy(update={"cuda_graph": False, "bound": False}))
    np.testing.assert_allclose(logits(path, target), reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"prefer_nhwc": True}, {"prefer_nhwc": True, "cuda_graph": True}])
def test_channels_last_changes_no_answer(path, options):
    np.testing.assert_allclose(
        logits(path, EXACT.model_copy(update=options)), logits(path, EXACT), rtol=1e-4, atol=1e-5
    )


def test_a_captured_graph_takes_new_images_of_its_shape_and_no_other_shape(path):
    others = IMAGES[::-1].copy()
    with open_session(path, EXACT.model_copy(update={"cuda_graph": True}), output_names=["logits"]) as session:
        session(IMAGES)
        np.testing.assert_allclose(session(others)["logits"], logits(path, EXACT, others), rtol=1e-4, atol=1e-5)
        with pytest.raises(RunError, match="takes no others"):
            session(IMAGES[:1])


def test_the_session_of_a_bundle_replays_a_captured_graph_in_calls_of_its_first_shape(path):
    options = RUNTIMES["onnxruntime"].describe_options(EXACT.model_copy(update={"cuda_graph": True}))
    settings = {"provider": CUDA, "threads": 1, "options": options, "outputs": ["logits"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns where nothing is captured
        session = bundled_session().Session(path, settings)
        for images in (IMAGES, IMAGES[::-1].copy(), IMAGES[:1]):
            found = session({"image": images})["logits"]
            np.testing.assert_allclose(found, logits(path, EXACT, images), rtol=1e-4, atol=1e-5)


def test_a_graph_with_control_flow_is_not_captured_and_says_why(tmp_path):
    branch = [
        helper.make_graph(
            [helper.make_node(name, ["x"], ["y"])], name, [], [helper.make_tensor_value_info("y", 1, ["n"])]
        )
        for name in ("Neg", "Abs")
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "logits")]
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["is_any"], to=TensorProto.BOOL),
        helper.make_node("If", ["is_any"], ["logits"], then_branch=branch[0], else_branch=branch[1]),
    ]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:])
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "m.onnx")
    target = CARD.model_copy(update={"cuda_graph": True})
    with (
        pytest.raises(RunError, match=r"cannot be captured \(target.cuda_graph\)"),
        open_session(tmp_path / "m.onnx", target, output_names=["logits"]) as session,
    ):
        session({"x": np.ones(3, np.float32)})


def test_a_card_that_is_not_there_is_refused_by_its_number(path):
    absent = CARD.model_copy(update={"device_id": n_cuda_cards()})
    with (
        pytest.raises(TargetError, match=r"no card number \d+ here \(target.device_id\)"),
        open_session(path, absent, output_names=["logits"]),
    ):
        pass


def test_a_card_that_is_full_is_said_to_be(tmp_path):
    """An output of 4 TB."""
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [2**20, 2**20]),
    ]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [2**20, 2**20])
    graph = helper.make_graph(
        [helper.make_node("Expand", ["x", "shape"], ["logits"])], "g", values[:1], values[1:], [shape]
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "m.onnx")
    with (
        open_session(tmp_path / "m.onnx", CARD, output_names=["logits"]) as session,
        pytest.raises(LimitError, match="the memory of the card is full"),
    ):
        session({"x": np.ones(1, np.float32)})


def test_operators_are_timed_on_the_card(path):
    assert operator_times(path, CARD.model_copy(update={"cuda_graph": True, "bound": True}), IMAGES)


@pytest.mark.parametrize("bound", [False, True])
def test_a_file_runs_with_every_option_that_races(path, bound):
    reference = logits(path, EXACT)
    rows = race_targets(CARD.model_copy(update={"bound": bound}), races=True)
    assert len(rows) == 6
    for row in rows:
        assert error(logits(path, row.target), reference) < (1e-2 if row.target.tf32 else 1e-4), row.label


def test_what_is_cached_depends_on_the_name_of_the_card_and_on_the_version_of_its_runtime():
    assert graphics_cards()[: torch.cuda.device_count()] == tuple(
        torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())
    )
    assert versions()["onnxruntime-gpu"]


def recipe_of_the_sample(steps):
    target = f"{{provider: {CUDA}, bound: true}}"
    return parse_recipe(f"{{model: {{kind: sample}}, data: {{kind: sample}}, target: {target}, steps: {steps}}}")


def test_a_run_without_a_race_takes_the_card_as_it_is_and_names_tf32(ready_home, tmp_path):
    report = carry_out(recipe_of_the_sample("[]"), tmp_path / "run", ready_home).report
    assert report.state == "done"
    assert [one.label for one in report.variants] == ["Baseline"]
    (note,) = (note for note in report.baseline.notes if note.code == codes.PRECISION)
    assert "computes 32-bit floats in tf32 here" in note.text
    latency = report.baseline.latency
    assert (latency.provider, latency.buffers) == (CUDA, "bound")
    assert latency.other_buffers_p50_ms > 0


def test_a_race_tries_every_option_of_the_card_with_the_files_that_it_suits(ready_home, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.search.timing.FINAL_ROUNDS", 3)  # opening a session takes longer than its calls
    steps = "[{technique: quantize, calibration_images: 24}]"
    report = carry_out(recipe_of_the_sample(steps), tmp_path / "run", ready_home).report
    assert report.state == "done"
    (race,) = report.races
    names = {trial.name for trial in race.trials.values()}
    floats = [f"FP32, CUDA {at}" for at in ("TF32", "graph", "TF32 graph")]
    halves = [f"16-bit floats, {at}" for at in ("CUDA", "CUDA NHWC", "CUDA graph", "CUDA NHWC graph")]
    assert names - {"Simplified FP32, CUDA"} == {*floats, *halves}, race.notes
    assert all(trial.ratio is not None for trial in race.trials.values()), race.trials
    for one in (one for one in report.variants if one.latency is not None):
        options = one.latency.session_options
        target = report.target_of(one)
        asked = {"use_tf32": target.tf32, "prefer_nhwc": target.prefer_nhwc, "enable_cuda_graph": target.cuda_graph}
        assert {name: options[name] for name in asked} == {name: "1" if on else "0" for name, on in asked.items()}
        assert (options["buffers"], one.latency.other_buffers_p50_ms > 0) == ("bound", True)
    captured = next(one for one in report.variants if one.label == "Baseline, CUDA graph")
    assert captured.fidelity.agreement == 1.0
    text = "\n".join(f"{one.label}: {one.latency.p50_ms:.3f} ms" for one in report.variants if one.latency)
    print(f"{text}\n{race.reason.text}\n{report.recommended.reason.text}")


def test_training_runs_on_the_card_and_leaves_the_network_on_the_cpu():
    from engine.settings import Finetune, Preprocess
    from engine.training.loop import fit
    from engine.training.objectives import Labels

    pixels = np.random.default_rng(0).integers(0, 255, (60, 8, 8, 3), np.uint8)
    labels = (pixels.mean(axis=(1, 2, 3)) > 127).astype(np.int64)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    seen = []
    module[0].register_forward_hook(lambda part, inputs, output: seen.append(output.device.type))
    settings = Finetune(epochs=2, batch_size=8)
    preprocess = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
    result = fit(
        module,
        pixels,
        Labels(labels, 0.1),
        preprocess,
        settings,
        seed=0,
        deadline=float("inf"),
        on_epoch=lambda point: None,
    )
    assert result.n_epochs == 2
    assert set(seen) == {"cuda"}
    assert {parameter.device.type for parameter in module.parameters()} == {"cpu"}


def test_the_bench_of_training_probes_on_the_card():
    from bench.train import _network, _probe_precision
    from engine.settings import Preprocess

    preprocess = Preprocess(size=(64, 64), mean=(0.5,), std=(0.5,), channels="gray")
    pixels = np.zeros((64, 64, 64, 1), np.uint8)
    assert _probe_precision(_network("resnet10t", 64), pixels, np.zeros(64, np.int64), preprocess).arithmetic
