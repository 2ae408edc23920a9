"""What the bundle found on another machine: how it is verified there, its result file, and what is known."""

import streamlit as st

from engine import (
    RESULT_FILE,
    KnownVerification,
    Report,
    delete_verification,
    import_verification,
    verifications,
)
from pages._ui import chrome, state, verified_table
from pages._ui.guard import guarded
from pages._ui.wording import plain

COMMANDS = f"""\
unzip bundle.zip && python -m venv .venv && .venv/bin/pip install -r requirements.txt
.venv/bin/python verify.py       # writes {RESULT_FILE}
"""


def show(report: Report) -> None:
    """Draws the commands, the upload and the table of what was imported."""
    with chrome.card(
        "verifications",
        "What it came to on other machines",
        "Figures of a real device, without a cloud. They stand beside those of the run and change no verdict",
    ):
        st.markdown("On the other machine, in an empty folder:")
        st.code(COMMANDS, language="sh")
        uploaded = st.file_uploader(
            f"Its {RESULT_FILE}", type="json", max_upload_size=1, key=state.key("verification", "verifications")
        )
        if uploaded is not None:
            with guarded():
                known = import_verification(uploaded.getvalue())
                elsewhere = known.verification.bundle.run != report.run_id
                of = f" of the run '{known.run_name}', with which it stands" if elsewhere else ""
                state.set_notice(f"Imported what {known.where} found{of}")
                state.renew_keys("verifications")
                st.rerun()
        known_here = verifications([report.run_id])
        if known_here:
            verified_table.show(known_here, "verified")
            _remove(known_here)


def _remove(known: tuple[KnownVerification, ...]) -> None:
    with st.popover("Remove one", icon=":material/delete:"):
        for one in known:
            label = f"{plain(one.label)} on {plain(one.verification.hardware.cpu)}, {one.verification.created[:16]}"
            if st.button(label, key=f"remove-{one.id}", type="tertiary"):
                with guarded():
                    delete_verification(one.verification.bundle.run, one.id)
                    st.rerun()
