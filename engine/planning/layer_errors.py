"""Whether the layers of a variant can be compared with FP32, with which file, and the recipe with one more in float."""

from pathlib import Path

from engine.errors import RequestError
from engine.planning.graph_jobs import find_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results import Report, Variant
from engine.results.layer_errors import LayerErrors
from engine.settings import (
    Finetune,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Recipe,
    Simplify,
    Step,
)
from engine.settings.variant_jobs import LayerErrorsRequest

KEEPS_LAYERS = (QuantizeStatic, QuantizeDynamic, QuantizeWeights)
"""The methods that can leave layers by name in float."""
MOST_NAME = 120
MOST_LISTED = 8


def layer_errors_request(folder: Path, variant_id: str) -> LayerErrorsRequest:
    """The request for a variant of the run in this folder. Raises as `check_layer_errors`."""
    report = remeasurable_report(folder)
    reference_of(report, variant_id)
    return LayerErrorsRequest(folder=str(folder.absolute()), recipe=report.recipe, variant_id=variant_id)


def check_layer_errors(request: LayerErrorsRequest) -> None:
    """Raises RequestError and StateError as `remeasurable_report` does, and as `reference_of`."""
    reference_of(remeasurable_report(Path(request.folder)), request.variant_id)


def reference_of(report: Report, variant_id: str) -> Variant:
    """The variant whose layers are FP32 for this one: the parent of the step that stored its weights in fewer bits,
    else the baseline.

    Raises NotFoundError, and RequestError where the two are one file, or different networks.
    """
    variant = find_variant(report, variant_id)
    path = report.lineage(variant.file_variant_id)
    if not path or path[0] is not report.baseline or variant.sha256 == path[0].sha256:
        raise RequestError(
            f"'{variant.label}' is the baseline's own file, and no layer of it differs", "Choose another variant"
        )
    rounded = (number for number, one in enumerate(path) if one.settings is not None and one.settings.number_format)
    first = next(rounded, 1)
    for one in path[first:]:
        if one.settings is not None and one.settings.brings_model:
            raise RequestError(
                f"'{one.label}' is another network than the baseline, so that no layer of one is a layer of the other",
                "Choose a variant of the same network, or one that was quantized from it",
            )
    return path[first - 1]


def keeps_layers(variant: Variant) -> bool:
    """Whether the step that made this variant can leave layers by name in float."""
    return isinstance(variant.settings, KEEPS_LAYERS)


def recipe_with_float_layer(report: Report, errors: LayerErrors, layer: str) -> Recipe:
    """The run's own recipe for one variant alone, with a further layer of it in float.

    What won a race is named with its settings, after the simplification that the race began with. Raises RequestError
    where the method keeps no layers in float, or the variant has no such layer, or it is in float already.
    """
    variant = find_variant(report, find_variant(report, errors.variant_id).file_variant_id)
    settings = variant.settings
    if not isinstance(settings, QuantizeStatic | QuantizeDynamic | QuantizeWeights):
        raise RequestError(
            f"no layer of '{variant.label}' can be kept in float by its name: its step has no such setting",
            "Choose a variant of static, dynamic or weight-only quantization",
        )
    row = errors.layer(layer)
    if row is None:
        names = [one.name for one in errors.rows]
        more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
        raise RequestError(
            f"'{variant.label}' has no layer '{layer[:100]}' that is compared with FP32",
            f"Its layers are {', '.join(names[:MOST_LISTED])}{more}",
        )
    if row.in_float:
        raise RequestError(f"the layer '{layer}' of '{variant.label}' is in float already", "Choose another layer")
    step = settings.model_copy(update={"float_nodes": (*settings.float_nodes, layer)})
    return _with_chain(report.recipe, variant, _chain(report, variant, step), f"{layer} in float")


def _chain(report: Report, variant: Variant, step: Step) -> tuple[Step, ...]:
    """The variant's chain with this step in the place of its own."""
    chain = report.recipe.chains[variant.branch]
    before, after = chain[: variant.step], chain[variant.step + 1 :]
    if isinstance(chain[variant.step], QuantizeAuto) and _began_simplified(report, variant):
        before = (*before, Simplify())
    return (*before, step, *after)


def _began_simplified(report: Report, variant: Variant) -> bool:
    """Whether the race that this variant won was on a simplified graph, which it then measured as a candidate."""
    races = (race for race in report.races if (race.branch, race.step) == (variant.branch, variant.step))
    return any(isinstance(one.settings, Simplify) for race in races for one, _ in report.candidates(race))


def _with_chain(recipe: Recipe, variant: Variant, chain: tuple[Step, ...], suffix: str) -> Recipe:
    """The recipe with this chain alone, and the same baseline: a fine-tune that not all chains began with is none."""
    name = f"{recipe.name[: MOST_NAME - len(suffix) - 2]}, {suffix}"[:MOST_NAME]
    alone = not recipe.baseline_steps and isinstance(next(iter(chain), None), Finetune)
    chains = {"steps": None, "branches": (chain, ())} if alone else {"steps": chain, "branches": None}
    return recipe.model_copy(update={"name": name, **chains})
