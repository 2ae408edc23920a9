"""What a user's path of images holds: a folder, an archive that is unpacked, or Parquet files."""

import shutil
import stat
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

from engine.data.archive import FORMATS, is_archive, stem, unpack, unpack_each
from engine.data.reading import ReadProgress
from engine.data.tree import Folder, has_image_ending, relative_id, scan
from engine.errors import DataError
from engine.results import Note
from engine.settings import ImagesData

PARQUET = ".parquet"
_PARQUET_MAGIC = b"PAR1"
_MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class Content:
    """A folder of images and its name for the user; what was unpacked stays on disk as long as this object exists.

    `parquet` are the Parquet files in `root` where these hold the images; they are to be unpacked into `scratch`.
    `packed` are the user's own files that hold the images; none where these lie in the folder as they are.
    """

    root: Path
    name: str
    scratch: Path | None = None
    parquet: tuple[Path, ...] = ()
    packed: tuple[Path, ...] = ()
    notes: tuple[Note, ...] = ()


def open_content(source: ImagesData, work: Path | None, on_progress: ReadProgress) -> Content:
    """The content of a source, unpacked below `work` (None: the system's temporary folder). Raises DataError."""
    path, is_folder = _existing(source)
    if is_folder:
        return _of_folder(path, work, on_progress)
    if _is_parquet(path):
        own = _scratch(path.stem, work)
        return _removed_with(Content(path.parent, path.name, own, (path,), (path,)), own)
    root = _scratch(stem(path) or "images", work)
    try:
        unpack(path, root, on_progress)
        parquet = _parquet_of(scan(root))
    except BaseException:
        shutil.rmtree(root.parent, ignore_errors=True)
        raise
    scratch = _scratch("parquet", root.parent) if parquet else None
    return _removed_with(Content(root, path.name, scratch, parquet, (path,)), root)


def _existing(source: ImagesData) -> tuple[Path, bool]:
    """The path of a source, and whether it is a folder. Raises DataError."""
    if source.path is None:
        raise DataError(f"no images with the SHA-256 {source.sha256} are here", "Upload them again, or give their path")
    path = Path(source.path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise DataError(f"the images '{source.path[:200]}' cannot be read: {error}", "Check the path") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise DataError(f"'{path.name}' is neither a folder nor a file", f"Give a folder, {FORMATS}, or a Parquet file")
    return path, stat.S_ISDIR(mode)


def _of_folder(path: Path, work: Path | None, on_progress: ReadProgress) -> Content:
    """A folder as it is, or where it holds archives or Parquet files and no images, what is in these."""
    tree = scan(path)
    archives = [file for file in tree.all_files() if is_archive(file)]
    has_images = any(has_image_ending(file) for file in tree.all_files())
    parquet = () if has_images else _parquet_of(tree)
    if parquet:
        scratch = _scratch(path.name, work)
        return _removed_with(Content(path, path.name, scratch, parquet, parquet), scratch)
    if archives and not has_images:
        root = _scratch(path.name, work)
        content = _removed_with(Content(root, path.name, packed=tuple(archives)), root)
        unpack_each(archives, path, root, on_progress)
        return content
    return Content(path, path.name, notes=_archives_note(archives, path))


def _archives_note(archives: list[Path], root: Path) -> tuple[Note, ...]:
    if not archives:
        return ()
    examples = ", ".join(f"'{relative_id(file, root)}'" for file in archives[:_MOST_NAMED])
    more = f" and {len(archives) - _MOST_NAMED} more" if len(archives) > _MOST_NAMED else ""
    text = f"There are archives beside the images, which were left out: {examples}{more}. To use them, unpack them"
    return (Note(code="archives_left_out", text=text),)


def _parquet_of(tree: Folder) -> tuple[Path, ...]:
    if any(has_image_ending(file) for file in tree.all_files()):
        return ()
    return tuple(file for file in tree.all_files() if file.suffix.lower() == PARQUET)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _PARQUET_MAGIC


def _scratch(name: str, work: Path | None) -> Path:
    """A new empty folder of this name."""
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="images-", dir=work), name or "images")
    folder.mkdir()
    return folder


def _removed_with(content: Content, scratch: Path) -> Content:
    """The content, whose scratch folder is removed together with it."""
    weakref.finalize(content, shutil.rmtree, scratch.parent, ignore_errors=True)
    return content
