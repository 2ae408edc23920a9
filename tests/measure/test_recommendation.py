"""Which variant is recommended, and what is said of it; on made reports."""

import pytest

from engine.measure.recommendation import recommend
from engine.results import Accuracy, Fidelity, LatencyEstimate, Note, Verdict, codes
from engine.settings import Recipe, Simplify
from tests.made import (
    BASE,
    INT8,
    LOST,
    made_class_loss,
    made_comparison,
    made_latency,
    made_race,
    made_race_report,
    made_report,
    made_selection,
    made_variant,
)

UP = Note(code="out_of_time", text="The time was up")
BUSY = Note(code="machine_busy", text="Others were at work")


def variant(letter, ratio=0.5, *, codes=(), drop=0.0, within=True, seen=None, sqnr_db=31.0, **changed):
    """A variant of this loss on the images that report, and of the loss `seen`, or the same, where it chooses."""
    verdict = Verdict(within_budget=within, faster="yes", codes=codes, drop=drop, drop_low=drop, drop_high=drop)
    values = {
        "latency": made_latency(2 * ratio, ratio),
        "verdict": verdict,
        "comparison": made_comparison(drop),
        "selection": made_selection(drop if seen is None else seen, sqnr_db),
    }
    return made_variant(letter * 12, letter, **(values | changed))


def base(**changed):
    return made_variant(BASE, "Baseline", **changed)


def recommended(*variants, goal="latency", first=None, budget=None, **changed):
    data = {"model": {"kind": "sample"}, "data": {"kind": "sample"}}
    recipe = Recipe.parse({**data, "goal": goal, "budget": budget or {}})
    return recommend(made_report(first or base(), *variants, recipe=recipe, recommended=None, **changed))


def test_the_goal_decides_among_the_good():
    fast = variant("b", 0.3, size_bytes=900_000)
    small = variant("c", 0.6, size_bytes=100_000)
    assert {goal: recommended(fast, small, goal=goal).id[0] for goal in ("latency", "size", "throughput")} == {
        "latency": "b",
        "size": "c",
        "throughput": "b",
    }


def test_the_reason_says_how_fast_how_large_and_how_right_it_is():
    text = recommended(variant("b", 0.5, drop=0.004)).reason.text
    assert text == "b: 2.00 times as fast as the baseline (1.82 to 2.22), 25 % of the size, 0.4 points less top-1"
    assert recommended(variant("b")).reason.text.endswith("25 % of the size, with the same top-1")
    close = variant("b", 0.5, drop=0.005, accuracy=None, fidelity=Fidelity(agreement=0.995, sqnr_db=9.0, n_images=9))
    assert "agreeing with the baseline on 99.5 % of the inputs" in recommended(close).reason.text


def test_the_reason_says_how_sure_it_is_that_the_loss_is_within_the_budget():
    for certainty, ending in (
        ("surely", ", surely within the budget of 1 point"),
        ("probably", ", probably within the budget of 1 point"),
        ("cannot_tell", ", and these images cannot tell whether that is within the budget of 1 point"),
    ):
        one = variant("b", 0.5, drop=0.004)
        sure = one.model_copy(update={"verdict": one.verdict.model_copy(update={"certainty": certainty})})
        assert recommended(sure).reason.text.endswith(f"0.4 points less top-1{ending}")


def test_what_reports_does_not_choose():
    """The faster one is within its budget where it chooses; that the other reports less changes nothing."""
    fast, slow = variant("b", 0.3, seen=0.009, drop=0.009), variant("c", 0.6, seen=0.0, drop=-0.01)
    assert recommended(fast, slow).id == "b" * 12
    lucky = variant("b", 0.3, seen=0.011, drop=-0.01)
    assert recommended(lucky, slow).id == "c" * 12


def test_where_the_images_that_report_contradict_the_choice_nothing_else_takes_its_place():
    over = {"codes": ("accuracy_drop_over_budget",), "within": False}
    found = recommended(variant("b", 0.3, seen=0.004, drop=0.013, **over), variant("c", 0.6))
    assert (found.id, found.reason.code) == (BASE, "choice_not_confirmed")
    assert found.reason.text.startswith(
        "No variant is recommended: b was chosen, and on the 540 images that report it loses 1.3 points of top-1 (on "
        "the 269 images that choose: 0.4 points), over the budget of 1 point. "
    )


def elsewhere(letter, ratio, **changed):
    """The baseline's own file at another target."""
    return variant(letter, ratio, technique="baseline", settings=None, **changed)


CONTRADICTED = {"seen": 0.004, "drop": 0.013, "codes": ("accuracy_drop_over_budget",), "within": False}


def test_where_the_choice_is_contradicted_the_baseline_s_own_weights_are_taken_where_they_are_surely_faster():
    found = recommended(variant("b", 0.3, **CONTRADICTED), variant("c", 0.4), elsewhere("d", 0.6), elsewhere("e", 0.5))
    assert (found.id, found.reason.code) == ("e" * 12, "choice_not_confirmed")
    assert found.reason.text.startswith("e, the baseline's own weights: 2.00 times as fast as the baseline")
    assert ". Nothing with other weights is recommended: b was chosen, and on the 540 images" in found.reason.text


@pytest.mark.parametrize(
    "same",
    [
        elsewhere("d", 0.97),  # perhaps no faster
        elsewhere("d", 0.5, **CONTRADICTED),
        elsewhere("d", 0.5, seen=0.02),
        elsewhere("d", 0.5, codes=(codes.LATENCY_OVER_BUDGET,), within=False),
    ],
    ids=["unclear", "contradicted too", "not eligible", "too slow for the budget"],
)
def test_the_baseline_s_own_weights_have_to_keep_the_budget_and_be_surely_faster_to_be_taken(same):
    found = recommended(variant("b", 0.3, **CONTRADICTED), same)
    assert (found.id, found.reason.code) == (BASE, "choice_not_confirmed")
    assert found.reason.text.startswith("No variant is recommended: b was chosen")


def test_only_one_of_the_baseline_s_own_weights_is_asked_the_images_that_report():
    """The next one would be a choice by them."""
    over = elsewhere("d", 0.4, **CONTRADICTED)
    assert recommended(variant("b", 0.3, **CONTRADICTED), over, elsewhere("e", 0.6)).id == BASE
    simplified = variant("e", 0.6, settings=Simplify())
    assert recommended(variant("b", 0.3, **CONTRADICTED), simplified).id == "e" * 12


def test_what_was_simplified_after_a_step_that_changed_the_weights_has_not_the_baseline_s_own():
    pruned = variant("d", 0.8, **CONTRADICTED)
    simplified = variant("e", 0.6, settings=Simplify(), parent_id="d" * 12, step=1)
    found = recommended(variant("b", 0.3, **CONTRADICTED), pruned, simplified)
    assert (found.id, found.reason.code) == (BASE, "choice_not_confirmed")


def seen(n_worse, n_better):
    """What 270 images that choose saw: so many went from right to wrong, and from wrong to right."""
    update = {"n_images": 270, "n_worse": n_worse, "n_better": n_better, "drop": (n_worse - n_better) / 270}
    selection = made_selection()
    return selection.model_copy(update={"comparison": selection.comparison.model_copy(update=update)})


def test_what_flips_too_many_answers_is_passed_over_for_what_is_surely_faster_without_that():
    lucky, steady = variant("b", 0.3, selection=seen(5, 9)), variant("c", 0.6, selection=seen(4, 2))
    found = recommended(lucky, steady, variant("d", 0.8, selection=seen(0, 0)))
    assert found.id == "c" * 12
    assert found.reason.text.startswith(
        "c, the fastest of 2 variants that keep the budget on the 270 images that choose and not by gains alone: 1.67 "
    )
    assert found.reason.text.endswith(
        ". b is faster and not taken: of the 270 images that choose 5 went from right to wrong, and only 9 that went "
        "from wrong to right, as chance may have it, keep it within the budget"
    )
    for others in ((), (variant("c", 0.98, selection=seen(0, 0)),)):
        found = recommended(lucky, *others)
        assert found.id == "b" * 12
        assert "gains" not in found.reason.text
        assert "not taken" not in found.reason.text
    free = recommended(lucky, steady, budget={"max_accuracy_drop": None})
    assert free.id == "b" * 12


def test_where_the_goal_is_size_what_flips_too_many_answers_is_passed_over_for_what_is_smaller():
    lucky = variant("b", 0.3, selection=seen(5, 9), size_bytes=100_000)
    small = variant("c", 0.6, selection=seen(0, 0), size_bytes=200_000)
    found = recommended(lucky, small, goal="size")
    assert found.id == "c" * 12
    assert ". b is smaller and not taken" in found.reason.text
    as_large = variant("c", 0.6, selection=seen(0, 0), size_bytes=base().size_bytes)
    assert recommended(lucky, as_large, goal="size").id == "b" * 12


def test_a_class_that_surely_loses_too_much_is_not_chosen_and_one_that_reports_too_much_contradicts():
    budget, sure = {"max_class_drop": 0.1}, made_selection(class_loss=made_class_loss(0.2, 0.11, 0.3))
    hurt, fine = variant("b", 0.3, selection=sure), variant("c", 0.6)
    assert recommended(hurt, fine, budget=budget).id == "c" * 12
    assert recommended(hurt, fine).id == "b" * 12
    alone = recommended(hurt, budget=budget)
    assert alone.reason.text.endswith("what breaks it: the accuracy of a class")
    reported = variant(
        "b", 0.3, codes=("class_drop_over_budget",), within=False, class_loss=made_class_loss(0.15, 0.0, 0.3)
    )
    found = recommended(reported, budget=budget)
    assert (found.id, found.reason.code) == (BASE, "choice_not_confirmed")
    assert "it loses 15.0 points of a class (on the 269 images that choose: 5.0 points), over" in found.reason.text


def test_where_no_images_choose_speed_does_and_the_report_still_has_its_say():
    assert recommended(variant("b", 0.3, selection=None), variant("c", 0.6, selection=None)).id == "b" * 12
    over = {"codes": ("accuracy_drop_over_budget",), "within": False, "drop": 0.02, "selection": None}
    assert recommended(variant("b", 0.3, **over)).reason.code == "choice_not_confirmed"


def test_of_two_as_fast_the_more_faithful_one_is_recommended_and_the_rank_says_so():
    close, far = variant("b", 0.402, sqnr_db=40.0), variant("c", 0.400, sqnr_db=12.0)
    found = recommended(far, close)
    assert found.id == "b" * 12
    assert found.reason.text.startswith(
        "b, as fast as c, the fastest of 2 variants that keep the budget on the 269 images that choose, and closer to "
        "the baseline: 2.49 times as fast"
    )


def test_what_may_be_no_faster_is_not_called_faster():
    assert (
        "1.05 times as fast as the baseline (0.96 to 1.17), so not surely faster"
        in recommended(variant("b", 0.95)).reason.text
    )


@pytest.mark.parametrize(
    ("goal", "word"), [("latency", "fastest"), ("size", "smallest"), ("throughput", "highest in throughput")]
)
def test_a_superlative_is_of_the_variants_within_the_budget_where_there_are_several(goal, word):
    """The one that is over the budget, though faster and smaller, is not among them."""
    over = variant("d", 0.1, seen=0.02, size_bytes=10)
    several = recommended(variant("b", 0.3), variant("c", 0.6, size_bytes=6_000_000), over, goal=goal).reason
    assert several.text.startswith(f"b, the {word} of 2 variants that keep the budget on the 269 images that choose: ")
    assert several.code == f"best_{goal}"
    assert word not in recommended(variant("b", 0.3), over, goal=goal).reason.text


def test_the_smallest_of_those_that_are_not_slower_is_called_so():
    found = recommended(
        variant("b", 0.3), variant("c", 0.6, size_bytes=4_000_000), variant("d", 1.8, size_bytes=10), goal="size"
    ).reason.text
    assert found.startswith(
        "c, the smallest of 2 variants that keep the budget on the 269 images that choose and are not slower: "
    )


def test_a_race_s_winner_is_never_called_the_fastest_beside_its_own_candidates():
    report = made_race_report()
    quick = [
        one.model_copy(update={"latency": made_latency(0.2, 0.1)}) if one.role == "candidate" and one.latency else one
        for one in report.variants
    ]
    found = recommend(made_race_report(variants=tuple(quick)))
    assert "fastest" not in found.reason.text
    assert "2.00 times as fast as the baseline" in found.reason.text


def test_what_is_slower_is_never_recommended_and_the_reason_is_given():
    found = recommended(variant("b", 1.8, size_bytes=10), goal="size")
    assert (found.id, found.reason.code) == (BASE, "nothing_not_slower")
    assert "b, is 0.56 times as fast as the baseline (0.51 to 0.62)" in found.reason.text


@pytest.mark.parametrize(("labelled", "word"), [(True, "accuracy"), (False, "agreement")])
def test_what_is_over_budget_is_never_recommended_and_the_reason_is_given(labelled, word):
    wrong = variant(
        "b", 0.3, within=False, codes=("accuracy_drop_over_budget", "size_over_budget"), drop=0.02, labelled=labelled
    )
    found = recommended(wrong)
    assert (found.id, found.reason.code) == (BASE, "nothing_within_budget")
    assert found.reason.text.endswith(f"what breaks it: {word} and size")


def test_the_reason_says_when_the_machine_was_busy():
    quiet, busy = (recommended(variant("b"), warnings=given).reason.text for given in ((), (BUSY,)))
    assert busy == f"{quiet}. Other programs were busy meanwhile: take the speed as rough"
    assert "busy" not in recommended(warnings=(BUSY,)).reason.text


def guessing(top1, low, chance=0.12):
    return Accuracy(top1=top1, top5=None, n_images=50, low=low, high=2 * top1, chance=chance)


@pytest.mark.parametrize("top1", [0.1, 0.2], ids=["guesses", "may guess"])
def test_what_may_guess_is_never_recommended_however_fast_and_small_it_is(top1):
    lost = variant("b", 0.1, size_bytes=10, selection=made_selection(accuracy=guessing(top1, 0.05)))
    for goal in ("latency", "size", "throughput"):
        assert recommended(lost, variant("c", 0.9), goal=goal).id == "c" * 12
        alone = recommended(lost, goal=goal)
        assert (alone.id, alone.reason.code) == (BASE, "nothing_better_than_chance")


@pytest.mark.parametrize("code", codes.REACHES_CHANCE)
def test_a_choice_that_may_guess_on_the_images_that_report_is_not_recommended(code):
    found = recommended(variant("b", 0.1, codes=(code,)), variant("c", 0.9))
    assert (found.id, found.reason.code) == (BASE, "nothing_better_than_chance")
    assert "b is not surely better than guessing on the images that report" in found.reason.text


@pytest.mark.parametrize(
    ("right", "code", "text"),
    [
        (
            guessing(0.1, 0.05),
            "not_learnt",
            "The baseline has not learnt: its top-1 is 10.0 % (5.0 % to 20.0 %) on 50 images, and guessing the "
            "commonest class gives 12.0 %",
        ),
        (
            guessing(0.2, 0.11),
            "learning_unclear",
            "Whether the baseline has learnt cannot be told on so few images: its top-1 is 20.0 %",
        ),
    ],
)
def test_where_all_may_be_chance_the_reason_says_whether_that_is_sure(right, code, text):
    lost = variant("b", 0.1, accuracy=right, selection=made_selection(accuracy=right))
    found = recommended(lost, first=base(accuracy=right))
    assert (found.id, found.reason.code) == (BASE, code)
    assert found.reason.text.startswith(text)
    assert found.reason.text.endswith(", and no variant is surely better than guessing")
    assert recommended(first=base(accuracy=right)).reason.code == code


def test_what_has_learnt_is_recommended_beside_a_baseline_that_guesses():
    assert recommended(variant("b"), first=base(accuracy=guessing(0.1, 0.05))).id == "b" * 12


def test_a_race_that_kept_a_baseline_that_guesses_is_no_answer():
    report = made_race_report(won=False)
    variants = tuple(
        one.model_copy(update={"accuracy": guessing(0.1, 0.05)}) if one.id == BASE else one for one in report.variants
    )
    assert recommend(report).reason == LOST
    assert recommend(made_race_report(won=False, variants=variants)).reason.code == "not_learnt"


def chain(cut):
    """Baseline, then b, c and d, each made of the one before; the time of `cut` was up."""
    parents = {"b": BASE, "c": "b" * 12, "d": "c" * 12}
    made = [
        variant(letter, 0.9 - step / 10, parent_id=parent, step=step, notes=(UP,) if letter == cut else ())
        for step, (letter, parent) in enumerate(parents.items())
    ]
    return base(notes=(UP,) if cut == "a" else ()), *made


@pytest.mark.parametrize(("cut", "says"), [("a", True), ("c", True), ("d", True), (None, False)])
def test_the_headline_says_where_the_time_of_what_is_recommended_was_up(cut, says):
    first, *made = chain(cut)
    found = recommended(*made, first=first)
    assert found.id == "d" * 12
    assert found.reason.text.endswith(". Its time was up: this is the best so far") is says


def test_another_chain_that_was_cut_short_is_named_as_no_equal():
    cut = variant("c", 0.6, notes=(UP,), branch=1)
    found = recommended(variant("b", 0.3), cut)
    assert found.reason.text.endswith(". The time of c was up: with more minutes it might be better")
    follower = variant("d", 0.7, parent_id="c" * 12, branch=1, step=1)
    found = recommended(variant("b", 0.3), cut, follower)
    assert found.reason.text.endswith(". The time of c and of d was up: with more minutes they might be better")


@pytest.mark.parametrize("won", [True, False])
def test_the_headline_says_where_a_race_was_cut_short(won):
    report = made_race_report(won=won)
    race = report.races[0].model_copy(update={"notes": (UP,)})
    text = recommend(made_race_report(won=won, races=(race,))).reason.text
    assert text.endswith(
        "Its time was up: this is the best so far"
        if won
        else "The time was up before all was tried: more minutes may find better"
    )
    assert "time was up" not in recommend(report).reason.text


def test_the_baseline_says_so_too_where_what_could_replace_it_was_cut_short():
    late = variant("b", 0.5, within=False, codes=("accuracy_drop_over_budget",), drop=0.02, notes=(UP,))
    assert recommended(late).reason.text.endswith("more minutes may find better")


def test_a_race_that_another_one_won_is_not_what_made_the_recommended():
    """A race on the baseline that kept it says nothing of a chain beside it."""
    stayed = made_race({}, winner_id=BASE, branch=1, notes=(UP,))
    assert "time was up" not in recommended(variant("b"), races=(stayed,)).reason.text


def disturbed(letter, **changed):
    """A variant whose calls other programs disturbed: there is an estimate of its speed alone."""
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.3, n_runs=100, n_disturbed=99)
    return variant(letter, **({"latency": None, "throughput": None, "latency_estimate": estimate} | changed))


def test_a_variant_whose_speed_is_not_known_is_no_reason_to_keep_the_baseline():
    found = recommended(variant("b", 1.3), disturbed("c"))
    assert (found.id, found.reason.code) == (BASE, codes.NOT_MEASURED)
    assert "other programs disturbed the calls of 1 of 2 variants, whose speed is not known" in found.reason.text
    assert recommended(disturbed("b"), disturbed("c")).reason.text.startswith("No speed could be measured")


def test_what_was_not_compared_for_want_of_a_speed_is_counted_beside_the_recommendation():
    found = recommended(variant("b", 0.5), disturbed("c"))
    assert (found.id[0], found.reason.code) == ("b", "best_latency")
    assert ". Another variant is not compared, since other programs disturbed the calls" in found.reason.text
    two = recommended(variant("b", 0.5), disturbed("c"), disturbed("d"))
    assert ". 2 other variants are not compared" in two.reason.text
    assert "not compared" not in recommended(variant("b", 0.5)).reason.text


def test_a_variant_that_its_loss_rules_out_needs_no_speed():
    over = {"seen": 0.05, "drop": 0.05, "within": False, "codes": ("accuracy_drop_over_budget",)}
    assert recommended(variant("b", 1.3), disturbed("c", **over)).reason.code == "nothing_not_slower"
    assert recommended(disturbed("c", **over)).reason.code == "nothing_within_budget"


def test_where_the_baseline_does_not_run_the_reason_is_not_looked_for_in_notes():
    bare = variant("b", latency=None, throughput=None)
    assert recommended(bare).reason.text.endswith("its notes say why it has none")
    warnings = (Note(code=codes.NOT_TIMED, text="it does not run"),)
    assert recommended(bare, warnings=warnings).reason.text.endswith("the baseline, which it is taken to, does not run")


def test_what_is_preferred_to_the_simplified_baseline_is_called_smaller_and_not_closer():
    plain = variant("c", 0.400, sqnr_db=90.0, settings=Simplify(), size_bytes=19_000_000)
    text = recommended(plain, variant("b", 0.402)).reason.text
    assert text.startswith(
        "b, as fast as c, the fastest of 2 variants that keep the budget on the 269 images that choose"
    )
    assert ", and smaller: " in text


def test_a_quantized_file_goes_before_fp32_in_another_runtime_that_is_as_fast():
    fp32 = made_variant(
        "e" * 12,
        "Baseline, OpenVINO bf16",
        technique="baseline",
        target_label="OpenVINO bf16",
        same_file_as=BASE,
        size_bytes=20_000_000,
        selection=made_selection(sqnr_db=60.0),
    )
    base = made_variant(BASE, "Baseline, onnxruntime", target_label="onnxruntime")
    advice = recommend(made_report(base, fp32, made_variant(INT8, "INT8, onnxruntime")))
    assert advice.id == INT8
    assert "times as fast as the baseline in onnxruntime (" in advice.reason.text
    faster = fp32.model_copy(update={"latency": made_latency(0.5, 0.25)})
    assert recommend(made_report(base, faster, made_variant(INT8, "INT8, onnxruntime"))).id == faster.id
