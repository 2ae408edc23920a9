"""The images on which a variant answers otherwise than the baseline: the most damaging first, with both answers."""

from collections.abc import Sequence

import streamlit as st

from engine import (
    CHANGE_TITLES,
    ArraysData,
    Disagreement,
    Disagreements,
    Job,
    Report,
    Variant,
    find_disagreements,
    report_measure,
    result,
    result_file,
    start_disagreements,
)
from engine.wording import many, percent
from pages._ui import chrome, variant_choice
from pages._ui.guard import guarded
from pages._ui.results.variant_analysis import ProgressCard, finished
from pages._ui.wording import plain

PER_PAGE = 24
ALL = "all classes"


def has_images(report: Report) -> bool:
    """Whether there is a variant of a classifier that was measured on images."""
    is_classifier = report_measure(report) in (None, "agreement")
    on_images = report.recipe.data is not None and not isinstance(report.recipe.data, ArraysData)
    return is_classifier and on_images and len(report.main_variants) > 1 and report.recommended is not None


def show(report: Report) -> None:
    """Draws the choice of a variant, then its button, its progress, or its images."""
    others = [one for one in report.main_variants if one.role != "baseline"]
    variant = variant_choice.choose(report, others, "Variant beside the baseline")
    if variant is None:
        return
    progress = ProgressCard("disagreements", "Asking both about every image")
    job = finished(find_disagreements, report, variant, _start_card, progress)
    if job is not None:
        found = result(job.id)
        if isinstance(found, Disagreements):
            _images(job, found)


def _start_card(report: Report, variant: Variant) -> None:
    """Draws the button."""
    with chrome.card("disagreements", "Which images change their answer?"):
        st.markdown(
            "Baseline and variant are asked about every image that reports. Those on which they disagree are shown "
            "with both answers, the most damaging first, and with what in the image each answer rests on."
        )
        if st.button("Look at the images", type="primary", icon=":material/imagesmode:", key="disagreements-now"):
            with guarded():
                start_disagreements(report.run_id, variant.id)
                st.rerun()


def _images(job: Job, found: Disagreements) -> None:
    n_changed = sum(found.counts.values())
    part = "" if found.n_images == found.n_evaluation else f" of {found.n_evaluation:,}, since the time was up"
    st.markdown(
        f"**{n_changed:,} of {many(found.n_images, 'image')}**{part} have another answer"
        + (
            f": {', '.join(f'{count:,} {CHANGE_TITLES[kind]}' for kind, count in found.counts.items())}."
            if n_changed
            else ". Nothing to look through."
        )
    )
    if not n_changed:
        return
    rows = _filtered(found)
    if n_changed > len(found.rows):
        st.caption(f"The {len(found.rows):,} most damaging are here.")
    if not rows:
        st.info("None is of this kind and this class.", icon=":material/filter_alt:")
        return
    n_pages = -(-len(rows) // PER_PAGE)
    number = min(st.pagination(n_pages, key="images-page", bind="query-params"), n_pages) if n_pages > 1 else 1
    _grid(job, rows[PER_PAGE * (number - 1) : PER_PAGE * number], PER_PAGE * (number - 1))
    if any(row.baseline_map for row in rows):
        st.caption(
            "The second picture is redder where covering that part of the image takes more probability from the "
            "baseline's answer, the third the same of the variant's (occlusion, Zeiler and Fergus 2014)."
        )


def _filtered(found: Disagreements) -> Sequence[Disagreement]:
    """Draws the two filters; the rows that they leave."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = st.pills(
            "Kind",
            list(found.counts),
            selection_mode="multi",
            format_func=CHANGE_TITLES.__getitem__,
            key="kinds",
            bind="query-params",
        )
        classes = sorted({row.label or row.baseline_answer for row in found.rows})
        chosen = st.selectbox("Class", [ALL, *classes], key="class", bind="query-params")
    return [
        row
        for row in found.rows
        if (not kinds or row.kind in kinds) and chosen in (ALL, row.label or row.baseline_answer)
    ]


def _grid(job: Job, rows: Sequence[Disagreement], first: int) -> None:
    with st.container(key="changes"), st.grid("auto", min_column_width=210, gap="small"):
        for number, row in enumerate(rows, start=first):
            with chrome.card(f"change-{number}", fill=True):
                _card(job, row)


def _card(job: Job, row: Disagreement) -> None:
    name = f"{row.label or row.baseline_answer}: {row.baseline_answer} became {row.variant_answer}"
    if row.baseline_map is not None and row.variant_map is not None:
        files = {row.picture: name, row.baseline_map: f"baseline, {name}", row.variant_map: f"variant, {name}"}
    else:
        files = {row.picture: name}
    with st.container(horizontal=True, gap="xsmall"):
        for file, alt in files.items():
            st.image(str(result_file(job.id, file)), width=62 if len(files) > 1 else 130, alt=plain(alt))
    label = f"Labelled **{plain(row.label)}**" if row.label is not None else "No label"
    st.markdown(
        f"{label} · {CHANGE_TITLES[row.kind]}\n\n"
        f"Baseline: **{plain(row.baseline_answer)}** {percent(row.baseline_probability)}\n\n"
        f"Variant: **{plain(row.variant_answer)}** {percent(row.variant_probability)}"
    )
    if row.label_is_doubtful:
        st.badge("the label may be wrong", icon=":material/help:", color="orange")
    st.caption(plain(row.image_id))
