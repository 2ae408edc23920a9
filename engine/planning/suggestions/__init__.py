"""Suggestions after a run that kept its baseline: other chains, another architecture, another target."""

from collections.abc import Callable

from engine.planning.presets import make_presets
from engine.planning.suggestions import chains, targets
from engine.planning.suggestions.facts import Facts
from engine.results import Advice, Basis, Report, Suggestion, codes
from engine.settings import Recipe

MAX_SUGGESTIONS = 5
Rule = Callable[[Facts], Suggestion | None]

_RULES: tuple[Rule, ...] = (
    targets.images,
    targets.copies,
    chains.qat,
    chains.quantize,
    chains.prune,
    chains.distill,
    targets.architecture,
    targets.hardware,
    targets.threads,
    targets.batch,
)
"""In order of how likely they are to help, where the basis of two is the same."""
_UNTRAINED_RULES: tuple[Rule, ...] = (chains.train,)
"""The rules for a model that is no better than guessing: it has to be trained before anything else."""
_RANKS: dict[Basis, int] = {"measured_here": 0, "measured_elsewhere": 1, "published": 1, "unknown": 2}


def keeps_baseline(report: Report) -> bool:
    """Whether the run is over and recommends its baseline."""
    base, best = report.baseline, report.recommended
    return report.state not in ("queued", "running") and base is not None and best is not None and best.id == base.id


def suggest(report: Report, advice: Advice | None = None) -> tuple[Suggestion, ...]:
    """What to try next, at most five, best first; nothing where a report does not recommend its baseline.

    `advice` is the advisor's result for the same model on this machine. Suggestions with figures from this machine come
    first, those without figures last. Every suggested chain is valid in the recipe and new to it.
    """
    base, best = report.baseline, report.recommended
    if base is None or best is None or not keeps_baseline(report):
        return ()
    facts = Facts(report, base, advice, {preset.name: preset for preset in make_presets(report.recipe)})
    rules = _UNTRAINED_RULES if best.reason.code == codes.NOT_LEARNT else _RULES
    suggestions = [one for rule in rules if (one := rule(facts)) is not None]
    possible = [one for one in suggestions if _possible(one, report.recipe)]
    return tuple(sorted(possible, key=lambda one: _RANKS[one.basis])[:MAX_SUGGESTIONS])


def _possible(suggestion: Suggestion, recipe: Recipe) -> bool:
    """Whether the suggested chain is valid in the recipe and new to it."""
    steps = suggestion.steps
    if steps is None:
        return True
    lacks_train_images = recipe.split.train == 0 and any(step.trains for step in steps)
    values = {**recipe.model_dump(exclude={"branches"}), "steps": steps}
    return not lacks_train_images and steps not in recipe.chains and not Recipe.problems(values)
