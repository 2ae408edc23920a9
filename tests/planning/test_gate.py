"""A gate: each rule holds, is broken, or cannot be told, by figure and interval."""

import pytest

from engine.errors import RequestError, StateError
from engine.planning.gate import judge_gate
from engine.results import Note, codes
from tests.made import (
    BASE,
    INT8,
    made_comparison,
    made_disturbed_report,
    made_latency,
    made_report,
    made_variant,
)


def report_of(**changed):
    return made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Static INT8", **changed))


@pytest.mark.parametrize(
    ("rule", "changed", "holds"),
    [
        ({"max_drop": 2}, {"comparison": made_comparison(0.002, -0.01, 0.014)}, "yes"),
        ({"max_drop": 1}, {"comparison": made_comparison(0.002, -0.01, 0.014)}, "cannot tell"),
        ({"max_drop": 0.1}, {"comparison": made_comparison(0.002, -0.01, 0.014)}, "no"),
        ({"max_drop": 0.1}, {"comparison": None}, "cannot tell"),
        ({"min_speedup": 1.5}, {"latency": made_latency(1.0, 0.5)}, "yes"),
        ({"min_speedup": 1.9}, {"latency": made_latency(1.0, 0.5)}, "cannot tell"),
        ({"min_speedup": 2.1}, {"latency": made_latency(1.0, 0.5)}, "no"),
        ({"min_speedup": 1}, {"latency": None}, "cannot tell"),
        ({"max_size_mb": 5}, {"size_bytes": 5_000_000}, "yes"),
        ({"max_size_mb": 5}, {"size_bytes": 5_000_001}, "no"),
    ],
)
def test_a_rule_on_the_recommended_variant(rule, changed, holds):
    gate = judge_gate(report_of(**changed), **rule)
    assert (gate.variant_id, gate.label, len(gate.rules)) == (INT8, "Static INT8", 1)
    assert gate.rules[0].holds == gate.holds == holds


def test_a_broken_rule_outweighs_one_in_doubt():
    assert judge_gate(report_of(latency=None), min_speedup=1, max_size_mb=1).holds == "no"
    assert judge_gate(report_of(latency=None), min_speedup=1, max_size_mb=9).holds == "cannot tell"


def test_the_baseline_is_as_it_is():
    gate = judge_gate(report_of(), max_drop=0, min_speedup=1.01, variant_id=BASE)
    assert [rule.holds for rule in gate.rules] == ["yes", "no"]


def test_accuracy_that_nothing_can_rest_on_is_in_doubt():
    leaked = report_of()
    leaked = leaked.model_copy(update={"data": leaked.data.model_copy(update={"n_leaked": 7})})
    broken = report_of().model_copy(update={"warnings": (Note(code=codes.BASELINE_LOOKS_BROKEN, text="it does"),)})
    for report, reason in ((leaked, "7 of the 540 images also train"), (broken, "the baseline looks broken")):
        (rule,) = judge_gate(report, max_drop=50).rules
        assert rule.holds == "cannot tell"
        assert reason in rule.text


def test_nothing_is_known_where_the_run_is_undecided():
    undecided = Note(code=codes.NOT_MEASURED, text="too busy")
    report = made_disturbed_report()
    report = report.model_copy(update={"recommended": report.recommended.model_copy(update={"reason": undecided})})
    gate = judge_gate(report, max_size_mb=100)
    assert (gate.variant_id, gate.holds) == (None, "cannot tell")
    assert judge_gate(report, max_size_mb=100, variant_id=INT8).holds == "yes"


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({}, "there is no rule to check. Give the largest drop, the smallest speed-up or the largest size"),
        ({"max_drop": -1}, "the largest drop is -1 points. Give 0 to 100 points"),
        ({"max_drop": float("nan")}, "the largest drop is nan points"),
        ({"min_speedup": 0}, "the smallest speed-up is 0 times. Give a number above 0"),
        ({"max_size_mb": float("inf")}, "the largest size is inf MB"),
        ({"max_drop": 1, "variant_id": "f" * 12}, f"the run has no variant '{'f' * 12}'. It has {BASE}, {INT8}"),
    ],
)
def test_what_is_refused(rules, text):
    with pytest.raises(RequestError, match=text.replace(".", r"\.").replace("(", r"\(")):
        judge_gate(report_of(), **rules)


def test_a_run_that_compared_nothing_is_refused():
    with pytest.raises(StateError, match="ended before its variants were compared"):
        judge_gate(made_report(recommended=None), max_drop=1)
