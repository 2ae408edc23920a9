"""A recipe before its run, and its run in the foreground."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.api.preflight import known_profile
from engine.api.reporting import leave_report_page
from engine.errors import Cancelled, RequestError, RunError
from engine.jobs import foreground
from engine.planning.describe import describe_recipe
from engine.planning.estimate import estimate_any, learnt_factors
from engine.planning.presets import estimate_presets
from engine.planning.resolve import resolve_recipe
from engine.results import Estimate, Event, Preset, Report
from engine.settings import AnalysisRequest, Recipe
from engine.store.home import Home


def resolve(recipe: Recipe, *, from_browser: bool = False) -> Recipe:
    """The recipe with absolute paths, also those of uploads, and SHA-256 sums. Raises RequestError."""
    return resolve_recipe(recipe, Home.default(), from_browser=from_browser)


def estimate(request: Recipe | AnalysisRequest) -> Estimate:
    """About how long a resolved recipe or an analysis of minutes will take; never a measurement.

    Raises StateError for an analysis of seconds, such as a profile.
    """
    return estimate_any(request, Home.default())


def describe(recipe: Recipe) -> tuple[str, ...]:
    """What a resolved recipe will do, a sentence each."""
    return describe_recipe(recipe)


def presets(recipe: Recipe) -> tuple[Preset, ...]:
    """Three chains made for the model and data of a resolved recipe, each with an estimate or why it is refused.

    The recipe's own steps do not matter, but for a leading fine-tune that makes the baseline and begins them too. What
    cannot be done with the model is known once this home has its profile.
    """
    profile = None
    with suppress(RequestError):  # a file that is not there: who carries the recipe out says so
        profile = known_profile(recipe.model, recipe.preprocess)
    return estimate_presets(recipe, learnt_factors(Home.default(), recipe.target), profile)


def optimize(recipe: Recipe, out: str | Path, on_event: Callable[[Event], None] = lambda event: None) -> Report:
    """Carry out a recipe here and now in `out`, which must be new or empty.

    However it ends, there is a report.html where a variant was made. Raises RequestError (then nothing is left behind)
    and Cancelled (Ctrl-C). Where a step failed, the report says so.
    """
    out = Path(out)
    home = Home.default()
    home.prepare()
    home.require_free()
    try:
        report = foreground.run_in_folder(home, resolve(recipe), out, on_event)
    except (RunError, Cancelled):
        leave_report_page(out)
        raise
    leave_report_page(out)
    return report
