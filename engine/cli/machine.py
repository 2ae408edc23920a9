"""This machine: what it can run and how fast, and whether the installation is whole."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import Target, WorkloadRequest
from engine.cli import lines, machine_lines
from engine.cli.models import model_source
from engine.cli.shell import AsJson, app, on_event, show_json, table

MODELS = (".onnx",)
"""The ends of the names of models; anything else that is measured is a run."""


@app.command()
def hardware(
    peaks: Annotated[
        bool, typer.Option("--peaks", help="Measure how fast each data type is here; takes a minute.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Of the peaks; all cores if left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what this machine can run, and what each data type is worth on it."""
    found = engine.hardware()
    measured = engine.measure_peaks(threads, on_event) if peaks else engine.known_peaks(threads)
    if json:
        show_json({**found.model_dump(), "peaks": measured})
        return
    print("\n".join(lines.of_hardware(found)))
    if measured is not None:
        kept = [] if peaks else [machine_lines.of_kept_peaks(threads)]
        print("\n".join(["", *machine_lines.of_peaks(measured), *kept]))


@app.command()
def roofline(
    subject: Annotated[
        str, typer.Argument(metavar="RUN_OR_DIR_OR_MODEL", help="A run's id or folder, an ONNX file or a timm name.")
    ],
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Of a model; all cores if left out.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=1024, help="Of a model: images a call.")] = 1,
    json: AsJson = False,
) -> None:
    """Say how close the files of a run, or a model, come to what this machine can do, and what bounds them."""
    if engine.catalogue_entry(subject) is not None or Path(subject).suffix.lower() in MODELS or subject == "sample":
        target = Target(threads=threads, batch_size=batch)
        request = WorkloadRequest(model=model_source(subject, engine.RANDOM), target=target)
    else:
        request = engine.workload_request(subject)
    counted = engine.workloads(request, on_event)
    of_peaks = _threads(next((one.latency for one in counted.workloads if one.latency), None))
    known = engine.known_peaks(of_peaks)
    placed = engine.roofline(counted, known or engine.measure_peaks(of_peaks, on_event))
    if json:
        show_json(placed)
        return
    kept = [machine_lines.of_kept_peaks(of_peaks)] if known is not None else []
    print("\n".join([*machine_lines.of_roofline(placed), *kept]))


def _threads(latency: engine.Latency | None) -> int | None:
    """The threads of a latency, whose peaks are wanted; None, all cores, where there are fewer here."""
    return latency.threads if latency is not None and latency.threads <= engine.cores() else None


@app.command()
def check(json: AsJson = False) -> int:
    """Say what is right and wrong with this installation."""
    items = engine.check()
    if json:
        show_json(items)
    else:
        table(
            ("", "what", "found", "what to do"),
            [("ok" if item.ok else "WRONG", item.name, item.found, item.next) for item in items],
        )
    return 0 if all(item.ok for item in items) else 1
