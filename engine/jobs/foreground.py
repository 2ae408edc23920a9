"""One job in the foreground, by the same executor: a run into a folder, or an analysis."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from engine.errors import Cancelled, RequestError, RunError, StorageError
from engine.jobs.executor import RUNNER, Execution
from engine.jobs.kinds import kind_of
from engine.jobs.queue import describe_folder, new_id
from engine.results import Event, Report, Result
from engine.settings import AnalysisRequest, JobRequest, Recipe, RunRequest
from engine.store.endings import REFUSED, raise_for
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.store.home import Home, require_free

LOOK_SECONDS = 0.1
PREFIX, REQUEST = "featherweight-", "request.json"


def run_in_folder(
    home: Home, recipe: Recipe, out: Path, on_event: Callable[[Event], None], command: Sequence[str] = RUNNER
) -> Report:
    """Carry out a resolved recipe in `out`, which must be new or empty and becomes the job's folder.

    Raises RequestError (then `out` is as it was before) and Cancelled, also for Ctrl-C. Where a step failed, the report
    has the state `failed`.
    """
    out = out.absolute()
    require_free(out)
    created = _create_folder(out)
    job = _job(RunRequest(recipe=recipe), recipe.name)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory:
        folder = JobFolder(out, Path(directory) / REQUEST)
        try:
            describe_folder(folder, job)
            execution = Execution(home, job, folder, command=command)
        except OSError as error:
            _remove_created(out, created)
            raise StorageError(f"'{out}' cannot be written: {error.strerror}", "Choose another folder") from error
        except BaseException:
            _remove_created(out, created)
            raise
        outcome = _follow(execution, folder, on_event)
    if outcome.exit_status == REFUSED:
        _remove_created(out, created)
    raise_for(outcome)
    report = folder.report()
    if report is None:
        raise RunError(outcome.error.text if outcome.error else "the run left no report", "See log.txt in its folder")
    return report


def run_analysis(
    home: Home,
    request: AnalysisRequest,
    command: Sequence[str] = RUNNER,
    on_event: Callable[[Event], None] = lambda event: None,
    copies: Mapping[str, Path] = MappingProxyType({}),
    on_unfinished: Callable[[Result], None] = lambda result: None,
) -> Result:
    """Carry out an analysis in a temporary folder, and return its result.

    `copies` are files beside the result, by name, with the paths where they are copied to. `on_unfinished` gets what
    there was of the result where the analysis failed or was cancelled. Raises RequestError, RunError, Cancelled, and
    StorageError where a copy cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory:
        folder, job = JobFolder(Path(directory) / "job", Path(directory) / REQUEST), _job(request, request.kind)
        describe_folder(folder, job)
        outcome = _follow(Execution(home, job, folder, command=command), folder, on_event)
        if outcome.state != "done" and (unfinished := folder.result(kind_of(request).result)) is not None:
            on_unfinished(unfinished)
        raise_for(outcome)
        result = folder.result(kind_of(request).result)
        for name, path in copies.items():
            _copy(folder.path / name, path)
    if result is None or outcome.error is not None:
        reason = outcome.error.text if outcome.error else "no result was written"
        raise RunError(f"the {request.kind} failed: {reason}", outcome.next)
    return result


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise StorageError(f"'{target}' cannot be written: {error.strerror}", "Choose another path") from error


def _follow(execution: Execution, folder: JobFolder, on_event: Callable[[Event], None]) -> Outcome:
    """The outcome of the execution, after all its events were passed on.

    Ctrl-C cancels; a second one changes nothing, since the end is at most a second away.
    """
    n_events, outcome = 0, None
    try:
        while outcome is None:
            try:
                outcome = execution.wait(LOOK_SECONDS)
                events = folder.events(n_events)
                n_events += len(events)
                for event in events:
                    on_event(event)
            except KeyboardInterrupt:
                execution.cancel()
    finally:
        execution.kill(Cancelled("whoever waited for the job is gone"))  # where `on_event` raised; else it has ended
    return outcome


def _job(request: JobRequest, name: str) -> JobFile:
    return JobFile(id=new_id(), kind=request.kind, name=name, created=now(), request=request)


def _create_folder(out: Path) -> Path | None:
    """Create the folder; returns the topmost folder that had to be created, None where `out` existed."""
    if out.exists() and not out.is_dir():
        raise RequestError(f"'{out}' is a file, --out must name a new or empty folder", "Choose another folder")
    try:
        if out.is_dir() and any(out.iterdir()):
            raise RequestError(
                f"the folder '{out}' is not empty, --out must name a new or empty folder",
                "Choose another folder, or empty it",
            )
        missing = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder '{out}' cannot be used: {error.strerror}", "Choose another folder") from error
    return missing[-1] if missing else None


def _remove_created(out: Path, created: Path | None) -> None:
    """Remove the folders that were created; an `out` that existed is empty again."""
    shutil.rmtree(created or out, ignore_errors=True)
    if created is None:
        out.mkdir()
