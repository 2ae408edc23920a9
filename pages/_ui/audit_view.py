"""What is wrong with the user's images, below their preview: leaks first, which one click leaves out."""

import streamlit as st

from engine import (
    CHECKS,
    FINDINGS_FILE,
    AuditRequest,
    CheckResult,
    DataAudit,
    Finding,
    ImagesData,
    charts,
    check_text,
    class_texts,
    result,
    result_file,
    statement_text,
)
from engine.wording import many
from pages._ui import chrome, live, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.wording import plain

CAPTION = "Looking at every image for copies, odd ones and likely label errors. You can go on meanwhile."


def show(draft: Draft) -> None:
    """Draws the audit of the user's images, or its progress; it starts by itself. Nothing for other data."""
    if not isinstance(draft.data, ImagesData):
        return
    request = AuditRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    with chrome.card("audit", "What is wrong with these images"):
        job = live.follow_analysis(request, CAPTION)
        audit = result(job.id) if job else None
        if job and isinstance(audit, DataAudit):
            _leaks(draft, draft.data, audit)
            _statements(audit)
            _checks(job.id, audit)


def _leaks(draft: Draft, data: ImagesData, audit: DataAudit) -> None:
    """Draws how many images leak or were left out, and the button that changes that."""
    n_leaks, n_left_out = audit.n_leaks, audit.summary.n_left_out
    if n_left_out:
        text = (
            f"{many(n_left_out, 'image')} left out of evaluation and holdout: copies of images that train or calibrate."
        )
        st.success(text, icon=":material/check:")
    if n_leaks:
        st.error(_leak_sentence(audit), icon=":material/content_copy:")
    if n_leaks and not audit.n_without_leaks:
        st.markdown("No evaluation image is left without them: give other images for evaluation.")
    elif n_leaks and st.button("Leave them out of evaluation", type="primary", icon=":material/content_cut:"):
        _leave_out(draft, data, "near_duplicates")
    if data.leave_out != "nothing" and st.button("Put the copies back", icon=":material/undo:", type="tertiary"):
        _leave_out(draft, data, "nothing")


def _leak_sentence(audit: DataAudit) -> str:
    exact, near = (audit.check(name).n_findings for name in ("leak", "near_leak"))
    how = [f"{exact:,} byte for byte"] * bool(exact) + [f"{near:,} by look"] * bool(near)
    return (
        f"{many(audit.n_leaks, 'image')} to judge a model by also train or calibrate: copies, {' and '.join(how)}. "
        "Accuracy on them says little about new images, and no recommendation will rest on the exact ones."
    )


def _leave_out(draft: Draft, data: ImagesData, which: str) -> None:
    state.choose(data=ImagesData.parse({**data.model_dump(), "leave_out": which}))
    st.rerun()


def _statements(audit: DataAudit) -> None:
    """Draws what so many images can say, of all and of each class, and why labels were not checked."""
    st.markdown(told(statement_text(audit)))
    for text in class_texts(audit):
        st.warning(told(text), icon=":material/groups:")
    if audit.no_labels is not None and audit.summary.classes is not None:
        st.caption(told(f"Labels were not checked. {audit.no_labels.text}"))


def _checks(id: str, audit: DataAudit) -> None:
    """Draws the chart of all findings, their examples by check, and the download."""
    usual = [check_text(check, audit) for check in audit.checks if check.usual]
    if audit.found:
        chrome.chart(charts.audit(audit), "audit")
    else:
        st.markdown(f"Nothing was found among {many(audit.n_images, 'image')}.")
    for check in audit.found:
        with st.expander(plain(check_text(check, audit)), icon=":material/search:"):
            st.markdown(plain(CHECKS[check.name].meaning))
            _examples(id, check)
    if usual:
        st.caption(told("; ".join(usual)))
    if audit.found:
        st.download_button(
            "All findings as CSV",
            result_file(id, FINDINGS_FILE).read_bytes(),
            file_name=FINDINGS_FILE,
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _examples(id: str, check: CheckResult) -> None:
    with st.container(key=f"audit-{check.name}"), st.grid("auto", min_column_width=110, gap="small"):
        for finding in check.examples:
            with st.container(gap="xsmall"):
                for name in filter(None, (finding.picture, finding.other_picture)):
                    st.image(str(result_file(id, name)), width="stretch", alt=f"{finding.id}, {check.name}")
                st.caption(plain(_caption(finding)))
    if check.n_findings > len(check.examples):
        st.caption(f"The first {len(check.examples)} of {check.n_findings:,}; all are in the CSV file.")


def _caption(finding: Finding) -> str:
    """The name and the split of an image, with what it is a copy of or which class it may be."""
    where = f"{finding.id} ({finding.split})"
    if finding.other_id is not None:
        return f"{where} is a copy of {finding.other_id} ({finding.other_split})"
    if finding.likely_label is not None:
        return f"{where}: {finding.label}, may be {finding.likely_label}"
    return where
