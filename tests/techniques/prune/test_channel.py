"""Channels that go: what is left runs, is narrower in the file, and comes back from data alone."""

from dataclasses import replace

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file
from timm.utils import reparameterize_model

from engine import data as images
from engine import models
from engine.errors import StepError
from engine.export.onnx_file import export_onnx
from engine.models.artifacts import TorchModel
from engine.settings import PruneChannel, SampleData, SampleModel, Split
from engine.techniques.prune import channel, prune_to
from engine.techniques.prune.limit import limited
from scripts.make_catalogue import MacCounter
from tests.techniques.prune.families import FAMILIES


def pruned(model, context, ratio=0.5, *, name="made", **settings):
    folder = context.folder.parent / name
    folder.mkdir(exist_ok=True)
    return prune_to(model, PruneChannel(ratio=ratio, **settings), ratio, context, folder)


def logits(model, n=2):
    torch.manual_seed(1)
    with torch.inference_mode():
        return model.build()(torch.randn(n, model.in_chans, *model.preprocess.size))


def shapes(model) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in model.build().state_dict().items()}


def codes(made) -> list[str]:
    return [note.code for note in made.notes]


@pytest.mark.parametrize(("architecture", "px", "most_left"), FAMILIES)
def test_one_of_each_family_is_narrower_and_comes_back_from_data(architecture, px, most_left, given):
    model, context = given(architecture, px)
    made = pruned(model, context).model
    kept, whole = (sum(tensor.numel() for tensor in one.build().parameters()) for one in (made, model))
    assert kept / whole < most_left
    after = logits(made)
    assert after.shape == (2, 4)
    assert torch.isfinite(after).all()
    again = TypeAdapter(TorchModel).validate_json(TypeAdapter(TorchModel).dump_json(made))
    assert again == made
    assert torch.equal(logits(again), after)


@pytest.mark.parametrize(("architecture", "px"), [("test_resnet", 64), ("mobileone_s0", 32), ("test_vit", 160)])
def test_the_file_is_smaller_and_answers_as_torch_does(architecture, px, given):
    model, context = given(architecture, px)
    made = export_onnx(pruned(model, context).model, context.folder / "pruned.onnx")
    whole = reparameterize_model(model.build())
    with torch.no_grad(), MacCounter(image := torch.zeros(1, 3, px, px)) as counter:
        whole(image)
    assert made.macs < 0.5 * counter.macs
    assert made.path.stat().st_size < 0.6 * 4 * sum(tensor.numel() for tensor in whole.parameters())


@pytest.mark.parametrize("architecture", ["fastvit_t8", "lcnetv2_small"])
def test_branches_that_were_cut_still_make_one_convolution(architecture, given):
    model, context = given(architecture, 32)
    module = pruned(model, context).model.build().eval()
    images = torch.randn(2, model.in_chans, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(reparameterize_model(module).eval()(images), module(images), atol=1e-4)


def test_what_is_cut_is_cut_further(given):
    model, context = given("test_resnet")
    once = pruned(model, context, 0.3, name="once").model
    twice = pruned(once, context, 0.3, name="twice").model
    assert shapes(twice)["layer4.0.conv2.weight"] < shapes(once)["layer4.0.conv2.weight"]
    assert logits(twice).shape == (2, 4)


def test_the_smallest_weights_go(given):
    model, context = given("test_resnet")
    state = load_file(model.weights)
    n_small = len(state["layer1.0.conv1.weight"]) // 2
    state["layer1.0.conv1.weight"][:n_small] *= 1e-3
    state["layer1.0.bn1.weight"][:n_small] *= 1e-3
    state["layer1.0.conv2.weight"][:, :n_small] *= 1e-3
    save_file(state, model.weights)
    made = pruned(model, context, 0.5, recalibrate=False).model
    kept = made.build().get_submodule("layer1.0.conv1").weight
    assert kept.abs().amax((1, 2, 3)).min() > 1e-2


def test_random_is_a_control_that_the_seed_fixes(given):
    model, context = given("test_resnet")
    one, other = (logits(pruned(model, context, name=name, importance="random").model) for name in ("one", "other"))
    assert torch.equal(one, other)
    sown = pruned(model, replace(context, seed=1), name="sown", importance="random").model
    assert not torch.equal(logits(sown), one)


@pytest.mark.parametrize("importance", ["bn_scale", "lamp"])
def test_other_measures_choose_other_channels(importance, given):
    model, context = given("test_resnet")
    made = logits(pruned(model, context, name=importance, importance=importance, scope="global").model)
    assert not torch.equal(made, logits(pruned(model, context, scope="global").model))


def test_global_takes_more_where_less_is_lost(given):
    model, context = given("test_resnet")
    state = load_file(model.weights)
    for name in ("layer2.0.conv1.weight", "layer2.0.bn1.weight"):
        state[name][4:] *= 1e-4  # all but a few channels of one layer say nothing
    save_file(state, model.weights)
    made, whole = shapes(pruned(model, context, 0.3, scope="global").model), shapes(model)
    left = {name: made[name][0] / whole[name][0] for name in ("layer2.0.conv1.weight", "layer3.0.conv1.weight")}
    assert left["layer2.0.conv1.weight"] < left["layer3.0.conv1.weight"]


def test_a_layer_may_have_a_ratio_of_its_own(given):
    model, context = given("test_resnet")
    made, whole = shapes(pruned(model, context, 0.5, group_ratios=("layer3.0.conv1=0",)).model), shapes(model)
    assert made["layer3.0.conv1.weight"][0] == whole["layer3.0.conv1.weight"][0]
    assert made["layer2.0.conv1.weight"][0] < whole["layer2.0.conv1.weight"][0]
    with pytest.raises(StepError, match="no layer 'layer9' that can lose channels"):
        pruned(model, context, group_ratios=("layer9=0.1",))


def test_layers_that_go_together_have_one_ratio(given):
    model, context = given("test_resnet")
    with pytest.raises(StepError, match=r"0.25 is asked of 'layer3.0.conv3' and one of 0.5 of a layer that loses"):
        pruned(model, context, group_ratios=("layer3.0.downsample.1=0.5", "layer3.0.conv3=0.25"))


def test_widths_are_multiples(given):
    model, context = given("test_resnet")
    made = shapes(pruned(model, context, 0.4, round_to=16).model)
    assert all(shape[0] % 16 == 0 for name, shape in made.items() if name.endswith("conv1.weight"))


def test_a_ratio_that_empties_a_layer_is_refused(given):
    model, context = given("test_resnet")
    with pytest.raises(
        StepError, match=r"a ratio of 0.995 empties the layer '.+', which has \d+ channels.*at most 0.9"
    ):
        pruned(model, context, 0.995)


def test_outputs_that_are_not_finite_are_refused(given):
    model, context = given("test_resnet")
    state = load_file(model.weights)
    state["fc.weight"][0] = torch.inf
    save_file(state, model.weights)
    with pytest.raises(StepError, match="not finite after pruning 50 %"):
        pruned(model, context)


def test_a_measure_that_judges_nothing_is_refused(given):
    with pytest.raises(StepError, match="no channel of 'test_vit' can be judged by bn_scale"):
        pruned(*given("test_vit", 160), importance="bn_scale")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample, and a few of its digits."""
    model = models.load(SampleModel(), None, 0, tmp_path_factory.mktemp("sample"))
    data = images.load(SampleData(), Split(), model.preprocess, 0, merge_train=False, n_outputs=10)
    return model, replace(data, parts={name: part.span(0, 64) for name, part in data.parts.items()})


def test_rounds_recover_and_end_at_the_same_widths(sample, given, tmp_path):
    model, data = sample
    _, context = given("test_resnet")
    told = []
    context = replace(context, data=data, folder=tmp_path, on_progress=lambda share, text, **figures: told.append(text))
    made = pruned(model, context, 0.5, rounds=2, name="rounds")
    assert shapes(made.model) == shapes(pruned(model, context, 0.5, name="at_once").model)
    assert "round 1 of 2: recovery epoch 1 of 1" in told
    late = pruned(model, replace(context, deadline=0.0), 0.5, rounds=2, recovery_epochs=2, name="late")
    assert (made.complete, late.complete) == (True, False)


def test_layers_with_a_ratio_of_their_own_lose_it_in_parts_too(sample, given, tmp_path, monkeypatch):
    model, data = sample
    _, context = given("test_resnet")
    seen = []

    def fit_(module, *args, real=channel.fit, **more):
        seen.append(module.get_submodule("layer3.0.conv1").weight.shape[0])
        return real(module, *args, **more)

    monkeypatch.setattr(channel, "fit", fit_)
    context = replace(context, data=data, folder=tmp_path)
    whole = shapes(model)["layer3.0.conv1.weight"][0]
    made = pruned(model, context, 0.25, rounds=2, group_ratios=("layer3.0.conv1=0.5",))
    assert (seen, shapes(made.model)["layer3.0.conv1.weight"][0]) == ([0.75 * whole], 0.5 * whole)


def test_every_round_judges_by_gradients_of_its_own(sample, given, tmp_path, monkeypatch):
    """And not by what recovery left of its last step."""
    model, data = sample
    _, context = given("test_resnet")
    before = []

    def gradients(module, *args, real=channel.add_gradients):
        before.extend(tensor.grad for tensor in module.parameters())
        return real(module, *args)

    monkeypatch.setattr(channel, "add_gradients", gradients)
    context = replace(context, data=data, folder=tmp_path)
    pruned(model, context, 0.25, rounds=2, importance="taylor")
    assert before
    assert all(gradient is None for gradient in before)


def test_recovery_that_fails_says_what_prune_can_do_about_it(sample, given, tmp_path):
    model, data = sample
    _, context = given("test_resnet")
    few = replace(data, parts={**data.parts, "train": data.split("train").span(0, 2)})
    with pytest.raises(StepError, match="recovery after round 1 of 2 failed: training needs at least 3") as caught:
        pruned(model, replace(context, data=few, folder=tmp_path), 0.25, rounds=2)
    assert caught.value.next.startswith("Prune in one round (rounds: 1)")


def test_taylor_asks_the_labels(sample, given, tmp_path):
    model, data = sample
    _, context = given("test_resnet")
    context = replace(context, data=data, folder=tmp_path)
    taylor = pruned(model, context, importance="taylor", name="taylor").model
    assert not torch.equal(logits(taylor), logits(pruned(model, context, name="l2").model))
    with pytest.raises(StepError, match="prune needs train images for importance by the loss"):
        pruned(*given("test_resnet"), importance="taylor")


def test_statistics_are_estimated_again(sample, given, tmp_path):
    model, data = sample
    _, context = given("test_resnet")
    context = replace(context, data=data, folder=tmp_path)
    made, bare = pruned(model, context), pruned(model, context, recalibrate=False, name="bare")
    assert "recalibrated" in codes(made)
    assert "recalibrated" not in codes(bare)
    one, other = (one.model.build().get_submodule("bn1") for one in (made, bare))
    assert not torch.equal(one.running_mean, other.running_mean)
    assert torch.equal(one.weight, other.weight)
    assert one.momentum == other.momentum


def test_groups_that_the_network_needs_whole_stay_whole_and_are_named(given):
    model, context = given("mixer_s32_224", 224)
    made = pruned(model, context)
    (note,) = [note for note in made.notes if note.code == "kept_whole"]
    assert "kept whole" in note.text
    before, after = shapes(model), shapes(made.model)
    assert after["blocks.0.mlp_channels.fc1.weight"][0] < before["blocks.0.mlp_channels.fc1.weight"][0]
    assert logits(made.model).shape == (2, 4)


def test_looking_for_channels_has_an_end():
    with pytest.raises(StepError, match=r"channels of 'endless' go together took longer than 0\.05 s"):
        search_without_end()


def search_without_end():
    with limited("endless", seconds=0.05):
        while True:
            pass
