"""The choice of one's own images, or of none."""

import streamlit as st

from engine import ImagesData, Split, Upload, uploads
from pages._ui import chrome, forms, state, uploads_view

ARCHIVES = ["zip", "tar", "tgz", "gz", "tzst", "zst", "parquet"]
LABELS = {"folders": "A folder per class", "csv": "A label file", "none": "No labels"}
CLASS_NAMES = "class-names"
"""The key of the field of class names."""
LABEL_FILES = ["csv", "tsv", "txt", "json", "jsonl", "ndjson"]
NO_ARRAYS = ("No data at hand", "Random inputs made from the signature of the model")
WITHOUT_IMAGES = (
    "Size and latency are measured as always. Instead of accuracy you get **agreement** with the original on "
    "images made from the network's own BatchNorm statistics, or on noise where it is an ONNX file or has none. That "
    "says how faithful a variant is and nothing about how often it is right. Static INT8 is calibrated on the same "
    "kind of images, so expect better with real ones."
)
WITHOUT_ARRAYS = (
    "Size and latency are measured as always. Instead of accuracy you get **how close** the answers stay to the "
    "original's on random inputs: normal numbers for floats, valid indices for integers, masks of ones, and usual "
    "lengths for free axes, which the report names. That says how faithful a variant is and nothing about how often it "
    "is right. Static INT8 is calibrated on the same kind of inputs, so expect better with real ones."
)


def choose() -> None:
    """Draws the uploaders of an archive or a folder and the choice of labels; writes the data into the draft."""
    data = state.draft().data
    chosen = data if isinstance(data, ImagesData) else None
    with chrome.card("images", "Your images", "JPEG, PNG and the like; they stay on this machine"):
        left, right = st.columns(2)
        with left:
            upload = uploads_view.pick(
                "images",
                "An archive of images: zip, tar, tar.gz, tar.zst or Parquet",
                ARCHIVES,
                current=chosen.sha256 if chosen else None,
            )
        with right:
            upload = uploads_view.pick_folder() or upload
        kind = st.segmented_control(
            "Labels",
            list(LABELS),
            default=_kind(chosen),
            required=True,
            key="labels-kind",
            format_func=LABELS.__getitem__,
        )
        labels = (
            uploads_view.pick(
                "labels",
                "The label file: a row per image, with its path and its label",
                LABEL_FILES,
                current=_label_file(chosen),
            )
            if kind == "csv"
            else None
        )
        with st.expander("Class names and split"):
            names = st.text_area(
                "Class names in the order of the model's outputs, one a line",
                value=state.default("\n".join((chosen.classes if chosen else None) or ())),
                key=CLASS_NAMES,
                placeholder="Left empty: the sorted names of the folders",
            )
            split = forms.form(Split, "split", state.draft().split)
        data = _data(upload, str(kind), labels, names or "")
        if st.button(
            "Use these images", type="primary", icon=":material/check:", disabled=data is None or bool(split.problems)
        ):
            state.choose(data=data, synthetic=False, split=split.settings)
            st.rerun()


def _kind(chosen: ImagesData | None) -> str:
    """How the images of the draft get their labels; by folders where there are none yet."""
    if chosen is None:
        return "folders"
    return chosen.labels if chosen.labels in LABELS else "csv"


def _label_file(chosen: ImagesData | None) -> str | None:
    """The SHA-256 of the draft's label file; None where it has none."""
    paths = {upload.path: upload.sha256 for upload in uploads("labels")}
    return paths.get(chosen.labels) if chosen else None


def _data(upload: Upload | None, kind: str, labels: Upload | None, names: str) -> ImagesData | None:
    """The data of an upload; None while the images or their label file are missing."""
    if upload is None or (kind == "csv" and labels is None):
        return None
    classes = [name.strip() for name in names.splitlines() if name.strip()]
    source = labels.path if labels is not None else kind
    return ImagesData.parse({"sha256": upload.sha256, "labels": source, "classes": classes or None})


def choose_none(*, takes_images: bool) -> None:
    """Draws what is lost without data, and the button that goes on without it."""
    title, subtitle = ("No images at hand", "Synthetic inputs instead") if takes_images else NO_ARRAYS
    with chrome.card("none", title, subtitle):
        st.markdown(WITHOUT_IMAGES if takes_images else WITHOUT_ARRAYS)
        if state.draft().synthetic:
            st.page_link(chrome.OPTIMIZE, label="Next: choose what to try", icon=":material/arrow_forward:")
        elif st.button("Go on without data", type="primary", icon=":material/check:"):
            state.choose(data=None, synthetic=True, split=Split())
            st.rerun()
