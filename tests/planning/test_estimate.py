import pytest

from engine.planning.estimate import estimate_recipe, estimate_sensitivity, n_timed, plan_phases
from engine.settings import SampleData, SampleModel, SensitivityRequest, TimmModel, parse_recipe
from engine.settings.quantize import RACE_FINALISTS
from engine.store.timings import Factor

INT8 = "{technique: quantize, method: static}"
TUNE = "{technique: finetune, epochs: 3}"


def recipe(steps: str, model: str = "{kind: sample}", data: str = "{kind: sample}", more: str = ""):
    return parse_recipe(f"{{model: {model}, data: {data}, {steps} {more}}}")


def test_phases_add_up_and_cover_the_steps():
    estimate = estimate_recipe(recipe(f"steps: [{TUNE}, {INT8}]"))
    phases = {"starting", "export", "finetune", "quantize static", "accuracy", "cold start", "latency"}
    assert phases == estimate.phases.keys()
    assert estimate.seconds == pytest.approx(sum(estimate.phases.values()), abs=0.5)


def test_more_work_is_estimated_longer():
    seconds = [
        estimate_recipe(each).seconds
        for each in (
            recipe("steps: []"),
            recipe(f"steps: [{INT8}]"),
            recipe(f"steps: [{TUNE}, {INT8}]"),
            recipe("steps: [{technique: qat}]"),
            recipe(f"steps: [{TUNE}, {INT8}]", "{kind: timm, name: resnet50}"),
        )
    ]
    assert seconds == sorted(seconds)
    assert len(set(seconds)) == 5


def test_what_is_timed_has_the_threads_of_the_target_and_training_all_cores(monkeypatch):
    monkeypatch.setattr("engine.planning.estimate.cores", lambda: 16)
    steps = f"steps: [{TUNE}, {{technique: quantize}}]"
    one, all_cores = (
        estimate_recipe(recipe(steps, "{kind: timm, name: resnet50}", more=f", target: {{threads: {threads}}}")).phases
        for threads in (1, "null")
    )
    for phase in ("accuracy", "latency"):
        assert one[phase] == pytest.approx(16 * all_cores[phase], rel=0.1)
    assert one["quantize auto"] == 600 > 2 * all_cores["quantize auto"]  # the budget's minutes
    for phase in ("starting", "export", "finetune"):
        assert one[phase] == all_cores[phase]


def test_the_finalists_of_a_race_are_timed_too():
    one, race = recipe(f"steps: [{INT8}]"), recipe("steps: [{technique: quantize}]")
    assert (n_timed(one), n_timed(race)) == (2, 2 + RACE_FINALISTS)
    seconds = [estimate_recipe(each).phases["latency"] for each in (one, race)]
    assert seconds[1] == pytest.approx(seconds[0] * n_timed(race) / 2, abs=0.1)


@pytest.mark.parametrize(
    ("target", "instructions", "n"),
    [
        ("runtime: any", ("avx512_bf16",), 3),
        ("runtime: any", ("avx2",), 2),
        ("runtime: any, precision: f32", ("avx512_bf16",), 2),
        ("runtime: openvino", ("amx_bf16",), 2),
        ("runtime: openvino", ("avx2",), 1),
        ("runtime: openvino, provider: GPU", ("amx_bf16",), 1),
        ("runtime: onnxruntime", ("amx_bf16",), 1),
    ],
)
def test_every_file_is_measured_at_every_target_that_races(monkeypatch, target, instructions, n):
    monkeypatch.setattr("engine.planning.raced.isa", lambda: instructions)
    alone, raced = recipe(f"steps: [{INT8}]"), recipe(f"steps: [{INT8}]", more=f", target: {{{target}}}")
    assert n_timed(raced) == n * n_timed(alone)
    assert estimate_recipe(raced).phases["latency"] == pytest.approx(n * estimate_recipe(alone).phases["latency"])
    races = [recipe("steps: [{technique: quantize}]", more=more) for more in ("", f", target: {{{target}}}")]
    one, all_targets = (estimate_recipe(each).phases["quantize auto"] for each in races)
    assert (all_targets > 1.2 * one) == (n > 1)


def test_training_ends_with_the_budget():
    long = recipe(
        "steps: [{technique: finetune, epochs: 1000}]", "{kind: timm, name: resnet50}", more=", budget: {minutes: 2}"
    )
    assert estimate_recipe(long).phases["finetune"] == 120


def test_the_phases_of_a_plan_stand_in_order_and_make_up_the_estimate():
    asked = recipe(f"steps: [{TUNE}, {INT8}]")
    plan = plan_phases(asked)
    assert [(one.part, one.phase) for one in plan] == [
        ("start", "starting"),
        ("baseline", "finetune"),
        ("baseline", "export"),
        ("baseline", "accuracy"),
        ("chain 1, step 2: quantize", "quantize static"),
        ("chain 1, step 2: quantize", "accuracy"),
        ("all variants", "cold start"),
        ("all variants", "latency"),
    ]
    assert sum(one.seconds for one in plan) == pytest.approx(estimate_recipe(asked).seconds, abs=0.1)


def test_what_was_learnt_corrects_each_phase_by_itself():
    asked = recipe(f"steps: [{TUNE}, {INT8}]")
    before, after = estimate_recipe(asked), estimate_recipe(asked, {"finetune": Factor(3.0, 4), "latency": Factor(0.5)})
    assert after.phases["finetune"] == pytest.approx(3 * before.phases["finetune"], abs=0.2)
    assert after.phases["latency"] == pytest.approx(before.phases["latency"] / 2, abs=0.1)
    assert after.phases["export"] == before.phases["export"]
    assert [one.formula_seconds for one in plan_phases(asked)] == [one.seconds for one in plan_phases(asked)]


def test_an_estimate_was_learnt_from_the_runs_that_know_its_longest_phase():
    asked = recipe(f"steps: [{TUNE}, {INT8}]")
    assert estimate_recipe(asked).learnt_from == 0
    assert estimate_recipe(asked, {"latency": Factor(1.0, 10)}).learnt_from == 0
    assert estimate_recipe(asked, {"latency": Factor(1.0, 10), "finetune": Factor(1.0, 4)}).learnt_from == 4


def test_the_budget_bounds_what_was_learnt_too():
    long = recipe(f"steps: [{TUNE}]", more=", budget: {minutes: 0.1}")
    assert estimate_recipe(long, {"finetune": Factor(10.0, 4)}).phases["finetune"] == 6


def test_a_shared_beginning_counts_once():
    one = estimate_recipe(recipe(f"steps: [{TUNE}, {INT8}]")).phases["finetune"]
    two = recipe(f"branches: [[{TUNE}, {INT8}], [{TUNE}, {{technique: quantize, method: static, per_channel: false}}]]")
    assert estimate_recipe(two).phases["finetune"] == one


def test_images_are_counted_without_being_opened(tmp_path):
    for number in range(50):
        (tmp_path / f"{number}.png").write_text("no image")
    few = recipe(f"steps: [{TUNE}]", "{kind: timm, name: resnet50}", f"{{kind: images, path: {tmp_path}}}")
    for number in range(50, 500):
        (tmp_path / f"{number}.png").write_text("no image")
    before = estimate_recipe(few.model_copy(update={"data": None})).seconds
    assert before < estimate_recipe(few).seconds


def test_without_training_the_train_share_is_evaluated(tmp_path):
    data = f"{{kind: images, path: {tmp_path}}}"
    trained, untrained = (recipe(f"steps: [{steps}]", "{kind: timm, name: resnet50}", data) for steps in (TUNE, INT8))
    for number in range(1000):
        (tmp_path / f"{number}.png").touch()
    seconds = [estimate_recipe(each).phases["accuracy"] for each in (trained, untrained)]
    # Two variants of 90 % and half the calibration images in place of one of 30 % and half the calibration images.
    assert seconds[1] == pytest.approx(2 * 95 / 35 * seconds[0], rel=0.02)


def test_a_sensitivity_takes_as_long_as_there_are_ratios_and_the_network_is_large():
    one = SensitivityRequest(model=SampleModel(), data=SampleData(), ratios=(0.5,))
    three = one.model_copy(update={"ratios": (0.25, 0.5, 0.75)})
    large = three.model_copy(update={"model": TimmModel(name="resnet50", weights="random")})
    seconds = [estimate_sensitivity(each).seconds for each in (one, three, large)]
    assert seconds == sorted(seconds)
    assert len(set(seconds)) == 3
    assert estimate_sensitivity(one).seconds == pytest.approx(sum(estimate_sensitivity(one).phases.values()), abs=0.1)
