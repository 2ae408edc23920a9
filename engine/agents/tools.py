"""What an agent may call: one tool a verb of the façade, read-only ones and those that run jobs.

A recipe is given as text. As from the browser it may name samples, timm architectures, models of the Hub and this
home's uploads, and files by their paths only where whoever started the server allows that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import engine
from engine import (
    CatalogueEntry,
    CheckItem,
    Event,
    Gate,
    Job,
    Recipe,
    Report,
    RunComparison,
    RunSummary,
    TechniqueInfo,
    Upload,
)

Tool = Callable[..., Any]
MAX_LISTED = 100


@dataclass(frozen=True)
class Access:
    """What whoever started the server allows."""

    jobs: bool = False
    """Whether jobs may be started and cancelled."""
    paths: bool = False
    """Whether recipes may name files of this machine by their paths."""


def read_tools(access: Access) -> tuple[Tool, ...]:
    """The tools that change nothing."""

    def list_techniques() -> list[TechniqueInfo]:
        """Every technique (quantize, prune, distill, …) with the JSON schema of its settings, for a recipe's steps."""
        return list(engine.list_techniques())

    def search_models(text: str = "", limit: int = 20) -> list[CatalogueEntry]:
        """timm architectures whose name, family or tags hold every word of text, with parameters and MACs."""
        return list(engine.search_models(text, max(1, min(limit, MAX_LISTED))))

    def recipe_schema() -> dict[str, Any]:
        """The JSON schema of a recipe: model, data, target, budget, goal and the steps of one or more chains."""
        return Recipe.model_json_schema()

    def describe_recipe(recipe: str) -> list[str]:
        """What a recipe (YAML or JSON) will do, a sentence each, with the estimated seconds; refuses a wrong one."""
        resolved = engine.resolve(engine.parse_recipe(recipe), from_browser=not access.paths)
        return [*engine.describe(resolved), f"estimated seconds: {engine.estimate(resolved).seconds:.0f}"]

    def check_installation() -> list[CheckItem]:
        """What is right and wrong with this installation: runtimes, providers, memory, protections."""
        return list(engine.check())

    def list_uploads() -> list[Upload]:
        """The models and images that were uploaded to this home; a recipe names them by their SHA-256."""
        return list(engine.uploads())

    def list_runs(limit: int = 20) -> list[Job]:
        """The runs of this home, newest first, with state, progress and error."""
        return list(engine.list_jobs("run", max(1, min(limit, MAX_LISTED))))

    def run_status(run: str) -> Job:
        """How a run stands: queued, running, done, failed or cancelled, and how far it is."""
        return engine.job(run)

    def run_events(run: str, after: int = 0) -> list[Event]:
        """The events of a run from number after on: what happened when, with metrics of training."""
        return list(engine.events(run, after))

    def run_recipe(run: str) -> str:
        """The recipe of a run as YAML, every default written out."""
        return engine.dump_recipe(engine.recipe(run))

    def run_summary(run: str) -> RunSummary | None:
        """The answer of a run in few figures: what it recommends, how much faster and smaller that is; null before."""
        return engine.summaries([engine.job(run)])[0]

    def compare_runs(runs: list[str]) -> RunComparison:
        """The variants of these runs side by side, and those that none beats."""
        return engine.compare(runs)

    def gate_run(
        run: str,
        max_drop: float | None = None,
        min_speedup: float | None = None,
        max_size_mb: float | None = None,
        variant: str | None = None,
    ) -> Gate:
        """Whether a variant, by itself the recommended one, keeps rules: points lost, times as fast, size in MB."""
        engine.job(run)  # an id of this home, no folder
        return engine.gate(run, max_drop=max_drop, min_speedup=min_speedup, max_size_mb=max_size_mb, variant_id=variant)

    return (
        list_techniques,
        search_models,
        recipe_schema,
        describe_recipe,
        check_installation,
        list_uploads,
        list_runs,
        run_status,
        run_events,
        run_recipe,
        run_summary,
        run_report,
        compare_runs,
        gate_run,
    )


def run_report(run: str) -> Report | None:
    """All that a run measured, so far: every variant with size, latency, accuracy and intervals; null before any."""
    return engine.report(run)


def job_tools(access: Access) -> tuple[Tool, ...]:
    """The tools that start and cancel jobs."""

    def submit_recipe(recipe: str) -> Job:
        """Puts a recipe (YAML or JSON) in line and returns at once; ask run_status how it goes, which takes minutes."""
        job = engine.submit(engine.parse_recipe(recipe), from_browser=not access.paths)
        engine.ensure_supervisor()
        return job

    def remeasure_run(run: str) -> Job:
        """Puts a new measurement of the latencies of a finished run in line."""
        job = engine.start_remeasure(run)
        engine.ensure_supervisor()
        return job

    def cancel_run(run: str) -> Job:
        """Ends a run within two seconds; what it has finished stays."""
        engine.cancel(run)
        return engine.job(run)

    return submit_recipe, remeasure_run, cancel_run


WITHOUT_SCHEMA: Sequence[str] = (run_report.__name__,)
"""Tools whose result comes as JSON text alone: its schema would be longer than all the others together."""
