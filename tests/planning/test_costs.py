"""What the steps of a recipe cost, in figures; and that planning and running know no technique by name."""

import ast
from pathlib import Path

import pytest

import engine
from engine.planning.estimate import n_timed, plan_phases
from engine.settings import TECHNIQUES, Recipe, parse_recipe
from engine.settings.target import CUDA

RECIPE = (
    "{{model: {{kind: timm, name: resnet50}}, data: {{kind: sample}}, target: {{threads: 2}}, "
    "steps: [{{technique: finetune}}, {step}]}}"
)
PROPOSALS = (
    "planning/presets.py",
    "planning/suggestions/chains.py",
    "planning/cross_cpu.py",
    "planning/layer_errors.py",
)
"""What puts chains together has to name the techniques that it proposes."""
APPLICABILITY = "planning/applicability.py"
"""The rules on what can be done with a model, each of which is for one technique or for all of a kind."""


@pytest.mark.parametrize(
    ("step", "seconds", "timed"),
    [
        ("{technique: finetune, epochs: 3}", 168.33594243072002, 2),
        ("{technique: distill}", 1197.8786572851202, 2),
        ("{technique: distill, views: 0, epochs: 7}", 544.06194783232, 2),
        ("{technique: distill, student: resnet18}", 584.62251095552, 2),
        ('{technique: distill, student: "hf_hub:some/body"}', 1197.8786572851202, 2),
        ("{technique: swap, architecture: mobilenetv3_small_100}", 35.23237832, 2),
        ("{technique: swap, architecture: regnetx_002, learn_from: model, epochs: 9}", 108.78207995424002, 2),
        ("{technique: prune}", 7.0, 2),
        ("{technique: prune, rounds: 3, recovery_epochs: 2}", 231.44792324096002, 2),
        ("{technique: prune, goal: macs, goal_value: 0.5}", 17.0, 2),
        ("{technique: prune, goal: latency, goal_value: 0.5}", 205.16737024, 2),
        ("{technique: prune, goal: size, goal_value: 3}", 205.16737024, 2),
        ("{technique: prune, method: sparse}", 2.0, 2),
        ("{technique: simplify}", 2.0, 2),
        ("{technique: float16}", 2.0, 2),
        ("{technique: quantize}", 581.0014014634668, 6),
        ("{technique: quantize, escalate: false, mixed_precision: false}", 415.1347480917334, 6),
        ("{technique: quantize, method: static}", 9.7346948096, 2),
        ("{technique: quantize, method: dynamic}", 2.0, 2),
        ("{technique: quantize, method: weights}", 2.0, 2),
        ("{technique: qat}", 405.1358604812801, 2),
        ("{technique: qat, epochs: 11, calibration_images: 50}", 1317.7333590656, 2),
    ],
)
def test_a_step_on_16_cores_for_a_target_of_2_threads(step, seconds, timed, monkeypatch):
    """Seconds by the formula, and how many variants are timed with it. Other figures need another FORMULA."""
    monkeypatch.setattr("engine.planning.estimate.cores", lambda: 16)
    recipe = parse_recipe(RECIPE.format(step=step))
    planned = next(one.formula_seconds for one in plan_phases(recipe) if one.part.startswith("chain"))
    assert planned == pytest.approx(seconds, rel=1e-12)
    assert n_timed(recipe) == timed


def test_a_race_is_estimated_without_training_where_nothing_can_be_learnt_from_and_on_a_card_without_8_bits():
    def seconds(**values):
        model, quantize = {"kind": "timm", "name": "resnet50"}, {"technique": "quantize"}
        recipe = Recipe.parse({"model": model, "data": {"kind": "sample"}, "steps": [quantize], **values})
        return next(one.formula_seconds for one in plan_phases(recipe) if one.phase == "quantize auto")

    card = {"provider": CUDA, "tf32": False, "prefer_nhwc": True, "cuda_graph": True}
    untrained = [{"technique": "quantize", "escalate": False}]
    plain = [{"technique": "quantize", "escalate": False, "mixed_precision": False}]
    assert seconds(data=None) == seconds(steps=untrained) < seconds()
    assert seconds(target=card) < seconds(steps=plain)


def test_only_the_table_of_techniques_proposals_and_what_applies_name_a_technique():
    root, names = Path(engine.__file__).parent, {technique.__name__ for technique in TECHNIQUES}
    files = [*root.glob("planning/**/*.py"), *root.glob("run/*.py")]
    naming = {file for file in files if names & set(_imported(file))}
    assert naming == {root / file for file in (*PROPOSALS, APPLICABILITY, "run/registry.py")}


def _imported(file: Path) -> list[str]:
    imports = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom))
    return [alias.name for node in imports for alias in node.names]
