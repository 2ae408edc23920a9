import numpy as np
import pytest

from engine.measure.quality import compare
from engine.measure.verdict import certainty, faster, judge, not_slower, over_budget
from engine.results import Accuracy, InputSpec, Latency, Throughput, Variant
from engine.settings import Budget, Preprocess
from engine.tasks import Answers
from tests.made import INT8, made_class_loss, made_comparison, made_variant

PREPROCESS = Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,))


def latency(ratio, low, high, p50_ms=1.0):
    return Latency(
        runtime="onnxruntime",
        provider="CPUExecutionProvider",
        threads=1,
        batch_size=1,
        p50_ms=p50_ms,
        p95_ms=p50_ms,
        n_runs=1,
        n_rounds=1,
        n_warmup=1,
        session_options={},
        ratio_to_baseline=ratio,
        ratio_low=low,
        ratio_high=high,
    )


def variant(id, ratio=1.0, low=1.0, high=1.0, size=1_000_000, role="step", budget=None, per_s=100.0, **losses):
    made = Variant(
        id=id * 12,
        parent_id=None,
        branch=0,
        step=0,
        technique="quantize",
        role=role,
        label=id,
        settings=None,
        file="",
        sha256="",
        size_bytes=size,
        parameters=None,
        macs=None,
        input=InputSpec(shape=(1, 8, 8), preprocess=PREPROCESS),
        latency=latency(ratio, low, high),
        throughput=Throughput(batch_size=1, images_per_s=per_s, low=per_s, high=per_s),
        accuracy=None,
        fidelity=None,
        verdict=None,
        seconds=0.0,
        **losses,
    )
    return made.model_copy(update={"verdict": judge(made, budget or Budget())})


def lost(point, low, high):
    return {"comparison": made_comparison(point, low, high)}


BASE = variant("a", role="baseline")


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.4, 0.6, "yes"), (0.9, 1.1, "unclear"), (1.0, 1.2, "no"), (1.1, 1.3, "no")]
)
def test_faster_follows_the_interval(low, high, answer):
    assert faster(latency((low + high) / 2, low, high)) == answer


@pytest.mark.parametrize(
    ("ratio", "low", "expected"), [(1.01, 0.99, True), (1.03, 0.99, False), (1.01, 1.005, False), (0.5, 0.4, True)]
)
def test_not_slower_needs_both_the_point_and_the_interval(ratio, low, expected):
    assert not_slower(latency(ratio, low, 1.1)) is expected


def test_every_broken_budget_is_named():
    budget = Budget(max_accuracy_drop=0.01, max_latency_ms=0.5, max_size_mb=0.5)
    verdict = variant("b", budget=budget, **lost(0.02, 0.01, 0.03)).verdict
    assert not verdict.within_budget
    assert verdict.codes == ("accuracy_drop_over_budget", "latency_over_budget", "size_over_budget")


@pytest.mark.parametrize("size", [1001, 4350, 9007])
def test_a_file_of_exactly_the_size_allowed_is_within_the_budget(size):
    assert variant("b", size=size * 1000, budget=Budget(max_size_mb=size / 1000)).verdict.within_budget


def test_the_baseline_is_not_faster_than_itself():
    assert (BASE.verdict.faster, BASE.verdict.codes) == ("no", ())


def test_an_uncertain_drop_is_flagged_and_still_within_budget():
    verdict = variant("b", **lost(0.005, -0.01, 0.02)).verdict
    assert verdict.within_budget
    assert verdict.codes == ("accuracy_drop_uncertain",)


@pytest.mark.parametrize(("per_s", "codes"), [(1000.0, ()), (600.0, ("latency_uncertain",))])
def test_an_uncertain_latency_is_flagged_and_still_within_budget(per_s, codes):
    verdict = variant("b", 0.5, 0.4, 0.6, budget=Budget(max_latency_ms=1.2), per_s=per_s).verdict
    assert verdict.within_budget
    assert verdict.codes == codes


@pytest.mark.parametrize(
    ("low", "chance", "codes"),
    [
        (0.10, 0.2, ("no_better_than_chance",)),
        (0.10, 0.12, ("chance_uncertain",)),
        (0.12, 0.12, ("chance_uncertain",)),
        (0.13, 0.12, ()),
        (0.1, None, ()),
    ],
)
def test_what_may_be_chance_is_named_and_breaks_no_budget(low, chance, codes):
    right = Accuracy(top1=0.2, top5=None, n_images=50, low=low, high=0.4, chance=chance)
    verdict = judge(BASE.model_copy(update={"accuracy": right}), Budget())
    assert (verdict.codes, verdict.within_budget, verdict.reaches_chance) == (codes, True, codes != ())


def paired(n_worse, n_better, n):
    """The comparison of a variant that has so many images wrong and so many right that the baseline has not."""
    baseline, variant = np.zeros((n, 2)), np.zeros((n, 2))
    baseline[:, 0] = variant[:, 0] = 1
    variant[:n_worse] = baseline[n_worse : n_worse + n_better] = [0, 1]
    both = (Answers({"logits": logits}) for logits in (variant, baseline))
    return compare("classification", *both, np.zeros(n, int))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ((0, 0, 540), "surely"),
        ((1, 1, 540), "surely"),  # up to 0.9 points
        ((3, 1, 540), "probably"),
        ((5, 3, 540), "probably"),
        ((8, 4, 540), "cannot_tell"),  # 0.7, with 80 % up to 1.3
        ((9, 3, 540), None),  # 1.1, over the budget
        ((0, 0, 20), "cannot_tell"),
    ],
)
def test_how_sure_it_is_that_a_loss_is_within_the_budget(pairs, expected):
    assert certainty(paired(*pairs), Budget(max_accuracy_drop=0.01)) == expected
    assert certainty(paired(*pairs), Budget(max_accuracy_drop=None)) is None


@pytest.mark.parametrize(
    ("drop", "high", "expected"),
    [(0.0, 0.01, "surely"), (0.005, 0.015, "probably"), (0.005, 0.03, "cannot_tell"), (0.02, 0.03, None)],
)
def test_the_certainty_of_a_mean_loss_follows_its_interval(drop, high, expected):
    """80 % on one side are 0.84 standard errors, where 95 % on both sides are 1.96."""
    mean = made_comparison(drop, high=high).model_copy(update={"n_changed": None, "n_worse": None, "n_better": None})
    assert certainty(mean, Budget(max_accuracy_drop=0.01)) == expected


def test_the_certainty_is_in_the_verdict():
    assert variant("b", comparison=paired(1, 1, 540)).verdict.certainty == "surely"
    assert BASE.verdict.certainty is None


@pytest.mark.parametrize(
    ("loss", "codes"),
    [
        ((0.02, -0.1, 0.04), ()),
        ((0.04, -0.1, 0.12), ("class_drop_uncertain",)),
        ((0.06, -0.1, 0.12), ("class_drop_over_budget",)),
    ],
)
def test_the_largest_loss_of_a_class_has_a_budget_of_its_own(loss, codes):
    judged = variant("b", class_loss=made_class_loss(*loss), budget=Budget(max_class_drop=0.05)).verdict
    assert (judged.codes, judged.within_budget) == (codes, "class_drop_over_budget" not in codes)
    assert variant("b", class_loss=made_class_loss(*loss)).verdict.codes == ()


def test_a_choice_is_ruled_out_by_a_loss_or_by_a_class_that_is_surely_over():
    budget = Budget(max_accuracy_drop=0.01, max_class_drop=0.05)
    fine, wrong = made_comparison(0.01), made_comparison(0.011)
    unsure, sure = (made_class_loss(0.2, low, 0.4) for low in (0.05, 0.051))
    assert not over_budget(fine, unsure, budget)
    assert over_budget(wrong, unsure, budget)
    assert over_budget(fine, sure, budget)
    assert not over_budget(wrong, sure, Budget(max_accuracy_drop=None))


def test_what_has_no_latency_is_not_known_to_keep_a_budget_of_latency():
    untimed = made_variant(INT8, "x", latency=None, throughput=None)
    assert "latency_uncertain" in judge(untimed, Budget(max_latency_ms=1.0)).codes
    assert "latency_uncertain" not in judge(untimed, Budget()).codes
