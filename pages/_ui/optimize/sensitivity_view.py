"""How much each layer group can lose: offered, followed and told on a card that prunes, and the ratios set from it."""

from functools import partial

import streamlit as st

from engine import (
    FileModel,
    Finetune,
    Job,
    PruneChannel,
    RequestError,
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
from pages._ui import cards, chrome, linked_analysis, live, state
from pages._ui.draft import Draft
from pages._ui.guard import say
from pages._ui.state import Act
from pages._ui.wording import plain, roughly, sentence, share

ADDRESS = "sensitivity"
ASK = "How much can each layer group lose?"
POINTS = 1.0


def show(step: Step, draft: Draft, index: int) -> Act | None:
    """Below the settings of the card at `index`, and what was pressed; nothing where it does not prune channels of a
    torch model."""
    if not isinstance(step, PruneChannel) or draft.model is None or isinstance(draft.model, FileModel):
        return None
    act = _set(step, index) if step.group_ratios else None
    if any(not isinstance(one, Finetune) for one in cards.steps(draft.cards[:index])):
        st.caption(
            "How much each layer group can lose is seen on the model that you chose, and the steps before this "
            "one make another of it."
        )
        return act
    if draft.data is None:
        st.caption("Choose images, and it can be seen here how much each layer group can lose.")
        return act
    request = SensitivityRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    found = linked_analysis.started(ADDRESS, request)
    if found is None:
        _add_candidate(request, ASK, index)
    elif found.state not in live.ENDED:
        live.watch(found.id, partial(_going, index))
    else:
        act = _ended(request, found, step, index) or act
    return act


def _add_candidate(request: SensitivityRequest, label: str, index: int) -> None:
    pressed = st.button(label, icon=":material/query_stats:", key=f"ask-sensitivity-{index}")
    st.caption(
        f"Each group is pruned alone and looked at on calibration images, without training: "
        f"{roughly(estimate(request).seconds)}, estimated. You can stop it, and go on meanwhile."
    )
    if pressed:
        try:
            linked_analysis.start(ADDRESS, request)
        except RequestError as error:
            say(error.message, error.next)


def _going(index: int, found: Job) -> None:
    """What the fragment draws each second."""
    live.progress(found)
    seen = result(found.id)
    if st.button("Stop", icon=":material/stop:", key=f"stop-sensitivity-{index}", type="tertiary"):
        cancel(found.id)
    if isinstance(seen, Sensitivity):
        chrome.chart(charts.sensitivity(seen), f"sensitivity-so-far-{index}")


def _ended(request: SensitivityRequest, found: Job, step: PruneChannel, index: int) -> Act | None:
    seen, act = result(found.id), None
    if found.state == "failed" and found.error:
        say(found.error.text, found.error_next)
    if isinstance(seen, Sensitivity):
        for note in seen.warnings:
            st.warning(plain(sentence(note.text)), icon=":material/warning:")
        if seen.layers:
            act = _told(seen, step, index)
    if found.state == "cancelled":
        looked_at = many(len(seen.layers), "layer group") if isinstance(seen, Sensitivity) else "no layer group"
        st.info(
            f"It was stopped with {looked_at} looked at; the others take the ratio of this card.",
            icon=":material/pause_circle:",
        )
    if found.state != "done":
        _add_candidate(request, "Look again", index)
    return act


def _told(seen: Sensitivity, step: PruneChannel, index: int) -> Act | None:
    """The chart, what it was seen on, and the ratios that follow from it; setting them, where that was pressed."""
    what = "Accuracy" if seen.labelled else "Agreement with the model as it is"
    st.markdown(f"**{what}, when one layer group alone loses channels**")
    chrome.chart(charts.sensitivity(seen), f"sensitivity-{index}")
    st.caption(
        f"As it is: {share(seen.top1)} of {many(seen.n_images, 'calibration image')}; one image is "
        f"{100 / seen.n_images:.2g} points. The channels of the smallest weights (L2) go, nothing is "
        "trained."
    )
    act = None
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
        ratios = propose_ratios(seen, points / 100)
        wanted = step.model_copy(update={"group_ratios": ratios, "goal": "ratio", "goal_value": None})
        some = any(wanted.ratio_by_layer.values())
        if st.button(
            "Set the ratios", icon=":material/tune:", disabled=not some or wanted == step, key=f"set-ratios-{index}"
        ):
            act = partial(_take, wanted, index)
    if not some:
        st.caption("No group stays within that at any ratio that was tried. Let them lose more.")
    else:
        st.caption(f"{plain(sentence(wanted.words))} Together they lose more than each alone: train afterwards.")
    return act


def _set(step: PruneChannel, index: int) -> Act | None:
    """What a card's own ratios are, and the way to be rid of them."""
    st.info(f"This card has ratios for single layer groups. {plain(sentence(step.words))}", icon=":material/tune:")
    pressed = st.button(
        "Clear them",
        icon=":material/close:",
        type="tertiary",
        key=state.key(f"clear-ratios-{index}"),
        help="Every group then takes the ratio of this card.",
    )
    return partial(_take, step.model_copy(update={"group_ratios": ()}), index) if pressed else None


def _take(step: PruneChannel, index: int) -> None:
    draft = state.draft()
    state.replace_draft(draft.changed(cards=cards.changed(draft.cards, index, step)))
