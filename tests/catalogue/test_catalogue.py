"""The shipped catalogue: complete, true to the installed timm, and equal to what exported graphs count."""

import random

import pytest
import timm
from timm.layers import set_fused_attn, use_fused_attn

from engine import catalogue, models
from engine.export.onnx_file import export_onnx
from engine.settings import TimmModel
from scripts.make_catalogue import entry, family, tags

SAMPLED = [*random.Random(0).sample(sorted(catalogue.entries()), 8), "resnet18", "repvgg_a0", "vit_tiny_patch16_224"]


@pytest.fixture
def unfused_attention():
    before = use_fused_attn()
    set_fused_attn(False)
    yield
    set_fused_attn(before)


def test_every_architecture_of_the_installed_timm_has_its_row():
    assert list(catalogue.entries()) == sorted(timm.list_models())
    assert len(catalogue.entries()) > 1300


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.usefixtures("unfused_attention")
def test_a_row_is_what_counting_gives_again(name):
    assert entry(name) == catalogue.entry(name)


def test_families_and_tags_are_those_of_timm():
    for row in catalogue.entries().values():
        assert row.family == family(row.name)
        assert row.pretrained_tags == tags(row.name)


# Convolutions, grouped ones, attention, windows with a bias network, merged branches, squeeze-excite: exact for all.
@pytest.mark.parametrize(
    "name",
    [
        "test_resnet",
        "test_vit",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("test_efficientnet", "mobileone_s0", "test_convnext", "regnetx_002", "test_mambaout")
        ),
    ],
)
def test_macs_are_those_of_the_exported_graph(name, tmp_path):
    row = catalogue.entry(name)
    exported = export_onnx(
        models.load(TimmModel(name=name, weights="random"), None, 0, tmp_path), tmp_path / "model.onnx"
    )
    assert exported.macs == row.macs
    assert exported.input_shape == row.input_size


@pytest.mark.slow
def test_macs_of_shifted_windows_leave_out_what_hangs_on_weights_alone(tmp_path):
    row = catalogue.entry("swinv2_tiny_window8_256")
    model = models.load(TimmModel(name=row.name, weights="random"), None, 0, tmp_path)
    assert export_onnx(model, tmp_path / "model.onnx").macs == row.macs


def test_resnet18_is_as_its_authors_count_it():
    row = catalogue.entry("resnet18")
    assert (row.parameters, row.macs, row.input_size) == (11_689_512, 1_814_073_344, (3, 224, 224))


def test_merged_branches_are_what_is_counted():
    trained = sum(parameter.numel() for parameter in timm.create_model("repvgg_a0").parameters())
    assert catalogue.entry("repvgg_a0").parameters < trained


def test_search_wants_every_word_and_puts_beginnings_first():
    found = [row.name for row in catalogue.search("resnet18")]
    assert found[0] == "resnet18"
    assert all("resnet18" in name for name in found)
    assert {row.family for row in catalogue.search("vision transformer tiny")} >= {"vision transformer"}
    assert len(catalogue.search("", limit=7)) == 7
    assert catalogue.search("no such network") == ()


def test_entry_takes_a_tag_and_none_is_unknown():
    assert catalogue.entry("resnet18.a1_in1k").name == "resnet18"
    assert catalogue.entry("resnet18.a1_in1k").pretrained_tags[0] == "a1_in1k"
    assert catalogue.entry("resnet1o") is None


def test_closest_names():
    assert "mobilenetv3_large_100" in catalogue.closest("mobilenet_v3_large_100")
    assert len(catalogue.closest("")) == 3
