"""The folder of a finished run, made by hand: a report, and files that stand for its variants."""

import hashlib
from pathlib import Path

from engine.results import Report
from engine.store.folders import JobFolder
from tests.made import made_report


def made_run(path: Path, **contents: bytes) -> Report:
    """Writes the run; every variant has a file of a few bytes or of these, by its id, whose sum is in the report."""
    report = made_report()
    variants = []
    for variant in report.variants:
        content = contents.get(variant.id, f"the model {variant.id}".encode())
        file = path / variant.file
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        changes = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        variants.append(variant.model_copy(update=changes))
    report = report.model_copy(update={"variants": tuple(variants)})
    JobFolder(path).write("report.json", report)
    return report
