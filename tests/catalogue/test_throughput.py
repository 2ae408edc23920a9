"""Images per second that were published of other hardware."""

import math

from engine import catalogue
from engine.catalogue.throughput import (
    DEVICES,
    THROUGHPUT,
    figures,
    nearest_throughput,
    published_throughput,
    throughput_names,
)
from scripts import make_throughput

HEAD = "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts"
LOW, OWN, HIGH = (
    "resnet50,160,%d,1,1024,25.56,2.1,5",
    "resnet50,224,%d,1,1024,25.56,4.11,11",
    "resnet50,288,%d,1,1,25,6.8,18",
)
"""Rows of three sizes, with images per second to be filled in; that of the catalogue is the second."""


def test_the_file_that_ships_says_where_it_is_from_and_has_architectures_of_the_catalogue():
    lines = THROUGHPUT.read_text().splitlines()
    assert lines[: len(make_throughput.HEAD)] == list(make_throughput.HEAD)
    assert len(figures()) > 1000
    assert all(catalogue.entry(name) is not None for name in figures())
    assert all(one.gmacs > 0 and set(one.images_per_s) <= set(DEVICES) for one in figures().values())


def test_the_figures_of_an_architecture_are_those_of_its_name_with_or_without_a_tag():
    own = published_throughput("resnet50.a1_in1k")
    assert own == published_throughput("resnet50")
    assert (own.img_size, own.gmacs) == (224, 4.11)
    assert own.images_per_s == {"rtx5090": 6356.02, "rtx4090": 4217.6, "rtx3090": 3219.06, "i7_12700h": 30.48}
    assert published_throughput("no_such_network") is None


def test_the_nearest_one_is_that_by_the_ratio_of_multiply_adds_and_has_every_device():
    assert nearest_throughput(4_110_000_000).gmacs == 4.11
    far = nearest_throughput(1)
    complete = [one for one in figures().values() if len(one.images_per_s) == len(DEVICES)]
    assert far.gmacs == min(one.gmacs for one in complete)
    for macs in (10**7, 89_000_000, 10**8, 10**9, 10**10):
        near = nearest_throughput(macs)
        assert len(near.images_per_s) == len(DEVICES)
        assert abs(math.log(near.gmacs * 1e9 / macs)) == min(abs(math.log(one.gmacs * 1e9 / macs)) for one in complete)


def test_names_are_sorted():
    assert list(throughput_names()) == sorted(figures())


def test_the_script_takes_the_size_that_all_tables_share_and_is_nearest_to_the_catalogues(tmp_path):
    tables = {
        "rtx5090": [LOW % 900, OWN % 500, HIGH % 300],
        "rtx4090": [LOW % 800, OWN % 400, HIGH % 200, "resnet50,225,1,1,1024,25.56,4.2,11"],
        "rtx3090": ["resnet18,176,,1,1024,11,,", "resnet18,224,700,1,1024,11,1.82,2"],
        "i7_12700h": [LOW % 9, OWN % 5, HIGH % 3, "resnet999,224,1,1,1,1,1,1"],
    }
    for device, rows in tables.items():
        (tmp_path / make_throughput.FILES[device]).write_text("\n".join([HEAD, *rows]) + "\n")
    assert make_throughput.write(tmp_path, tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_text().splitlines()[len(make_throughput.HEAD) :] == [
        "name,img_size,gmacs,rtx5090,rtx4090,rtx3090,i7_12700h",
        "resnet18,224,1.82,,,700,",
        "resnet50,224,4.11,500,400,,5",
    ]
