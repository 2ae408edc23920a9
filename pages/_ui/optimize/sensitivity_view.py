"""The sensitivity of layer groups on a pruning card: its start, progress and result, and ratios that follow from it."""

from functools import partial

import streamlit as st

from engine import (
    FileModel,
    Finetune,
    Job,
    PruneChannel,
    Sensitivity,
    SensitivityRequest,
    Step,
    cancel,
    charts,
    estimate,
    propose_ratios,
    result,
)
from engine.wording import many
from pages._ui import cards, chrome, linked_analysis, live, notes_view, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.guard import show_error
from pages._ui.state import Action
from pages._ui.wording import roughly, share

ADDRESS = "sensitivity"
ASK = "How much can each layer group lose?"
POINTS = 1.0


def show(step: Step, draft: Draft, index: int) -> Action | None:
    """Draws the part below the form of the card at `index`; the action of a press.

    Nothing is drawn where the step does not prune the channels of a torch model.
    """
    if not isinstance(step, PruneChannel) or draft.model is None or isinstance(draft.model, FileModel):
        return None
    action = _current_ratios(step, index) if step.group_ratios else None
    if any(not isinstance(one, Finetune) for one in cards.steps(draft.cards[:index])):
        st.caption(
            "How much each layer group can lose is seen on the model that you chose, and the steps before this "
            "one make another of it."
        )
        return action
    if draft.data is None:
        st.caption("Choose images, and it can be seen here how much each layer group can lose.")
        return action
    request = SensitivityRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    job = linked_analysis.find(ADDRESS, request)
    if job is None:
        _start_button(request, ASK, index)
    elif job.state not in live.ENDED:
        live.watch(job.id, partial(_progress, index))
    else:
        action = _result(request, job, step, index) or action
    return action


def _start_button(request: SensitivityRequest, label: str, index: int, replaces: Job | None = None) -> None:
    """Draws the button that asks, and what that takes; `replaces` is an incomplete answer, which goes."""
    pressed = st.button(label, icon=":material/query_stats:", key=f"ask-sensitivity-{index}")
    st.caption(
        f"Each group is pruned alone and looked at on calibration images, without training: "
        f"{roughly(estimate(request).seconds)}, estimated. You can stop it, and go on meanwhile."
    )
    if pressed:
        linked_analysis.start_anew(ADDRESS, request, replaces)


def _progress(index: int, job: Job) -> None:
    """Draws the progress and the chart so far; the fragment calls it every second."""
    live.progress(job)
    sensitivity = result(job.id)
    if st.button("Stop", icon=":material/stop:", key=f"stop-sensitivity-{index}", type="tertiary"):
        cancel(job.id)
    if isinstance(sensitivity, Sensitivity):
        chrome.chart(charts.sensitivity(sensitivity), f"sensitivity-so-far-{index}")


def _result(request: SensitivityRequest, job: Job, step: PruneChannel, index: int) -> Action | None:
    sensitivity, action = result(job.id), None
    if job.state == "failed" and job.error:
        show_error(job.error.text, job.error_next)
    if isinstance(sensitivity, Sensitivity):
        notes_view.show(sensitivity.warnings)
        if sensitivity.layers:
            action = _sensitivity(sensitivity, step, index)
    if job.state == "cancelled":
        n_groups = (
            many(len(sensitivity.layers), "layer group") if isinstance(sensitivity, Sensitivity) else "no layer group"
        )
        st.info(
            f"It was stopped with {n_groups} looked at; the others take the ratio of this card.",
            icon=":material/pause_circle:",
        )
    if job.state != "done":
        _start_button(request, "Look again", index)
    elif isinstance(sensitivity, Sensitivity) and not sensitivity.complete:
        _start_button(request, "Go on", index, replaces=job)
    return action


def _sensitivity(sensitivity: Sensitivity, step: PruneChannel, index: int) -> Action | None:
    """Draws the chart and the ratios that follow from it; the action of a press, which sets them."""
    metric = "Accuracy" if sensitivity.labelled else "Agreement with the model as it is"
    st.markdown(f"**{metric}, when one layer group alone loses channels**")
    chrome.chart(charts.sensitivity(sensitivity), f"sensitivity-{index}")
    st.caption(
        f"As it is: {share(sensitivity.top1)} of {many(sensitivity.n_images, 'calibration image')}; one image is "
        f"{100 / sensitivity.n_images:.2g} points. The channels of the smallest weights (L2) go, nothing is "
        "trained."
    )
    action = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        points = st.number_input(
            "A group may lose, points",
            0.0,
            100.0,
            POINTS,
            0.5,
            format="%g",
            width=190,
            key=f"sensitivity-points-{index}",
        )
        ratios = propose_ratios(sensitivity, points / 100)
        new_step = step.model_copy(update={"group_ratios": ratios, "goal": "ratio", "goal_value": None})
        has_ratios = any(new_step.ratio_by_layer.values())
        if st.button(
            "Set the ratios",
            icon=":material/tune:",
            disabled=not has_ratios or new_step == step,
            key=f"set-ratios-{index}",
        ):
            action = partial(_apply, new_step, index)
    if not has_ratios:
        st.caption("No group stays within that at any ratio that was tried. Let them lose more.")
    else:
        st.caption(f"{told(new_step.description)} Together they lose more than each alone: train afterwards.")
    return action


def _current_ratios(step: PruneChannel, index: int) -> Action | None:
    """Draws the ratios of a card's layer groups and the button that clears them; its action."""
    st.info(f"This card has ratios for single layer groups. {told(step.description)}", icon=":material/tune:")
    pressed = st.button(
        "Clear them",
        icon=":material/close:",
        type="tertiary",
        key=state.key(f"clear-ratios-{index}"),
        help="Every group then takes the ratio of this card.",
    )
    return partial(_apply, step.model_copy(update={"group_ratios": ()}), index) if pressed else None


def _apply(step: PruneChannel, index: int) -> None:
    """Replaces the step of the card at `index`."""
    draft = state.draft()
    state.replace_draft(draft.replace(cards=cards.replace(draft.cards, index, step)))
