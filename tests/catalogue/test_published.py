"""The advisor's shortlist, and the figures that were published for it."""

from engine import catalogue
from engine.catalogue.published import PUBLISHED, figures, published
from engine.catalogue.shortlist import SHORTLIST, shortlist_row
from engine.results import Published
from scripts import make_published

TABLE = """model,img_size,top1,top1_err,top5
resnet50.a1_in1k,288,81.240,18.760,95.1
resnet50.a1_in1k,224,80.382,19.618,94.6
resnet50d.ra2_in1k,288,81.354,18.6,95
resnet999.a1_in1k,224,99.000,1.000,99.9
"""


def test_the_shortlist_is_of_the_catalogue_and_its_tags_are_those_of_pretrained_weights():
    assert len({row.name for row in SHORTLIST}) == len(SHORTLIST) >= 40
    for row in SHORTLIST:
        assert row.tag in catalogue.entry(row.name).pretrained_tags
        assert row.family
        assert row.why


def test_every_family_that_was_asked_for_is_there():
    assert {row.family for row in SHORTLIST} >= {
        "MobileNetV2",
        "MobileNetV3",
        "MobileNetV4",
        "EfficientNet",
        "EfficientNet-Lite",
        "ResNet",
        "RegNet",
        "RepVGG",
        "ConvNeXt",
        "EfficientViT",
        "FastViT",
        "MobileOne",
        "GhostNet",
        "LCNet",
        "DeiT",
        "ViT",
    }


def test_the_script_takes_the_figures_of_the_shortlist_as_they_are(tmp_path):
    (tmp_path / "results.csv").write_text(TABLE)
    assert make_published.write(tmp_path / "results.csv", tmp_path / "out.csv") == 3
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[: len(make_published.SOURCE)] == list(make_published.SOURCE)
    assert lines[len(make_published.SOURCE) :] == [
        "name,tag,img_size,top1",
        "resnet50,a1_in1k,224,80.382",
        "resnet50,a1_in1k,288,81.240",
        "resnet50d,ra2_in1k,288,81.354",
    ]


def test_the_file_that_ships_says_where_it_is_from_and_has_a_figure_for_every_row():
    assert PUBLISHED.read_text().splitlines()[: len(make_published.SOURCE)] == list(make_published.SOURCE)
    assert set(figures()) == {row.name for row in SHORTLIST}
    assert all(published(row.name, 224).tag == row.tag for row in SHORTLIST)


def test_the_figure_is_of_the_nearest_size_and_of_the_tag_in_the_name():
    assert published("resnet50", 64) == Published(tag="a1_in1k", img_size=224, top1=0.80382)
    assert published("resnet50.a1_in1k", 288) == Published(tag="a1_in1k", img_size=288, top1=0.8124)
    assert published("resnet50.tv2_in1k", 224).tag == "tv2_in1k"
    assert published("resnet50.unknown", 224).tag == shortlist_row("resnet50").tag
    assert published("test_resnet", 160) is None
