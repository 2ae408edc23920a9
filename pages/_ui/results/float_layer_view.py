"""One layer of a variant: its error, and what it would change in float, estimated and then measured in a new run."""

import hashlib
from contextlib import suppress

import streamlit as st

from engine import (
    Job,
    LayerError,
    LayerErrors,
    NotFoundError,
    Report,
    TimeProfile,
    Variant,
    job,
    keep_in_float,
    keeps_layers,
    report,
    target_title,
)
from engine.wording import many, percent, size_text
from pages._ui import chrome, live, state
from pages._ui.guard import guarded, show_error
from pages._ui.results.layers_table import share_of_time
from pages._ui.wording import decibels, milliseconds, plain

PARAM = "float"
"""The parameter of the address that holds the run with a layer in float, so that a reload or a copied link finds it."""


def show(of: Report, variant: Variant, errors: LayerErrors, row: LayerError, profile: TimeProfile | None) -> None:
    """Draws the card of a layer."""
    with chrome.card("layer", plain(row.name), _facts(row, profile)):
        if row.in_float:
            st.markdown("Its weights are 32-bit floats already.")
            return
        if not keeps_layers(variant):
            st.markdown(
                f"No layer of {plain(variant.label)} can be kept in float by its name: that is for static, dynamic and "
                "weight-only quantization."
            )
            return
        _estimate(of, variant, errors, row, profile)
        _measurement(of, variant, row)


def _facts(row: LayerError, profile: TimeProfile | None) -> str:
    worst = (
        f", {decibels(row.worst_sqnr_db)} on the worst, {plain(row.worst_image)}" if row.worst_image is not None else ""
    )
    share = share_of_time(row, profile)
    time_text = "" if share is None else f" · {percent(share, 1)} of the time of a call"
    return (
        f"{row.operator} · {decibels(row.sqnr_db)} on all images{worst} · {plain(row.stored)} weights, "
        f"{size_text(row.size_bytes)}, {size_text(row.reference_bytes)} in FP32{time_text}"
    )


def _estimate(of: Report, variant: Variant, errors: LayerErrors, row: LayerError, profile: TimeProfile | None) -> None:
    """Draws what the layer in float would change, and how that is known."""
    figures = {"File": f"+{size_text(row.float_bytes)}"}
    if row.estimated:
        before, after = decibels(errors.estimated_from_db), decibels(row.output_sqnr_in_float_db)
        figures = {"Output's SQNR": f"{before} → {after}"} | figures
    match = profile.row_of(row.name) if profile is not None else None
    if match is not None and match.is_matched:
        more = match.baseline_ms - match.model_ms
        figures["A call"] = f"{'+' if more >= 0 else '−'}{milliseconds(abs(more))}"
    st.markdown("**Kept in float, estimated:** " + " · ".join(f"{name} {figure}" for name, figure in figures.items()))
    parts = [
        f"SQNR: the variant's graph with FP32's layer in place of its own, on {many(errors.n_estimated_on, 'image')}; "
        "nothing is calibrated anew."
        if row.estimated
        else "Its effect on the output was not estimated: the time was up, or its inputs have no value of their own.",
        "File: the bytes of its weights in FP32.",
        f"A call: as long as the layer takes in the baseline, in {plain(target_title(of.target_of(variant)))}."
        if "A call" in figures
        else "",
    ]
    st.caption(" ".join(part for part in parts if part))


def _measurement(of: Report, variant: Variant, row: LayerError) -> None:
    """Draws the button that measures it, or the run that does."""
    current = _current(variant, row)
    if current is not None and current.state not in live.ENDED:
        live.watch(current.id, live.with_cancel)
        return
    if current is not None:
        _outcome(of, variant, current)
    pressed = st.button(
        "Measure it as a new variant" if current is None else "Measure it again",
        type="primary" if current is None else "secondary",
        icon=":material/science:",
        key="keep-in-float",
    )
    token = state.token(pressed)
    if current is None:
        st.caption(
            "A new run of this variant's steps alone, with this layer in float. The runs compare with each other."
        )
    if pressed:
        with guarded():
            new = keep_in_float(of.run_id, variant.id, row.name, token=token)
            state.set_param(PARAM, f"{_digest(variant, row)}-{new.id}")
            st.rerun()


def _outcome(of: Report, variant: Variant, current: Job) -> None:
    """Draws what the run with the layer in float has measured, and the ways to it."""
    if current.state == "failed" and current.error is not None:
        show_error(current.error.text, current.error_next)
    new_report = report(current.id)
    new = next(iter(reversed(new_report.main_variants)), None) if new_report is not None else None
    if new_report is None or new is None or new.role == "baseline":
        st.markdown(f"That run {'was cancelled' if current.state == 'cancelled' else 'has no such variant'}.")
        return
    texts = [f"file {size_text(variant.size_bytes)} → {size_text(new.size_bytes)}"]
    if variant.fidelity is not None and new.fidelity is not None:
        before, after = decibels(variant.fidelity.sqnr_db), decibels(new.fidelity.sqnr_db)
        texts.insert(0, f"output's SQNR {before} → {after} on {many(new.fidelity.n_images, 'image')}")
    if variant.latency is not None and new.latency is not None:
        texts.append(f"{variant.latency.speedup:.2f} → {new.latency.speedup:.2f} times as fast as the baseline")
    if variant.accuracy is not None and new.accuracy is not None:
        texts.append(f"top-1 {percent(variant.accuracy.top1, 2)} → {percent(new.accuracy.top1, 2)}")
    st.markdown(f"**Measured:** {' · '.join(texts)}")
    with st.container(horizontal=True):
        if st.button("Compare both runs", icon=":material/compare_arrows:", key="compare-float"):
            state.go(chrome.COMPARE, runs=f"{of.run_id},{current.id}")
        if st.button("Open the new run", icon=":material/open_in_new:", key="open-float"):
            state.go(chrome.RESULTS, run=current.id)


def _current(variant: Variant, row: LayerError) -> Job | None:
    """The run in the address, if it is about this layer."""
    digest, _, id = (state.param(PARAM) or "").partition("-")
    if digest == _digest(variant, row):
        with suppress(NotFoundError):
            return job(id)
    return None


def _digest(variant: Variant, row: LayerError) -> str:
    return hashlib.sha256(f"{variant.id} {row.name}".encode()).hexdigest()[:8]
