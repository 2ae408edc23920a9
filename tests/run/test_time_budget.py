"""The minutes of a run, shared out between its chains."""

import time

import pytest

from engine.errors import StepError
from engine.planning.estimate import PlannedPhase, plan_phases
from engine.run.registry import STEPS
from engine.run.time_budget import TimeBudget, available_seconds
from engine.settings import Qat, Simplify
from tests.conftest import carry_out
from tests.planning.test_estimate import INT8, TUNE, recipe

LONG, SHORT = 1000.0, 10.0


@pytest.mark.parametrize(("planned_later", "expected"), [
    ((), 600),  # the last one has all that is left
    ((LONG,), 300),  # where all need much, an equal share each
    ((LONG, LONG), 200),
    ((SHORT,), 580),  # what the short one does not need goes to this one
    ((0.0, 0.0), 600),
    ((SHORT, LONG), (600 - 20) / 2),
    ((LONG, SHORT), (600 - 20) / 2),
])  # fmt: skip
def test_what_later_ones_need_is_kept_for_them(planned_later, expected):
    assert available_seconds(600, planned_later) == pytest.approx(expected)


def test_where_nothing_remains_nobody_has_any():
    assert available_seconds(-10, (LONG,)) < 0


def test_the_plan_of_a_chain_is_of_the_steps_that_no_earlier_one_does():
    asked = recipe(f"branches: [[{TUNE}, {INT8}], [{TUNE}, {{technique: simplify}}]]", more=", budget: {minutes: 2}")
    plan = plan_phases(asked)
    budget = TimeBudget.of(asked, plan, now=50.0)
    baseline, *chains = budget.planned_seconds
    assert budget.end == 170
    assert baseline == sum(one.seconds for one in plan if one.part == "baseline") > chains[0] > 0
    assert chains[1] == sum(one.seconds for one in plan if one.part.startswith("chain 2"))


def test_each_chain_has_what_those_after_it_leave():
    asked = recipe(f"branches: [[{INT8}], [{{technique: simplify}}], [{TUNE}]]", more=", budget: {minutes: 10}")
    plan = [
        PlannedPhase(part, "any", LONG, LONG)
        for part in ("chain 1, step 1: quantize", "chain 2, step 1: simplify", "chain 3, step 1: finetune")
    ]
    budget = TimeBudget.of(asked, plan, now=0.0)
    assert budget.baseline_deadline(0.0) == 150
    assert [budget.chain_deadline(chain, now) for chain, now in enumerate((0.0, 200.0, 400.0))] == [200, 400, 600]


def test_a_long_chain_leaves_the_later_ones_their_share(ready_home, tmp_path, monkeypatch):
    left = []

    def step(model, settings, context):
        left.append(context.deadline - time.monotonic())
        raise StepError("seen")

    for kind in (Qat, Simplify):
        monkeypatch.setitem(STEPS, kind, step)
    long, longer = (f"{{technique: qat, epochs: {epochs}}}" for epochs in (1000, 999))
    asked = recipe(f"branches: [[{long}], [{longer}], [{{technique: simplify}}]]", more=", budget: {minutes: 10}")
    carry_out(asked, tmp_path / "run", ready_home)
    first, second, last = left
    assert 0.4 * last < first < 0.5 * last  # as long as the other long one, and the short one keeps its own
    assert first < second <= last
