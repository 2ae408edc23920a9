"""How much each layer group can lose, on the card that prunes: offered, followed, told, and ratios set from it."""

import pytest

from engine import FileModel, PruneChannel, PruneSparse, SampleModel, Swap, TimmModel, list_jobs
from engine.results import LayerSensitivity, Note, Sensitivity, SensitivityPoint
from engine.store.folders import Outcome, now
from pages._ui import wording
from pages._ui.cards import of_chain
from pages._ui.draft import Draft, from_link, sample, to_link
from pages._ui.optimize.sensitivity_view import ASK
from tests.pages.conftest import claim
from tests.pages.test_pages import button, words

GROUPS = {"layer1.0.conv1": (0.98, 0.97, 0.5), "layer2.0.conv1": (0.6, 0.4, 0.1), "fixed": ()}
OWN = ("layer1.0.conv1=0.5", "layer2.0.conv1=0", "fixed=0")


def seen(n=3, **changed):
    layers = tuple(
        LayerSensitivity(
            layer=name,
            channels=64,
            points=tuple(
                SensitivityPoint(ratio=ratio, top1=top1) for ratio, top1 in zip((0.25, 0.5, 0.75), found, strict=False)
            ),
        )
        for name, found in list(GROUPS.items())[:n]
    )
    return Sensitivity(**({"layers": layers, "top1": 0.98, "labelled": True, "n_images": 180} | changed))


def opened(app, *steps, **changed):
    return app("pages/optimize.py", draft=to_link(sample().replace(cards=of_chain(steps), **changed)))


@pytest.fixture
def page(app):
    return opened(app, PruneChannel(goal="macs", goal_value=0.5))


@pytest.fixture
def asked(page, queue):
    """The Optimize page with a sensitivity that is asked for; ends with a result and a state."""
    button(page, ASK).click().run()
    id = claim(queue, "advice")

    def end(found=None, state="done", error=None):
        if found is not None:
            queue.home.job(id).write("result.json", found)
        if state != "running":
            queue.finish(
                id,
                Outcome(state=state, error=error, next="Choose another", exit_status=0, started=now(), finished=now()),
            )
        return page.run()

    return end


def step(at):
    return from_link(at.query_params["draft"]).cards[0].step


def labels(at):
    return [button.label for button in at.button]


def test_nothing_is_looked_at_before_it_is_asked_for(page):
    assert "estimated" in words(page)
    assert list_jobs("sensitivity") == ()
    button(page, ASK).click().run()
    (job,) = list_jobs("sensitivity")
    assert (job.kind, job.estimate_seconds > 5) == ("sensitivity", True)
    assert page.query_params["sensitivity"].endswith(job.id)


def test_it_is_shown_as_it_comes_and_can_be_stopped(asked):
    at = asked(seen(1), "running")
    assert len(at.get("plotly_chart")) == 1
    button(at, "Stop").click().run()
    assert not at.exception


def test_the_ratios_are_set_from_it_said_in_words_and_cleared_again(asked):
    at = asked(seen())
    assert "one image is 0.56 points" in words(at)
    button(at, "Set the ratios").click().run()
    assert step(at) == PruneChannel(group_ratios=OWN)
    assert wording.plain(PruneChannel(group_ratios=OWN).description.removeprefix("remove ")) in words(at)
    assert button(at, "Set the ratios").disabled
    button(at, "Clear them").click().run()
    assert step(at) == PruneChannel()
    assert "Clear them" not in labels(at)


def test_more_points_make_larger_ratios_and_none_is_a_sentence(asked):
    at = asked(seen(layers=seen().layers[1:]))
    assert button(at, "Set the ratios").disabled
    assert "No group stays within that" in words(at)
    at.number_input(key="sensitivity-points-0").set_value(40.0).run()
    button(at, "Set the ratios").click().run()
    assert step(at).ratio_by_layer == {"layer2.0.conv1": 0.25, "fixed": 0}


def test_without_labels_it_is_agreement(asked):
    assert "Agreement with the model as it is, when" in words(asked(seen(labelled=False)))


def test_a_warning_is_said_where_no_group_was_looked_at_too(asked):
    at = asked(seen(0, warnings=(Note(code="out_of_time", text="the 30 minutes were up"),)))
    assert at.warning[0].value == "The 30 minutes were up\\."
    assert not at.get("plotly_chart")


def test_what_was_seen_stays_where_it_was_stopped_and_it_can_be_looked_at_again(asked):
    at = asked(seen(2), "cancelled")
    assert "stopped with 2 layer groups looked at" in words(at)
    button(at, "Set the ratios").click().run()
    assert step(at).group_ratios == OWN[:2]
    button(at, "Look again").click().run()
    assert [job.state for job in list_jobs("sensitivity")] == ["queued", "cancelled"]


def test_what_its_minutes_cut_short_can_go_on(asked):
    at = asked(seen(1, warnings=(Note(code="out_of_time", text="the 30 minutes were up"),)))
    assert "Set the ratios" in labels(at)
    (first,) = list_jobs("sensitivity")
    button(at, "Go on").click().run()
    assert not at.exception
    (again,) = list_jobs("sensitivity")
    assert (again.id != first.id, again.state) == (True, "queued")


def test_what_is_whole_is_not_asked_again(asked):
    assert not {"Go on", "Look again"} & set(labels(asked(seen())))


def test_a_failure_is_a_sentence_and_it_can_be_looked_at_again(asked):
    at = asked(state="failed", error=Note(code="data", text="there are no calibration images"))
    assert at.error[0].value.startswith("There are no calibration images")
    assert "Look again" in labels(at)


def test_the_address_keeps_it_for_its_own_model_alone(asked, app):
    at = asked(seen())
    word = at.query_params["sensitivity"]
    for model, label in ((SampleModel(), "Set the ratios"), (TimmModel(name="resnet10t", weights="random"), ASK)):
        draft = to_link(sample().replace(cards=of_chain([PruneChannel()]), model=model))
        assert button(app("pages/optimize.py", sensitivity=word, draft=draft), label)


@pytest.mark.parametrize(("changed", "steps"), [
    ({"model": FileModel(sha256="0" * 64)}, [PruneChannel()]), ({"model": None}, [PruneChannel()]),
    ({}, [PruneSparse(method="sparse")]),
])  # fmt: skip
def test_it_is_not_on_offer_where_no_channel_of_a_torch_model_goes(app, changed, steps):
    at = opened(app, *steps, **changed)
    assert ASK not in labels(at)
    assert "layer group can lose" not in words(at)


def test_what_is_missing_is_a_sentence(app):
    assert "Choose images, and it can be seen here" in words(opened(app, PruneChannel(), data=None, synthetic=True))
    at = opened(app, Swap(architecture="resnet18"), PruneChannel())
    assert "make another of it" in words(at)
    assert ASK not in labels(at)


def test_a_network_that_resists_is_refused_at_once(app):
    at = opened(app, PruneChannel(), model=TimmModel(name="rexnet_100", weights="random"))
    button(at, ASK).click().run()
    assert "Prune cannot cut channels of 'rexnet\\_100'" in at.error[0].value
    assert list_jobs("sensitivity") == ()


def test_a_draft_without_a_choice_draws_its_card(app):
    assert "Clear them" in labels(
        app(
            "pages/optimize.py",
            draft=to_link(Draft(model=SampleModel(), cards=of_chain([PruneChannel(group_ratios=OWN)]))),
        )
    )
