"""The recommended variant of a run: how much faster and smaller it is, what it costs, and how sure that is."""

from collections.abc import Iterator

import streamlit as st

from engine import (
    MEASURES,
    Report,
    Variant,
    certainty_text,
    cut_short,
    example_noun,
    leak_text,
    losses_text,
    quality_name,
    similarity_text,
)
from engine.wording import many, percent, size_text
from pages._ui import chrome, state
from pages._ui.results import files_view
from pages._ui.wording import change, milliseconds, plain, points, sentence, share


def show(report: Report) -> None:
    """Draws one sentence, the download, and the figures behind it."""
    best = report.variant(report.recommended.id) if report.recommended else None
    base = report.baseline
    if best is None or base is None or report.recommended is None:
        return
    with chrome.card("recommended", accent=True):
        with st.container(key="eyebrow-recommended", gap=None):
            st.markdown(_eyebrow(report, best))
        with st.container(key="answer"):
            st.header(_sentence(report, best, base), anchor=False)
        st.caption(_uncertainty(report, best))
        if losses := losses_text(best, report):
            st.caption(plain(losses))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            files_view.download(report, best, best.label)
            st.button(
                "How to run it",
                icon=":material/code:",
                type="tertiary",
                key="to-files",
                on_click=state.set_widget,
                args=("view", "Take home"),
            )
            files_view.html_download(report, "html-report-here", "tertiary")
            if report.races:
                st.button(
                    "See the race",
                    icon=":material/flag:",
                    type="tertiary",
                    key="to-race",
                    on_click=state.set_widget,
                    args=("view", "Race"),
                    help="Every candidate, and what became of it.",
                )
        _figures(best, base, report.reference)
        if leak := leak_text(report):
            st.caption(f":material/warning: {plain(sentence(leak))}")


def _eyebrow(report: Report, best: Variant) -> str:
    """The line above the sentence, and whether a deadline ended the run before everything was tried."""
    baseline_title = "Recommended: keep the baseline" if report.compares else "The baseline"
    if report.is_undecided:
        return "Nothing is recommended yet"
    title = "Recommended" if best.role != "baseline" else baseline_title
    partial_steps = cut_short(report)
    if any(one.variant_id in {variant.id for variant in report.lineage(best.id)} for one in partial_steps):
        return f"{title} · its time was up, this is the best so far"
    return f"{title} · the time was up before all was tried" if partial_steps else title


def _sentence(report: Report, best: Variant, base: Variant) -> str:
    """A sentence on the variant: its speed, its size and its accuracy beside the baseline's."""
    if best.id == base.id:
        reason = report.recommended.reason.text if report.recommended else ""
        start = "" if report.is_undecided else "Keep the baseline. "
        advice = f"{start}{plain(sentence(reason))}" if report.compares else ""
        return advice or f"{plain(best.label)}: {', '.join(_figures_alone(best))}."
    parts = [part for part in (_speed(best, report), _size(best, base), _cost(best)) if part]
    return f"Take {plain(best.label)}: {', '.join(parts)}."


def _figures_alone(variant: Variant) -> Iterator[str]:
    """Size, latency and accuracy of a variant that is not compared."""
    yield size_text(variant.size_bytes)
    if variant.latency:
        yield f"{milliseconds(variant.latency.p50_ms)} a call"
    if variant.accuracy:
        yield f"{share(variant.accuracy.top1)} top-1"


def _speed(best: Variant, report: Report) -> str:
    """The speed, with what it is relative to where several targets raced."""
    latency, reference = best.latency, f" as {plain(report.reference)}" if report.target_labels else ""
    if latency is None:
        return "not timed"
    interval = f"({latency.speedup_low:.2f} to {latency.speedup_high:.2f})"
    if latency.ratio_high < 1:
        return f"{latency.speedup:.2f} times as fast{reference} {interval}"
    return f"as fast{reference} within the uncertainty {interval}"


def _size(best: Variant, base: Variant) -> str:
    ratio = best.size_bytes / base.size_bytes
    return "of the same size" if round(ratio, 2) == 1 else f"{percent(ratio)} of the size"


def _cost(best: Variant) -> str:
    drop = best.verdict.drop if best.verdict else None
    if drop is None:
        return ""
    if best.accuracy is None:
        texts = MEASURES[best.fidelity.measure] if best.fidelity else None
        return texts.participle.format(figure=texts.figure(1 - drop)) if texts else ""
    if drop == 0:
        return "with the same top-1"
    change_points = f"{abs(drop) * 100:.2f} points"
    return f"at a cost of {change_points} of top-1" if drop > 0 else f"with {change_points} more top-1"


def _uncertainty(report: Report, best: Variant) -> str:
    """A sentence on rounds, examples and 95 % intervals, and how sure it is that the loss is within its budget."""
    parts = []
    if best.latency and best.role != "baseline":
        parts.append(f"Speed as measured in {best.latency.n_rounds} rounds that count, with its 95 % interval")
    verdict, measured, noun = best.verdict, best.accuracy or best.fidelity, example_noun(report)
    if verdict and verdict.drop_low is not None and verdict.drop_high is not None and measured:
        parts.append(
            f"the loss of {quality_name(best)} lies between {points(verdict.drop_low)} and {points(verdict.drop_high)} "
            f"(95 %, {many(measured.n_images, noun)} that chose nothing)"
        )
        certainty = certainty_text(verdict, report.recipe.budget, noun)
        parts += [f"it is {certainty}" if verdict.certainty != "cannot_tell" else certainty] if certainty else []
    return plain("; ".join(parts) + ".") if parts else ""


def _figures(best: Variant, base: Variant, reference: str) -> None:
    """Draws the recommended variant's figures, each with its difference from the baseline's, the `reference`."""
    differs = best.id != base.id
    with st.grid(4, min_column_width=125, gap="small"):
        if best.latency and differs:
            st.metric(
                "Speed",
                f"{best.latency.speedup:.2f}×",
                f"{best.latency.speedup_low:.2f} to {best.latency.speedup_high:.2f}",
                delta_arrow="off",
                delta_color="off",
                help=plain(f"Times as fast as {reference}, with its 95 % interval."),
            )
        if best.latency:
            baseline_text = f"from {milliseconds(base.latency.p50_ms)}" if differs and base.latency else None
            st.metric(
                "Latency, median",
                milliseconds(best.latency.p50_ms),
                baseline_text,
                delta_arrow="off",
                delta_color="off",
            )
        st.metric(
            "File size",
            size_text(best.size_bytes),
            _delta(change(best.size_bytes, base.size_bytes), differs),
            delta_color="inverse",
        )
        if best.accuracy:
            difference = points(best.accuracy.top1 - base.accuracy.top1) if base.accuracy else ""
            st.metric("Top-1 accuracy", share(best.accuracy.top1), _delta(difference, differs))
        elif best.fidelity:
            st.metric(MEASURES[best.fidelity.measure].title, similarity_text(best.fidelity))


def _delta(difference: str, differs: bool) -> str | int | None:
    """A difference for `st.metric`, which reads the sign from an ASCII minus; the number 0 where nothing differs."""
    if not differs or not difference:
        return None
    return difference.replace("−", "-") if difference.strip("±+−.0 %pt") else 0
