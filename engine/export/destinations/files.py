"""Writes files below a shared folder or a bucket, under a temporary name first: all of them or none."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec

from engine.errors import FeatherweightError, LimitError, RequestError, as_error
from engine.settings.export_job import FilesDestination

S3_PACKAGE = "pip install --editable '.[s3]'"
REACH_SECONDS, N_RETRIES = 10, 2
OnFile = Callable[[int, int, str], None]


def write_files(
    destination: FilesDestination, name: str, files: Mapping[str, Path | bytes], *, overwrite: bool, on_file: OnFile
) -> tuple[str, bool]:
    """Write the files as the folder `name` of the destination; its address, and whether one was replaced.

    In a folder the new one is renamed in one step. A bucket has no such step: the objects are copied there one by one,
    in the order of `files`, each of them whole. Raises RequestError where something of that name is there and
    `overwrite` is false, where the destination is not, or where it may not be written. Then it is as before, but for a
    bucket whose former objects were being replaced: some of them may be new.
    """
    if destination.folder is not None:
        return _write_folder(Path(destination.folder), name, files, overwrite=overwrite, on_file=on_file)
    return _write_bucket(destination.url, name, files, overwrite=overwrite, on_file=on_file)


def _write_folder(
    parent: Path, name: str, files: Mapping[str, Path | bytes], *, overwrite: bool, on_file: OnFile
) -> tuple[str, bool]:
    target, mark = parent / name, uuid.uuid4().hex[:8]
    temporary, former = parent / f".{name}.{mark}", parent / f".{name}.{mark}.old"
    with _failures(str(parent)):
        replaces = target.exists()
        if replaces and not overwrite:
            raise _taken(str(target))
        try:
            temporary.mkdir()
            for number, (path, content) in enumerate(files.items()):
                on_file(number, len(files), path)
                _write_local(temporary / path, content)
            if replaces:
                target.rename(former)
            try:
                temporary.rename(target)
            except OSError:
                if replaces:
                    former.rename(target)
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return str(target), replaces


def _write_local(path: Path, content: Path | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_bytes(content)


def _write_bucket(
    url: str, name: str, files: Mapping[str, Path | bytes], *, overwrite: bool, on_file: OnFile
) -> tuple[str, bool]:
    parent = url.removeprefix("s3://").strip("/")
    target, temporary = f"{parent}/{name}", f"{parent}/.{name}.{uuid.uuid4().hex[:8]}"
    with _failures(url):
        system = _s3()
        system.call_s3("head_bucket", Bucket=parent.partition("/")[0])  # what is wrong with it is an error of its own
        former = set(system.find(target))
        if former and not overwrite:
            raise _taken(f"s3://{target}")
        try:
            for number, (path, content) in enumerate(files.items()):
                on_file(number, len(files), path)
                _put(system, f"{temporary}/{path}", content)
            for path in files:
                system.copy(f"{temporary}/{path}", f"{target}/{path}")
            if outdated := sorted(former - {f"{target}/{path}" for path in files}):
                system.rm(outdated)
        except BaseException:
            if not former:
                _remove(system, target)
            raise
        finally:
            _remove(system, temporary)
    return f"s3://{target}", bool(former)


def _s3() -> Any:
    """The file system of S3, with credentials and endpoint of the environment (AWS_…)."""
    try:
        return fsspec.filesystem(
            "s3",
            anon=False,
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": REACH_SECONDS,
                "read_timeout": 6 * REACH_SECONDS,
                "retries": {"max_attempts": N_RETRIES},
            },
        )
    except ImportError as error:
        raise RequestError("the package s3fs, which reaches S3, is not installed", f"Run {S3_PACKAGE}") from error


def _put(system: Any, path: str, content: Path | bytes) -> None:
    if isinstance(content, Path):
        system.put_file(str(content), path)
    else:
        system.pipe_file(path, content)


def _remove(system: Any, path: str) -> None:
    """Remove what is below a path; what cannot be reached any more stays, and the first error counts."""
    with suppress(OSError):
        if system.exists(path):
            system.rm(path, recursive=True)


def _taken(target: str) -> RequestError:
    return RequestError(
        f"'{target}' is there already, and was not replaced", "Choose another place, or allow that it is replaced"
    )


@contextmanager
def _failures(where: str) -> Iterator[None]:
    """Turns what file systems and the client of S3 raise into errors that say what can be done."""
    try:
        yield
    except FeatherweightError:
        raise
    except PermissionError as error:
        raise RequestError(
            f"'{where}' may not be written with the permissions or the credentials that there are",
            "Check the folder's permissions, or the credentials in the environment (AWS_ACCESS_KEY_ID and the like)",
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RequestError(f"'{where}' is not there, or is no folder", "Create it, or choose another place") from error
    except OSError as error:
        if isinstance(known := as_error(error), LimitError):
            raise known from error
        raise RequestError(
            f"'{where}' cannot be written: {_reason(error)}", "Check the address and the network, then try again"
        ) from error
    except _client_errors() as error:
        raise RequestError(
            f"'{where}' cannot be reached: {_reason(error)}",
            "Check the address, the network and the credentials in the environment (AWS_ACCESS_KEY_ID and the like)",
        ) from error


def _client_errors() -> tuple[type[Exception], ...]:
    """What the client of S3 raises where s3fs has not made an OSError of it; botocore comes with s3fs."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:200]
