"""The layers of a variant as a table, and as CSV."""

import csv
import io
from typing import Any

import pandas as pd
import streamlit as st

from engine import LayerError, LayerErrors, TimeProfile
from engine.wording import size_unit

COLUMNS = (
    *(
        "layer",
        "operator",
        "sqnr_db",
        "worst_sqnr_db",
        "worst_image",
        "weights",
        "bytes",
        "fp32_bytes",
        "share_of_time",
    ),
    "output_sqnr_in_float_db",
)


def as_frame(errors: LayerErrors, profile: TimeProfile | None) -> pd.DataFrame:
    """A row a layer, the largest error first; what does not differ or is not known is empty."""
    divisor, unit = _size_unit(errors)
    rows = [
        {
            "Layer": row.name,
            "Type": row.operator,
            "SQNR": row.sqnr_db,
            "Worst image": row.worst_sqnr_db,
            "which": row.worst_image,
            "Weights": row.stored,
            f"Size, {unit}": row.size_bytes / divisor,
            "Share of time": _percent(share_of_time(row, profile)),
            "In float, estimated": _rounded(errors.gain_db(row)),
        }
        for row in errors.worst_first
    ]
    return pd.DataFrame(rows)


def _size_unit(errors: LayerErrors) -> tuple[float, str]:
    """One unit for the whole column: the one in which the largest layer reads best."""
    return size_unit(max((row.size_bytes for row in errors.worst_first), default=0))


def column_config(errors: LayerErrors) -> dict[str, Any]:
    """Units and what the columns mean."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "Layer": text(pinned=True),
        "SQNR": number(format="%.1f dB", help="On all images together; empty where nothing differs."),
        "Worst image": number(format="%.1f dB", help="On the image where it is lowest."),
        "which": text("Which image", help="The image where it is lowest."),
        "Weights": text(help="The number type of the weights in the variant."),
        f"Size, {_size_unit(errors)[1]}": number(
            format="%.3g", help="The bytes of the layer's constants in the variant."
        ),
        "Share of time": number(
            format="%.1f %%", help="Of a call of the variant, by the profiler; empty before it was profiled."
        ),
        "In float, estimated": number(
            format="%+.1f dB",
            help="By how much the output's SQNR rises with this layer alone in float. Below zero its error "
            "makes up for another layer's. Empty where it was not estimated.",
        ),
    }


def share_of_time(row: LayerError, profile: TimeProfile | None) -> float | None:
    """The share of a call of the variant that the profiler saw in the nodes of this layer."""
    match = profile.row_of(row.name) if profile is not None else None
    if profile is None or match is None or not profile.model_parts_ms:
        return None
    return match.model_ms / profile.model_parts_ms


def as_csv(errors: LayerErrors, profile: TimeProfile | None) -> str:
    """A line a layer in the order of the graph."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in errors.rows:
        writer.writerow(
            (
                *(row.name, row.operator, row.sqnr_db, row.worst_sqnr_db, row.worst_image, row.stored),
                *(row.size_bytes, row.reference_bytes, share_of_time(row, profile), row.output_sqnr_in_float_db),
            )
        )
    return file.getvalue()


def _rounded(gain_db: float | None) -> float | None:
    """To a tenth, without a zero that is negative."""
    return None if gain_db is None else round(gain_db, 1) + 0.0


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
