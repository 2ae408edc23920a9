"""What views of one variant share whose figures an analysis makes: what is drawn until it is done."""

from collections.abc import Callable
from typing import NamedTuple

from engine import Job, Report, RequestError, Variant, result
from pages._ui import chrome, live
from pages._ui.guard import show_error


class ProgressCard(NamedTuple):
    """The card of a running analysis: its key, its title, and what it does."""

    key: str
    title: str
    caption: str = ""


Find = Callable[[str, str], Job | None]
"""The newest job about a run and one of its variants. Raises RequestError where there can be none."""


class Asked(NamedTuple):
    """An analysis that another view can use: its newest job, its result once that is done, and whether it can be."""

    job: Job | None
    result: object
    can_be: bool


def asked(find: Find, report: Report, variant: Variant) -> Asked:
    """What there is of an analysis of the variant; draws nothing."""
    try:
        job = find(report.run_id, variant.id)
    except RequestError:  # the view of that analysis says why
        return Asked(None, None, can_be=False)
    return Asked(job, result(job.id) if job is not None and job.state == "done" else None, can_be=True)


def finished(
    find: Find,
    report: Report,
    variant: Variant,
    start_card: Callable[[Report, Variant], None],
    progress: ProgressCard,
) -> Job | None:
    """The job that `find` gives for the run and the variant, once it is done.

    Until then draws why there can be none, what went wrong with the job before over the card that starts one, or its
    progress; None.
    """
    try:
        job = find(report.run_id, variant.id)
    except RequestError as error:
        show_error(error.message, error.next)
        return None
    if job is None or job.state in ("failed", "cancelled"):
        if job is not None and job.error:
            show_error(job.error.text, job.error_next)
        start_card(report, variant)
        return None
    if job.state != "done":
        with chrome.card(*progress):
            live.watch(job.id, live.with_cancel)
        return None
    return job
