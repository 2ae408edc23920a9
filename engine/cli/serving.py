"""The verb that measures the server of a bundle."""

import json
from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import RequestError, ServeBench, ServeChoice
from engine.cli import serving_lines
from engine.cli.shell import AsJson, app, on_event, show
from engine.cli.speed import whole_numbers


@app.command()
def serve_bench(
    bundle: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A bundle.")],
    batches: Annotated[str, typer.Option("--batches", metavar="N,N", help="Images a call, at most.")] = "1,4,8",
    wait: Annotated[
        list[float] | None,
        typer.Option(
            "--wait", metavar="MS", help="How long a batch is collected; may be said several times; 2 if left out."
        ),
    ] = None,
    within: Annotated[
        float | None, typer.Option("--within", metavar="MS", help="What 99 of 100 answers may take.")
    ] = None,
    clients: Annotated[int, typer.Option("--clients", help="Requests that are under way at the most.")] = 32,
    zipf: Annotated[float, typer.Option("--zipf", help="How unevenly images are asked for; 0: all alike.")] = 1.1,
    repeats: Annotated[int, typer.Option("--repeats", help="How often each load is measured.")] = 3,
    minutes: Annotated[float, typer.Option("--minutes", help="No setting is begun after this.")] = 15.0,
    folder: Annotated[str, typer.Option("--folder", help="The variant's folder in a zip of several.")] = "",
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE.json", help="Where to write the best setting, for `bundle`.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Start the server of a bundle on this machine and measure it, at every setting, with and without its cache."""

    def show_bench(result: ServeBench) -> None:
        show(result, json, serving_lines.of_serve_bench)

    result = engine.serve_bench(
        bundle,
        on_event,
        show_bench,
        batch_sizes=whole_numbers("--batches", batches),
        timeouts_ms=tuple(wait) if wait else (2.0,),
        max_p99_ms=within,
        n_clients=clients,
        zipf=zipf,
        repeats=repeats,
        minutes=minutes,
        folder=f"{folder.rstrip('/')}/" if folder else "",
    )
    show_bench(result)
    if save is not None:
        _save(result, within, save)


def _save(result: ServeBench, within: float | None, file: Path) -> None:
    cell = result.best_within(within, cached=True) or result.best_within(within, cached=False)
    if cell is None:
        raise RequestError("no setting answers in time, and none was saved", "Allow more with --within")
    try:
        file.write_text(engine.serve_choice(result, cell, within).model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RequestError(f"'{file}' cannot be written: {error.strerror}", "Choose another file") from error


def read_choice(file: Path) -> ServeChoice:
    """What `_save` wrote. Raises RequestError, and SettingsError that names what is wrong."""
    try:
        return ServeChoice.parse(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RequestError(f"'{file}' cannot be read: {error}", "Give what serve-bench --save wrote") from error
