"""What of several runs compares, and why the rest does not."""

import pytest

from engine.planning.comparing import compare_reports
from engine.results import Fidelity
from engine.settings import Target
from tests.made import BASE, INT8, RECIPE, made_latency, made_race_report, made_report, made_variant


def other(**changed):
    return made_report(run_id="run2", **changed)


def with_baseline(**changed):
    return made_report(made_variant(BASE, "Baseline", **changed), made_variant(INT8, "Static INT8"), run_id="run2")


def test_runs_of_the_same_file_and_images_compare_in_everything():
    comparison = compare_reports([("one", made_report()), ("two", other())])
    assert comparison.differences == ()
    assert [(one.run_name, one.label, one.is_recommended) for one in comparison.variants] == [
        ("one", "Baseline", False),
        ("one", "Static INT8", True),
        ("two", "Baseline", False),
        ("two", "Static INT8", True),
    ]
    first, second, *_ = comparison.variants
    assert (first.speedup, second.speedup, second.p50_ms, second.quality, second.drop) == (1.0, 2.0, 1.0, 0.99, 0.0)
    assert comparison.kind == "accuracy"


@pytest.mark.parametrize(
    ("changed", "missing", "reason"),
    [
        ({"sha256": "e" * 64}, {"speed"}, "its baseline is another file"),
        (
            {"latency": made_latency(2.0, 1.0).model_copy(update={"threads": 1})},
            {"latency", "speed"},
            "1 thread, batch size 1, the first run on A CPU with onnxruntime (CPUExecutionProvider), 2 threads",
        ),
        (
            {"latency": made_latency(2.0, 1.0).model_copy(update={"session_options": {"use_tf32": "0"}})},
            {"latency", "speed"},
            "2 threads, batch size 1, use_tf32 0, the first run on A CPU",
        ),
        (
            {"latency": made_latency(2.0, 1.0).model_copy(update={"buffers": "bound"})},
            {"latency", "speed"},
            "batch size 1, buffers bound, the first run",
        ),
    ],
)
def test_figures_that_depend_on_what_differs_are_left_out(changed, missing, reason):
    comparison = compare_reports([("one", made_report()), ("two", with_baseline(**changed))])
    assert {one.quantity for one in comparison.differences} == missing
    assert all(one.run_name == "two" and reason in one.reason for one in comparison.differences)
    figures = {"speed": "speedup", "latency": "p50_ms"}
    for quantity, field in figures.items():
        assert (getattr(comparison.variants[3], field) is None) == (quantity in missing)
    assert comparison.variants[3].quality == 0.99


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (
            made_report(),
            other(data=made_report().data.model_copy(update={"evaluation_sha256": "d" * 64})),
            "its accuracy is on other images",
        ),
        (made_report(), other(labelled=False), "it has agreement, the first run accuracy"),
        (
            made_report(labelled=False),
            made_report(
                made_variant(BASE, "Baseline", labelled=False, sha256="e" * 64),
                made_variant(INT8, "Static INT8", labelled=False),
                labelled=False,
                run_id="run2",
            ),
            "its agreement is with another baseline",
        ),
        (
            made_report(labelled=False),
            other(
                labelled=False,
                recipe=RECIPE.model_copy(update={"target": Target(runtime="openvino", precision="bf16")}),
            ),
            "its agreement is with the baseline in openvino (CPU), floats in bf16, the first run's in onnxruntime "
            "(CPUExecutionProvider)",
        ),
    ],
)
def test_quality_needs_the_same_images_and_the_same_question(first, second, reason):
    comparison = compare_reports([("one", first), ("two", second)])
    assert [one.reason for one in comparison.differences if one.quantity == "quality"] == [reason]
    assert comparison.variants[1].quality is not None
    assert all(one.quality is None and one.drop is None for one in comparison.variants[2:])


def test_loads_and_memory_compare_where_latencies_do():
    for differing in ({"threads": 1}, {"session_options": {"use_tf32": "0"}}):
        report = with_baseline(latency=made_latency(2.0, 1.0).model_copy(update=differing))
        first, _, second, _ = compare_reports([("one", made_report()), ("two", report)]).variants
        assert (first.load_ms, second.load_ms, second.session_bytes) == (40.0, None, None)
        assert first.session_bytes == made_report().baseline.cold_start.session_bytes.median


@pytest.mark.parametrize(("first", "second"), [({}, {"latency": None}), ({"latency": None}, {})])
def test_a_baseline_that_was_not_timed_leaves_out_what_depends_on_its_target(first, second):
    comparison = compare_reports([("one", with_baseline(**first)), ("two", with_baseline(**second))])
    (difference,) = comparison.differences
    assert (difference.quantity, "baseline was not timed" in difference.reason) == ("latency", True)
    assert comparison.variants[2].load_ms is None


def test_without_labels_the_baseline_is_like_itself():
    report = made_report(
        made_variant(BASE, "Baseline", labelled=False),
        made_variant(INT8, "INT8", labelled=False, fidelity=Fidelity(agreement=0.9, sqnr_db=20.0, n_images=540)),
        labelled=False,
    )
    assert [one.quality for one in compare_reports([("one", report)]).variants] == [1.0, 0.9]


def test_candidates_of_races_are_asked_for():
    report = made_race_report()
    few = compare_reports([("race", report)]).variants
    many = compare_reports([("race", report)], candidates=True).variants
    assert (len(few), len(many)) == (len(report.main_variants), len(report.variants))
