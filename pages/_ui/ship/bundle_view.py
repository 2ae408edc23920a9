"""The bundle: which variants, what it proves itself with, the job that packs it, and the download."""

from typing import get_args

import streamlit as st

from engine import (
    BUNDLE_FILE,
    Bundle,
    BundleRequest,
    GoldenSource,
    Job,
    Report,
    RequestError,
    delete,
    find_bundle,
    result,
    result_file,
    start_bundle,
)
from engine.wording import many, size_text, slug
from pages._ui import chrome, live, variant_choice
from pages._ui.guard import guarded, show_error
from pages._ui.wording import plain

GOLDEN_FIELD = BundleRequest.model_fields["golden"]
CHOICES: dict[str, str] = GOLDEN_FIELD.json_schema_extra["choices"]  # type: ignore[index, call-overload, assignment]
CONTENTS = """\
| file | what it is |
| --- | --- |
| `model.onnx` | the model; classes, preprocessing, provenance and figures are in its metadata too |
| `labels.txt`, `preprocess.json`, `preprocess.py` | the classes, and how an image becomes the input |
| `infer.py` | runs the model on an image or a folder, with the options that it was measured with |
| `verify.py`, `golden.npz` | proves on any machine that files, versions, inputs and answers are right; times it |
| `index.html` | the same check in a browser |
| `serve.py`, `gate.py`, `serve.json`, `requirements-serve.txt` | a server: batches, a cache, limits |
| `triton/` | the same model for NVIDIA's Triton, in onnxruntime; its README names measured options that it lacks |
| `requirements.txt` | the versions that it was checked with |
| `recipe.yaml`, `report.html`, `README.md`, `SHA256SUMS` | what was asked, what came out, how to use it, and all sums |
"""


def show(report: Report) -> None:
    """Draws the choice and, for what is chosen, the button, the job under way or the finished bundle."""
    with chrome.card(
        "bundle",
        "Packed for another machine",
        "A zip that needs this app no more: onnxruntime or OpenVINO, numpy and Pillow are enough",
    ):
        which, proof = st.columns(2)
        with which:
            ids = variant_choice.choose_several(
                report,
                "pack",
                "Variants",
                help="The recommended one, or several: then each has a folder of its own in the zip.",
            )
        with proof:
            golden = st.selectbox(
                "What the bundle proves itself with",
                get_args(GoldenSource),
                format_func=lambda name: CHOICES.get(name, name),
                key="golden",
                bind="query-params",
                help=GOLDEN_FIELD.description,
            )
        if not ids:
            st.info("Choose a variant to pack.", icon=":material/info:")
            return
        try:
            job = find_bundle(report.run_id, ids, golden)
        except RequestError as error:
            show_error(error.message, error.next)
            return
        if job is not None and job.state == "done" and isinstance(bundle := result(job.id), Bundle):
            _finished(report, job, bundle)
        elif job is not None and job.state not in live.ENDED:
            live.watch(job.id, live.with_cancel)
        else:
            _start(report, ids, golden, job)
        with st.expander("What is in it"):
            st.markdown(CONTENTS)


def _start(report: Report, ids: list[str], golden: GoldenSource, failed: Job | None) -> None:
    if failed is not None and failed.error:
        show_error(failed.error.text, failed.error_next)
    if st.button("Make the bundle", type="primary", icon=":material/package_2:", key="make-bundle"):
        with guarded():
            if failed is not None:
                delete(failed.id)
            start_bundle(report.run_id, ids, golden)
            st.rerun()


def _finished(report: Report, job: Job, bundle: Bundle) -> None:
    path = result_file(job.id, BUNDLE_FILE)
    first = bundle.descriptions[0]
    name = slug(first.label) if len(bundle.descriptions) == 1 else "variants"
    st.download_button(
        f"Download the bundle, {size_text(bundle.size_bytes)}",
        lambda: path.open("rb"),
        file_name=f"{slug(first.name)}-{name}-{report.run_id}.zip",
        mime="application/zip",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        key="download-bundle",
    )
    n_originals = sum(image.original for image in first.golden.images)
    proof = (
        f"{many(n_originals, 'image file')} of your evaluation split are in it"
        if n_originals
        else "Its examples are none of your files"
    )
    st.caption(
        f"{many(len(bundle.files), 'file')}. {proof}. An output may be off by {first.golden.tolerance:.2g} of the "
        f"largest: {plain(first.golden.tolerance_source)}."
    )
    if first.labels is None and first.task in ("classification", "binary"):
        st.caption("There is no labels.txt: nothing names the classes, or the weights are random.")
    st.caption("SHA-256 of the zip")
    st.code(bundle.sha256, language=None, wrap_lines=True)
