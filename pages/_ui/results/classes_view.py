"""What a variant changes for each class: the largest changes with their intervals, and where its answers move to."""

import csv
import io

import streamlit as st

from engine import ClassChanges, Report, Variant, answers_are_classes, charts, class_changes, move_text
from engine.wording import many
from pages._ui import chrome, variant_choice
from pages._ui.wording import plain

COLUMNS = ("class", "images", "baseline_right", "right", "lost", "won", "change", "low", "high", "too_few_images")
MOST_MOVES = 8
MOST_FEW = 8


def has_classes(report: Report) -> bool:
    """Whether there is a variant whose answers are classes."""
    return answers_are_classes(report) and len(report.main_variants) > 1


def show(report: Report) -> None:
    """Draws the choice of a variant, then its changes by class."""
    others = [one for one in report.main_variants if one.role != "baseline" and one.fidelity is not None]
    variant = variant_choice.choose(report, others, "Variant beside the baseline")
    if variant is None:
        return
    changes = class_changes(report.run_id, variant.id)
    _summary(changes)
    if not changes.n_changed:
        st.info("Every image has the baseline's answer, so that no class changes.", icon=":material/equal:")
    _classes(changes)
    if changes.cells:
        _confusion(changes)
    _download(changes, variant)


def _summary(changes: ClassChanges) -> None:
    what = "top-1" if changes.labelled else "agreement"
    n_lost = sum(row.high < 0 for row in changes.rows)
    n_won = sum(row.low > 0 for row in changes.rows)
    won = f", {n_won:,} surely more" if n_won else ""
    st.markdown(
        f"**{changes.n_changed:,} of {many(changes.n_images, 'image')}** that report have another answer than the "
        f"baseline's. {n_lost:,} of {many(len(changes.rows), 'class')} surely have less {what}{won}."
    )
    if changes.labels_missing:
        st.warning(
            "This run is from before labels were stored beside the answers: only agreement with the baseline is "
            "shown. Run its recipe again; its files and answers are reused.",
            icon=":material/history:",
        )
    elif not changes.labelled:
        st.caption("There are no labels: a class has the images that the baseline takes for it, whether right or not.")


def _classes(changes: ClassChanges) -> None:
    what = "Top-1" if changes.labelled else "Agreement"
    with chrome.card(
        "class-changes",
        f"{what} by class",
        "The largest changes first. Grey: the interval reaches no change. Hollow: too few images for a statement.",
    ):
        chrome.chart(charts.class_changes(changes), "class-changes-chart")
        st.caption(
            "Paired intervals (Tango's score), widened after Bonferroni so that those of all classes hold together "
            "with 95 %: with many classes, some change by chance."
        )
    if changes.few:
        names = ", ".join(f"{plain(row.name)} ({row.n_images})" for row in changes.few[:MOST_FEW])
        more = f" and {len(changes.few) - MOST_FEW:,} more" if len(changes.few) > MOST_FEW else ""
        st.caption(
            f"{many(len(changes.few), 'class')} with too few images for a statement, 20 or fewer: {names}{more}."
        )


def _confusion(changes: ClassChanges) -> None:
    shown = len(charts.moved_classes(changes))
    of = "" if shown == len(changes.rows) else f", the {shown} classes that the largest moves are about"
    with chrome.card(
        "confusion-difference",
        "Where answers move to",
        f"The confusion matrix of the variant minus the baseline's, in images{of}.",
    ):
        st.markdown("\n".join(f"- {plain(move_text(changes, move))}" for move in changes.moves[:MOST_MOVES]))
        chrome.chart(charts.confusion_difference(changes), "confusion-difference-chart")


def _download(changes: ClassChanges, variant: Variant) -> None:
    st.download_button(
        "All classes as CSV",
        as_csv(changes),
        mime="text/csv",
        file_name=f"classes-{variant.id}.csv",
        icon=":material/table:",
        on_click="ignore",
    )


def as_csv(changes: ClassChanges) -> str:
    """A line a class, the largest change first."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in changes.rows:
        counts = (row.n_images, row.n_baseline_right, row.n_right, row.n_lost, row.n_won)
        writer.writerow((row.name, *counts, row.change, row.low, row.high, row.has_few))
    return file.getvalue()
