"""The verbs about speed on this machine: one file over batches and threads, and several side by side."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import (
    Event,
    FileModel,
    RequestError,
    SettingsError,
    Showdown,
    ShowdownEntry,
    ShowdownRequest,
    Sweep,
    SweepRequest,
    Target,
    VariantFile,
)
from engine.cli import speed_lines
from engine.cli.shell import AsJson, app, on_event, show
from engine.settings.target import CUDA
from engine.wording import many, roughly

TARGETS = (
    f"onnxruntime or openvino; behind a colon a provider or a device (onnxruntime:{CUDA}, openvino:GPU), or what "
    "OpenVINO computes floats in (openvino:f32, bf16 or auto)"
)
TARGET_HELP = f"{TARGETS}; may be said several times. All that this CPU offers if left out."
ROW_HELP = (
    "An ONNX file, a run or its folder (all its variants), or one variant of it as RUN:VARIANT. With @TARGET behind it "
    "at that target, else at every --target. The first row is what the others are compared with."
)
ID_LETTERS = 12


@app.command()
def sweep(
    file: Annotated[str, typer.Argument(metavar="FILE|RUN[:VARIANT]", help="An ONNX file, or a variant of a run.")],
    batches: Annotated[str, typer.Option("--batches", metavar="N,N", help="Images a call.")] = "1,2,4,8,16,32",
    threads: Annotated[
        str | None, typer.Option("--threads", metavar="N,N", help="Threads; 1, 2, 4 … all cores if left out.")
    ] = None,
    streams: Annotated[
        str | None,
        typer.Option("--streams", metavar="N,N", help="Streams of OpenVINO, with one call in flight on each."),
    ] = None,
    target: Annotated[str, typer.Option("--target", help=f"{TARGETS}.")] = "onnxruntime",
    within: Annotated[
        float | None,
        typer.Option("--within", metavar="MS", help="A call may take so long; larger batches are then left out."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", help="How often each cell is timed.")] = 6,
    minutes: Annotated[float, typer.Option("--minutes", help="No cell is begun after this.")] = 15.0,
    json: AsJson = False,
) -> None:
    """Time a file at every combination of batch size, threads and streams; Ctrl-C keeps what was measured."""
    request = SweepRequest.parse(
        {
            "file": _one_file(file),
            "target": _target(target, None, 1),
            "batch_sizes": whole_numbers("--batches", batches),
            "threads": None if threads is None else whole_numbers("--threads", threads),
            "streams": None if streams is None else whole_numbers("--streams", streams),
            "max_latency_ms": within,
            "rounds": rounds,
            "minutes": minutes,
        }
    )

    def show_sweep(result: Sweep) -> None:
        show(result, json, speed_lines.of_sweep)

    show_sweep(engine.sweep(request, _announced(request, "; Ctrl-C keeps what was measured"), show_sweep))


@app.command()
def showdown(
    rows: Annotated[list[str], typer.Argument(metavar="ROW...", help=ROW_HELP)],
    target: Annotated[list[str] | None, typer.Option("--target", metavar="TARGET", help=TARGET_HELP)] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads", metavar="N,N", help="Threads; with several, each row with each. All cores if left out."
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=1024, help="Images a call.")] = 1,
    rounds: Annotated[int, typer.Option("--rounds", help="How often each row is timed.")] = 12,
    minutes: Annotated[
        float, typer.Option("--minutes", help="No round but the first three is begun after this.")
    ] = 15.0,
    json: AsJson = False,
) -> None:
    """Time files at targets in the same rounds, and say of every pair which is faster; Ctrl-C keeps three or more."""
    sizes: tuple[int | None, ...] = (None,) if threads is None else whole_numbers("--threads", threads)
    entries = [
        ShowdownEntry(file=file, target=at)
        for row in rows
        for name, own in (_split_target(row),)
        for file in _files(name)
        for at in _targets([own] if own else target or [], sizes, batch)
    ]
    if len(entries) < 2:
        raise SettingsError("there is one row alone, and nothing to compare it with", "Name another file or target")
    request = ShowdownRequest.parse({"rows": entries, "rounds": rounds, "minutes": minutes})

    def show_showdown(result: Showdown) -> None:
        show(result, json, speed_lines.of_showdown)

    announced = _announced(request, f" for {many(len(entries), 'row')}")
    show_showdown(engine.showdown(request, announced, show_showdown))


def _announced(request: SweepRequest | ShowdownRequest, more: str) -> Callable[[Event], None]:
    """Prints the progress, and before the first of it about how long it takes: what is refused has no progress."""
    is_first = True

    def show_event(event: Event) -> None:
        nonlocal is_first
        if is_first:
            print(f"{roughly(engine.estimate(request).seconds)}, estimated{more}", file=sys.stderr, flush=True)
        is_first = False
        on_event(event)

    return show_event


def _split_target(row: str) -> tuple[str, str]:
    """What is before the last @, and the target behind it; an empty one where none is named."""
    name, _, target = row.rpartition("@")
    return (name, target) if name and target.partition(":")[0] in ("onnxruntime", "openvino") else (row, "")


def _targets(texts: Sequence[str], sizes: Sequence[int | None], batch: int) -> list[Target]:
    """What the words name, all that this CPU offers without any, with every number of threads. Raises SettingsError."""
    if texts:
        return [_target(text, threads, batch) for text in texts for threads in sizes]
    offered = [engine.showdown_targets(Target.parse({"threads": threads, "batch_size": batch})) for threads in sizes]
    return [one for same in zip(*offered, strict=True) for one in same]


def _target(text: str, threads: int | None, batch: int) -> Target:
    """The target that a word names. Raises SettingsError.

    Providers and devices have capitals in their names, numbers of bits have none.
    """
    runtime, _, detail = text.partition(":")
    field = "precision" if detail.islower() else "provider"
    values = {"runtime": runtime, **({field: detail} if detail else {})}
    return Target.parse({**values, "threads": threads, "batch_size": batch})


def _files(text: str) -> tuple[VariantFile, ...]:
    """The files of a row. Raises RequestError where there is neither a file nor a run of that name."""
    if Path(text).expanduser().is_file():
        return (VariantFile(model=FileModel(path=str(Path(text).expanduser().absolute()))),)
    run, _, prefix = text.rpartition(":") if not Path(text).expanduser().is_dir() else (text, "", "")
    chosen = engine.variant_files(_absolute(run or text), prefix=prefix if run else "")
    if not chosen:
        files = engine.variant_files(_absolute(run or text))
        ids = ", ".join(f"{file.variant} ({file.label})" for file in files)
        raise RequestError(f"the run '{run}' has no variant '{prefix[:ID_LETTERS]}'", f"Name one of {ids}")
    return chosen


def _one_file(text: str) -> VariantFile:
    """The one file of a sweep: of a run without a variant the last one of its chain. Raises RequestError."""
    return _files(text)[-1]


def _absolute(run: str) -> str:
    """A folder as an absolute path; an id as it is."""
    path = Path(run).expanduser()
    return str(path.absolute()) if path.is_dir() else run


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """Whole numbers of a list like 1,2,4. Raises SettingsError."""
    parts: Iterable[str] = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise SettingsError(f"{option} is '{text[:40]}', it must be whole numbers with commas between", "Write 1,2,4")
    return tuple(int(part) for part in parts)
