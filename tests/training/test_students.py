"""What docs/distillation.md promises of its two recipes, which are read from there."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from engine import models
from engine.export.onnx_file import export_onnx
from engine.settings import SampleModel, absolute_paths, parse_recipe
from tests.conftest import carry_out

ROOT = Path(__file__).parents[2]


def recipes():
    """The recipes of the page, in its order."""
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/distillation.md").read_text(), re.DOTALL)


def steps(ran):
    return {variant.technique: variant for variant in ran.report.variants}


def digits(folder):
    """The digits as a folder of pictures that nobody has labelled."""
    folder.mkdir()
    for number, image in enumerate(load_digits().images):
        Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8)).save(folder / f"{number:04d}.png")


def test_the_recipes_of_the_page_are_valid():
    small, unlabelled = (parse_recipe(text) for text in recipes())
    assert [step.technique for step in small.steps] == ["distill", "quantize"]
    assert unlabelled.data.labels == "none"


def test_a_teacher_that_does_not_fit_ends_its_chain_and_what_was_finished_stays(tmp_path, shared_home):
    teacher = "{kind: timm, name: test_resnet, weights: random, num_classes: 7}"
    wrong = f"[{{technique: simplify}}], [{{technique: distill, student: test_resnet, teacher: {teacher}}}]"
    recipe = parse_recipe(f"{{model: {{kind: sample}}, data: {{kind: sample}}, branches: [{wrong}]}}")
    report = carry_out(recipe, tmp_path / "run", shared_home).report
    assert [variant.technique for variant in report.variants] == ["baseline", "simplify"]
    assert all(variant.accuracy and variant.latency for variant in report.variants)
    (failure,) = report.failures
    assert (failure.branch, failure.technique) == (1, "distill")
    assert "the teacher (test_resnet) tells 7 classes apart and the data 10" in failure.message
    assert failure.next


@pytest.mark.slow
def test_a_student_of_a_fifth_of_the_size_stays_within_a_point_and_a_half(tmp_path, shared_home):
    found = steps(carry_out(parse_recipe(recipes()[0]), tmp_path / "run", shared_home))
    before, after = found["baseline"], found["quantize"]
    assert after.size_bytes <= before.size_bytes / 5
    assert after.accuracy.top1 >= before.accuracy.top1 - 0.015


@pytest.mark.slow
def test_a_student_agrees_with_an_onnx_teacher_that_it_learnt_from_without_labels(tmp_path, shared_home):
    digits(tmp_path / "digits")
    export_onnx(models.load(SampleModel(), None, 0, tmp_path), tmp_path / "teacher.onnx")
    recipe = absolute_paths(parse_recipe(recipes()[1]), tmp_path)
    found = steps(carry_out(recipe, tmp_path / "run", shared_home))
    assert found["distill"].accuracy is None
    assert found["distill"].fidelity.n_images == 360
    assert min(found[name].fidelity.agreement for name in ("distill", "quantize")) >= 0.96
