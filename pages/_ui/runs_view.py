"""Many runs with their recommendations: the latest as cards, all as a table."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from engine import MEASURES, Job, RunSummary, charts, ensure_supervisor, list_jobs, measure_title, summaries
from engine.wording import many, percent
from pages._ui import chrome, row_selection, state
from pages._ui.guard import guarded
from pages._ui.live import ENDED, EVERY_SECONDS, badge
from pages._ui.wording import ago, plain, roughly, when

MAX_RUNS = 200
"""The largest number of runs in the table."""
STATES = ["queued", "running", "done", "failed", "cancelled"]
COLOURS = ["gray", "blue", "green", "red", "orange"]
SIMILARITY_COLUMNS = {measure: measure_title(measure) for measure in MEASURES}
"""A column for each measure, since runs of different tasks stand side by side."""
OPTIONAL_COLUMNS = ("Top-1", *SIMILARITY_COLUMNS.values())
"""Columns that are left out where no run has them."""
LETTER_PX, MIN_COLUMN_PX, MAX_COLUMN_PX = 7.4, 120, 620
"""Pixels of a letter in a table, and of the narrowest and the widest column of names."""


def latest_answers(latest: Sequence[Job]) -> None:
    """Draws a card for each run, with its figures and a link to its page, beside a chart of all."""
    of_runs = summaries(latest)
    with_speed = [(run.name, one) for run, one in zip(latest, of_runs, strict=True) if one and _has_speed(one)]
    left, right = st.columns([1.6, 1], gap="small") if with_speed else (st.container(), None)
    with left:
        _cards(latest, of_runs)
    if right is not None:
        with right, chrome.card("answers", "Speed of the answers", fill=True):
            chrome.chart(charts.answers(with_speed), "answers")


def _has_speed(summary: RunSummary) -> bool:
    return summary.keeps_baseline or summary.speedup is not None


def _cards(latest: Sequence[Job], of_runs: Sequence[RunSummary | None]) -> None:
    with st.grid(2, min_column_width=230, gap="small"):
        for run, summary in zip(latest, of_runs, strict=True):
            with chrome.card(f"run-{run.id}", fill=True):
                st.markdown(f"**{plain(run.name)}**")
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    badge(run)
                    st.caption(ago(run.created))
                _answer(run, summary)
                st.page_link(
                    chrome.RESULTS, label="Open", icon=":material/arrow_forward:", query_params={"run": run.id}
                )


def _answer(run: Job, summary: RunSummary | None) -> None:
    """Draws what a run recommends, or its progress."""
    if summary is None or summary.recommended is None:
        st.caption(_progress(run))
    elif not summary.compared:
        st.markdown("The baseline alone")
    elif summary.undecided:
        st.markdown("No speed yet: the machine was busy")
    elif summary.keeps_baseline:
        st.markdown("Keep the baseline")
    else:
        speed = f"**{summary.speedup:.2f}×** as fast" if summary.speedup else ""
        size = f"**{percent(summary.size_bytes / summary.baseline_size_bytes)}** of the size"
        st.markdown(f"{plain(summary.recommended)}: {', '.join(part for part in (speed, size) if part)}")


def _progress(run: Job) -> str:
    """The progress of a run that recommends nothing yet."""
    if run.state == "queued":
        return f"Waits for {plain(run.waits_for[0].name)}." if run.waits_for else "Begins in a moment."
    if run.state == "running":
        remaining = f", {roughly(run.remaining_seconds)} left" if run.remaining_seconds is not None else ""
        return f"{percent(run.fraction)} done{remaining}"
    return "No answer."


def table(runs: Sequence[Job]) -> None:
    """Draws the runs that match the search and the states; selecting one opens it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            type="search",
            live="300ms",
            placeholder="a name, a model, a step …",
            icon=":material/search:",
            key="find",
            bind="query-params",
        )
        states = st.pills("State", STATES, selection_mode="multi", key="states", bind="query-params")
    rows = [_row(run, summary) for run, summary in zip(runs, summaries(runs), strict=True)]
    matching = [(run, row) for run, row in zip(runs, rows, strict=True) if _matches(run, row, text or "", states)]
    frame = pd.DataFrame([row for _, row in matching], columns=list(rows[0]))
    frame = frame.drop(columns=[name for name in OPTIONAL_COLUMNS if frame[name].isna().all()])
    event = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode=row_selection.MODES,
        key="runs",
        alt="Runs",
        height=min(640, 38 + 35 * max(len(frame), 1)),
        placeholder="",
        column_config={
            "Run": st.column_config.TextColumn(width=_width(run.name for run, _ in matching)),
            "Recommended": st.column_config.TextColumn(width=_width(row["Recommended"] for _, row in matching)),
            "Steps": st.column_config.TextColumn(width=_width(row["Steps"] for _, row in matching)),
            "State": st.column_config.MultiselectColumn(options=STATES, color=COLOURS),
            "Speed-up": st.column_config.NumberColumn(
                format="%.2f×", help="Of the recommended variant: times as fast as the run's baseline."
            ),
            "Size, MB": st.column_config.NumberColumn(format="%.2f", help="Of the recommended variant's file."),
            "Top-1": st.column_config.NumberColumn(
                format="%.2f %%", help="Of the recommended variant, on the evaluation split."
            ),
            **{
                column: st.column_config.NumberColumn(
                    format="%.2f %%" if MEASURES[measure].is_percent else "%.4f",
                    help=f"{MEASURES[measure].title}, where there are no labels.",
                )
                for measure, column in SIMILARITY_COLUMNS.items()
            },
            "When": st.column_config.DatetimeColumn(format="distance"),
            "Took, s": st.column_config.NumberColumn(format="%.0f"),
        },
    )
    ids_before = state.swap_rows("runs", [run.id for run, _ in matching])
    row = row_selection.selected_row(event, len(ids_before))
    if row is not None:
        state.go(chrome.RESULTS, run=ids_before[row])
    waiting = sum(run.state == "queued" for run in runs)
    which = f"the newest {MAX_RUNS}" if len(runs) == MAX_RUNS else many(len(runs), "run")
    st.caption(f"{len(matching)} of {which}. Select one to open it." + f" {waiting} waiting." * bool(waiting))


def _row(run: Job, summary: RunSummary | None) -> dict[str, object]:
    """A row of the table, by column."""
    has_labels = summary is not None and summary.top1 is not None
    best = summary.recommended if summary and summary.compared else None
    if summary is not None and summary.keeps_baseline:
        best = "none yet: machine busy" if summary.undecided else "keep the baseline"
    return {
        # The answer first: on a narrow screen what stands behind it is out of sight.
        "Run": run.name,
        "Speed-up": summary.speedup if summary else None,
        "Size, MB": summary.size_bytes / 1e6 if summary and summary.size_bytes else None,
        "Top-1": 100 * summary.top1 if summary and summary.top1 is not None else None,
        **{
            column: _similarity(summary) if summary and summary.measure == measure and not has_labels else None
            for measure, column in SIMILARITY_COLUMNS.items()
        },
        "Recommended": best,
        "State": [run.state],
        "When": when(run.created),
        "Model": summary.model if summary else None,
        "Steps": summary.steps if summary else None,
        "Took, s": run.seconds or None,
    }


def _similarity(summary: RunSummary) -> float | None:
    """In percent, where the measure is a share."""
    if summary.similarity is None:
        return None
    return (100 if MEASURES[summary.measure].is_percent else 1) * summary.similarity


def _matches(run: Job, row: dict[str, object], text: str, states: Sequence[str]) -> bool:
    """Whether a run has one of the states and every word of the text."""
    text_of_row = " ".join(str(row[name]) for name in ("Run", "Model", "Steps", "Recommended") if row[name]).lower()
    return (not states or run.state in states) and all(part in text_of_row for part in text.lower().split())


def _width(texts: Iterable[str | None]) -> int:
    """The width of a column that fits its longest text, within bounds, in pixels."""
    longest = max((len(str(text or "")) for text in texts), default=0)
    return int(min(max(LETTER_PX * longest + 24, MIN_COLUMN_PX), MAX_COLUMN_PX))


@st.fragment(run_every=2 * EVERY_SECONDS)
def watch_table() -> None:
    """Draws the table while a run is going on; then the page is drawn again without this fragment."""
    with guarded():
        ensure_supervisor()  # as in live.watch
        runs = list_jobs(limit=MAX_RUNS)
        if all(run.state in ENDED for run in runs):
            st.rerun()
        table(runs)
