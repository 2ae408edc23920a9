"""What a run will do, as sentences."""

from pathlib import Path

from engine.planning.estimate import split_shares
from engine.planning.raced import n_targets
from engine.results import limit_text
from engine.settings import ArraysData, FileModel, Recipe, SampleData, SampleModel, Step, Target, TimmModel
from engine.system.machine import cores
from engine.wording import many, percent


def describe_recipe(recipe: Recipe) -> tuple[str, ...]:
    """What the run will do, a sentence each, in order."""
    return (
        f"Load {_model_text(recipe)} and {_data_text(recipe)}.",
        _baseline_text(recipe),
        *(_chain_text(recipe, number, chain) for number, chain in enumerate(recipe.chains, start=1)),
        _measurement_text(recipe),
        _recommendation_text(recipe),
    )


def _model_text(recipe: Recipe) -> str:
    match recipe.model:
        case SampleModel():
            return "the digits sample network"
        case TimmModel(name=name, weights=weights):
            return f"{name} with {weights if recipe.model.weights_path is None else 'your'} weights"
        case FileModel(path=path):
            return f"the ONNX file {Path(path).name}" if path else "the uploaded ONNX file"


def _data_text(recipe: Recipe) -> str:
    if recipe.data is None:
        return "make synthetic inputs, which tell fidelity but no accuracy"
    if isinstance(recipe.data, SampleData):
        if recipe.data.name == "photos":
            return "the photos, unlabelled crops with a fixed split: agreement with the baseline, no accuracy"
        return "the digits, with the split that its card fixes"
    shares = [f"{percent(share)} {name}" for name, share in split_shares(recipe).items() if share]
    if isinstance(recipe.data, ArraysData):
        return f"the examples of {recipe.data.title}, split into {', '.join(shares)}"
    labels = "labelled" if recipe.data.labelled else "unlabelled"
    return f"your {labels} images, split into {', '.join(shares)}"


def _baseline_text(recipe: Recipe) -> str:
    for step in recipe.baseline_steps:
        return f"{_capitalised(step.description_at(recipe.target))}: the baseline."
    if isinstance(recipe.model, FileModel):
        return "Take the file as it is: the baseline."
    return "Export the model to ONNX as it is: the baseline."


def _chain_text(recipe: Recipe, number: int, chain: tuple[Step, ...]) -> str:
    steps = chain[len(recipe.baseline_steps) :]
    prefix = f"Chain {number}: " if len(recipe.chains) > 1 else ""
    if not steps:
        return f"{prefix}Nothing more is changed."
    actions = ", then ".join(step.description_at(recipe.target) for step in steps)
    return f"{prefix}{_capitalised(actions)}."


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


def _measurement_text(recipe: Recipe) -> str:
    target = recipe.target
    threads = target.threads or cores()
    options = "".join(f", {text}" for text in target.option_texts)
    if target.runtime == "any":
        return (
            f"Measure every file in onnxruntime and in OpenVINO ({target.provider}{options}), which race against "
            f"each other in the same interleaved rounds, with {many(threads, 'thread')} at batch size "
            f"{target.batch_size}; FP32 in onnxruntime is the baseline."
        )
    if n_targets(recipe) > 1:
        choices = _options_of_a_card(target) if target.on_cuda else "floats in f32 and in bf16"
        options += f", {choices}, which race against each other"
    return (
        f"Measure all variants in interleaved rounds in {target.runtime} ({target.provider}{options}) with "
        f"{many(threads, 'thread')} at batch size {target.batch_size}."
    )


def _options_of_a_card(target: Target) -> str:
    """Those that race, which are the ones that the target leaves as the provider has them by itself."""
    arithmetic = [name for name, races in (("TF32", target.tf32), ("channels last", not target.prefer_nhwc)) if races]
    graph = "a CUDA graph where it can be captured"
    if not arithmetic:
        return f"with and without {graph}"
    return f"with and without {' or '.join(arithmetic)}{'' if target.cuda_graph else f', and each as {graph}'}"


def _recommendation_text(recipe: Recipe) -> str:
    budget = recipe.budget
    terms = [
        f"losing at most {limit_text(budget.max_accuracy_drop)}" if budget.max_accuracy_drop is not None else "",
        f"no class more than {limit_text(budget.max_class_drop)}" if budget.max_class_drop is not None else "",
        f"within {budget.max_latency_ms:g} ms" if budget.max_latency_ms is not None else "",
        f"within {budget.max_size_mb:g} MB" if budget.max_size_mb is not None else "",
    ]
    limits = ", ".join(term for term in terms if term)
    return f"Recommend the best by {recipe.goal}{', ' + limits if limits else ''}, or the baseline if none is."
