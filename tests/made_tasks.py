"""Reports of every measure by hand: of models that are no classifiers, on images or on arrays."""

from engine.measure.recommendation import recommend
from engine.results import (
    Comparison,
    Fidelity,
    InputSpec,
    Measure,
    OutputFidelity,
    Recommendation,
    Report,
    Selection,
    TensorSpec,
    Trial,
    Variant,
    Verdict,
)
from engine.settings import Recipe
from tests.made import (
    BASE,
    GRAY,
    INT8,
    RACED,
    RECIPE,
    made_candidate,
    made_comparison,
    made_latency,
    made_race,
    made_report,
    made_trials,
    made_variant,
)

PRUNED = "c" * 12
SIMILARITIES = {INT8: 0.9964, PRUNED: 0.9123}
"""By the ids of the variants; the second is over the budget of a point."""
ARRAYS = InputSpec(
    shape=(),
    preprocess=None,
    inputs=(
        TensorSpec(name="token_ids", dtype="int64", shape=("sequence",)),
        TensorSpec(name="features", dtype="float32", shape=(4, 3)),
        TensorSpec(name="threshold", dtype="float32", shape=(), batched=False),
    ),
)
"""An input of tokens of any number, one of features, and a number for all examples."""
IMAGES = InputSpec(shape=(1, 64, 64), preprocess=GRAY)


def made_fidelity(measure: Measure, similarity: float, *, n: int = 540) -> Fidelity:
    """With two outputs where an answer is no class."""
    outputs = (OutputFidelity(name="boxes", sqnr_db=31.0), OutputFidelity(name="scores", sqnr_db=None))
    return Fidelity(
        agreement=similarity if "agreement" in measure else None,
        sqnr_db=31.0,
        n_images=n,
        measure=measure,
        similarity=similarity,
        outputs=() if measure == "agreement" else outputs,
    )


def made_loss(measure: Measure, similarity: float, *, n: int = 540) -> Comparison:
    """Without labels; answers are counted where they are classes."""
    comparison = made_comparison(1 - similarity, n=n, labelled=False)
    counts = {} if measure == "agreement" else {"n_changed": None, "n_worse": None, "n_better": None}
    return comparison.model_copy(update=counts)


def made_task_variant(id: str, label: str, measure: Measure, spec: InputSpec, **changed) -> Variant:
    """A variant of SIMILARITIES, or the baseline."""
    if id == BASE:
        return made_variant(id, label, labelled=False, input=spec, **changed)
    similarity = SIMILARITIES[id]
    loss, within = made_loss(measure, similarity), similarity > 0.99
    values = {
        "input": spec,
        "fidelity": made_fidelity(measure, similarity),
        "comparison": loss,
        "selection": Selection(
            comparison=made_loss(measure, similarity, n=269),
            fidelity=made_fidelity(measure, similarity, n=269),
            accuracy=None,
            class_loss=None,
        ),
        "verdict": Verdict(
            within_budget=within,
            faster="yes",
            codes=() if within else ("accuracy_drop_over_budget",),
            drop=loss.drop,
            drop_low=loss.low,
            drop_high=loss.high,
            certainty="cannot_tell" if within else None,
        ),
    }
    return made_variant(id, label, labelled=False, **(values | changed))


def made_task_report(measure: Measure, *, arrays: bool = False, **changed) -> Report:
    """A finished report without labels, whose first variant is recommended for the reason that the engine gives."""
    spec, recipe = (ARRAYS, of_arrays(RECIPE)) if arrays else (IMAGES, RECIPE)
    variants = (
        made_task_variant(BASE, "Baseline", measure, spec),
        made_task_variant(INT8, "Static INT8", measure, spec),
        made_task_variant(PRUNED, "Pruned", measure, spec, latency=made_latency(0.8, 0.4), parent_id=INT8),
    )
    report = made_report(*variants, recipe=recipe, **changed)
    return report.model_copy(update={"recommended": recommend(report)})


def made_task_race(measure: Measure, *, arrays: bool = False) -> Report:
    """A finished report of a race of four candidates, which Static INT8 has won."""
    spec, recipe = (ARRAYS, of_arrays(RACED)) if arrays else (IMAGES, RACED)
    trials = {id: _of(trial, measure) for id, trial in made_trials().items()}
    winner, *others = trials
    bare = {"comparison": None, "class_loss": None, "selection": None, "accuracy": None, "input": spec}
    variants = (
        made_task_variant(BASE, "Baseline", measure, spec),
        made_candidate(winner, trials[winner], **bare, fidelity=made_fidelity(measure, 0.9964)),
        *(made_candidate(id, trials[id], **bare, fidelity=None) for id in others),
    )
    recommended = Recommendation(id=winner, reason=made_report().recommended.reason)
    return made_report(*variants, recipe=recipe, races=(made_race(trials),), recommended=recommended)


def of_arrays(recipe: Recipe) -> Recipe:
    """The same recipe on an .npz file of arrays, for a file."""
    values = recipe.model_dump(exclude={"model", "data"})
    return Recipe.parse(
        {**values, "model": {"kind": "file", "path": "/m.onnx"}, "data": {"kind": "arrays", "path": "/inputs.npz"}}
    )


def _of(trial: Trial, measure: Measure) -> Trial:
    outcome = trial.outcome.model_copy(update={"text": "as it went"})
    return trial.model_copy(update={"fidelity": made_fidelity(measure, 0.9964, n=64), "outcome": outcome})
