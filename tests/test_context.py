"""Contexts: every field must be given, and a technique names the class that has what it needs."""

from dataclasses import MISSING, fields
from typing import get_type_hints

import pytest

from engine.context import StepContext
from engine.run.step_runner import STEPS, FullContext
from engine.search.context import RaceContext, RatioContext, SearchContext
from engine.training.context import TeacherContext, TrainingContext

CLASSES = (StepContext, TrainingContext, TeacherContext, SearchContext, RaceContext, RatioContext)


@pytest.mark.parametrize("kind", [*CLASSES, FullContext], ids=lambda kind: kind.__name__)
def test_no_field_of_a_context_has_a_default(kind):
    with_default = [one.name for one in fields(kind) if (one.default, one.default_factory) != (MISSING, MISSING)]
    assert with_default == []


@pytest.mark.parametrize("technique", STEPS, ids=lambda technique: technique.__name__)
def test_a_technique_takes_no_more_than_one_of_the_classes(technique):
    assert get_type_hints(STEPS[technique])["context"] in CLASSES
