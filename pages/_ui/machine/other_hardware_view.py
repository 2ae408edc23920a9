"""What other hardware would bring, estimated from published figures, and which export each class of it wants."""

import pandas as pd
import streamlit as st

from engine import (
    DEVICES,
    THROUGHPUT_SOURCE,
    PublishedThroughput,
    Report,
    TimmModel,
    export_advice,
    nearest_throughput,
    published_throughput,
    throughput_names,
)
from pages._ui import chrome, state
from pages._ui.machine.subject import Subject
from pages._ui.wording import plain, sentence

DEFAULT = "resnet50"


def show(subject: Subject) -> None:
    """Draws published images per second for the subject's architecture, or for one that is chosen, and the exports."""
    with chrome.card("other-hardware", "What other hardware would bring", "An estimate, from published figures"):
        figures, names = _of_subject(subject), throughput_names()
        name = figures.name if figures is not None else DEFAULT
        chosen = st.selectbox(
            "Architecture", names, index=names.index(name), key=f"published-{subject.run or name}", width=420
        )
        published = published_throughput(chosen or DEFAULT)
        if published is not None:
            _say_which(subject, figures, published)
            _table(subject.report, published)
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


def _table(report: Report | None, published: PublishedThroughput) -> None:
    baseline = report.baseline if report is not None else None
    throughput = baseline.throughput if baseline is not None else None
    rows = []
    for device, title in DEVICES.items():
        rate = published.images_per_s.get(device)
        row = {"Hardware": title, "Published, images/s": f"{rate:,.0f}" if rate is not None else "–"}
        if baseline is not None and baseline.macs and throughput is not None:
            times = rate * published.gmacs * 1e9 / baseline.macs / throughput.images_per_s if rate is not None else None
            row["Beside the baseline here, estimated"] = f"about {times:.2g} times" if times is not None else "–"
        rows.append(row)
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Published images per second by hardware")
    if throughput is not None:
        st.caption(
            f"The baseline does {throughput.images_per_s:,.0f} images/s here, in batches of {throughput.batch_size}."
        )


def _exports() -> None:
    st.markdown("**Which export each wants**")
    for one in export_advice():
        st.markdown(f"- {plain(one.hardware)}: **{plain(one.export)}**. {plain(sentence(one.why))}")
        st.caption(f"Measured by us: {plain(sentence(one.evidence))}")
