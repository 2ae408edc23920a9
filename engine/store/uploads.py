"""Uploads: files and folders of users, addressed by their content.

Bytes are streamed to disk and hashed, never parsed. An upload is stored completely or not at all.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from engine.errors import DataError, NotFoundError, StorageError
from engine.results import Note, Upload
from engine.store.folders import JobFolder, now
from engine.store.home import Home
from engine.store.job_files import folder_bytes

UploadKind = Literal["onnx", "weights", "images", "labels", "arrays"]
CHUNK_BYTES = 1 << 20
MAX_UPLOADS_BYTES = 50_000_000_000
"""Of all uploads of a home together; the one that passes it is still taken."""
MAX_NAME = 150
META = "meta.json"


class Stream(Protocol):
    """The source of an upload's bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


def save_upload(home: Home, name: str, kind: UploadKind, stream: Stream) -> Upload:
    """Store one file. Raises DataError for an empty one, StorageError where the disk is nearly full."""
    file_name = safe_name(name)
    with _staging(home) as folder:
        sha256, size = _copy(home, stream, folder / file_name)
        if size == 0:
            raise DataError(f"the file '{file_name}' is empty", "Choose another file")
        return _publish(
            home,
            folder,
            Upload(
                sha256=sha256,
                name=file_name,
                kind=kind,
                size_bytes=size,
                created=now(),
                path=str(home.uploads / sha256 / file_name),
            ),
        )


def save_folder(home: Home, files: Iterable[tuple[str, Stream]]) -> Upload:
    """Store a folder of images, given as (relative name, stream) pairs, under their names.

    Raises DataError for an absolute name, one with `..` or NUL, two that differ only by case, or no file at all.
    """
    with _staging(home) as folder:
        root = folder / "images"
        sums: dict[str, str] = {}
        folded_names: set[str] = set()
        size = 0
        for name, stream in files:
            relative = _relative(name, folded_names)
            (root / relative).parent.mkdir(parents=True, exist_ok=True)
            sums[str(relative)], n_bytes = _copy(home, stream, root / relative)
            size += n_bytes
        if not sums:
            raise DataError("the folder has no files", "Choose a folder of images")
        sha256 = folder_sum(sums)
        return _publish(
            home,
            folder,
            Upload(
                sha256=sha256,
                name=_common_name(sums),
                kind="images",
                size_bytes=size,
                created=now(),
                path=str(home.uploads / sha256 / "images"),
            ),
        )


def uploads(home: Home, kind: str | None = None) -> tuple[Upload, ...]:
    """The uploads of a kind, newest first; of every kind where `kind` is None."""
    if not home.uploads.is_dir():
        return ()
    stored = (_meta(path) for path in home.uploads.iterdir() if not path.name.startswith("."))
    matching = [upload for upload in stored if upload is not None and kind in (None, upload.kind)]
    return tuple(sorted(matching, key=lambda upload: upload.created, reverse=True))


def find_upload(home: Home, sha256: str) -> Upload:
    """The upload with this sum. Raises NotFoundError."""
    upload = _meta(home.uploads / sha256) if sha256.isalnum() else None
    if upload is None:
        raise NotFoundError(f"there is no upload {sha256[:12]}… in this home", "Upload the file again")
    return upload


def delete_upload(home: Home, sha256: str) -> None:
    """Remove an upload. Raises NotFoundError."""
    find_upload(home, sha256)
    trash = home.uploads / f".removing-{sha256}"
    (home.uploads / sha256).rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def file_sum(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sum(sums: dict[str, str]) -> str:
    """SHA-256 of a folder: of its files' relative names and sums, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(sums):
        digest.update(f"{sums[name]} {name}\n".encode())
    return digest.hexdigest()


def path_sum(path: Path) -> str:
    """SHA-256 of a file, or of a folder with all files below it. Raises OSError."""
    if path.is_file():
        return file_sum(path)
    files = (file for file in path.rglob("*") if file.is_file())
    return folder_sum({file.relative_to(path).as_posix(): file_sum(file) for file in files})


def safe_name(name: str) -> str:
    """The last part of a client's file name, with only characters that are safe in file systems and shells."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in last).strip(" .")
    stem, dot, ending = cleaned.rpartition(".")
    if dot and len(ending) <= 20:
        cleaned = f"{stem[: MAX_NAME - len(ending) - 1]}.{ending}"
    cleaned = cleaned.encode()[:MAX_NAME].decode(errors="ignore")
    return cleaned if cleaned and cleaned != META else f"upload-{cleaned}".rstrip("-")


@contextmanager
def staged_files(home: Home, files: Iterable[tuple[str, Stream]]) -> Iterator[Path]:
    """A folder with these files, given as (name, stream) pairs, which is removed at the end unless it was moved away.

    Raises DataError for an empty file, for two of one name and for none at all, StorageError as `save_upload` does.
    """
    with _staging(home) as folder:
        for name, stream in files:
            path = folder / safe_name(name)
            if path.exists():
                raise DataError(f"two files have the name '{path.name}'", "Upload each file once")
            if _copy(home, stream, path)[1] == 0:
                raise DataError(f"the file '{path.name}' is empty", "Choose another file")
        if not any(folder.iterdir()):
            raise DataError("no file was uploaded", "Choose a file")
        yield folder


def keep_file(home: Home, path: Path, kind: UploadKind, notes: tuple[Note, ...]) -> Upload:
    """Move a file, on the home's disk, into the uploads. Raises StorageError."""
    with _staging(home) as folder:
        file = path.rename(folder / safe_name(path.name))
        sha256 = file_sum(file)
        return _publish(
            home,
            folder,
            Upload(
                sha256=sha256,
                name=file.name,
                kind=kind,
                size_bytes=file.stat().st_size,
                created=now(),
                path=str(home.uploads / sha256 / file.name),
                notes=notes,
            ),
        )


def forget_unfinished(home: Home, older_than: float) -> None:
    """Remove what uploads have left whose process was killed; `older_than` is in seconds since the epoch."""
    for folder in home.uploads.glob(".*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < older_than:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _staging(home: Home) -> Iterator[Path]:
    home.prepare()
    home.require_free()
    _require_quota(home)
    folder = Path(tempfile.mkdtemp(dir=home.uploads, prefix=".incoming-"))
    try:
        yield folder
    except OSError as error:
        raise StorageError(
            f"the upload cannot be stored: {error.strerror or error}", "Free the cache, or delete old runs and uploads"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_quota(home: Home) -> None:
    used = folder_bytes(home.uploads)
    if used >= MAX_UPLOADS_BYTES:
        raise StorageError(
            f"the uploads of this home fill {used / 1e9:.1f} GB, {MAX_UPLOADS_BYTES / 1e9:.0f} GB are allowed",
            "Delete uploads that nobody needs, on the Runs page under Storage and uploads",
            code="quota",
        )


def _copy(home: Home, stream: Stream, path: Path) -> tuple[str, int]:
    """Stream to a new file; returns its SHA-256 and size."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        while chunk := stream.read(CHUNK_BYTES):
            home.require_free(len(chunk))
            digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _publish(home: Home, staged: Path, upload: Upload) -> Upload:
    """Rename a staged upload to its final path; where that exists already, only its description is updated."""
    folder = home.uploads / upload.sha256
    existing = _meta(folder)
    if existing is not None:
        upload = upload.model_copy(update={"name": existing.name, "path": existing.path})
        JobFolder(folder).write(META, upload)
        return upload
    JobFolder(staged).write(META, upload)
    shutil.rmtree(folder, ignore_errors=True)
    staged.rename(folder)
    return upload


def _meta(folder: Path) -> Upload | None:
    """The description beside an upload, or None where there is none or it is damaged."""
    try:
        upload = JobFolder(folder).read(META, Upload)
    except StorageError:
        return None
    # the home may have been moved since
    return upload and upload.model_copy(update={"path": str(folder / Path(upload.path).name)})


def _relative(name: str, folded_names: set[str]) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    parts = path.parts
    is_unsafe = path.is_absolute() or ".." in parts or not parts or ":" in parts[0] or not name.isprintable()
    if is_unsafe or len(name) > 1000 or any(len(part.encode()) > 250 for part in parts):
        raise DataError(
            f"the folder has a file with the name {name[:80]!r}, which is not allowed",
            "Rename it and upload the folder again",
        )
    if str(path).casefold() in folded_names:
        raise DataError(
            f"the folder has '{path}' twice, or once more in other letters (A and a)",
            "Rename one and upload the folder again",
        )
    folded_names.add(str(path).casefold())
    return path


def _common_name(sums: dict[str, str]) -> str:
    top_folders = {name.split("/")[0] for name in sums if "/" in name}
    return safe_name(top_folders.pop()) if len(top_folders) == 1 else "images"
