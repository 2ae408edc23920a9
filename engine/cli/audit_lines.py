"""What is wrong with images as lines of text, for the command line."""

from collections.abc import Iterator

from engine.cli.lines import table
from engine.results import CHECKS, CheckResult, DataAudit, Finding, check_text, class_texts, statement_text

N_EXAMPLES = 3
ADVICE = "leave them out of evaluation: data.leave_out: near_duplicates in a recipe"


def of_audit(audit: DataAudit) -> list[str]:
    """Every check that finds anything with its first images, and what can be said of so many."""
    summary = audit.summary
    rows = [
        ("images", f"{audit.n_images:,}"),
        ("evaluation", statement_text(audit)),
        *(("classes", text) for text in class_texts(audit)),
        *(("left out", f"{summary.n_left_out:,} copies of images for training or calibration"),)
        * bool(summary.n_left_out),
        *(("labels", f"not checked. {note.text}") for note in (audit.no_labels,) if note is not None),
    ]
    lines = [line for check in audit.checks if check.n_found for line in _check(check, audit)]
    notes = [f"{note.code}: {note.text}" for note in audit.warnings]
    return [*table(rows), *(lines or ["nothing was found"]), *([ADVICE] if audit.n_leaks else []), *notes]


def _check(check: CheckResult, audit: DataAudit) -> Iterator[str]:
    yield check_text(check, audit) + ("" if check.usual else f". {CHECKS[check.name].meaning}")
    for finding in check.examples[:N_EXAMPLES]:
        yield f"  {_finding(finding)}"
    if check.n_findings > N_EXAMPLES:
        yield f"  and {check.n_findings - min(len(check.examples), N_EXAMPLES):,} more"


def _finding(finding: Finding) -> str:
    if finding.other_id is not None:
        return f"{finding.id} ({finding.split}) = {finding.other_id} ({finding.other_split})"
    if finding.likely_label is not None:
        return f"{finding.id} ({finding.split}): '{finding.label}' may be '{finding.likely_label}'"
    return f"{finding.id} ({finding.split})"
