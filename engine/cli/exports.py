"""The verbs that take a run elsewhere: to a shared folder, the Hugging Face Hub, MLflow, or as a script."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import Destination, ExportedFiles, FilesDestination, HubDestination, MlflowDestination
from engine.cli.shell import AsJson, app, on_event, show
from engine.wording import many, size_text

Run = Annotated[str, typer.Argument(metavar="RUN_OR_DIR", help="A run's id, or the folder of a run.")]
Variants = Annotated[
    list[str] | None,
    typer.Option(
        "--variant", metavar="ID", help="A variant's id; may be said several times. By itself the recommended one."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there of this run.")]


@app.command()
def export(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="An existing folder, or s3://BUCKET/PREFIX.")],
    variant: Variants = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Copy variants of a run with its report to a shared folder or a bucket: all of it or nothing."""
    place = to if "://" in to else str(Path(to).expanduser().absolute())
    _export(run, FilesDestination.parse({"url": place}), variant, overwrite, json)


@app.command()
def push(
    run: Run,
    repository: Annotated[str, typer.Option("--repo", metavar="OWNER/NAME", help="The repository; made if new.")],
    variant: Variants = None,
    public: Annotated[bool, typer.Option("--public", help="Everybody may see a new repository.")] = False,
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="ID", help="Such as apache-2.0; unknown if left out.")
    ] = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Publish variants of a run on the Hugging Face Hub, with the token in HF_TOKEN."""
    values = {"repository": repository, "private": not public, "licence": licence}
    _export(run, HubDestination.parse(values), variant, overwrite, json)


@app.command()
def log_mlflow(
    run: Run,
    tracking_uri: Annotated[str, typer.Option("--tracking-uri", metavar="URI", help="http://HOST:PORT of the server.")],
    experiment: Annotated[str, typer.Option("--experiment", metavar="NAME", help="Made if new.")] = "featherweight",
    variant: Variants = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Log variants of a run to MLflow: settings, figures with their intervals, and files."""
    values = {"tracking_uri": tracking_uri, "experiment": experiment}
    _export(run, MlflowDestination.parse(values), variant, overwrite, json)


@app.command()
def reproduce(
    run: Run,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.py|FILE.ipynb", help="The script or notebook to write.")],
) -> None:
    """Write a script or a notebook that carries out the recipe of a run again, and shows what came out."""
    engine.write_reproduction(run, out)
    print(out)


def _export(run: str, destination: Destination, variants: list[str] | None, overwrite: bool, json: bool) -> None:
    written = engine.export_variants(run, destination, variants or (), overwrite=overwrite, on_event=on_event)
    show(written, json, _lines)


def _lines(written: ExportedFiles) -> list[str]:
    return [
        f"{written.location}: {many(len(written.files), 'file')}, {size_text(written.size_bytes)}"
        f"{', in place of what was there' if written.replaced else ''}",
        *(f"  {file.path}  {size_text(file.size_bytes)}" for file in written.files),
        *(f"note: {note.text}" for note in written.notes),
    ]
