"""The command line: `python -m engine VERB`. Each verb is one call of the façade and some lines of text.

Exit status: 0 done, 1 something failed, 2 refused (one line on stderr), 130 cancelled.
"""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from typer.main import get_command

import engine
from engine import (
    PRETRAINED,
    RANDOM,
    AdviseRequest,
    DataSource,
    Event,
    FeatherweightError,
    FileModel,
    ImagesData,
    ModelSource,
    PresetName,
    Recipe,
    SampleData,
    SampleModel,
    SensitivityRequest,
    SettingsError,
    Target,
    TimmModel,
    lines,
)
from engine.wording import many, percent

REFUSED, CANCELLED = 2, 130

app = typer.Typer(add_completion=False, no_args_is_help=False, rich_markup_mode=None,
                  help="Makes image models small and fast, and proves it with measurements.")  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe in YAML or JSON.")]
FromPreset = Annotated[
    PresetName | None, typer.Option("--preset", help="Take these steps in place of the recipe's own.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as submit printed it.")]


@app.command()
def optimize(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new or empty folder for the results.")],
    preset: FromPreset = None,
) -> int:
    """Carry out a recipe here and now."""
    report = engine.optimize(_asked(recipe, preset), out, _tell)
    for failure in report.failures:
        _error(f"{failure.message}. {failure.next}" if failure.next else failure.message)
    print("\n".join(lines.of_report(report)))
    print(f"{out / 'report.json'}: {many(len(report.variants), 'variant')}")
    return 0 if report.state == "done" else 1


def _asked(file: Path, preset: PresetName | None) -> Recipe:
    recipe = engine.load_recipe(file)
    return recipe if preset is None else engine.take_preset(engine.resolve(recipe), preset)


@app.command()
def inspect(model: Annotated[Path, typer.Argument(metavar="MODEL")], json: AsJson = False) -> None:
    """Say what a model file is."""
    _show(engine.inspect(model), json, lines.of_profile)


@app.command()
def models(
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Words of name, family or tags.")] = "",
    json: AsJson = False,
) -> None:
    """List the timm architectures."""
    found = engine.search_models(search)
    if json:
        _json(found)
    else:
        _table(
            ("name", "family", "parameters", "MACs", "input", "pretrained"),
            [(entry.name, entry.family, f"{entry.parameters / 1e6:.2f} M", f"{entry.macs / 1e9:.3f} G",
              "x".join(map(str, entry.input_size)), " ".join(entry.pretrained_tags)) for entry in found],
        )  # fmt: skip


@app.command()
def techniques(json: AsJson = False) -> None:
    """List the techniques with their settings."""
    found = engine.list_techniques()
    if json:
        _json(found)
    else:
        _table(
            ("technique", "method", "stage", "what it does"),
            [(row.technique, row.method or "", row.stage, row.summary) for row in found],
        )


@app.command()
def hardware(json: AsJson = False) -> None:
    """Say what this machine can run."""
    _show(engine.hardware(), json, lines.of_hardware)


@app.command()
def advise(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A timm name, an ONNX file, or sample.")],
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Threads; all cores if left out.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=1024, help="Images a call.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Measure this one; may be said several times.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say which architectures would be faster here than a model, or better."""
    target = Target(threads=threads, batch_size=batch)
    request = AdviseRequest(model=_source(model, RANDOM), target=target, names=tuple(only) if only else None)
    _show(engine.advise(request, _tell), json, lines.of_advice)


@app.command()
def sensitivity(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A timm name, or sample.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="A folder or zip of images; the digits for sample.")
    ] = None,
    labels: Annotated[str, typer.Option("--labels", help="folders, none, or a CSV of file,label.")] = "folders",
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="Weights of a timm name; pretrained if left out.")
    ] = None,
    ratio: Annotated[
        list[float] | None, typer.Option("--ratio", help="Try this ratio; may be said several times.")
    ] = None,
    within: Annotated[
        float, typer.Option("--within", metavar="POINTS", min=0, max=100, help="What a group may lose by itself.")
    ] = 1.0,
    minutes: Annotated[float, typer.Option("--minutes", help="No group is begun after this.")] = 30.0,
    json: AsJson = False,
) -> None:
    """Say how much each group of layers can lose, and the ratios for a pruning step."""
    asked = {"ratios": tuple(ratio)} if ratio else {}
    request = SensitivityRequest.parse({
        "model": _source(model, str(weights.expanduser().absolute()) if weights else PRETRAINED),
        "data": _images(model, data, labels), "minutes": minutes, **asked,
    })  # fmt: skip
    found = engine.sensitivity(request, _tell)
    ratios = engine.propose_ratios(found, within / 100)
    if json:
        _json({**found.model_dump(), "group_ratios": ratios})
    else:
        told = [f"for a pruning step, each within {within:g} points:", f"group_ratios: [{', '.join(ratios)}]"]
        print("\n".join([*lines.of_sensitivity(found), *told]))


def _source(model: str, weights: str) -> ModelSource:
    """A timm architecture takes these weights: for a latency random ones, whose values change none."""
    if model == "sample":
        return SampleModel()
    if engine.catalogue_entry(model) is not None and not Path(model).is_file():
        return TimmModel(name=model, weights=weights)
    return FileModel(path=str(Path(model).expanduser().absolute()))


def _images(model: str, data: str | None, labels: str) -> DataSource:
    if data is not None:
        return ImagesData(path=str(Path(data).expanduser().absolute()), labels=labels)
    if model != "sample":
        raise SettingsError("sensitivity looks at images, and --data names none", "Give a folder or a zip of images")
    return SampleData()


@app.command()
def submit(recipe: RecipeFile, preset: FromPreset = None) -> None:
    """Put a recipe in line; prints the run's id."""
    print(engine.submit(_asked(recipe, preset)).id)


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 100,
    json: AsJson = False,
) -> None:
    """List the runs."""
    found = engine.list_jobs("run", limit)
    if json:
        _json(found)
    else:
        _table(
            ("id", "state", "created", "seconds", "name"),
            [(job.id, job.state, job.created, f"{job.seconds:.0f}", job.name) for job in found],
        )


@app.command()
def status(run: RunId, json: AsJson = False) -> None:
    """Say how a run stands; the first line begins with its state."""
    _show(engine.job(run), json, lines.of_job)


@app.command()
def cancel(run: RunId) -> None:
    """End a run within two seconds."""
    engine.cancel(run)


@app.command()
def supervisor() -> int:
    """Serve the queue in the foreground."""
    return engine.supervise()


@app.command()
def check(json: AsJson = False) -> int:
    """Say what is right and wrong with this installation."""
    found = engine.check()
    if json:
        _json(found)
    else:
        _table(
            ("", "what", "found", "what to do"),
            [("ok" if item.ok else "WRONG", item.name, item.found, item.next) for item in found],
        )
    return 0 if all(item.ok for item in found) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; returns the exit status. Whatever is refused is one line on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    command = get_command(app)
    try:
        status = command.main(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="engine",
                              standalone_mode=False)  # fmt: skip
    except FeatherweightError as error:
        _error(str(error))
        return error.exit_status
    except typer.TyperException as error:
        _error(f"{error.format_message().rstrip('.')}. See python -m engine --help")
        return REFUSED
    except (KeyboardInterrupt, typer.Abort):
        _error("cancelled")
        return CANCELLED
    return status if isinstance(status, int) else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM is Ctrl-C: what runs is cancelled in order."""
    raise KeyboardInterrupt


def _tell(event: Event) -> None:
    figures = "".join(f" {name}={value:g}" for name, value in event.metrics.items())
    print(f"{percent(event.fraction):>5} {event.step}: {event.message}{figures}", file=sys.stderr, flush=True)


def _error(text: str) -> None:
    print(f"error: {' '.join(text.split())}", file=sys.stderr)


def _json(value: Any) -> None:
    print(TypeAdapter(Any).dump_json(value, indent=2, by_alias=True).decode())


def _show(value: Any, as_json: bool, told: Callable[[Any], list[str]]) -> None:
    if as_json:
        _json(value)
    else:
        print("\n".join(told(value)))


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    print("\n".join(lines.table([heads, *rows])))


if __name__ == "__main__":
    sys.exit(main())
