"""Variants written to where people keep models: the destinations that whoever runs this server allows."""

import streamlit as st

from engine import (
    Destination,
    ExportedFiles,
    HubDestination,
    Job,
    Report,
    RequestError,
    export_destinations,
    exports_of,
    result,
    start_export,
)
from engine.wording import many, size_text
from pages._ui import chrome, live, variant_choice
from pages._ui.browser_terms import told
from pages._ui.guard import guarded, show_error
from pages._ui.wording import ago, plain

MOST_SHOWN = 5
KINDS = {"files": "Folder or bucket", "hub": "Hugging Face Hub", "mlflow": "MLflow"}
HOW = """\
Whoever starts this server names the places that its pages may write to, with spaces between:

```sh
FEATHERWEIGHT_EXPORT_TO="/mnt/models s3://bucket/models hf://owner/name mlflow+http://localhost:5000" make run
```

Keys and tokens stay in the environment (`AWS_…`, `HF_TOKEN`, `MLFLOW_TRACKING_…`). On the command line, any place will
do:
"""


def show(report: Report) -> None:
    """Draws the choice of variants and place, the job under way, and what was written before."""
    with chrome.card(
        "export",
        "Copied to where you keep models",
        "A shared folder, S3, the Hugging Face Hub or MLflow: all chosen variants with their report, or nothing",
    ):
        try:
            places = export_destinations()
            jobs = exports_of(report.run_id)
        except RequestError as error:
            show_error(error.message, error.next)
            return
        if not places:
            st.markdown(HOW)
            st.code(f"python -m engine export {report.run_id} --to /mnt/models", language="sh")
            return
        running = next((job for job in jobs if job.state not in live.ENDED), None)
        if running is not None:
            live.watch(running.id, live.with_cancel)
        else:
            _places_form(report, places)
        for job in [job for job in jobs if job.state in live.ENDED][:MOST_SHOWN]:
            _ended(job)


def _places_form(report: Report, places: tuple[Destination, ...]) -> None:
    """Draws what is written where, and the button."""
    names = {f"{KINDS[place.kind]}: {place.title}": place for place in places}
    ids = variant_choice.choose_several(report, "copy", "Variants to copy")
    name = st.selectbox("Place", list(names), key="place", bind="query-params")
    place = names[name]
    overwrite = st.checkbox(
        "Replace what is there of this run", key="overwrite", help="Without this, an export stops where it finds any."
    )
    published = isinstance(place, HubDestination)
    consent = not published or st.checkbox(
        f"Publish them as {plain(place.title)}, with the token of whoever runs this server", key="publish"
    )
    if st.button(
        "Copy them there",
        icon=":material/drive_folder_upload:",
        key="start-export",
        disabled=not (ids and consent),
        help="Choose a variant first." if not ids else None,
    ):
        with guarded():
            start_export(report.run_id, place, ids, overwrite=overwrite)
            st.rerun()


def _ended(job: Job) -> None:
    """Draws what an export wrote, or why it wrote nothing."""
    when = ago(job.finished or job.created)
    written = result(job.id) if job.state == "done" else None
    if isinstance(written, ExportedFiles):
        amount = f"{many(len(written.files), 'file')}, {size_text(written.size_bytes)}"
        st.success(
            f"{amount}, in {plain(written.location)}, {when}",
            icon=":material/check:",
        )
        for note in written.notes:
            st.caption(told(note.text))
    elif job.state == "cancelled":
        st.caption(f"Cancelled {when}. The place is as it was, but a bucket or MLflow may have a part: look there")
    elif job.error:
        show_error(job.error.text, job.error_next)
