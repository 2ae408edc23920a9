"""The verbs about what a variant changes inside: by layer, and by class."""

from typing import Annotated

import typer

import engine
from engine.cli import layer_lines
from engine.cli.graphs import Run, VariantId
from engine.cli.shell import AsJson, app, on_event, show


@app.command()
def layer_errors(
    run: Run,
    variant: VariantId,
    images: Annotated[int, typer.Option("--images", help="Evaluation images to compare on.")] = 16,
    minutes: Annotated[float, typer.Option("--minutes", help="No further layer is put in float after this.")] = 3.0,
    json: AsJson = False,
) -> None:
    """Say how far each layer of a variant is from FP32, and what each in float would change of the output."""
    errors = engine.layer_errors(run, variant, on_event, images=images, minutes=minutes)
    show(errors, json, layer_lines.of_layer_errors)


@app.command()
def class_changes(run: Run, variant: VariantId, json: AsJson = False) -> None:
    """Say what a variant changes for each class, and where its answers move to, from the answers that a run stored."""
    show(engine.class_changes(run, variant), json, layer_lines.of_class_changes)
