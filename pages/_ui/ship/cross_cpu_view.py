"""What a file of 8-bit sums answers on processors without VNNI, and the two ways to be safe there."""

import streamlit as st

from engine import (
    CrossCpu,
    Job,
    Report,
    Variant,
    cross_cpu_text,
    delete,
    find_cross_cpu,
    result,
    start_cross_cpu,
    twin_steps,
)
from pages._ui import cards, chrome, live, state, variant_choice
from pages._ui.browser_terms import told
from pages._ui.draft import from_recipe
from pages._ui.guard import guarded, show_error


def show(report: Report) -> None:
    """Draws the choice of a variant, the offer, the job under way or the estimate; nothing where none runs in INT8."""
    among = [one for one in report.main_variants if _may_overflow(report, one)]
    if not among:
        return
    with chrome.card(
        "cross-cpu",
        "On processors without VNNI",
        "There onnxruntime adds two products of 8 bits in 16 bits, which may overflow: a file can be right here and "
        "wrong there",
    ):
        variant = variant_choice.choose(report, among)
        if variant is None:
            return
        with guarded():
            job = find_cross_cpu(report.run_id, variant.id)
            if job is not None and job.state == "done" and isinstance(found := result(job.id), CrossCpu):
                _estimate(report, variant, found)
            elif job is not None and job.state not in live.ENDED:
                live.watch(job.id, live.with_cancel)
            else:
                _start(report, variant, job)


def _may_overflow(report: Report, variant: Variant) -> bool:
    """Whether a step quantized it, for onnxruntime's CPU; what its layers are is seen when they are read."""
    target = report.target_of(variant)
    quantized = any(one.technique in ("quantize", "qat") for one in report.lineage(variant.id))
    return quantized and target.runtime == "onnxruntime" and target.on_cpu


def _start(report: Report, variant: Variant, failed: Job | None) -> None:
    if failed is not None and failed.error:
        show_error(failed.error.text, failed.error_next)
    st.caption("Its sums are emulated on evaluation images, for at most three minutes: an estimate, no measurement.")
    if st.button("Estimate its answers there", icon=":material/memory:", key="cross-cpu"):
        if failed is not None:
            delete(failed.id)
        start_cross_cpu(report.run_id, variant.id)
        st.rerun()


def _estimate(report: Report, variant: Variant, found: CrossCpu) -> None:
    text = told(cross_cpu_text(found))
    if found.is_same:
        st.success(text, icon=":material/check_circle:")
        return
    st.warning(text, icon=":material/memory:")
    steps = twin_steps(report, variant.id)
    with st.container(horizontal=True):
        if steps is not None and st.button(
            "Set up its twin with 7-bit weights",
            icon=":material/content_copy:",
            key="twin",
            help="The same chain with a reduced range (reduce_range): no two products can overflow.",
        ):
            draft = from_recipe(report.recipe)
            state.replace_draft(draft.replace(name=None, cards=cards.of_chain(steps), alone=False, chains=None))
            state.go(chrome.OPTIMIZE)
        if st.button(
            "Set up exact sums",
            icon=":material/my_location:",
            key="exact-sums",
            help="The target's option session.x64quantprecision: onnxruntime multiplies unsigned by unsigned bytes "
            "there, which is slower.",
        ):
            target = report.target_of(variant).model_copy(update={"quant_precision": True})
            state.replace_draft(from_recipe(report.recipe).replace(target=target))
            state.set_notice("The target now has exact 8-bit sums")
            state.go(chrome.OPTIMIZE)
