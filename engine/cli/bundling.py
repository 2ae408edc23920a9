"""The verbs that pack a run's variants, and say what they are worth on another machine."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import GoldenSource, RequestError
from engine.cli import bundle_lines, serving
from engine.cli.shell import AsJson, app, on_event, show


@app.command()
def bundle(
    run: Annotated[str, typer.Argument(metavar="RUN_OR_DIR", help="A run's id, or the folder of a run.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="The zip to write.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="ID",
            help="A variant's id, may be said several times; the recommended one if left out.",
        ),
    ] = None,
    golden: Annotated[
        GoldenSource,
        typer.Option("--golden", help="What it proves itself with: images of the evaluation split, or made-up ones."),
    ] = "evaluation",
    serve: Annotated[
        Path | None,
        typer.Option("--serve", metavar="FILE.json", help="How it is to serve itself: what serve-bench --save wrote."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Pack variants with all that they need to run elsewhere, and to prove there that they do."""
    choice = engine.ServeChoice() if serve is None else serving.read_choice(serve)
    show(engine.bundle(run, out, variant or (), golden, on_event, choice), json, bundle_lines.of_bundle)


@app.command()
def import_verification(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="What verify.py of a bundle wrote.")],
    json: AsJson = False,
) -> None:
    """Check what a bundle found on another machine, and keep it beside the figures of its run."""
    try:
        content = file.expanduser().read_bytes()
    except OSError as error:
        raise RequestError(f"'{file}' cannot be read: {error.strerror}", "Check the path") from error
    show(engine.import_verification(content), json, bundle_lines.of_verification)


@app.command()
def cross_cpu(
    run: Annotated[str, typer.Argument(metavar="RUN_OR_DIR", help="A run's id, or the folder of a run.")],
    variant: Annotated[str, typer.Option("--variant", metavar="ID", help="A variant's id, as its report has it.")],
    minutes: Annotated[float, typer.Option("--minutes", help="No further images are answered after this.")] = 3.0,
    json: AsJson = False,
) -> None:
    """Estimate what a variant of 8-bit sums answers on an x86 processor without VNNI."""
    show(engine.cross_cpu(run, variant, minutes, on_event), json, bundle_lines.of_cross_cpu)
