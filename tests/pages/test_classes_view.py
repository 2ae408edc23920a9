"""Classes on the page of a run: what changes for each, from the answers that the run stored."""

import csv
import io

import numpy as np
import pytest

from engine.results import Fidelity
from pages._ui.results import classes_view
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_charts import made_class_changes
from tests.pages.test_pages import plain_words, words

LABELS = np.repeat(np.arange(10), 54)


@pytest.fixture
def run(finished, queue):
    """A finished run whose variant takes 20 of the 0 for 3, with or without stored labels."""

    def made(*, labelled=True, stored=True, moved=20):
        id = finished(made_report(labelled=labelled)).id
        after = LABELS.copy()
        after[:moved] = 3
        for variant, answers in ((BASE, LABELS), (INT8, after)):
            arrays = {"logits": np.eye(10, dtype=np.float32)[answers]} | ({"answers": answers} if stored else {})
            if labelled and stored:
                arrays["labels"] = LABELS
            np.savez(queue.home.job(id).path / "variants" / variant / "predictions.npz", **arrays)
        return id

    return made


def opened(app, id):
    return app("pages/results.py", run=id, view="Classes", variant=INT8)


def test_the_largest_changes_and_where_answers_move_to(app, run):
    at = opened(app, run())
    assert not at.exception
    assert "**20 of 540 images** that report have another answer" in words(at)
    assert "1 of 10 classes surely have less top-1" in words(at)
    assert "20 images of '0' are taken for '3', right before" in plain_words(at)


def test_without_labels_it_is_agreement_by_the_baselines_answer(app, run):
    at = opened(app, run(labelled=False))
    assert "surely have less agreement" in words(at)
    assert "20 images that the baseline takes for '0' are taken for '3'" in plain_words(at)
    assert "There are no labels" in words(at)


def test_a_run_of_before_labels_were_stored_says_so(app, run):
    at = opened(app, run(stored=False))
    assert [one for one in at.warning if "before labels were stored" in one.value]
    assert "20 images that the baseline takes for '0'" in plain_words(at)


def test_equal_answers_say_so(app, run):
    assert [one for one in opened(app, run(moved=0)).info if "no class changes" in one.value]


def test_answers_that_are_gone_are_an_error_in_words(app, finished):
    at = opened(app, finished().id)
    assert [one for one in at.error if "predictions" in one.value]


def test_a_run_whose_answers_are_no_classes_has_no_such_view(app, finished):
    similar = Fidelity(agreement=None, measure="cosine similarity", similarity=0.9, sqnr_db=20.0, n_images=9)
    variants = made_variant(BASE, "Baseline", labelled=False), made_variant(INT8, "INT8", fidelity=similar)
    at = app("pages/results.py", run=finished(made_report(*variants)).id)
    (views,) = (group for group in at.button_group if group.label == "View")
    assert "Classes" not in views.options


def test_the_csv_has_every_class():
    rows = list(csv.DictReader(io.StringIO(classes_view.as_csv(made_class_changes(30)))))
    assert len(rows) == 30
    assert tuple(rows[0]) == classes_view.COLUMNS
    assert [row["too_few_images"] for row in rows if row["images"] == "15"] == ["True"]
