"""The preprocessing detective on the Data page: asked for, told, applied; and the way to it from a broken result."""

import pytest
from PIL import Image

from engine import ArraysData, FileModel, SampleData, SampleModel, TimmModel, list_jobs
from engine.results import Note
from engine.settings import Recipe
from engine.store.folders import Outcome, now
from pages._ui.detect_view import ASK
from pages._ui.draft import Draft, from_link, to_link
from tests.made import made_report
from tests.made_charts import made_detection
from tests.pages.conftest import claim
from tests.pages.test_pages import button, words

RANDOM = TimmModel(name="test_resnet", weights="random", in_chans=1, num_classes=10)
DRAFT = Draft(model=RANDOM, data=SampleData())
PICTURES = (("cat", "declared-0.png", "better-0.png"),)
BROKEN = Note(code="baseline_looks_broken", text="The baseline looks broken: its top-1 is 9.0 %")


def opened(app, draft=DRAFT, **params):
    return app("pages/data.py", draft=to_link(draft), **params)


@pytest.fixture
def asked(app, queue):
    """The Data page with a search that is asked for; ends with a result and a state."""
    page = opened(app)
    button(page, ASK).click().run()
    id = claim(queue, "advice")

    def end(found=None, state="done", error=None):
        folder = queue.home.job(id)
        for name in ("declared-0.png", "better-0.png"):
            Image.new("RGB", (8, 8)).save(folder.path / name)
        if found is not None:
            folder.write("result.json", found)
        if state != "running":
            outcome = Outcome(state=state, error=error, next="Do so", exit_status=0, started=now(), finished=now())
            queue.finish(id, outcome)
        return page.run()

    return end


def labels(at):
    return [one.label for one in at.button]


def test_nothing_is_tried_before_it_is_asked_for(app):
    page = opened(app)
    assert "estimated, on images that report nothing" in words(page)
    assert list_jobs("detect") == ()
    button(page, ASK).click().run()
    (job,) = list_jobs("detect")
    assert page.query_params["detect"].endswith(job.id)


def test_what_is_better_is_told_shown_and_used_by_one_press(asked):
    detection = made_detection(3, pictures=PICTURES)
    at = asked(detection)
    assert at.error[0].value.startswith("**The images are prepared wrongly. Crop 97 %** is surely better")
    assert "100 images become right and 20 wrong" in at.error[0].value
    assert "90.00 % top-1 in place of 30.00 %" in at.error[0].value
    assert len(at.get("plotly_chart")) == 1
    assert [one.captions for one in at.image] == [["cat, now"], ["cat, crop 97 %"]]
    button(at, "Use it").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).preprocess == detection.winner.preprocess
    assert ASK in labels(at)  # of the new preparation nothing is known


def test_where_nothing_is_better_nothing_can_be_used(asked):
    at = asked(made_detection(3, better=None, comparison=None))
    assert at.success[0].value.startswith("None is surely better")
    assert "Use it" not in labels(at)


def test_few_images_are_said_to_be_too_few(asked):
    few = made_detection(3, better=None, comparison=None)
    few = few.model_copy(update={"trials": tuple(one.model_copy(update={"n_images": 5}) for one in few.trials)})
    at = asked(few)
    assert "5 images cannot show" in at.info[0].value
    assert not at.success


def test_without_labels_it_is_a_hint_and_never_an_accuracy(asked):
    hint = made_detection(3, labelled=False, better=None, comparison=None)
    bare = dict.fromkeys(("top1", "low", "high", "reference", "n_better", "n_worse", "p_value"))
    at = asked(hint.model_copy(update={"trials": tuple(one.model_copy(update=bare) for one in hint.trials)}))
    assert at.info[0].value.startswith("**A hint, no more.**")
    assert {"Use it"} & set(labels(at)) == set()
    columns = set(at.table[0].value.columns)
    assert {"Confidence", "Entropy", "Different answers"} <= columns
    assert not {"Top-1", "p"} & columns


def test_what_was_not_tried_is_named_and_can_be_looked_for_longer(asked):
    found = made_detection(3, better=None, comparison=None)
    at = asked(found.model_copy(update={"untried": (found.trials[-1].preprocess,)}))
    assert "Not tried, as the time was up: crop 97" in words(at)
    button(at, "Look longer").click().run()
    assert not at.exception
    minutes = [job.state for job in list_jobs("detect")]
    assert minutes == ["queued", "done"]
    assert "Look longer" not in labels(at)


def test_a_failure_is_a_sentence_and_it_can_be_tried_again(asked):
    at = asked(state="failed", error=Note(code="run", text="the model does not run"))
    assert "The model does not run" in "".join(one.value for one in at.error)
    button(at, "Try again").click().run()
    assert [job.state for job in list_jobs("detect")] == ["queued", "failed"]


@pytest.mark.parametrize("changed", [
    {"model": SampleModel()}, {"model": None}, {"data": None, "synthetic": True},
    {"model": FileModel(sha256="0" * 64), "data": ArraysData(sha256="0" * 64)},
], ids=["the sample", "no model", "no data", "arrays"])  # fmt: skip
def test_it_is_not_there_where_there_is_no_choice(app, changed):
    assert ASK not in labels(opened(app, DRAFT.replace(**changed)))


def recipe(**changed) -> Recipe:
    return Recipe.parse({"model": RANDOM, "data": SampleData(), "steps": [{"technique": "simplify"}]} | changed)


def test_a_broken_baseline_is_told_in_red_once_above_all_and_leads_to_the_detective(app, finished):
    run = finished(made_report(recipe=recipe(), warnings=(BROKEN,)))
    at = app("pages/results.py", run=run.id)
    assert at.error[0].value.startswith("**The baseline looks broken")
    assert not [one for one in at.warning if "looks broken" in one.value]
    button(at, "Look for the right preprocessing").click().run()
    assert not at.exception
    assert ASK in labels(at)
    assert from_link(at.query_params["draft"]).model == RANDOM


@pytest.mark.parametrize("changed", [
    {"model": SampleModel()}, {"data": None},
    {"steps": [{"technique": "finetune"}]},
], ids=["the sample", "no data", "a fine-tune"])  # fmt: skip
def test_no_detective_where_the_preprocessing_is_no_question(app, finished, changed):
    run = finished(made_report(recipe=recipe(**changed), warnings=(BROKEN,)))
    at = app("pages/results.py", run=run.id)
    assert at.error[0].value.startswith("**The baseline looks broken")
    assert "Look for the right preprocessing" not in labels(at)


def test_a_sound_baseline_is_not_accused(app, finished):
    at = app("pages/results.py", run=finished(made_report(recipe=recipe())).id)
    assert not at.error
