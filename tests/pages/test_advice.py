"""The advisor on the Model page: offered, followed, told, and the ways on from it."""

import pytest

from engine import Distill, SampleModel, TimmModel, list_jobs
from engine.analyses.pareto import advised
from engine.results import Note, Published
from engine.store.folders import Outcome, now
from pages._ui.draft import Draft, from_link, to_link
from pages._ui.model.advice_view import ASK
from tests.made import made_advice, made_architecture, made_profile
from tests.pages.conftest import claim
from tests.pages.test_pages import button, words

PROFILE = made_profile(
    name="sample digits",
    weights="sample",
    inputs={"image": ("N", 1, 64, 64)},
    opset=20,
    parameters=4_900_000,
    macs=80_000_000,
    size_bytes=19_700_000,
    n_outputs=10,
)
FIGURE = Published(tag="e2400_r224_in1k", img_size=224, top1=0.738)
FAST = made_architecture("mobilenetv4_conv_small", 0.5, None, published=FIGURE)
SLOW = made_architecture("convnext_nano", 3.0, 0.823)
REFUSED = made_architecture("efficientvit_b0", None, 0.7, refused=Note(code="source", text="it cannot take 8 px"))


@pytest.fixture
def page(app, answer):
    """The Model page with the sample, its profile in place."""
    at = app("pages/model.py", draft=to_link(Draft(model=SampleModel())))
    answer(PROFILE)
    return at.run()


@pytest.fixture
def asked(page, queue):
    """The same, with advice being measured; ends with an advice and a state."""
    button(page, ASK).click().run()
    id = claim(queue, "advice")

    def end(advice=None, state="done"):
        if advice is not None:
            queue.home.job(id).write("result.json", advice)
        if state != "running":
            queue.finish(id, Outcome(state=state, exit_status=0, started=now(), finished=now()))
        return page.run()

    return end


def test_nothing_is_measured_before_it_is_asked_for(page):
    assert "About 6 min" in words(page)
    assert [job.kind for job in list_jobs(None)] == ["profile"]
    button(page, ASK).click().run()
    assert [job.kind for job in list_jobs(None)] == ["advise", "profile"]
    assert page.query_params["advice"].endswith(list_jobs("advise")[0].id)


def test_figures_are_shown_as_they_come_and_it_can_be_stopped(asked):
    at = asked(advised(made_advice(FAST, made_architecture("convnext_nano", None, 0.8), complete=False)), "running")
    assert {metric.label: metric.value for metric in at.metric}["Measured"] == "1 of 2"
    assert len(at.get("plotly_chart")) == 2
    button(at, "Stop").click().run()
    assert not at.exception


def test_the_advice_is_a_sentence_a_chart_and_a_table(asked):
    at = asked(advised(made_advice(SLOW, FAST, REFUSED)))
    assert "the fastest that is at least as accurate is mobilenetv4" in words(at).replace("\\", "")
    frame = at.dataframe[0].value
    assert frame["Architecture"].tolist() == ["mobilenetv4_conv_small", "convnext_nano"]
    assert frame["95 %"].tolist() == ["0.45 to 0.55", "2.70 to 3.30"]
    assert frame["advice"].tolist() == ["faster, better, front", "front"]
    assert "published at 224 px" in words(at)
    assert "it cannot take 8 px" in words(at).lower()
    assert at.expander[-1].label == "1 architecture could not be measured"
    assert not any(button.label == "Go on" for button in at.button)


def test_start_takes_the_architecture_with_the_weights_whose_figure_is_shown(asked):
    at = asked(advised(made_advice(SLOW, FAST)))
    button(at, "Start from this one").click().run()
    assert from_link(at.query_params["draft"]).model == TimmModel(
        name="mobilenetv4_conv_small.e2400_r224_in1k", in_chans=1, img_size=64
    )
    assert at.button_group[0].value == "Catalogue"


def test_distil_switches_the_card_on_and_leads_to_optimize(asked):
    at = asked(advised(made_advice(SLOW, FAST)))
    button(at, "Distil into this one").click().run()
    assert at.title[0].value == "Optimize"
    assert Distill(student="mobilenetv4_conv_small.e2400_r224_in1k") in from_link(at.query_params["draft"]).steps


def test_where_nothing_could_be_measured_it_says_why(asked):
    note = Note(code="out_of_time", text="The 12 minutes were up after 0 of 1 architectures")
    at = asked(advised(made_advice(REFUSED)).model_copy(update={"warnings": (note,)}))
    assert "None of the architectures was measured" in words(at)
    assert "The 12 minutes were up" in words(at)
    assert "it cannot take 8 px" in words(at).lower()


def test_a_model_of_images_that_no_timm_name_can_say_leads_to_the_architectures_own_size(asked):
    told = advised(made_advice(SLOW, FAST))
    at = asked(told.model_copy(update={"own": told.own.model_copy(update={"input_shape": (3, 8, 8)})}))
    button(at, "Start from this one").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).model.img_size is None


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_what_was_measured_stays_where_it_was_ended_early_and_it_can_go_on(asked, state):
    at = asked(advised(made_advice(FAST, made_architecture("convnext_nano", None, 0.8), complete=False)), state)
    assert "1 architecture still to come" in words(at)
    assert len(at.dataframe[0].value) == 1
    button(at, "Go on").click().run()
    assert [job.state for job in list_jobs("advise")] == ["queued", state]


def test_what_a_busy_machine_disturbed_can_be_measured_again(asked):
    at = asked(advised(made_advice(FAST, SLOW.model_copy(update={"busy": True}))))
    button(at, "Measure the disturbed ones again").click().run()
    assert [job.state for job in list_jobs("advise")] == ["queued"]


def test_another_model_has_an_offer_of_its_own(asked, app, answer):
    at = asked(advised(made_advice(FAST)))
    word = at.query_params["advice"]
    other = app(
        "pages/model.py", advice=word, draft=to_link(Draft(model=TimmModel(name="resnet10t", weights="random")))
    )
    answer(PROFILE)
    assert button(other.run(), ASK)
    same = app("pages/model.py", advice=word, draft=to_link(Draft(model=SampleModel())))
    assert len(same.dataframe) == 1


def test_a_file_without_a_published_figure_still_shows_the_front(asked):
    at = asked(advised(made_advice(FAST, SLOW, own=None, architecture=None)))
    assert "No top-1 is published" in words(at).replace("\\", "")
    assert not any(button.label == "Start from this one" for button in at.button)
