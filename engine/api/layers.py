"""The verbs about the layers of a variant: how far they are from FP32, and a run with one more of them in float."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse, find_resolved, result, submit
from engine.errors import StateError
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.layer_errors import layer_errors_request, recipe_with_float_layer
from engine.planning.remeasurable import remeasurable_report
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job
from engine.results.layer_errors import LayerErrors
from engine.settings import LayerErrorsRequest

OnEvent = Callable[[Event], None]


def layer_errors(
    run: str | Path,
    variant: str,
    on_event: OnEvent = lambda event: None,
    *,
    images: int = 16,
    minutes: float = 3.0,
) -> LayerErrors:
    """How far the layers of a variant are from those of FP32, and what each in float would change of the output.

    `run` is a run's id or its folder; at most `images` are compared, and no layer is put in float after the `minutes`.
    Raises RequestError where there is no such run or variant or nothing to compare,
    and RunError where a file does not run.
    """
    home = Queue.default().home
    request = layer_errors_request(run_folder(run, home).path, variant)
    request = LayerErrorsRequest.parse({**request.model_dump(), "images": images, "minutes": minutes})
    resolved = resolve_request(request, home, from_browser=False)
    return cast(LayerErrors, foreground.run_analysis(home, resolved, on_event=on_event))


def start_layer_errors(id: str, variant: str) -> Job:
    """Queue such a comparison, or return the equal job that waits, runs or is done. Raises RequestError."""
    return analyse(layer_errors_request(Queue.default().folder(id).path, variant))


def find_layer_errors(id: str, variant: str) -> Job | None:
    """The newest job of such a comparison, in whatever state. Raises RequestError."""
    return find_resolved(layer_errors_request(Queue.default().folder(id).path, variant))


def keep_in_float(id: str, variant: str, layer: str, *, token: str | None = None) -> Job:
    """Queue a run whose recipe is the run's own for this variant, with a further layer of it in float.

    The same `token` (one click) gives the same job. Raises RequestError where the method keeps no layers in float or
    there is no such layer, and StateError before the layers were compared.
    """
    report = remeasurable_report(Queue.default().folder(id).path)
    job = find_layer_errors(id, variant)
    errors = result(job.id) if job is not None and job.state == "done" else None
    if not isinstance(errors, LayerErrors):
        raise StateError("the layers of this variant were not compared yet", "Compare them first")
    return submit(recipe_with_float_layer(report, errors, layer), token=token)
