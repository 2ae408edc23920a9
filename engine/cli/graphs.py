"""The verbs about what a runtime makes of a variant's graph."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine.cli import graph_lines
from engine.cli.shell import AsJson, app, on_event, show

Run = Annotated[str, typer.Argument(metavar="RUN_OR_DIR", help="A run's id, or the folder of a run.")]
VariantId = Annotated[str, typer.Option("--variant", metavar="ID", help="The id of a variant, as its report has it.")]


@app.command()
def time_profile(run: Run, variant: VariantId, json: AsJson = False) -> None:
    """Say where the time of a call goes in a variant and in its baseline, by operator and node by node."""
    show(engine.time_profile(run, variant, on_event), json, graph_lines.of_time_profile)


@app.command()
def save_optimized(
    run: Run,
    variant: VariantId,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The path of the new file.")],
    json: AsJson = False,
) -> None:
    """Save the graph that onnxruntime makes of a variant on this machine, which opens sooner and runs here alone."""
    show(engine.save_optimized(run, variant, out, on_event), json, graph_lines.of_optimized_graph)
