"""What bundles found on other machines, beside what was measured here, and never mixed with it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine import KnownVerification, report
from pages._ui.wording import when

CHECKS = {
    "files": "files",
    "versions": "versions",
    "session": "starting",
    "preprocessing": "preprocessing",
    "outputs": "answers",
}


def show(known: Sequence[KnownVerification], key: str, *, runs: bool = False) -> None:
    """Draws a row a verification, with the run's own p50 beside; with `runs` also which run it is of."""
    rows = [_row(one) for one in known]
    frame = pd.DataFrame(rows)
    st.dataframe(
        frame if runs else frame.drop(columns="Run"),
        hide_index=True,
        key=key,
        alt="What bundles found on other machines",
        placeholder="–",
        column_config={
            "There, ms": st.column_config.NumberColumn(format="%.3f", help="Median of a call on that machine."),
            "Here, ms": st.column_config.NumberColumn(
                format="%.3f", help="Median of a call in the run itself. No verdict rests on the figures from there."
            ),
            "When": st.column_config.DatetimeColumn(format="distance"),
        },
    )


def _row(known: KnownVerification) -> dict[str, object]:
    found = known.verification
    of_run = report(found.bundle.run)
    variant = of_run.variant(found.bundle.variant) if of_run is not None else None
    here = variant.latency if variant is not None else None
    there = found.latency
    failed = [CHECKS[check.name] for check in found.checks if not check.passed]
    return {
        "Run": known.run_name,
        "Variant": known.label,
        "Measured on": known.where,
        "There, ms": there.p50_ms if there else None,
        "Interval": f"{there.low_ms:.3g} to {there.high_ms:.3g}" if there else None,
        "Here, ms": here.p50_ms if here else None,
        "Threads": there.threads if there else None,
        "Images a call": there.batch_size if there else None,
        "Verified": "yes" if found.passed else f"no: {', '.join(failed)}",
        "When": when(found.created),
    }
