"""The answer of a run: what to take home, how much faster and smaller it is, what it costs, how sure that is."""

from collections.abc import Iterator

import streamlit as st

from engine import Report, Variant, cut_short
from engine.wording import percent
from pages._ui import chrome, state
from pages._ui.results import files_view
from pages._ui.wording import change, megabytes, milliseconds, plain, points, sentence, share


def show(report: Report) -> None:
    """One sentence, the download, and the figures behind it."""
    best = report.variant(report.recommended.id) if report.recommended else None
    base = report.baseline
    if best is None or base is None or report.recommended is None:
        return
    with chrome.card("recommended", accent=True):
        with st.container(key="eyebrow-recommended", gap=None):
            st.markdown(_eyebrow(report, best))
        with st.container(key="answer"):
            st.header(_sentence(report, best, base), anchor=False)
        st.caption(_how_sure(best))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            files_view.download(report, best, best.label)
            st.button(
                "How to run it",
                icon=":material/code:",
                type="tertiary",
                key="to-files",
                on_click=state.turn,
                args=("view", "Take home"),
            )
            if report.races:
                st.button(
                    "See the race",
                    icon=":material/flag:",
                    type="tertiary",
                    key="to-race",
                    on_click=state.turn,
                    args=("view", "Race"),
                    help="Every candidate, and what became of it.",
                )
        _figures(best, base)


def _eyebrow(report: Report, best: Variant) -> str:
    """What the card is, and whether its time was up before all was done."""
    kept = "Recommended: keep the baseline" if report.compares else "The baseline"
    word = "Recommended" if best.role != "baseline" else kept
    cut = cut_short(report)
    if any(one.variant_id in {variant.id for variant in report.lineage(best.id)} for one in cut):
        return f"{word} · its time was up, this is the best so far"
    return f"{word} · the time was up before all was tried" if cut else word


def _sentence(report: Report, best: Variant, base: Variant) -> str:
    """What to take and what it brings, in one sentence."""
    if best.id == base.id:
        reason = report.recommended.reason.text if report.recommended else ""
        told = f"Keep the baseline. {plain(sentence(reason))}" if report.compares else ""
        return told or f"{plain(best.label)}: {', '.join(_own(best))}."
    parts = [part for part in (_speed(best), _size(best, base), _cost(best)) if part]
    return f"Take {plain(best.label)}: {', '.join(parts)}."


def _own(variant: Variant) -> Iterator[str]:
    yield megabytes(variant.size_bytes)
    if variant.latency:
        yield f"{milliseconds(variant.latency.p50_ms)} a call"
    if variant.accuracy:
        yield f"{share(variant.accuracy.top1)} top-1"


def _speed(best: Variant) -> str:
    latency = best.latency
    if latency is None:
        return "not timed"
    interval = f"({latency.speedup_low:.2f} to {latency.speedup_high:.2f})"
    if latency.ratio_high < 1:
        return f"{latency.speedup:.2f} times as fast {interval}"
    return f"as fast within the uncertainty {interval}"


def _size(best: Variant, base: Variant) -> str:
    left = best.size_bytes / base.size_bytes
    return "of the same size" if round(left, 2) == 1 else f"{percent(left)} of the size"


def _cost(best: Variant) -> str:
    drop = best.verdict.drop if best.verdict else None
    if drop is None:
        return ""
    if best.accuracy is None:
        return f"agreeing with the baseline on {share(1 - drop)} of the inputs"
    if drop == 0:
        return "with the same top-1"
    lost = f"{abs(drop) * 100:.2f} points"
    return f"at a cost of {lost} of top-1" if drop > 0 else f"with {lost} more top-1"


def _how_sure(best: Variant) -> str:
    """What stands behind the sentence: rounds, images, and the interval of the loss."""
    parts = []
    if best.latency:
        parts.append(f"Speed as measured in {best.latency.n_rounds} interleaved rounds, with its 95 % interval")
    verdict, images = best.verdict, best.accuracy or best.fidelity
    if verdict and verdict.drop_low is not None and verdict.drop_high is not None and images:
        what = "top-1" if best.accuracy else "agreement"
        parts.append(
            f"the loss of {what} lies between {points(verdict.drop_low)} and {points(verdict.drop_high)} "
            f"(95 %, {images.n_images:,} images)"
        )
    return plain("; ".join(parts) + ".") if parts else ""


def _figures(best: Variant, base: Variant) -> None:
    """The recommended variant's figures, each beside the baseline's."""
    other = best.id != base.id
    with st.grid(4, min_column_width=125, gap="small"):
        if best.latency and other:
            st.metric(
                "Speed",
                f"{best.latency.speedup:.2f}×",
                f"{best.latency.speedup_low:.2f} to {best.latency.speedup_high:.2f}",
                delta_arrow="off",
                delta_color="off",
                help="Times as fast as the baseline, with its 95 % interval.",
            )
        if best.latency:
            was = f"from {milliseconds(base.latency.p50_ms)}" if other and base.latency else None
            st.metric("Latency, median", milliseconds(best.latency.p50_ms), was, delta_arrow="off", delta_color="off")
        st.metric(
            "File size",
            megabytes(best.size_bytes),
            _arrow(change(best.size_bytes, base.size_bytes), other),
            delta_color="inverse",
        )
        if best.accuracy:
            moved = points(best.accuracy.top1 - base.accuracy.top1) if base.accuracy else ""
            st.metric("Top-1 accuracy", share(best.accuracy.top1), _arrow(moved, other))
        elif best.fidelity:
            st.metric("Agreement with the baseline", share(best.fidelity.agreement))


def _arrow(difference: str, other: bool) -> str | int | None:
    """A difference as a metric wants it: it points by an ASCII minus, and none at all is a plain zero."""
    if not other or not difference:
        return None
    return difference.replace("−", "-") if difference.strip("±+−.0 %pt") else 0
