"""A zip or tar of images, also one of such archives, unpacked so that nothing leaves its folder or fills the disk."""

import shutil
import zipfile
from pathlib import Path

from engine.data import tar_file, zip_file
from engine.data.extraction import MAKE_A_ZIP, Extraction, Quota
from engine.data.reading import ReadProgress, no_read_progress, within
from engine.data.tree import ARCHIVE_SUFFIXES, has_image_ending, scan
from engine.errors import DataError

FORMATS = "a zip, a tar, a .tar.gz (.tgz) or a .tar.zst"
_OTHER_FORMATS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}


def unpack(path: Path, folder: Path, on_progress: ReadProgress = no_read_progress) -> None:
    """Unpack the archive at `path` into the empty `folder`, and the archives in it where it holds nothing else.

    Raises DataError, with nothing left in `folder`.
    """
    quota = Quota.full()
    try:
        extract(path, folder, quota, on_progress, may_hold_archives=True)
        _unpack_inner(path, folder, quota, on_progress)
    except BaseException:
        _clear(folder)
        raise


def extract(path: Path, folder: Path, quota: Quota, on_progress: ReadProgress, *, may_hold_archives: bool) -> None:
    """Unpack one archive into `folder`. Raises DataError; what came before stays in `folder`."""
    is_zip = _is_zip(path)
    extraction = Extraction(folder, quota, "zip" if is_zip else "tar", may_hold_archives=may_hold_archives)
    unreadable = zip_file.UNREADABLE if is_zip else tar_file.UNREADABLE
    report = within(on_progress, 0.0, 1.0)
    try:
        if is_zip:
            zip_file.extract_zip(path, extraction, shutil.disk_usage(folder).free, report)
        else:
            tar_file.extract_tar(path, extraction, report)
    except unreadable as error:
        raise DataError(f"'{path.name}' cannot be unpacked: {error or 'it is cut off'}", MAKE_A_ZIP) from error


def unpack_each(archives: list[Path], root: Path, folder: Path, on_progress: ReadProgress) -> None:
    """Unpack archives below `root` into `folder`, each into one of its own that has its name. Raises DataError."""
    quota = Quota.full()
    for number, path in enumerate(archives):
        report = within(on_progress, number / len(archives), (number + 1) / len(archives))
        _unpack_into(path, folder / path.relative_to(root).parent / stem(path), quota, report)


def is_archive(path: Path) -> bool:
    """Whether a file has the ending of an archive."""
    return path.suffix.lower() in ARCHIVE_SUFFIXES


def stem(path: Path) -> str:
    """The name of an archive without its endings: pets of pets.tar.gz."""
    name = path.name[: -len(path.suffix)]
    return name[: -len(".tar")] if name.lower().endswith(".tar") else name


def _unpack_inner(path: Path, folder: Path, quota: Quota, on_progress: ReadProgress) -> None:
    """Unpack the archives that were in an archive. Raises DataError where images are beside them."""
    files = list(scan(folder).all_files())
    archives = [file for file in files if is_archive(file)]
    if not archives:
        return
    if any(has_image_ending(file) for file in files):
        name = archives[0].relative_to(folder).as_posix()
        raise DataError(
            f"'{path.name}' holds images, and '{name}' is an archive inside the archive",
            "Unpack it, and put its images beside the others",
        )
    for number, archive in enumerate(archives):
        report = within(on_progress, number / len(archives), (number + 1) / len(archives))
        _unpack_into(archive, archive.with_name(stem(archive)), quota, report)
        archive.unlink()


def _unpack_into(path: Path, target: Path, quota: Quota, on_progress: ReadProgress) -> None:
    if target.exists():
        raise DataError(f"'{path.name}' would be unpacked to '{target.name}', which is there already", "Rename one")
    target.mkdir(parents=True)
    extract(path, target, quota, on_progress, may_hold_archives=False)


def _is_zip(path: Path) -> bool:
    """Raises DataError where the file is neither a zip nor what may be a tar."""
    with path.open("rb") as file:
        head = file.read(512)
    other = next((name for magic, name in _OTHER_FORMATS.items() if head.startswith(magic)), None)
    if other is not None:
        raise DataError(f"'{path.name}' is compressed by {other}; images come as a folder, {FORMATS}", MAKE_A_ZIP)
    is_tar = head[257:262] == b"ustar" or any(head.startswith(magic) for magic in tar_file.DECOMPRESSORS)
    if not is_tar and not zipfile.is_zipfile(path):
        raise DataError(f"'{path.name}' is neither a zip nor a tar; images come as a folder, {FORMATS}", MAKE_A_ZIP)
    return not is_tar


def _clear(folder: Path) -> None:
    for child in folder.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()
