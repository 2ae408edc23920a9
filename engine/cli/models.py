"""The verbs about models and techniques: lists, the profile of a file, and measurements."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import (
    PRETRAINED,
    RANDOM,
    AdviseRequest,
    DataSource,
    DetectRequest,
    FileModel,
    ImagesData,
    ModelSource,
    RequestError,
    SampleData,
    SampleModel,
    SensitivityRequest,
    SettingsError,
    Target,
    TimmModel,
)
from engine.cli import detect_lines, lines, model_lines
from engine.cli.shell import AsJson, app, on_event, show, show_json, table

WEIGHTS = (".safetensors", ".pt", ".pth", ".tar", ".ckpt", ".bin")
"""The ends of the names of weights files."""
RECIPES = (".yaml", ".yml", ".json")
"""Those of recipes."""


@app.command()
def inspect(
    model: Annotated[Path, typer.Argument(metavar="MODEL")],
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="HxW", help="Height and width, where a file takes any: 224 or 192x256."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="NAME", help="The output of the class scores, of several.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what a model file is and what can be done with it, or of which architectures a weights file may be."""
    if model.suffix.lower() in WEIGHTS:
        show(engine.identify(model), json, model_lines.of_identification)
        return
    try:
        profile = engine.inspect(model, size=_size(size), output=output)
    except RequestError as error:  # a hint names the key of a recipe, which is an option here
        next = error.next.replace("(model.size)", "(--size)").replace("(model.output)", "(--output)")
        raise RequestError(error.message, next, code=error.code) from error
    if json:
        show_json({**profile.model_dump(), "applicability": engine.applicability(profile)})
    else:
        print(
            "\n".join(
                [*model_lines.of_profile(profile), "", *model_lines.of_applicability(engine.applicability(profile))]
            )
        )


@app.command()
def models(
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Words of name, family or tags.")] = "",
    json: AsJson = False,
) -> None:
    """List the timm architectures."""
    entries = engine.search_models(search)
    if json:
        show_json(entries)
    else:
        table(
            ("name", "family", "parameters", "MACs", "input", "pretrained"),
            [
                (
                    entry.name,
                    entry.family,
                    f"{entry.parameters / 1e6:.2f} M",
                    f"{entry.macs / 1e9:.3f} G",
                    "x".join(map(str, entry.input_size)),
                    " ".join(entry.pretrained_tags),
                )
                for entry in entries
            ],
        )


@app.command()
def techniques(json: AsJson = False) -> None:
    """List the techniques with their settings."""
    infos = engine.list_techniques()
    if json:
        show_json(infos)
    else:
        table(
            ("technique", "method", "stage", "what it does"),
            [(info.technique, info.method or "", info.stage, info.summary) for info in infos],
        )


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
    request = AdviseRequest(model=model_source(model, RANDOM), target=target, names=tuple(only) if only else None)
    show(engine.advise(request, on_event), json, lines.of_advice)


@app.command()
def sensitivity(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A timm name, or sample.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="A folder or archive of images; the digits for sample.")
    ] = None,
    labels: Annotated[
        str, typer.Option("--labels", help="folders, none, or a label file (CSV, TSV, JSON).")
    ] = "folders",
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
    ratio_settings = {"ratios": tuple(ratio)} if ratio else {}
    request = SensitivityRequest.parse(
        {
            "model": model_source(model, str(weights.expanduser().absolute()) if weights else PRETRAINED),
            "data": _images("sensitivity", model, data, labels),
            "minutes": minutes,
            **ratio_settings,
        }
    )
    result = engine.sensitivity(request, on_event)
    ratios = engine.propose_ratios(result, within / 100)
    if json:
        show_json({**result.model_dump(), "group_ratios": ratios})
    else:
        proposal = [f"for a pruning step, each within {within:g} points:", f"group_ratios: [{', '.join(ratios)}]"]
        print("\n".join([*lines.of_sensitivity(result), *proposal]))


@app.command()
def detect(
    model: Annotated[
        str, typer.Argument(metavar="MODEL_OR_RECIPE", help="A timm name, an ONNX file, sample, or a recipe (.yaml).")
    ],
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="A folder or archive of images; the digits for sample.")
    ] = None,
    labels: Annotated[
        str, typer.Option("--labels", help="folders, none, or a label file (CSV, TSV, JSON).")
    ] = "folders",
    minutes: Annotated[
        float, typer.Option("--minutes", help="No other preprocessing is begun after so much work.")
    ] = 1.0,
    json: AsJson = False,
) -> None:
    """Say whether a model does better under another preprocessing than it is run with."""
    if Path(model).suffix.lower() in RECIPES:
        request = DetectRequest.of(engine.load_recipe(Path(model)))
    else:
        request = DetectRequest(model=model_source(model, PRETRAINED), data=_images("detect", model, data, labels))
    request = DetectRequest.parse({**dict(request), "minutes": minutes})
    show(engine.detect(request, on_event), json, detect_lines.of_detection)


def _size(text: str | None) -> tuple[int, int] | None:
    """Height and width of 192x256, or of one number for both. Raises SettingsError."""
    if text is None:
        return None
    edges = text.lower().split("x")
    if len(edges) > 2 or not all(edge.strip().isdecimal() for edge in edges):
        raise SettingsError(f"--size is '{text[:20]}', it must be a height and a width in px", "Write 224 or 192x256")
    return int(edges[0]), int(edges[-1])


def model_source(model: str, weights: str) -> ModelSource:
    """The source that MODEL names; a timm architecture gets `weights` (random ones suffice for a latency)."""
    if model == "sample":
        return SampleModel()
    if (named := TimmModel(name=model)).from_hub or named.local_dir is not None:
        return named
    if engine.catalogue_entry(model) is not None and not Path(model).is_file():
        return TimmModel(name=model, weights=weights)
    return FileModel(path=str(Path(model).expanduser().absolute()))


def _images(verb: str, model: str, data: str | None, labels: str) -> DataSource:
    if data is not None:
        return ImagesData(path=str(Path(data).expanduser().absolute()), labels=labels)
    if model != "sample":
        raise SettingsError(f"{verb} looks at images, and --data names none", "Give a folder or an archive of images")
    return SampleData()
