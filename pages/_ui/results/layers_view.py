"""How far the layers of a variant are from FP32, and a layer kept in float: estimated, then measured by one press."""

import hashlib

import streamlit as st

from engine import (
    LayerErrors,
    Report,
    TimeProfile,
    Variant,
    charts,
    delete,
    find_layer_errors,
    find_time_profile,
    result,
    start_layer_errors,
)
from engine.charts import LayerOrder
from engine.wording import many
from pages._ui import chrome, notes_view, row_selection, state, variant_choice
from pages._ui.browser_terms import told
from pages._ui.guard import guarded
from pages._ui.results import float_layer_view, layers_table, time_view
from pages._ui.results.variant_analysis import ProgressCard, asked, finished
from pages._ui.wording import decibels, plain

ORDERS: dict[str, LayerOrder] = {"Largest error": "error", "Along the graph": "graph"}
SQNR = (
    "Signal-to-quantization-noise ratio: the energy of FP32's values over that of the difference. At 20 dB the "
    "difference is a tenth of the values, at 40 dB a hundredth."
)


def show(report: Report) -> None:
    """Draws the layers of one variant beside FP32's: the button, the progress, or chart, layer and table."""
    variant = variant_choice.choose(report, time_view.variants_of(report), "Variant beside FP32")
    if variant is None:
        return
    progress = ProgressCard("layer-errors", "Comparing the layers", "Layer by layer, then each of them in float")
    job = finished(find_layer_errors, report, variant, _start_card, progress)
    if job is not None:
        errors = result(job.id)
        if isinstance(errors, LayerErrors):
            _layers(report, variant, errors)
            if st.button("Compare the layers again", icon=":material/refresh:", key="layer-errors-again"):
                delete(job.id)  # else the same comparison would come back
                _start(report, variant)


def _start_card(report: Report, variant: Variant) -> None:
    """Draws the button."""
    with chrome.card("layer-errors", "Which layers lose the most?"):
        st.markdown(
            "The values of every layer are compared with those of FP32 on some evaluation images, on all together and "
            "on the worst one. Then each layer is put back in float, one at a time, to estimate what that would do to "
            "the output. It takes seconds for a small network, and three minutes at most."
        )
        if st.button(
            "Compare the layers", type="primary", icon=":material/stacked_line_chart:", key="layer-errors-now"
        ):
            _start(report, variant)


def _start(report: Report, variant: Variant) -> None:
    with guarded():
        start_layer_errors(report.run_id, variant.id)
        st.rerun()


def _layers(report: Report, variant: Variant, errors: LayerErrors) -> None:
    state.apply_next()  # the layer of a row that was selected
    notes_view.show(errors.warnings)
    fp32 = report.variant(errors.reference_id)
    source = "evaluation image" if errors.on_images else "random input"
    st.markdown(
        f"On {many(errors.n_images, source)} the output of **{plain(variant.label)}** is "
        f"**{decibels(errors.output_sqnr_db)}** beside FP32 ({plain(fp32.label if fp32 else 'the baseline')}).",
        help=SQNR,
    )
    order = st.segmented_control(
        "Order",
        list(ORDERS),
        default="Largest error",
        required=True,
        key="order",
        bind="query-params",
        label_visibility="collapsed",
    )
    layer = st.selectbox(
        "Layer",
        [row.name for row in errors.worst_first],
        key="layer",
        bind="query-params",
        help="A Conv, ConvTranspose, Gemm or MatMul with weights, by its name in the file. Or select a row below.",
    )
    profile = _time_profile(report, variant)
    with chrome.card(
        "layers-chart",
        "SQNR by layer",
        "What later layers read, so that each also carries the errors of those before it. Lower is worse.",
    ):
        chrome.chart(charts.layer_errors(errors, ORDERS[order], layer), "layer-errors-chart")
    row = errors.layer(layer)
    if row is not None:
        float_layer_view.show(report, variant, errors, row, profile)
    _table(variant, errors, layer, profile)
    _unmatched(errors)


def _time_profile(report: Report, variant: Variant) -> TimeProfile | None:
    """Where the time goes in this variant, where that was profiled on this machine."""
    profile = asked(find_time_profile, report, variant).result
    return profile if isinstance(profile, TimeProfile) else None


def _table(variant: Variant, errors: LayerErrors, layer: str, profile: TimeProfile | None) -> None:
    st.header("Layer by layer", anchor=False)
    frame = layers_table.as_frame(errors, profile)
    event = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode=row_selection.MODES,
        key=f"layers-{hashlib.sha256(layer.encode()).hexdigest()[:8]}",
        alt="Layers of the variant beside FP32",
        height=min(480, 38 + 35 * max(len(frame), 1)),
        column_config=layers_table.column_config(errors),
        placeholder="–",
    )
    row = row_selection.selected_row(event, len(frame))
    if row is not None and errors.worst_first[row].name != layer:
        state.set_next("layer", errors.worst_first[row].name)
        st.rerun()
    time_text = (
        "" if profile is not None else " The view Time measures where the time goes; its shares then stand here."
    )
    st.caption(
        "Both files as they are written, node by node in onnxruntime on the CPU, so that every value can be read: the "
        f"errors are those of rounding, whatever the target's kernels add.{time_text}"
    )
    st.download_button(
        "All layers as CSV",
        layers_table.as_csv(errors, profile),
        mime="text/csv",
        file_name=f"layers-{variant.id}.csv",
        icon=":material/table:",
        on_click="ignore",
    )


def _unmatched(errors: LayerErrors) -> None:
    """Draws which layers are not compared, by reason."""
    if not errors.unmatched:
        return
    reasons: dict[str, list[str]] = {}
    for layer in errors.unmatched:
        reasons.setdefault(layer.reason.text, []).append(layer.name)
    with st.expander(f"{many(len(errors.unmatched), 'layer')} not compared", icon=":material/link_off:"):
        st.markdown("\n".join(f"- {plain(', '.join(names))}: {told(text)}" for text, names in reasons.items()))
