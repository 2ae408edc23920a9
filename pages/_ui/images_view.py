"""The choice of one's own images, or of none."""

import streamlit as st

from engine import DataError, ImagesData, ModelProfile, Split, Upload, parse_class_list, uploads
from engine.wording import many
from pages._ui import chrome, forms, state, uploads_view
from pages._ui.guard import show_error

ARCHIVES = ["zip", "tar", "tgz", "gz", "tzst", "zst", "parquet"]
LABELS = {"folders": "A folder per class", "csv": "A label file", "none": "No labels"}
CLASS_NAMES = "class-names"
"""The key of the field of class names."""
CLASS_LISTS = ["txt", "json", "csv", "tsv"]
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


def choose(profile: ModelProfile | None) -> None:
    """Draws the uploaders of an archive or a folder and the choice of labels; writes the data into the draft.

    `profile` is that of the draft's model, None until it is known.
    """
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
            classes = _class_names(chosen, profile)
            split = forms.form(Split, "split", state.draft().split)
        data = _data(upload, str(kind), labels, classes)
        if st.button(
            "Use these images", type="primary", icon=":material/check:", disabled=data is None or bool(split.problems)
        ):
            state.choose(data=data, synthetic=False, split=split.settings)
            st.rerun()


def _class_names(chosen: ImagesData | None, profile: ModelProfile | None) -> list[str]:
    """Draws the field of class names and the uploader of a list that fills it; the names."""
    _class_list()
    text = st.text_area(
        "Class names in the order of the model's outputs, one a line",
        value=state.default("\n".join((chosen.classes if chosen else None) or ())),
        key=CLASS_NAMES,
        placeholder="Left empty: the sorted names of the folders",
    )
    names = [name.strip() for name in (text or "").splitlines() if name.strip()]
    n_outputs = profile.n_outputs if profile is not None else None
    if names and n_outputs is not None and len(names) != n_outputs:
        st.warning(
            f"{many(len(names), 'class name')} for a model of {many(n_outputs, 'output')}: the first name is that of "
            "the first output, so check that none is missing.",
            icon=":material/format_list_numbered:",
        )
    return names


def _class_list() -> None:
    """Draws the uploader of a class list, whose names take the place of those in the field."""
    file = st.file_uploader(
        "A class list: a name a line, a JSON list or object, or a CSV of output,name",
        type=CLASS_LISTS,
        max_upload_size=1,
        key=state.key("class-list", "class-list"),
    )
    if file is None:
        return
    try:
        names = parse_class_list(file.getvalue(), file.name)
    except DataError as error:
        show_error(error.message, error.next)
        return
    state.renew_keys("class-list")  # or the file would take the place of what is typed afterwards
    state.set_widget(CLASS_NAMES, "\n".join(names))
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


def _data(upload: Upload | None, kind: str, labels: Upload | None, classes: list[str]) -> ImagesData | None:
    """The data of an upload; None while the images or their label file are missing."""
    if upload is None or (kind == "csv" and labels is None):
        return None
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
