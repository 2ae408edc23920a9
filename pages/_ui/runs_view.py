"""Many runs with their answers: as cards for the latest, as a table for all."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from engine import Job, RunSummary, charts, ensure_supervisor, list_jobs, summaries
from engine.wording import many, percent
from pages._ui import chrome, row_selection, state
from pages._ui.guard import guarded
from pages._ui.live import ENDED, EVERY_SECONDS, badge
from pages._ui.wording import ago, plain, roughly, when

MOST = 200
"""Runs in the table."""
STATES = ["queued", "running", "done", "failed", "cancelled"]
COLOURS = ["gray", "blue", "green", "red", "orange"]
SPARE = ("Top-1", "Agreement")
"""Columns that are left out where no run has them."""
LETTER, NARROW, WIDE = 7.4, 120, 620
"""Pixels of a letter in a table, and of the narrowest and the widest column of names."""


def latest_answers(latest: Sequence[Job]) -> None:
    """A card a run beside a chart of all: what each came to in figures, and the way to its page."""
    told = summaries(latest)
    answered = [(run.name, one) for run, one in zip(latest, told, strict=True) if one and _has_speed(one)]
    left, right = st.columns([1.6, 1], gap="small") if answered else (st.container(), None)
    with left:
        _cards(latest, told)
    if right is not None:
        with right, chrome.card("answers", "Speed of the answers", fill=True):
            chrome.chart(charts.answers(answered), "answers")


def _has_speed(told: RunSummary) -> bool:
    return told.keeps_baseline or told.speedup is not None


def _cards(latest: Sequence[Job], summarized: Sequence[RunSummary | None]) -> None:
    with st.grid(2, min_column_width=230, gap="small"):
        for run, told in zip(latest, summarized, strict=True):
            with chrome.card(f"run-{run.id}", fill=True):
                st.markdown(f"**{plain(run.name)}**")
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    badge(run)
                    st.caption(ago(run.created))
                _answer(run, told)
                st.page_link(
                    chrome.RESULTS, label="Open", icon=":material/arrow_forward:", query_params={"run": run.id}
                )


def _answer(run: Job, told: RunSummary | None) -> None:
    if told is None or told.recommended is None:
        st.caption(_progress(run))
    elif not told.compared:
        st.markdown("The baseline alone")
    elif told.keeps_baseline:
        st.markdown("Keep the baseline")
    else:
        speed = f"**{told.speedup:.2f}×** as fast" if told.speedup else ""
        size = f"**{percent(told.size_bytes / told.baseline_size_bytes)}** of the size"
        st.markdown(f"{plain(told.recommended)}: {', '.join(part for part in (speed, size) if part)}")


def _progress(run: Job) -> str:
    """Where a run without an answer stands."""
    if run.state == "queued":
        return f"Waits for {plain(run.waits_for[0].name)}." if run.waits_for else "Begins in a moment."
    if run.state == "running":
        left = f", {roughly(run.remaining_seconds)} left" if run.remaining_seconds is not None else ""
        return f"{percent(run.fraction)} done{left}"
    return "No answer."


def table(found: Sequence[Job]) -> None:
    """All runs that match what is asked; selecting one opens it."""
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
    rows = [_row(run, told) for run, told in zip(found, summaries(found), strict=True)]
    kept = [(run, row) for run, row in zip(found, rows, strict=True) if _matches(run, row, text or "", states)]
    frame = pd.DataFrame([row for _, row in kept], columns=list(rows[0]))
    frame = frame.drop(columns=[name for name in SPARE if frame[name].isna().all()])
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
            "Run": st.column_config.TextColumn(width=_width(run.name for run, _ in kept)),
            "Steps": st.column_config.TextColumn(width=_width(row["Steps"] for _, row in kept)),
            "State": st.column_config.MultiselectColumn(options=STATES, color=COLOURS),
            "Speed-up": st.column_config.NumberColumn(
                format="%.2f×", help="Of the recommended variant: times as fast as the run's baseline."
            ),
            "Size, MB": st.column_config.NumberColumn(format="%.2f", help="Of the recommended variant's file."),
            "Top-1": st.column_config.NumberColumn(
                format="%.2f %%", help="Of the recommended variant, on the evaluation images."
            ),
            "Agreement": st.column_config.NumberColumn(
                format="%.2f %%", help="With the baseline, where there are no labels."
            ),
            "When": st.column_config.DatetimeColumn(format="distance"),
            "Took, s": st.column_config.NumberColumn(format="%.0f"),
        },
    )
    shown = state.swap("runs", [run.id for run, _ in kept])
    row = row_selection.picked(event, len(shown))
    if row is not None:
        state.go(chrome.RESULTS, run=shown[row])
    waiting = sum(run.state == "queued" for run in found)
    which = f"the newest {MOST}" if len(found) == MOST else many(len(found), "run")
    st.caption(f"{len(kept)} of {which}. Select one to open it." + f" {waiting} waiting." * bool(waiting))


def _row(run: Job, told: RunSummary | None) -> dict[str, object]:
    labelled = told is not None and told.top1 is not None
    best = told.recommended if told and told.compared else None
    if told is not None and told.keeps_baseline:
        best = "keep the baseline"
    return {
        "Run": run.name,
        "Model": told.model if told else None,
        "Steps": told.steps if told else None,
        "Recommended": best,
        "Speed-up": told.speedup if told else None,
        "Size, MB": told.size_bytes / 1e6 if told and told.size_bytes else None,
        "Top-1": 100 * told.top1 if told and told.top1 is not None else None,
        "Agreement": 100 * told.agreement if told and told.agreement is not None and not labelled else None,
        "When": when(run.created),
        "State": [run.state],
        "Took, s": run.seconds or None,
    }


def _matches(run: Job, row: dict[str, object], text: str, states: Sequence[str]) -> bool:
    told = " ".join(str(row[name]) for name in ("Run", "Model", "Steps", "Recommended") if row[name]).lower()
    return (not states or run.state in states) and all(word in told for word in text.lower().split())


def _width(texts: Iterable[str | None]) -> int:
    """A column in which every text is whole, as long as it is no novel."""
    longest = max((len(str(text or "")) for text in texts), default=0)
    return int(min(max(LETTER * longest + 24, NARROW), WIDE))


@st.fragment(run_every=2 * EVERY_SECONDS)
def watch_table() -> None:
    """The table while something is going on; then the page is drawn again without this fragment."""
    with guarded():
        ensure_supervisor()  # as in live.watch
        found = list_jobs(limit=MOST)
        if all(run.state in ENDED for run in found):
            st.rerun()
        table(found)
