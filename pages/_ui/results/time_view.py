"""Where the time of a call goes, in the baseline and in a variant: by operator, and node by node."""

import csv
import io

import streamlit as st

from engine import (
    Job,
    Report,
    TimeProfile,
    Variant,
    charts,
    delete,
    find_time_profile,
    parts_text,
    result,
    start_time_profile,
    target_title,
)
from engine.wording import many
from pages._ui import chrome, notes_view, variant_choice
from pages._ui.guard import guarded
from pages._ui.results.variant_analysis import ProgressCard, finished
from pages._ui.wording import plain

COLUMNS = ("name", "matched", "baseline_nodes", "baseline_operators", "baseline_ms", "nodes", "operators", "ms")
MOST = 20


def variants_of(report: Report) -> tuple[Variant, ...]:
    """The variants with another file than the baseline's, which alone can be profiled beside it."""
    base = report.baseline
    return tuple(one for one in report.main_variants if base is not None and one.sha256 != base.sha256)


def show(report: Report) -> None:
    """Draws the profile of one variant beside the baseline: its button, its progress, or its charts and table."""
    variant = variant_choice.choose(report, variants_of(report), "Variant beside the baseline")
    if variant is None:
        return
    progress = ProgressCard("time-profile", "Profiling one call", "Whole calls of both files, then node by node")
    job = finished(find_time_profile, report, variant, _start_card, progress)
    if job is not None:
        profile = result(job.id)
        if isinstance(profile, TimeProfile):
            _profile(report, profile, variant)
            if st.button("Profile again", icon=":material/refresh:", key="time-profile-again"):
                start(report, variant, job)


def _start_card(report: Report, variant: Variant) -> None:
    """Draws the button."""
    with chrome.card("time-profile", "Where does the time go?"):
        st.markdown(
            "One call of the baseline and of this variant, operator by operator and node by node, as the runtime's own "
            f"profiler measures it on this machine, both in {plain(target_title(report.target_of(variant)))}. It takes "
            "a few seconds."
        )
        if st.button("Profile both", type="primary", icon=":material/timer:", key="time-profile-now"):
            start(report, variant, None)


def start(report: Report, variant: Variant, replaces: Job | None) -> None:
    """Profiles both files, in place of a profile that is done; the page is drawn again."""
    with guarded():
        if replaces is not None and replaces.state == "done":
            delete(replaces.id)  # else the same profile would come back
        start_time_profile(report.run_id, variant.id)
        st.rerun()


def _profile(report: Report, profile: TimeProfile, variant: Variant) -> None:
    notes_view.show(profile.warnings)
    name = variant.label
    where = target_title(report.target_of(variant))
    with chrome.card("time-operators", "By operator", "What operators compute, whatever a file computes it in"):
        chrome.chart(charts.operator_times(profile, name), "operator-times")
        st.caption(
            f"Both files in {plain(where)}. "
            f"Baseline: {plain(parts_text(profile.baseline_parts_ms, profile.baseline_latency))}. "
            f"{plain(name)}: {plain(parts_text(profile.model_parts_ms, profile.model_latency))}."
        )
    n_shown = min(MOST, len(profile.rows))
    with chrome.card(
        "time-nodes",
        f"The {n_shown} heaviest nodes",
        "Matched by the names of the file's nodes through what the runtime fused; a row without a second bar has no "
        "match in the other file",
    ):
        chrome.chart(charts.heaviest_nodes(profile, name), "heaviest-nodes")
    st.header("Node by node", anchor=False)
    with st.container(key="time-table"):
        st.table(_rows(profile), border="horizontal", hide_index=True, alt="The heaviest nodes of both files")
    st.caption(_legend(profile))
    st.download_button(
        "All nodes as CSV",
        as_csv(profile),
        mime="text/csv",
        file_name=f"time-{variant.id}.csv",
        icon=":material/table:",
        on_click="ignore",
    )


def _rows(profile: TimeProfile) -> list[dict[str, str]]:
    return [
        {
            "Node of the file": plain(row.name),
            "Baseline": _cell(tuple(node.operator for node in row.baseline), row.baseline_ms),
            "Variant": _cell(tuple(node.operator for node in row.model), row.model_ms),
        }
        for row in profile.rows[:MOST]
    ]


def _cell(operators: tuple[str, ...], ms: float) -> str:
    """The time of a row's nodes in one file, and what they are; that there is no match where it has none."""
    return f"{ms:.3g} ms :gray[{plain(' + '.join(operators))}]" if operators else ":gray[no match]"


def _legend(profile: TimeProfile) -> str:
    n_unmatched = sum(not row.is_matched for row in profile.rows)
    unmatched_ms = sum(row.baseline_ms + row.model_ms for row in profile.rows if not row.is_matched)
    return (
        f"{profile.runtime}, {many(profile.threads, 'thread')}, batch {profile.batch_size}; medians of ten calls under "
        f"the profiler. {n_unmatched} of {many(len(profile.rows), 'row')} have no match, {unmatched_ms:.3g} ms "
        "together: what the runtime adds, such as changes of layout, and what one file alone has. Where a step "
        "exported the network anew, an equal name may stand for another layer of the same kind."
    )


def as_csv(profile: TimeProfile) -> str:
    """A line for each row of the profile, the heaviest first; nodes and operators of a row are joined by +."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in profile.rows:
        sides = (
            ("+".join(node.name for node in nodes), "+".join(node.operator for node in nodes), ms if nodes else None)
            for nodes, ms in ((row.baseline, row.baseline_ms), (row.model, row.model_ms))
        )
        writer.writerow((row.name, row.is_matched, *(value for side in sides for value in side)))
    return file.getvalue()
