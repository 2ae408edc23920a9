"""The verbs that make the report to hand over, and the script and the notebook that run its recipe again."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.api.jobs import find_resolved
from engine.errors import FeatherweightError, NotFoundError, RequestError, StateError
from engine.jobs.queue import Queue
from engine.planning import reproduction
from engine.planning.disagreeing import disagreements_request
from engine.planning.remeasurable import existing_report
from engine.planning.variant_files import run_folder
from engine.results import Disagreements, Example, Report, Variant
from engine.settings import Recipe
from engine.store.folders import REPORT_PAGE, JobFolder, write_atomically
from engine.store.verifications import verifications_of

UNNAMED: str = Recipe.model_fields["name"].default


def html_report(run: str | Path, *, images: bool = True) -> str:
    """The report of a run, by its id or its folder, as one HTML page that works offline.

    With a few of the run's images in it, where `images`. Raises RequestError where there is no such run or no report of
    it, StateError before its first variant, and StorageError where the report is damaged.
    """
    # Charts are drawn here alone: who imports the engine for something else need not load Plotly.
    from engine.export.html_report import html_report as render
    from engine.export.report_examples import compared_variant, example_cards

    queue = Queue.default()
    folder = run_folder(run, queue.home)
    report = _report(folder)
    variant = compared_variant(report) if images else None
    examples, find = _examples(queue, folder, report, variant)
    cards = tuple(example_cards(report, variant, examples, find)) if variant is not None else ()
    verifications = verifications_of(queue.home, [report.run_id])
    return render(report, _name(queue, run, report), cards, verifications, with_images=images)


def write_html_report(run: str | Path, out: Path, *, images: bool = True) -> None:
    """Write what `html_report` gives to this file, as a whole or not at all. Raises RequestError where it cannot."""
    _write(out, html_report(run, images=images))


def leave_report_page(folder: Path) -> None:
    """Leave the report in a run's folder as a page; none where nothing was made, or where there is no room for it."""
    with suppress(RequestError):
        write_html_report(folder, folder / REPORT_PAGE)


def run_name(queue: Queue, run: str | Path) -> str:
    """The name of a run of this home, which may have been renamed; empty for a folder."""
    try:
        return queue.job(str(run)).name
    except NotFoundError:
        return ""


def script(run: str | Path) -> str:
    """A Python file that carries out the recipe of a run, by its id or its folder, again. Raises as `html_report`."""
    return reproduction.script(*_named_report(run))


def notebook(run: str | Path) -> str:
    """The same as a notebook of Jupyter. Raises as `html_report`."""
    return reproduction.notebook(*_named_report(run))


def write_reproduction(run: str | Path, out: Path) -> None:
    """Write the script to FILE.py, or the notebook to FILE.ipynb. Raises RequestError for any other name."""
    texts = {".py": script, ".ipynb": notebook}
    if out.suffix not in texts:
        raise RequestError(f"'{out}' must end with .py or .ipynb", "Choose another name")
    _write(out, texts[out.suffix](run))


def _named_report(run: str | Path) -> tuple[Report, str]:
    queue = Queue.default()
    report = _report(run_folder(run, queue.home))
    return report, run_name(queue, run) or report.recipe.name or report.run_id


def _write(out: Path, text: str) -> None:
    try:
        write_atomically(out.expanduser(), text)
    except OSError as error:
        raise RequestError(f"'{out}' cannot be written: {error.strerror}", "Choose another place") from error


def _examples(
    queue: Queue, folder: JobFolder, report: Report, variant: Variant | None
) -> tuple[tuple[Example, ...], Callable[[str], Path]]:
    """The images that the run has kept, else those of a look at its disagreements; and what finds their pictures."""
    from engine.export.report_examples import examples_of

    base = report.baseline
    if report.examples or variant is None or base is None:
        return report.examples, folder.file
    look, found = None, None
    with suppress(FeatherweightError):  # of a run whose files are gone or not whole there was no such look
        look = find_resolved(disagreements_request(folder.path, variant.id))
        found = queue.result(look.id) if look is not None else None
    if look is None or not isinstance(found, Disagreements):
        return (), folder.file
    return examples_of(found, base.id), queue.folder(look.id).file


def _name(queue: Queue, run: str | Path, report: Report) -> str:
    """The name of a run of this home, which may have been renamed, else that of its recipe; without one its model's."""
    name = run_name(queue, run) or report.recipe.name
    return report.recipe.model.title if name == UNNAMED else name


def _report(folder: JobFolder) -> Report:
    report = existing_report(folder)
    if not report.variants:
        raise StateError("the run has measured nothing yet", "Wait until it has ended")
    return report
