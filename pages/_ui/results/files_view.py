"""The files of a run: each variant with its SHA-256 and the code that runs it, and the report."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import streamlit as st

from engine import Report, Variant, html_report, notebook, report_measure, script, variant_file
from engine.wording import size_text, slug
from pages._ui import chrome, state, variant_choice
from pages._ui.browser_terms import told
from pages._ui.results import optimized_view, variant_table
from pages._ui.results.runtime_code import package
from pages._ui.results.snippet import snippet
from pages._ui.wording import count, plain


def show(report: Report) -> None:
    """Draws one variant at a time, the recommended one first, then the downloads of the report."""
    best = report.recommended.id if report.recommended else None
    if report.recommended and report.baseline and best == report.baseline.id:
        _baseline_info(report.recommended.reason.text, undecided=report.is_undecided)
    variant = variant_choice.choose(report)
    if variant is not None:
        card(report, variant, variant.label)
        _speed_buttons()
        if variant.verdict is not None:
            optimized_view.show(report, variant)
    with chrome.card("report", "The whole report", "All that was measured, for people and for programs"):
        _downloads(report)


def html_download(
    report: Report, key: str, kind: Literal["primary", "secondary", "tertiary"] = "secondary", *, images: bool = True
) -> None:
    """Draws the button that downloads the report to hand over, which is made when it is pressed."""
    st.download_button(
        "Report to hand over",
        partial(html_report, report.run_id, images=images),
        mime="text/html",
        file_name=f"report-{report.run_id}.html",
        icon=":material/description:",
        on_click="ignore",
        type=kind,
        key=key,
        help="One HTML file for people who were not here: the finding, a few of your images before and after, the "
        "charts, the caveats and how it was measured. It works offline and prints.",
    )


def _speed_buttons() -> None:
    """Draws the ways to the other runtimes, batch sizes and threads that this file can run at."""
    with st.container(horizontal=True, gap="small"):
        for label, icon, view in (
            ("Compare on other targets", "compare_arrows", "Showdown"),
            ("Sweep batch and threads", "grid_on", "Sweep"),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                key=f"to-{view.lower()}",
                on_click=state.set_widget,
                args=("view", view),
            )


def _downloads(report: Report) -> None:
    images = st.toggle(
        "With images",
        value=True,
        key="html-images",
        help="The report to hand over shows a few of your images with the answers before and after. Leave them out "
        "where its readers may not see them.",
    )
    with st.container(horizontal=True):
        html_download(report, "html-report", images=images)
        st.download_button(
            "Report as JSON",
            report.model_dump_json(indent=2),
            mime="application/json",
            file_name=f"report-{report.run_id}.json",
            icon=":material/data_object:",
            on_click="ignore",
        )
        st.download_button(
            "Variants as CSV",
            variant_table.as_csv(report),
            mime="text/csv",
            on_click="ignore",
            file_name=f"variants-{report.run_id}.csv",
            icon=":material/table:",
        )
        for label, text, mime, ending, icon in (
            ("Recipe as a notebook", notebook, "application/x-ipynb+json", "ipynb", "book_2"),
            ("Recipe as a script", script, "text/x-python", "py", "terminal"),
        ):
            st.download_button(
                label,
                partial(text, report.run_id),
                mime=mime,
                file_name=f"{slug(report.recipe.name or 'run')}-{report.run_id}.{ending}",
                icon=f":material/{icon}:",
                on_click="ignore",
                key=f"download-{ending}",
                help="Runs this recipe again through the Python interface, and prints what came out.",
            )


def _baseline_info(reason: str, *, undecided: bool) -> None:
    """Draws why the first file is the baseline."""
    file = "The first file" if undecided else "What is recommended"
    st.info(f"{told(reason)} {file} is the baseline, as an ONNX file.", icon=":material/info:")


def card(report: Report, variant: Variant, title: str) -> None:
    """Draws one ONNX file: its download, its hash, and the code that runs it."""
    with chrome.card("file", plain(title), f"{size_text(variant.size_bytes)}, {count(variant.parameters)} parameters"):
        name = download(report, variant, title)
        st.caption("SHA-256 of its bytes")
        st.code(variant.sha256, language=None, wrap_lines=True)
        # The variant's own target has the number of this machine's cores where the recipe asks for none.
        target = report.target_of(variant).model_copy(update={"threads": report.recipe.target.threads})
        libraries = ("numpy", *(("Pillow",) if variant.input.preprocess else ()), package(target))
        st.caption(f"Runs it with {' and '.join((', '.join(libraries[:-1]), libraries[-1]))} alone")
        classes = report.data.classes if report.data else None
        st.code(snippet(variant, name, classes, report_measure(report), target), language="python")


def download(report: Report, variant: Variant, title: str) -> str:
    """Draws the button that downloads a variant; the file's name, which no other variant of any run has."""
    name = f"{slug(title)}-{report.run_id}-{variant.id}.onnx"
    st.download_button(
        f"Download the ONNX file, {size_text(variant.size_bytes)}",
        _opener(variant_file(report.run_id, variant.id)),
        file_name=name,
        type="primary",
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key=f"download-{report.run_id}-{variant.id}",
    )
    return name


def _opener(path: Path) -> Callable[[], BinaryIO]:
    """A function that opens the file, so that it is read when the button is pressed and not with every page."""
    return lambda: path.open("rb")
