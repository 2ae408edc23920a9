"""The waterfall of a chain and the family tree, on made reports."""

from itertools import pairwise

import pytest

from engine.charts import alt_text, chain_steps, tree, waterfall
from engine.charts.style import BASELINE, CANDIDATE, LINE, OVER, RECOMMENDED
from engine.results import Accuracy, Recommendation
from engine.settings import Distill, Finetune, PruneChannel, QuantizeStatic, Simplify
from tests.charts.reading import name, texts, whisker
from tests.made import BASE, made_latency, made_race, made_race_report, made_report, made_variant

PRUNED, TUNED, SMALL, OTHER = "1" * 12, "2" * 12, "3" * 12, "4" * 12


def verdict(drop, low, high, **changed):
    known = made_variant(PRUNED, "x").verdict
    return known.model_copy(update={"drop": drop, "drop_low": low, "drop_high": high, **changed})


def chain(**changed):
    """Pruned, which costs much; fine-tuned, which gives most of it back and no speed; quantized, which grows."""
    variants = (
        made_variant(BASE, "Baseline"),
        made_variant(
            PRUNED,
            "Pruned",
            settings=PruneChannel(),
            size_bytes=10_000_000,
            latency=made_latency(1.2, 0.6),
            verdict=verdict(0.2, 0.15, 0.25, within_budget=False),
        ),
        made_variant(
            TUNED,
            "Pruned + Fine-tuned",
            settings=Finetune(),
            parent_id=PRUNED,
            size_bytes=10_000_000,
            latency=made_latency(1.22, 0.61),
            verdict=verdict(0.005, -0.002, 0.012),
        ),
        made_variant(
            SMALL,
            "Pruned + Fine-tuned + INT8",
            settings=QuantizeStatic(method="static"),
            parent_id=TUNED,
            size_bytes=12_000_000,
            latency=made_latency(0.6, 0.3),
            verdict=verdict(0.007, 0.0, 0.014),
        ),
    )
    return made_report(*variants, **changed)


def bars(figure):
    """By name: where a bar begins, where it ends, and its colour."""
    return {
        name(bar): (round(bar.base[0], 3), round(bar.base[0] + bar.x[0], 3), bar.marker.color)
        for bar in figure.data
        if bar.type == "bar"
    }


def test_a_step_s_bar_goes_from_where_the_one_before_ended_and_says_when_it_made_the_file_larger():
    figure = waterfall(chain(), SMALL, "size")
    assert bars(figure) == {
        "Baseline": (0, 20, BASELINE),
        "1 Pruned": (20, 10, RECOMMENDED),
        "3 INT8": (10, 12, OVER),
    }
    assert "3 INT8 12.0 MB (+20 %)" in alt_text(figure)
    assert "2 Fine-tuned 10.0 MB (±0 %)" in alt_text(figure)


def test_latency_is_that_of_the_rounds_and_what_intervals_cannot_tell_apart_is_grey():
    figure = waterfall(chain(), SMALL, "latency")
    assert bars(figure) == {
        "Baseline": (0, 2, BASELINE),
        "1 Pruned": (2, 1.2, RECOMMENDED),
        "2 Fine-tuned": (1.2, 1.22, BASELINE),
        "3 INT8": (1.22, 0.6, RECOMMENDED),
    }
    assert whisker(figure, "3 INT8") == pytest.approx((2 * 0.27, 2 * 0.33))
    assert [text for text in texts(figure) if "fast" in text] == [
        "1.20 ms, 1.67× as fast",
        "1.22 ms, 0.984× as fast",
        "0.600 ms, 2.03× as fast",
    ]


def test_accuracy_falls_and_recovers_by_paired_intervals():
    figure = waterfall(chain(), SMALL, "quality")
    assert bars(figure) == {
        "1 Pruned": (99, 79, OVER),
        "2 Fine-tuned": (79, 98.5, RECOMMENDED),
        "3 INT8": (98.5, 98.3, BASELINE),
    }
    assert "Top-1 accuracy after every step: Baseline 99.00 %" in alt_text(figure)
    assert "1 Pruned 79.00 % (−20.00 pt)" in alt_text(figure)
    low, high = figure.layout.xaxis.range
    assert low < 74
    assert high == 100
    assert figure.layout.xaxis.tickvals == (75, 80, 85, 90, 95, 100)


def test_an_interval_ends_at_all_images():
    whole = Accuracy(top1=1.0, top5=None, n_images=50, low=0.93, high=1.0)
    report = made_report(
        made_variant(BASE, "Baseline", accuracy=whole),
        made_variant(PRUNED, "Pruned", settings=PruneChannel(), verdict=verdict(0.02, -0.01, 0.05)),
    )
    figure = waterfall(report, PRUNED, "quality")
    assert whisker(figure, "1 Pruned") == pytest.approx((95, 100))
    assert figure.layout.xaxis.range[1] == 100


def test_without_labels_it_is_agreement():
    report = made_report(
        made_variant(BASE, "Baseline", labelled=False),
        made_variant(PRUNED, "Pruned", labelled=False, settings=PruneChannel(), verdict=verdict(0.1, 0.05, 0.15)),
    )
    figure = waterfall(report, PRUNED, "quality")
    assert "accuracy" not in figure.to_json().lower()
    assert "Agreement with the baseline after every step: Baseline 100.00 %, 1 Pruned 90.00 %" in alt_text(figure)


@pytest.mark.parametrize("quantity", ["size", "latency", "quality"])
def test_what_was_not_measured_has_no_row(quantity):
    bare = [
        variant.model_copy(update={"latency": None, "verdict": None, "accuracy": None}) for variant in chain().variants
    ]
    figure = waterfall(made_report(*bare), SMALL, quantity)
    assert len(bars(figure)) == (3 if quantity == "size" else 0)
    assert waterfall(made_report(*bare), "f" * 12, quantity).to_json()


def test_a_race_that_kept_fp32_is_a_row_that_changes_nothing():
    kept = made_race({}, winner_id=TUNED, parent_id=TUNED, step=2, seconds=71.0)
    report = chain(races=(kept,))
    assert [(row.name, row.seconds) for row in chain_steps(report, TUNED)] == [
        ("Baseline", 1),
        ("1 Pruned", 1),
        ("2 Fine-tuned", 1),
        ("3 FP32 kept", 71),
    ]
    for quantity, said in (
        ("size", "10.0 MB (±0 %)"),
        ("latency", "1.22 ms (1.00× as fast)"),
        ("quality", "98.50 % (±0 pt)"),
    ):
        figure = waterfall(report, TUNED, quantity)
        assert "3 FP32 kept" not in bars(figure)
        assert f"3 FP32 kept {said}" in alt_text(figure)


def test_a_race_of_another_chain_is_no_row():
    elsewhere = made_race({}, winner_id=BASE, parent_id=BASE, branch=1)
    undecided = made_race({}, winner_id=None, parent_id=TUNED)
    won = made_race({}, winner_id=SMALL, parent_id=TUNED)
    assert len(chain_steps(chain(races=(elsewhere, undecided, won)), TUNED)) == 3
    assert len(chain_steps(chain(races=(elsewhere.model_copy(update={"branch": 0}),)), TUNED)) == 4


def nodes(figure):
    """Every variant from the top: its indentation, symbol and colour."""
    return [(trace.x[0], trace.marker.symbol, trace.marker.color) for trace in figure.data if trace.mode == "markers"]


def test_the_tree_has_children_below_their_parents_with_what_became_of_them():
    slow = made_variant(
        OTHER,
        "Simplified",
        settings=Simplify(),
        verdict=verdict(0.0, 0.0, 0.0, faster="no", codes=("slower_than_baseline",)),
    )
    report = chain()
    report = report.model_copy(update={"variants": (*report.variants, slow)})
    report = report.model_copy(update={"recommended": Recommendation(id=SMALL, reason=report.recommended.reason)})
    figure = tree(report)
    assert nodes(figure) == [
        (0, "diamond", BASELINE),
        (1, "circle", OVER),
        (2, "circle", CANDIDATE),
        (3, "star", RECOMMENDED),
        (1, "circle", OVER),
    ]
    assert [note.text.partition("<br>")[0] for note in figure.layout.annotations] == [
        "<b>Baseline</b>",
        "<b>Pruned · over\N{NO-BREAK SPACE}budget</b>",
        "<b>Fine-tuned</b>",
        "<b>INT8 · recommended</b>",
        "<b>Simplified · slower</b>",
    ]
    assert "Pruned + Fine-tuned + INT8 from Pruned + Fine-tuned: 12.0 MB, 3.33× as fast, 99.0 %" in alt_text(figure)


def test_the_tree_leaves_candidates_out_and_shows_names_as_they_are():
    report = made_race_report()
    assert len(nodes(tree(report))) == len(report.main_variants) == 2
    strange = made_report(made_variant(BASE, "<b>x</b>"))
    assert "&lt;b&gt;x&lt;/b&gt;" in tree(strange).layout.annotations[0].text


def test_a_large_family_has_room_for_every_row():
    many = [
        made_variant(
            f"{number:012x}",
            f"Student {number}",
            parent_id=BASE if number % 5 == 1 else f"{number - 1:012x}",
            settings=Distill(student="resnet18"),
        )
        for number in range(1, 25)
    ]
    small, large = (tree(made_report(made_variant(BASE, "Baseline"), *some)) for some in (many[:1], many))
    assert len(nodes(large)) == 25
    ys = [trace.y[0] for trace in large.data if trace.mode == "markers"]
    assert min(above - below for above, below in pairwise(ys)) > 2 * LINE
    assert large.layout.height - small.layout.height == pytest.approx(ys[1] - ys[-1])
    assert max(depth for depth, *_ in nodes(large)) == 5


def test_a_lineage_ends_where_a_parent_is_missing_or_goes_round():
    report = made_report(
        made_variant(PRUNED, "a", parent_id=TUNED),
        made_variant(TUNED, "b", parent_id=PRUNED),
        made_variant(OTHER, "c", parent_id="9" * 12),
    )
    assert [variant.id for variant in report.lineage(OTHER)] == [OTHER]
    assert {variant.id for variant in report.lineage(PRUNED)} == {PRUNED, TUNED}
    assert report.lineage("8" * 12) == ()
