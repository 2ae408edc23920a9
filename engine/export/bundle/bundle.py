"""A bundle, told from its parts to the zip: files that a machine needs to run one variant, and to prove that it does.

The same variant of the same run gives the same bytes: files are in the order of their names, and have no dates.
"""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.export.bundle.browser import browser_files
from engine.export.bundle.context import BundleContext
from engine.export.bundle.description import description_file
from engine.export.bundle.examples import golden_files
from engine.export.bundle.names import MODEL, SUMS
from engine.export.bundle.programs import programs
from engine.export.bundle.texts import texts
from engine.export.serving.parts import serving_files

Files = dict[str, bytes]
NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can have."""


def model_file(context: BundleContext) -> Files:
    return {MODEL: context.onnx}


PARTS: tuple[Callable[[BundleContext], Files], ...] = (
    model_file,
    description_file,
    programs,
    golden_files,
    browser_files,
    texts,
    serving_files,
)
"""What gives files to a bundle, by their names within it."""


def bundle_files(context: BundleContext) -> Files:
    """All files of the bundle of one variant, with their sums in SHA256SUMS."""
    files: Files = {}
    for part in PARTS:
        files |= part(context)
    files[SUMS] = "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()
    return files


def write_zip(files: Mapping[str, bytes], path: Path) -> None:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name])


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
