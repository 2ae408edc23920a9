"""One run as it goes and after it has ended."""

import streamlit as st

from engine import Job, cancel, delete, events, log, rename, report
from engine.charts import learning_curve
from pages._ui import chrome, live, race_view, state
from pages._ui.guard import guarded, say
from pages._ui.live import ENDED
from pages._ui.wording import ago, duration, plain, sentence

LOG_LINES = 200


def show(run: Job) -> None:
    """Heading, progress or outcome, what to do with it, and its log."""
    chrome.back_to_runs()
    st.title(plain(run.name), anchor=False)
    with chrome.card("run", accent=run.state == "running"):
        if run.state in ENDED:
            _head(run)
            _ended(run)
        else:
            live.watch(run.id, _going)
    if run.state in ENDED:
        _log(run)
    _actions(run)


def _head(run: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        live.badge(run)
        st.caption(f"{run.id} · {ago(run.created)}")


def _going(run: Job) -> None:
    """What the fragment draws each second."""
    _head(run)
    live.progress(run)
    estimate = f"about {duration(run.estimate_seconds)}" if run.estimate_seconds else "–"
    place = {"In the queue": f"no. {run.position}"} if run.position else {"Phase": run.phase or "starting"}
    chrome.facts({**place, "Elapsed": duration(run.seconds), "Estimate": estimate})
    if run.attempts > 1:
        st.caption(f"Attempt {run.attempts}: it was interrupted and started over.")
    _curve(run.id, "live")
    found = report(run.id)
    if found and any(race_view.going(found, race) for race in found.races):
        st.page_link(chrome.RESULTS, label="See the race so far", icon=":material/flag:",
                     query_params={"run": run.id, "view": "Race"})  # fmt: skip
    if st.button("Cancel", icon=":material/stop:", key="cancel"):
        cancel(run.id)
    _log(run)


def _ended(run: Job) -> None:
    took = f"{duration(run.seconds)}"
    if run.state == "done":
        asked = f", estimated {duration(run.estimate_seconds)}" if run.estimate_seconds else ""
        st.markdown(f"Finished in **{took}**{asked}.")
        st.page_link(chrome.RESULTS, label="See the results", icon=":material/query_stats:",
                     query_params={"run": run.id})  # fmt: skip
    elif run.error:
        say(run.error.text, run.error_next)
    else:
        st.markdown(f"{sentence(run.state)} It had run for {took}.")
    _curve(run.id, "ended")


def _curve(id: str, key: str) -> None:
    figure = learning_curve(events(id))
    if figure is not None:
        st.markdown("**Fine-tuning**")
        chrome.chart(figure, f"curve-{key}")


def _actions(run: Job) -> None:
    with st.container(horizontal=True):
        if run.state in ("failed", "cancelled"):
            st.page_link(chrome.RESULTS, label="What was measured", icon=":material/query_stats:",
                         query_params={"run": run.id})  # fmt: skip
        if st.button("Run again with changes", icon=":material/edit:"):
            state.go(chrome.OPTIMIZE, recipe=run.id)
        if st.button("Rename", icon=":material/label:"):
            _rename(run)
        if run.state in ENDED and st.button("Delete", icon=":material/delete:"):
            _delete(run)


@st.dialog("Rename this run")
def _rename(run: Job) -> None:
    with guarded():
        name = st.text_input("Name", value=run.name, max_chars=120)
        if st.button("Rename", type="primary", key="rename-yes", disabled=not (name or "").strip()):
            rename(run.id, (name or "").strip())
            st.rerun()


@st.dialog("Delete this run?")
def _delete(run: Job) -> None:
    with guarded():
        st.markdown(f"**{plain(run.name)}** with its report and its ONNX files. This cannot be undone.")
        if st.button("Delete it", type="primary", icon=":material/delete:", key="delete-yes"):
            delete(run.id)
            state.set_param("run", None)
            state.leave_notice(f"Deleted {run.name}")
            st.rerun()


def _log(run: Job) -> None:
    """The newest lines of events and log, the last on top, read only while they are looked at."""
    with st.expander("Log", icon=":material/notes:", on_change="rerun", key="log") as shown:
        if not shown.open:
            return
        lines = [f"{event.time}  {event.step:<12} {event.phase:<14} {event.message}" for event in events(run.id)]
        lines += log(run.id).splitlines()
        if len(lines) > LOG_LINES:
            st.caption(f"The last {LOG_LINES} of {len(lines):,} lines")
        newest = reversed(lines[-LOG_LINES:])
        st.code("\n".join(newest) or "Nothing yet.", language=None, height=300)
