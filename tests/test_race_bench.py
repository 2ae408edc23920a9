"""What the race of the benchmarks takes for a kept claim."""

from pathlib import Path

import pytest

from bench.race_results import FP32, OURS, BuildResult, Entry, Figures, Results, Row, Speed
from bench.race_table import report
from bench.rivals import RIVALS

SOURCE = "f00d, 128 images"
OTHERS = ("quark_a8w8", "quark_adaround")
SAME = Speed(times=1.0, low=1.0, high=1.0)


def row(times=1.0, ours_over=SAME, top1=0.9, source=SOURCE, low=None):
    speed = Speed(times=times, low=low or 0.9 * times, high=1.1 * times)
    figures = Figures(p50_ms=1.0, speed=speed, ours_over=ours_over, sqnr_db=20.0, agreement=1.0, top1=top1)
    return Row(built=BuildResult(source=source, seconds=1.0, label="INT8"), figures=figures)


def entry(ours=None, **rivals):
    rows = {FP32: row(), OURS: ours or row(2.0, source=f"{SOURCE}, engine 0.1.0+abc")}
    rows |= {name: row(ours_over=Speed(times=1.5, low=1.4, high=1.6)) for name in RIVALS if name not in OTHERS}
    return Entry(
        kind="plain",
        size=64,
        goal=1.3,
        rounds=12,
        calibration_images=128,
        machine="a machine",
        busy=None,
        rows=rows | rivals,
    )


def missed(found, asked=("net",), without=OTHERS):
    text, ok = report({} if found is None else {"net": found}, asked, without)
    assert ok == ("Missed:" not in text and found is not None)
    return text.partition("Missed:\n\n")[2].splitlines()


def test_the_claim_is_kept_and_the_table_names_the_engine():
    assert missed(entry()) == []
    assert "12 rounds, 128 calibration images; engine 0.1.0+abc" in report({"net": entry()})[0]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (entry(ours=row(1.2)), "ours is 1.20 (1.08 to 1.32) times as fast as FP32, and 1.3 is the goal"),
        (entry(ours=row(1.4, low=0.95)), "ours is 1.40 (0.95 to 1.54) times as fast as FP32, and may be no faster"),
        (entry(ours=row(1.4, low=1.0)), "ours is 1.40 (1.000 to 1.54) times as fast as FP32, and may be no faster"),
        (entry(ours=row(2.0, top1=0.88)), "ours loses 2.00 points of top-1"),
        (
            entry(aimet=row(3.0, Speed(times=0.6, low=0.5, high=0.7))),
            "ours is 0.60 (0.50 to 0.70) times as fast as aimet, which is within a point too",
        ),
        (entry(ours=Row(built=BuildResult(source=SOURCE, seconds=1, error="no room"))), "ours failed: no room"),
        (None, "it was not raced"),
    ],
)
def test_each_miss_is_named(found, text):
    assert missed(found) == [f"- net: {text}"]


def failed(error):
    return Row(built=BuildResult(source=SOURCE, seconds=1200, error=error))


def test_a_rival_that_was_not_tried_breaks_the_claim_unless_it_is_left_out():
    assert missed(entry(), without=OTHERS[:1]) == ["- net: quark_adaround did not race"]


def test_a_rival_that_failed_on_one_network_has_lost_and_one_that_failed_on_all_did_not_race():
    out_of_time = entry(quark_adaround=failed("not done after 1200 s"))
    both = {"net": out_of_time, "other": entry(quark_adaround=row())}
    assert report(both, both, OTHERS[:1])[1]
    both["other"] = entry(quark_adaround=failed("no module quark"))
    text, ok = report(both, both, OTHERS[:1])
    assert not ok
    assert text.endswith(
        "Missed:\n\n- quark_adaround failed on every network, so it did not race: not done after 1200 s"
    )
    assert report(both, both, OTHERS)[1]


def test_the_published_figures_miss_the_claim_on_the_two_networks_that_the_page_names():
    published = Results.load(Path(__file__).parents[1] / "docs/race.json").networks
    text, ok = report(published, published, ("quark_adaround", "aimet_adaround"))
    misses = text.partition("Missed:\n\n")[2].splitlines()
    assert (ok, len(published)) == (False, 12)
    assert {line.removeprefix("- ").partition(":")[0] for line in misses} == {"mobilenetv2_100", "hgnetv2_b0"}


def test_a_network_is_measured_again_where_its_file_or_the_number_of_images_has_changed():
    results = Results(networks={"net": entry()})
    assert results.has("net", SOURCE)
    assert not results.has("net", "f00d, 64 images")
    assert not results.has("other", SOURCE)
