"""The verbs about recipes and runs: in the foreground, or queued, listed and cancelled."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import GateAnswer, PresetName, Recipe, Report
from engine.cli import cold_start_lines, lines
from engine.cli.shell import AsJson, app, error, on_event, show, show_json, table
from engine.wording import many

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe in YAML or JSON.")]
FromPreset = Annotated[
    PresetName | None, typer.Option("--preset", help="Take these steps in place of the recipe's own.")
]
RunOrDir = Annotated[str, typer.Argument(metavar="RUN_OR_DIR", help="A run's id, or the folder of a run.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as submit printed it.")]

GATE_STATUS: Mapping[GateAnswer, int] = {"yes": 0, "no": 3, "cannot tell": 4}


@app.command()
def optimize(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new or empty folder for the results.")],
    preset: FromPreset = None,
    json: AsJson = False,
) -> int:
    """Carry out a recipe here and now."""
    report = engine.optimize(load(recipe, preset), out, on_event)
    for failure in report.failures:
        error(f"{failure.message}. {failure.next}" if failure.next else failure.message)
    show(report, json, lambda one: _optimized_lines(one, out))
    return 0 if report.state == "done" else 1


def _optimized_lines(report: Report, out: Path) -> list[str]:
    return [
        *lines.of_report(report),
        *cold_start_lines.of_cold_starts(report),
        f"{out / 'report.json'}: {many(len(report.variants), 'variant')}",
    ]


def load(file: Path, preset: PresetName | None) -> Recipe:
    recipe = engine.load_recipe(file)
    return recipe if preset is None else engine.take_preset(engine.resolve(recipe), preset)


@app.command()
def submit(recipe: RecipeFile, preset: FromPreset = None, json: AsJson = False) -> None:
    """Put a recipe in line; prints the run's id."""
    show(engine.submit(load(recipe, preset)), json, lambda job: [job.id])


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 100,
    json: AsJson = False,
) -> None:
    """List the runs."""
    jobs = engine.list_jobs("run", limit)
    if json:
        show_json(jobs)
    else:
        table(
            ("id", "state", "created", "seconds", "name"),
            [(job.id, job.state, job.created, f"{job.seconds:.0f}", job.name) for job in jobs],
        )


@app.command()
def status(run: RunId, json: AsJson = False) -> None:
    """Say how a run stands; the first line begins with its state."""
    show(engine.job(run), json, lines.of_job)


@app.command()
def cancel(run: RunId, json: AsJson = False) -> None:
    """End a run within two seconds; one that has ended stays as it is."""
    engine.cancel(run)
    if json:
        show_json(engine.job(run))


@app.command()
def remeasure(run: RunOrDir, json: AsJson = False) -> None:
    """Measure the latencies of a run again; its report keeps both measurements and says which stands."""
    report = engine.remeasure(run, on_event)
    show(report, json, lambda one: [*lines.of_report(one), *lines.of_measurements(one)])


@app.command()
def report(
    run: RunOrDir,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The file to write.")],
    no_images: Annotated[bool, typer.Option("--no-images", help="Leave the run's images out.")] = False,
) -> None:
    """Write the report to hand over: one HTML file that works offline."""
    engine.write_html_report(run, out, images=not no_images)
    print(out)


@app.command()
def gate(
    run: RunOrDir,
    max_drop: Annotated[
        float | None, typer.Option("--max-drop", metavar="POINTS", help="Accuracy that may be lost, in points.")
    ] = None,
    min_speedup: Annotated[
        float | None, typer.Option("--min-speedup", metavar="X", help="Times as fast as the baseline, at least.")
    ] = None,
    max_size: Annotated[
        float | None, typer.Option("--max-size", metavar="MB", help="Size of the file, at most, in 10^6 bytes.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="ID", help="A variant's id; by itself the recommended one.")
    ] = None,
    json: AsJson = False,
) -> int:
    """Check a finished run against rules; the exit status is 0 where all hold, 3 where one does not, 4 in doubt."""
    outcome = engine.gate(run, max_drop=max_drop, min_speedup=min_speedup, max_size_mb=max_size, variant_id=variant)
    show(outcome, json, lines.of_gate)
    return GATE_STATUS[outcome.holds]


@app.command()
def supervisor() -> int:
    """Serve the queue in the foreground."""
    return engine.supervise()
