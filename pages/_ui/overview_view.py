"""The headline of a report, its table and its charts."""

from collections.abc import Callable, Iterator

import streamlit as st
from plotly.graph_objects import Figure

from engine import Report, Variant, charts
from pages._ui import chrome, race_view, state, table
from pages._ui.guard import say
from pages._ui.wording import change, megabytes, milliseconds, plain, points, sentence, share


def show(report: Report) -> None:
    """From the answer to its evidence: recommendation, warnings, table, charts."""
    _headline(report)
    _races(report)
    _warnings(report)
    if report.main_variants:
        alone = len(report.main_variants) == 1
        st.header("The baseline" if alone else "Every variant beside the baseline", anchor=False)
        with st.container(key="variants"):
            st.table(table.shown(report), border="horizontal", hide_index=True, alt="Variants and their measurements")
        st.caption(table.legend(report))
        _charts(report)
        _notes(report)


def _headline(report: Report) -> None:
    best = report.variant(report.recommended.id) if report.recommended else None
    if best is None or report.recommended is None:
        return
    unchanged = best.role == "baseline" and bool(report.races or report.main_variants[1:])
    with chrome.card("recommended", accent=True):
        with st.container(key="eyebrow-recommended", gap=None):
            st.markdown("Recommended: keep the baseline" if unchanged else "Recommended")
        st.header(plain(best.label), anchor=False)
        st.markdown(plain(sentence(report.recommended.reason.text)))
        _figures(best, report.baseline or best)


def _races(report: Report) -> None:
    """What every race came to, where the headline does not say so already, and the way to it."""
    if not report.races:
        return
    for text in race_view.untold(report):
        st.info(plain(text), icon=":material/flag:")
    st.button("See the race, with every candidate", icon=":material/flag:", type="tertiary", key="to-race",
              on_click=state.turn, args=("view", "Race"))  # fmt: skip


def _figures(best: Variant, base: Variant) -> None:
    """The recommended variant's figures, each with its difference from the baseline."""
    with st.grid(4, min_column_width=125, gap="small"):
        for label, value, difference, better in _rows(best, base):
            shown = None if best.id == base.id or not difference else _arrow(difference)
            st.metric(label, value, shown, delta_color="normal" if better == "more" else "inverse")


def _rows(best: Variant, base: Variant) -> Iterator[tuple[str, str, str, str]]:
    """Label, figure, difference from the baseline, and whether more or less of it is better."""
    yield "File size", megabytes(best.size_bytes), change(best.size_bytes, base.size_bytes), "less"
    if best.latency:
        yield "Latency, median", milliseconds(best.latency.p50_ms), change(best.latency.ratio_to_baseline, 1.0), "less"
    if best.throughput:
        rate = best.throughput.images_per_s
        difference = change(rate, base.throughput.images_per_s) if base.throughput else ""
        yield "Throughput, images/s", f"{rate:,.0f}", difference, "more"
    if best.accuracy:
        difference = points(best.accuracy.top1 - base.accuracy.top1) if base.accuracy else ""
        yield "Top-1 accuracy", share(best.accuracy.top1), difference, "more"
    elif best.fidelity:
        yield "Agreement with the baseline", share(best.fidelity.agreement), "", "more"


def _arrow(difference: str) -> str | int:
    """A difference as a metric wants it: it points by an ASCII minus, and none at all is a plain zero."""
    return difference.replace("−", "-") if difference.strip("±+−.0 %pt") else 0


def _warnings(report: Report) -> None:
    for failure in report.failures:
        where = "The run" if failure.branch is None else f"Chain {failure.branch + 1}"
        where += f", step {failure.step + 1}" if failure.step is not None else ""
        say(f"{where} ({failure.technique or 'start'}): {failure.message}", failure.next)
    for note in report.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")


def _charts(report: Report) -> None:
    st.header("In pictures", anchor=False)
    labelled = any(variant.accuracy for variant in report.main_variants)
    quality = charts.accuracy if labelled else charts.agreement
    if len(report.main_variants) == 1:
        _grid(report, ("File size", charts.size, "size"), ("How long a call takes", charts.latency, "latency"),
              *([("How often it is right", charts.accuracy, "accuracy")] if labelled else []))  # fmt: skip
        return
    _grid(report, ("Smaller?", charts.size, "size"), ("How long a call takes", charts.latency, "latency"),
          ("Faster, and how sure is that?", charts.speed, "speed"),
          ("Still right?" if labelled else "Still the same answers?", quality, quality.__name__))  # fmt: skip
    with chrome.card(
        "chart-tradeoff", "What is gained, what it costs", "Up and left is better; the bubble is the file."
    ):
        chrome.chart(charts.tradeoff(report), "tradeoff")


def _grid(report: Report, *cards: tuple[str, Callable[[Report], Figure], str]) -> None:
    """Charts side by side, by title, chart and key."""
    with st.grid(2, min_column_width=330, gap="medium"):
        for title, draw, key in cards:
            with chrome.card(f"chart-{key}", title, fill=True):
                chrome.chart(draw(report), key)


def _notes(report: Report) -> None:
    noted = [variant for variant in report.main_variants if variant.notes]
    if noted:
        st.header("Worth knowing", anchor=False)
    for variant in noted:
        with st.expander(plain(variant.label), icon=":material/sticky_note_2:"):
            st.markdown("\n".join(f"- {plain(sentence(note.text))}" for note in variant.notes))
