"""All files that were left out of a set of images, as a table for people."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.data.pool import SkippedFile

SKIPPED_FILE = "skipped.csv"
"""Its name beside the result of a job, which names the first files alone."""
OnSkipped = Callable[[Sequence[SkippedFile]], None]
"""Is told of all files that were left out, also where that is why the images are refused."""


def ignore_skipped(_: Sequence[SkippedFile]) -> None:
    """For callers that need no table."""


def write_skipped(skipped: Sequence[SkippedFile], path: Path) -> None:
    """Writes a CSV of every file with its reason; nothing where no file was left out. Raises OSError."""
    if not skipped:
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # with the mark that Excel needs
        writer = csv.writer(file)
        writer.writerow(("file", "reason"))
        writer.writerows((one.id, one.reason) for one in skipped)
