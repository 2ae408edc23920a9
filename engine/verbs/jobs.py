"""The verbs of the façade, on the home that the environment names. Thin: each calls the room that knows how."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from engine import catalogue
from engine.checkup import check_home
from engine.errors import LimitError, NotFoundError, StateError
from engine.estimating import describe_recipe, estimate_advice, estimate_recipe
from engine.jobs import foreground, supervisor_lock
from engine.jobs.queue import ACTIVE, Queue, paths_in
from engine.jobs.supervisor import supervise as supervise_home
from engine.machine import versions
from engine.presets import make_presets
from engine.resolving import resolve_recipe, resolve_request
from engine.results import (
    Advice,
    CatalogueEntry,
    CheckItem,
    Estimate,
    Event,
    Hardware,
    Job,
    ModelProfile,
    Preset,
    Report,
    Result,
    TechniqueInfo,
    Upload,
    Usage,
)
from engine.settings import (
    TECHNIQUES,
    AdviseRequest,
    AnalysisRequest,
    FileModel,
    HardwareRequest,
    ProfileRequest,
    Recipe,
    RunRequest,
)
from engine.store import uploads as brought
from engine.store.cache import Cache
from engine.store.database import open_database
from engine.store.home import Home, folder_bytes, free_bytes
from engine.store.uploads import Stream, UploadKind

WAIT_SECONDS = 0.1


def _queue() -> Queue:
    return Queue(Home.default())


# the catalogue and this machine


def search_models(text: str = "", limit: int | None = None) -> tuple[CatalogueEntry, ...]:
    """timm architectures whose name, family or tags hold every word of `text`, best first."""
    return catalogue.search(text, limit)


def catalogue_entry(name: str) -> CatalogueEntry | None:
    """The architecture of this name, with or without a pretrained tag, or None."""
    return catalogue.entry(name)


def list_techniques() -> tuple[TechniqueInfo, ...]:
    """Every technique with its stage and the JSON schema of its settings."""
    return tuple(
        TechniqueInfo(
            technique=settings.model_fields["technique"].default,
            method=_method(settings),
            title=settings.title,
            stage=settings.stage,
            summary=(settings.__doc__ or "").strip().splitlines()[0],
            schema=settings.model_json_schema(),
        )
        for settings in TECHNIQUES
    )


def _method(settings: type) -> str | None:
    field = getattr(settings, "model_fields", {}).get("method")
    return str(get_args(field.annotation)[0]) if field is not None else None


def check() -> tuple[CheckItem, ...]:
    """What is right and wrong with this installation; takes a few seconds."""
    return check_home(Home.default())


def hardware() -> Hardware:
    """This machine as a target, found out in a child process. Raises RunError."""
    return cast(Hardware, foreground.answer(Home.default(), HardwareRequest()))


def inspect(path: str | Path) -> ModelProfile:
    """What a model file is, found out in a child process. Raises SourceError's kin and RunError."""
    request = ProfileRequest(model=FileModel(path=str(Path(path).expanduser().absolute())))
    home = Home.default()
    return cast(ModelProfile, foreground.answer(home, resolve_request(request, home, from_browser=False)))


def advise(request: AdviseRequest, on_event: Callable[[Event], None] = lambda event: None) -> Advice:
    """Which architectures would be faster here, or better; figures are kept. Raises RequestError and RunError."""
    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Advice, foreground.answer(home, resolved, on_event=on_event))


# recipes


def resolve(recipe: Recipe, *, from_browser: bool = False) -> Recipe:
    """The recipe with absolute paths, SHA-256 sums and found uploads. Raises RequestError."""
    return resolve_recipe(recipe, Home.default(), from_browser=from_browser)


def estimate(asked: Recipe | AdviseRequest) -> Estimate:
    """About how long a resolved recipe, or advice on architectures, will take; never a measurement."""
    return estimate_advice(asked) if isinstance(asked, AdviseRequest) else estimate_recipe(asked)


def describe(recipe: Recipe) -> tuple[str, ...]:
    """What a resolved recipe will do, a sentence each."""
    return describe_recipe(recipe)


def presets(recipe: Recipe) -> tuple[Preset, ...]:
    """Three chains made for the model and the data of a resolved recipe, each with an estimate or why it is not there.

    The recipe's own steps do not matter, but for a leading fine-tune that makes the baseline and begins them too.
    """
    return make_presets(recipe)


def optimize(recipe: Recipe, out: str | Path, on_event: Callable[[Event], None] = lambda event: None) -> Report:
    """Carry out a recipe here and now in `out`, which must be new or empty.

    Raises RequestError (then nothing is left behind) and Cancelled (Ctrl-C). Where a step failed, the report says so.
    """
    home = Home.default()
    home.prepare()
    home.require_free()
    return foreground.run_in_folder(home, resolve(recipe), Path(out), on_event)


# jobs


def submit(recipe: Recipe, *, token: str | None = None, from_browser: bool = False) -> Job:
    """Put a run in line; the same `token` (one click) gives the same job. Raises RequestError."""
    queue = _queue()
    resolved = resolve(recipe, from_browser=from_browser)
    return queue.submit(RunRequest(recipe=resolved), name=resolved.name, token=token,
                        estimate_seconds=estimate(resolved).seconds)  # fmt: skip


def analyse(request: AnalysisRequest, *, from_browser: bool = False) -> Job:
    """Put an analysis in line, or the equal one that waits, runs or is done with the same libraries."""
    queue = _queue()
    resolved = resolve_request(request, queue.home, from_browser=from_browser)
    key = hashlib.sha256(f"{resolved.model_dump_json()}{sorted(versions().items())}".encode()).hexdigest()
    seconds = estimate_advice(resolved).seconds if isinstance(resolved, AdviseRequest) else None
    return queue.submit(resolved, name=resolved.kind, key=key, estimate_seconds=seconds)


def list_jobs(kind: str | None = "run", limit: int = 100) -> tuple[Job, ...]:
    """How the jobs of a kind stand, newest first; of every kind where `kind` is None."""
    return _queue().jobs(kind, limit)


def job(id: str) -> Job:
    """How a job stands. Raises NotFoundError."""
    return _queue().job(id)


def recipe(id: str) -> Recipe:
    """The recipe of a run. Raises NotFoundError, and StateError where the job is no run."""
    asked = _queue().folder(id).request().request
    if not isinstance(asked, RunRequest):
        raise StateError(f"the job '{id}' is a {asked.kind}, which has no recipe", "Choose a run")
    return asked.recipe


def cancel(id: str) -> None:
    """Ends a job within two seconds; one that has ended stays as it is. Raises NotFoundError."""
    _queue().cancel(id)


def rename(id: str, name: str) -> Job:
    """Give a job another name. Raises NotFoundError, and StateError for an empty or overlong name."""
    return _queue().rename(id, name)


def delete(id: str) -> None:
    """Removes an ended job and its folder. Raises NotFoundError, and StateError while it waits or runs."""
    _queue().delete(id)


def report(id: str) -> Report | None:
    """What a run has measured (so far), or None before its first variant. Raises NotFoundError."""
    return _queue().folder(id).report()


def result(id: str) -> Result | None:
    """The result of an analysis, or None before there is any; advice grows as it goes. Raises NotFoundError."""
    return _queue().folder(id).result()


def events(id: str, after: int = 0) -> tuple[Event, ...]:
    """What happened, from event number `after` on. Raises NotFoundError."""
    return _queue().folder(id).events(after)


def log(id: str) -> str:
    """The end of what the runner wrote to stderr. Raises NotFoundError."""
    return _queue().folder(id).log_text()


def variant_file(id: str, variant_id: str) -> Path:
    """The ONNX file of a variant. Raises NotFoundError."""
    found = report(id)
    variant = found.variant(variant_id) if found else None
    if variant is None:
        raise NotFoundError(f"the run '{id}' has no variant '{variant_id}'", "See its report")
    return paths_in(_queue().folder(id), variant.file)


def result_file(id: str, name: str) -> Path:
    """A file beside an analysis's result, such as an example image. Raises NotFoundError."""
    return paths_in(_queue().folder(id), name)


def wait(id: str, timeout: float) -> Job:
    """The job once it has ended. Raises NotFoundError, and LimitError after `timeout` seconds."""
    end, pause = time.monotonic() + timeout, threading.Event()
    while (found := job(id)).state in ACTIVE:
        if time.monotonic() > end:
            raise LimitError(f"the job '{id}' is {found.state} after {timeout:g} s", "Wait longer", code="time")
        pause.wait(WAIT_SECONDS)
    return found


# uploads and the home folder


def save_upload(name: str, kind: UploadKind, stream: Stream) -> Upload:
    """Keep a file, streamed to disk and hashed. Raises DataError and StorageError."""
    return brought.save_upload(Home.default(), name, kind, stream)


def save_folder(files: Iterable[tuple[str, Stream]]) -> Upload:
    """Keep a folder of images as (relative name, stream) pairs. Raises DataError and StorageError."""
    return brought.save_folder(Home.default(), files)


def uploads(kind: UploadKind | None = None) -> tuple[Upload, ...]:
    """What was brought into this home, newest first."""
    return brought.uploads(Home.default(), kind)


def delete_upload(sha256: str) -> None:
    """Removes an upload. Raises NotFoundError, and StateError while a job that needs it waits or runs."""
    queue = _queue()
    for id in queue.active_ids():
        if sha256 in queue.home.job(id).request().model_dump_json():
            raise StateError(f"the job '{id}' needs this upload", "Wait for its end, or cancel it")
    brought.delete_upload(queue.home, sha256)


def usage() -> Usage:
    """What the home folder occupies, and what the disk has left."""
    home = Home.default()
    return Usage(
        home=str(home.path),
        jobs_bytes=_queue().jobs_bytes(),
        cache_bytes=folder_bytes(home.cache),
        uploads_bytes=folder_bytes(home.uploads),
        database_bytes=sum(file.stat().st_size for file in home.path.glob("featherweight.db*")),
        free_bytes=free_bytes(home.path),
    )


def free_cache() -> int:
    """Empty the cache; what a running job works with stays. Returns the bytes freed."""
    queue = _queue()
    began = [datetime.fromisoformat(queue.job(id).created).timestamp() for id in queue.active_ids()]
    return Cache(queue.home.cache).trim(0, unused_since=min(began, default=None))


# the supervisor


def ensure_supervisor() -> None:
    """Start the home's supervisor, detached, where none runs. Raises StorageError."""
    supervisor_lock.ensure_supervisor(Home.default())


def supervise() -> int:
    """Serve the queue in the foreground until SIGTERM, Ctrl-C or a long idleness. Raises StateError where one does."""
    open_database(Home.default())
    return supervise_home(Home.default())
