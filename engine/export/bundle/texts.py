"""What people read in a bundle: how it is used, what it needs, what was asked for and what came out."""

import json

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import LABELS, PREPROCESS, REQUIREMENTS
from engine.export.html_report import TEMPLATES, html_report
from engine.settings import dump_recipe


def texts(context: BundleContext) -> dict[str, bytes]:
    """requirements.txt, README.md, recipe.yaml and report.html; labels.txt and preprocess.json where there are any."""
    files = {
        REQUIREMENTS: "".join(
            f"{_with_libraries(context, name)}=={version}\n" for name, version in context.packages.items()
        ),
        "README.md": readme(context),
        "recipe.yaml": dump_recipe(context.report.recipe),
        "report.html": html_report(context.report, context.name),
    }
    if context.labels is not None:
        files[LABELS] = "".join(f"{' '.join(name.splitlines())}\n" for name in context.labels)
    if context.model.preprocess is not None:
        files[PREPROCESS] = json.dumps(context.model.preprocess.model_dump(mode="json"), indent=1) + "\n"
    return {name: text.encode() for name, text in files.items()}


def readme(context: BundleContext) -> str:
    """How the bundle is used, what was measured on it and where, and what it cannot say."""
    measured_with = context.report.environment.versions
    others = [
        f"{name} {measured_with[name]}"
        for name, version in context.packages.items()
        if measured_with.get(name, version) != version
    ]
    return TEMPLATES.get_template("bundle_readme.md.j2").render(
        context=context,
        variant=context.variant,
        report=context.report,
        task=context.model.task,
        others=others,
        target=context.target,
    )


def _with_libraries(context: BundleContext, name: str) -> str:
    """The distribution, with the extras that bring CUDA's libraries where it is to use a card (onnxruntime.ai)."""
    return f"{name}[cuda,cudnn]" if name == "onnxruntime-gpu" and context.target.on_cuda else name
