"""What comes next after a run, and how long the next one will take, as pages say it."""

from typing import get_args

import pytest

from engine.planning.estimate import FORMULA
from engine.results import Accuracy, Suggestion
from engine.store.timings import PhaseTiming, RunTimings, append_timings
from engine.system.machine import cores, cpu_name
from pages._ui.draft import Draft, SampleData, SampleModel, to_link
from pages._ui.results.suggestions_view import BASES, ICONS
from tests.made import BASE, made_variant
from tests.planning.suggestions.kept import LABELLED, kept, timm


def test_every_suggestion_has_an_icon_and_every_basis_words():
    fields = Suggestion.model_fields
    assert ICONS.keys() == set(get_args(fields["code"].annotation))
    assert BASES.keys() == set(get_args(fields["basis"].annotation))


def test_more_evaluation_images_lead_to_the_data(app, finished):
    right = Accuracy(top1=0.12, top5=None, n_images=200, low=0.08, high=0.17, chance=0.1)
    report = kept(
        timm("resnet18"), LABELLED, code="learning_unclear", variants=(made_variant(BASE, "Baseline", accuracy=right),)
    )
    at = app("pages/results.py", run=finished(report).id)
    at.button(key="next-go-images").click().run()
    assert not at.exception
    assert any(title.value == "Data" for title in (*at.title, *at.header))


@pytest.mark.parametrize(("n_runs", "words"), [
    (0, "From a formula; it learns from the runs of this home."), (1, "Learnt from 1 earlier run here."),
    (4, "Learnt from 4 earlier runs here."),
])  # fmt: skip
def test_an_estimate_says_what_it_was_learnt_from(app, home, n_runs, words):
    phases = {"quantize auto": PhaseTiming(estimated_seconds=10, measured_seconds=10)}
    for _ in range(n_runs):
        append_timings(home, RunTimings(formula=FORMULA, cpu=cpu_name(), cores=cores(), threads=cores(), phases=phases))
    at = app("pages/optimize.py", draft=to_link(Draft(model=SampleModel(), data=SampleData())))
    plan = next(text for text in at.markdown if text.value.endswith("estimated") and text.help)
    assert plan.help.endswith(words)
