"""Who reaches the final, who wins, and what is said of it."""

import math
from types import SimpleNamespace

import pytest

from engine.results import Fidelity, Note
from engine.search.candidate import Candidate
from engine.search.search_space import Plan
from engine.search.selection import best_static, choose, finalists, holds, reason_for, set_outcomes, surely_over
from engine.settings import Budget, QuantizeDynamic, QuantizeStatic, Simplify, Target
from engine.settings.target import CUDA
from tests.made import GRAY, made_class_loss, made_comparison, made_latency

SAME = (0.0, -0.01, 0.01)


@pytest.fixture
def made(tmp_path):
    def make(name, ratio, sqnr=20.0, drop=SAME, size=1000, settings=None, stage="final", classes=None):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(b"0" * size)
        return Candidate(
            plan=Plan(name, settings or QuantizeStatic(method="static"), Note(code="why", text="why")),
            model=SimpleNamespace(key=name, path=path, preprocess=GRAY),
            notes=(),
            seconds=1.0,
            fidelity=Fidelity(agreement=1.0, sqnr_db=None if math.isinf(sqnr) else sqnr, n_images=32),
            comparison=made_comparison(*drop),
            class_loss=classes,
            fp32_mb=0.002,
            stage=stage,
            latency=made_latency(ratio, ratio) if ratio else None,
        )

    return make


HERE = Target()


def context(goal="latency", labelled=True, target=HERE, **budget):
    data = SimpleNamespace(labelled=labelled)
    return SimpleNamespace(budget=Budget(**budget), goal=goal, data=data, target=target)


def test_the_fastest_within_the_budget_wins(made):
    fast, slow, wrong = made("fast", 0.3), made("slow", 0.6), made("wrong", 0.1, drop=(0.05, 0.03, 0.07))
    assert choose([slow, wrong, fast], context()) is fast


def test_of_two_as_fast_the_more_faithful_one_wins_and_the_quantized_one_before_float(made):
    fast, faithful, worse = made("fast", 0.300), made("faithful", 0.305, sqnr=30.0), made("worse", 0.33, sqnr=40.0)
    assert choose([fast, faithful, worse], context()) is faithful
    plain = made("float", 0.299, sqnr=math.inf, settings=Simplify())
    assert choose([plain, fast, faithful], context()) is faithful


def test_nobody_wins_whose_interval_reaches_fp32(made):
    close = made("close", 0.95)  # up to 1.045
    assert choose([close], context()) is None
    assert choose([close], context(goal="size")) is close
    assert choose([made("slow", 1.5)], context(goal="size")) is None


def test_where_the_goal_is_size_the_winner_is_smaller_than_fp32(made):
    large = made("large", 0.9, size=2000)
    assert choose([large], context(goal="size")) is None
    note = reason_for(None, [large], context(goal="size"), times)
    assert (note.code, "the smallest, large, has" in note.text) == ("race_nothing_smaller", True)
    set_outcomes([large], None, context(goal="size"))
    assert large.outcome.code == "not_smaller"


def test_the_goal_size_takes_the_smallest(made):
    small, fast = made("small", 0.9, size=500), made("fast", 0.3)
    assert choose([small, fast], context(goal="size")) is small
    late = made("late", 0.9, size=400)
    late.latency = made_latency(5.0, 0.9)
    budget = {"goal": "size", "max_latency_ms": 2.0}
    assert choose([late, fast], context(**budget)) is fast


def test_other_budgets_hold_as_well(made):
    fast = made("fast", 0.3)
    assert choose([fast], context(max_size_mb=0.0005)) is None
    assert choose([fast], context(max_latency_ms=0.2)) is None
    wrong = made("wrong", 0.3, drop=(0.5, 0.4, 0.6))
    assert choose([wrong], context(max_accuracy_drop=None)) is wrong


def test_a_class_that_surely_loses_too_much_is_out_and_one_that_may_is_not(made):
    unsure, sure = (made_class_loss(0.2, low, 0.4) for low in (0.04, 0.06))
    assert choose([made("unsure", 0.3, classes=unsure)], context(max_class_drop=0.05)).name == "unsure"
    out = made("sure", 0.3, classes=sure)
    assert choose([out], context(max_class_drop=0.05)) is None
    assert surely_over(out, Budget(max_class_drop=0.05))
    set_outcomes([out], None, context(max_class_drop=0.05))
    assert (out.outcome.code, "a class loses at least 6.0 points" in out.outcome.text) == ("over_budget", True)
    assert choose([out], context()) is out


def test_the_fastest_static_one_is_refined_or_the_most_faithful_where_none_was_timed(made):
    dynamic = made("dynamic", 0.2, settings=QuantizeDynamic(method="dynamic"))
    fast, slow = made("fast", 0.5, sqnr=10.0), made("slow", 0.6, sqnr=30.0)
    assert best_static([slow, dynamic, fast]) is fast
    fast.latency = slow.latency = None
    assert best_static([dynamic, fast, slow]) is slow
    assert best_static([dynamic]) is None


def test_the_better_half_goes_on_and_the_most_faithful_quantized_one_with_it(made):
    field = [made(str(n), 0.3 + n / 100, sqnr=10.0 + (n == 7), stage="screened") for n in range(8)]
    slow = made("slow", 1.5, sqnr=50.0, stage="screened")
    exact = made("exact", 0.9, sqnr=math.inf, settings=Simplify(), stage="screened")
    assert [one.name for one in finalists([*field, slow, exact], context())] == ["0", "1", "2", "3", "7"]


def flipping(made, name, ratio, n_worse, n_better, **changed):
    """A candidate that 270 images saw, of which so many went from right to wrong and the other way round."""
    one = made(name, ratio, **changed)
    update = {"n_images": 270, "n_worse": n_worse, "n_better": n_better, "drop": (n_worse - n_better) / 270}
    one.comparison = one.comparison.model_copy(update=update)
    return one


def test_what_flips_too_many_answers_wins_only_where_no_other_is_faster(made):
    asked = context(max_accuracy_drop=0.01)
    lucky, steady = flipping(made, "lucky", 0.3, 5, 9), flipping(made, "steady", 0.5, 4, 2)
    slow = flipping(made, "slow", 1.2, 0, 0)
    assert choose([lucky, steady, slow], asked) is steady
    assert choose([lucky, slow], asked) is lucky
    assert choose([lucky, steady], context(max_accuracy_drop=None)) is lucky
    set_outcomes([lucky, steady], steady, asked)
    assert (lucky.outcome.code, lucky.outcome.text) == (
        "flips_answers",
        "Within the budget by gains alone: 5 of the selection images went from right to wrong and 9 from wrong to "
        "right",
    )
    set_outcomes([lucky, slow], lucky, asked)
    assert lucky.outcome.code == "winner"


def test_those_that_flip_too_many_answers_come_last_into_the_final_and_one_of_them_does(made):
    asked = context(max_accuracy_drop=0.01)
    field = [flipping(made, f"lucky {n}", 0.2 + n / 100, 6, 6, stage="screened") for n in range(4)]
    field += [flipping(made, f"steady {n}", 0.5 + n / 100, 1, 0, stage="screened") for n in range(4)]
    names = [one.name for one in finalists(field, asked)]
    assert names == ["steady 0", "steady 1", "steady 2", "steady 3", "lucky 0"]


def test_what_keeps_the_budget_by_gains_alone_does_not_hold(made):
    budget = Budget(max_accuracy_drop=0.01)
    lucky, steady = flipping(made, "lucky", 0.3, 5, 9), flipping(made, "steady", 0.5, 4, 2)
    over = flipping(made, "over", 0.3, 4, 0)
    assert [holds(one, budget) for one in (lucky, steady, over)] == [False, True, False]


@pytest.mark.parametrize(("ratio", "is_in"), [(0.9, True), (1.2, True), (1.3, False)])
def test_of_fp32_at_other_targets_the_fastest_is_in_the_final_however_three_rounds_saw_it(made, ratio, is_in):
    field = [made(str(n), 0.3 + n / 100, stage="screened") for n in range(8)]
    elsewhere = [made(name, share, sqnr=math.inf, stage="screened") for name, share in (("f32", 1.5), ("bf16", ratio))]
    for one in elsewhere:
        one.plan = Plan(one.name, None, one.plan.reason)
    assert [one.name for one in finalists([*field, *elsewhere], context()) if one in elsewhere] == ["bf16"] * is_in


def test_who_had_a_final_or_is_over_the_budget_has_none(made):
    done, wrong = made("done", 0.2), made("wrong", 0.3, drop=(0.03, 0.0, 0.06), stage="screened")
    right = made("right", 0.4, stage="screened")
    assert [one.name for one in finalists([done, wrong, right], context(max_accuracy_drop=0.01))] == ["right"]
    assert finalists([done], context()) == []


def test_only_what_is_over_by_its_whole_interval_is_out_before_the_timing(made):
    budget = Budget(max_accuracy_drop=0.01)
    assert surely_over(made("a", None, drop=(0.05, 0.02, 0.08)), budget)
    assert not surely_over(made("b", None, drop=(0.05, 0.005, 0.08)), budget)
    assert not surely_over(made("c", None, drop=(0.5, 0.4, 0.6)), Budget(max_accuracy_drop=None))


def test_everybody_is_told_how_it_ended(made):
    winner, second, slow = made("winner", 0.3, sqnr=25), made("second", 0.302), made("slow", 1.5)
    wrong, out = made("wrong", 0.2, drop=(0.05, 0.005, 0.07)), made("out", None, drop=(0.5, 0.4, 0.6))
    candidates = [winner, second, slow, wrong, out]
    exact = made("exact", 0.299, sqnr=math.inf, settings=Simplify())
    set_outcomes([winner, exact], winner, context())
    assert exact.outcome.text == "As fast as winner, and larger"
    set_outcomes(candidates, winner, context())
    assert [one.outcome.code for one in candidates] == [
        "winner",
        "less_faithful",
        "slower",
        "over_budget",
        "over_budget",
    ]
    assert "5.0 points less top-1 on the selection images" in wrong.outcome.text
    assert "50.0 points less top-1 on the selection images" in out.outcome.text
    assert slow.outcome.text == "Not surely faster: 0.67 times as fast as FP32 (0.61 to 0.74)"


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("goal", ["latency", "size"])
def test_whoever_speaks_of_top1_or_agreement_says_on_which_images(goal, labelled, made):
    """And of speed only as times as fast."""
    field = [
        made("fast", 0.3),
        made("as-fast", 0.31),
        made("slow", 1.5),
        made("wrong", 0.2, drop=(0.05, 0.005, 0.07)),
        made("out", None, drop=(0.5, 0.4, 0.6)),
        made("screened", 1.4, stage="screened"),
    ]
    ask = context(goal, labelled)
    said = []
    for winner in (field[0], None):
        set_outcomes(field, winner, ask)
        said += [one.outcome.text for one in field]
        said += [reason_for(winner, some, ask, times).text for some in (field, *([one] for one in field[2:5]))]
    about = [text for text in said if "top-1" in text or "agreement" in text]
    assert len(about) > 4
    assert [text for text in about if not text.endswith("selection images")] == []
    assert [text for text in said if "times" in text and "times as fast as FP32 (" not in text] == []


def times(model):
    return {"QuantizeLinear": 3.0, "DequantizeLinear": 1.0, "HardSwish": 4.0, "QLinearConv": 2.0}


def test_the_reason_is_made_of_what_was_measured(made):
    fast, slow, wrong = made("fast", 0.5), made("slow", 1.2), made("wrong", 0.2, drop=(0.05, 0.03, 0.07))
    won = reason_for(fast, [fast, slow], context(), times)
    assert won.code == "race_won"
    assert "2.00 times as fast as FP32 (1.82 to 2.22) in the race's own rounds" in won.text
    assert won.text.endswith("the same top-1 on the selection images")
    stays = reason_for(None, [slow, wrong], context(), times)
    assert stays.code == "race_nothing_faster"
    assert "slow, is 0.83 times as fast as FP32 (0.76 to 0.93) in the race's own rounds" in stays.text
    assert stays.text.endswith("of its time 40 % goes to converting between float and 8 bits, 40 % to HardSwish")
    on_card = reason_for(None, [slow, wrong], context(target=Target(provider=CUDA)), times)
    assert on_card.text.endswith("(0.76 to 0.93) in the race's own rounds")
    over = reason_for(None, [wrong], context(labelled=False), times)
    assert (over.code, "95.0 % of the selection images" in over.text) == ("race_nothing_within_budget", True)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"max_size_mb": 0.0005}, "budget of 0.0005 MB; the smallest, fast, has"),
        ({"max_latency_ms": 0.2}, "budget of 0.2 ms; the fastest, quick, takes"),
        ({"max_size_mb": 0.001, "max_latency_ms": 0.4}, "0.001 MB and 0.4 ms at once; the smallest, fast, has"),
    ],
)
def test_a_budget_of_size_or_time_that_nobody_keeps_is_named(budget, said, made):
    fast, quick = made("fast", 0.5), made("quick", 0.39, size=1500)
    note = reason_for(None, [fast, quick], context(**budget), times)
    assert (note.code, said in note.text) == ("race_nothing_within_budget", True)


@pytest.mark.parametrize("stage", ["screened", "final"])
def test_where_the_speed_of_some_is_not_known_nobody_is_called_the_best(made, stage):
    """One in the budget was disturbed, in the screening or in the final; the other is slower, or was screened alone."""
    unknown, other = (
        made("unknown", None, stage=stage),
        made("other", 1.3 if stage == "final" else 0.5, stage="screened"),
    )
    note = reason_for(None, [unknown, other], context(), times)
    assert note.code == "not_measured"
    assert "disturbed the calls of 1 of 2 candidates" in note.text
    assert "none of the others won" in note.text
    assert "none of the others" not in reason_for(None, [unknown], context(), times).text
    set_outcomes([unknown, other], None, context())
    assert unknown.outcome.code == "not_measured"


def test_a_candidate_that_its_loss_rules_out_needs_no_speed(made):
    over = made("over", None, drop=(0.05, 0.005, 0.07), stage="screened")
    slow = made("slow", 1.3)
    assert reason_for(None, [over, slow], context(), times).code == "race_nothing_faster"
    set_outcomes([over, slow], None, context())
    assert over.outcome.code == "over_budget"
