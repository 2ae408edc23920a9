"""What other hardware would bring, estimated from published figures, and which export each class of it wants."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from engine import (
    DEVICES,
    THROUGHPUT_SOURCE,
    PublishedThroughput,
    TimmModel,
    Workloads,
    export_advice,
    nearest_throughput,
    published_throughput,
    throughput_names,
    timed_elsewhere,
)
from pages._ui import chrome, state
from pages._ui.browser_terms import told
from pages._ui.machine.subject import ARCHITECTURE, Subject
from pages._ui.wording import plain

DEFAULT = "resnet50"


class OwnSpeed(NamedTuple):
    """Images a second of the subject: of whose file, in which batches, at how many multiply-adds, and on which CPU."""

    name: str
    images_per_s: float
    batch_size: int
    macs: int | None
    cpu: str


def show(subject: Subject, workloads: Workloads | None) -> None:
    """Draws published images per second for the subject's architecture, or for one that is chosen, and the exports.

    `workloads` are those of the subject, where they are known.
    """
    with chrome.card("other-hardware", "What other hardware would bring", "An estimate, from published figures"):
        figures, names = _of_subject(subject), throughput_names()
        name = figures.name if figures is not None else DEFAULT
        asked = state.param(ARCHITECTURE)
        chosen = st.selectbox(
            "Architecture",
            names,
            index=names.index(asked if asked in names else name),
            key=f"published-{subject.run or name}",
            width=420,
        )
        state.set_param(ARCHITECTURE, chosen if chosen != name else None)
        published = published_throughput(chosen or DEFAULT)
        if published is not None:
            _say_which(subject, figures, published)
            _table(_own_speed(subject, workloads), published)
        st.caption(
            f"Published images per second: {plain(THROUGHPUT_SOURCE)}. The cards ran in batches of up to 1,024 images: "
            "for one image at a time their figures are upper bounds. Nothing of it was measured here."
        )
        _exports()


def _of_subject(subject: Subject) -> PublishedThroughput | None:
    """The figures of the own architecture, else of the nearest one by multiply-adds; None where these are not known.

    Where nothing is set against the machine, the own architecture is that of the draft.
    """
    model = state.draft().model
    drafted = model.name if subject == Subject() and isinstance(model, TimmModel) else None
    name = subject.architecture or drafted
    own = published_throughput(name) if name is not None else None
    return own or (nearest_throughput(subject.macs) if subject.macs else None)


def _say_which(subject: Subject, figures: PublishedThroughput | None, published: PublishedThroughput) -> None:
    """Draws whose figures these are, and how far they are from the subject's model."""
    at = f"{plain(published.name)} at {published.img_size} px, {published.gmacs:g} · 10⁹ multiply-adds an image"
    if not subject.macs:
        st.markdown(f"Figures of {at}.")
        return
    is_own = (subject.architecture or "").partition(".")[0] == published.name
    which = "of your model's architecture" if is_own else "of another architecture than your model's"
    nearest = ", the nearest one by multiply-adds" if not is_own and published == figures else ""
    st.markdown(
        f"Figures {which}{nearest}: {at}; your model has {subject.macs / 1e9:.3g} · 10⁹. The estimate takes "
        "equal multiply-adds for equal time."
    )


def _own_speed(subject: Subject, workloads: Workloads | None) -> OwnSpeed | None:
    """The speed of the run's baseline, or of the model as the roofline has timed it; None where it is not known."""
    if subject.report is not None:
        base = subject.report.baseline
        if base is None or base.throughput is None:
            return None
        rate = base.throughput
        return OwnSpeed("the baseline", rate.images_per_s, rate.batch_size, base.macs, subject.report.latency_cpu)
    timed = next((one for one in workloads.workloads if one.latency is not None), None) if workloads else None
    if workloads is None or timed is None or timed.latency is None:
        return None
    rate, size = 1000 * timed.latency.batch_size / timed.latency.p50_ms, timed.latency.batch_size
    return OwnSpeed("your model", rate, size, timed.macs, workloads.cpu)


def _table(own: OwnSpeed | None, published: PublishedThroughput) -> None:
    """Draws the published figures, and beside them how many times as fast that is, where the own speed is of here."""
    elsewhere = timed_elsewhere(own.cpu) if own is not None else ""
    beside = own if not elsewhere else None
    rows = []
    for device, title in DEVICES.items():
        rate = published.images_per_s.get(device)
        row = {"Hardware": title, "Published, images/s": f"{rate:,.0f}" if rate is not None else "–"}
        if beside is not None and beside.macs:
            times = rate * published.gmacs * 1e9 / beside.macs / beside.images_per_s if rate is not None else None
            row[f"Beside {beside.name} here, estimated"] = _times(times) if times is not None else "–"
        rows.append(row)
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Published images per second by hardware")
    if beside is not None:
        speed = f"{beside.name} does {beside.images_per_s:,.0f} images/s here, in batches of {beside.batch_size}"
        st.caption(told(speed))
    elif own is not None:
        st.caption(told(f"there is no estimate beside {own.name}: {elsewhere}"))


def _times(ratio: float) -> str:
    """An estimated ratio in two digits, as a number without an exponent."""
    return f"about {float(f'{ratio:.2g}'):,g} times"


def _exports() -> None:
    st.markdown("**Which export each wants**")
    for one in export_advice():
        st.markdown(f"- {plain(one.hardware)}: **{plain(one.export)}**. {told(one.why)}")
        st.caption(f"Measured by us: {told(one.evidence)}")
