"""The verbs about the server of a bundle: measured under load, simulated beyond that, and what it costs."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.api.jobs import newest_requests
from engine.errors import RequestError
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning import serving_cost, serving_queue
from engine.planning.resolve import resolve_request
from engine.planning.serving_jobs import estimate_serve_bench, serve_bench_request
from engine.results import Estimate, Event, Job, Result
from engine.results.bundle import BUNDLE_FILE
from engine.results.serving import LoadPoint, ServeBench, ServeCell
from engine.settings.serving import MeasuredServing, ServeChoice, ServeSettings
from engine.settings.serving_job import ServeBenchRequest
from engine.store.home import Home


def serve_bench(
    bundle: str | Path,
    on_event: Callable[[Event], None] = lambda event: None,
    on_unfinished: Callable[[ServeBench], None] = lambda result: None,
    **values: object,
) -> ServeBench:
    """Measure the server of a bundle in the foreground; `values` are fields of ServeBenchRequest.

    `on_unfinished` gets what was measured where it fails or is cancelled. Raises SettingsError, RequestError and
    RunError.
    """

    def pass_on(result: Result) -> None:
        on_unfinished(cast(ServeBench, result))

    home = Home.default()
    request = resolve_request(serve_bench_request(Path(bundle).expanduser(), **values), home, from_browser=False)
    return cast(ServeBench, foreground.run_analysis(home, request, on_event=on_event, on_unfinished=pass_on))


def start_serve_bench(bundle_job: str, *, token: str | None = None, **values: object) -> Job:
    """Queue the measurement of the bundle that a job made; the same `token` (one click) gives the same job.

    `values` are fields of ServeBenchRequest. Raises SettingsError and RequestError.
    """
    queue = Queue.default()
    request = serve_bench_request(queue.folder(bundle_job).file(BUNDLE_FILE), **values)
    return queue.submit(request, name=request.kind, token=token, estimate_seconds=estimate_serve_bench(request).seconds)


def estimate_serving(**values: object) -> Estimate:
    """About how long a measurement with these fields of ServeBenchRequest takes. Raises SettingsError."""
    return estimate_serve_bench(ServeBenchRequest.parse({"bundle": BUNDLE_FILE, **values}))


def serve_benches_of(run: str, id: str | None = None) -> tuple[tuple[Job, ServeBenchRequest], ...]:
    """The newest measurements of the servers of bundles of a run, each with its request; `id` is always among them."""
    return tuple(
        (job, one)
        for job, one in newest_requests("serve_bench", id)
        if isinstance(one, ServeBenchRequest) and one.run == run
    )


def serve_choice(result: ServeBench, cell: ServeCell, limit_ms: float | None) -> ServeChoice:
    """The settings of a measured cell as a bundle takes them, with what was measured within the limit."""
    settings = {"max_batch_size": cell.max_batch_size, "batch_timeout_ms": cell.batch_timeout_ms}
    point = cell.within(limit_ms)
    return ServeChoice(
        settings=ServeSettings.parse(settings if cell.cached else {**settings, "cache_mb": 0.0}),
        measured=_measured(result, point, limit_ms) if point is not None else None,
    )


def _measured(result: ServeBench, point: LoadPoint, limit_ms: float | None) -> MeasuredServing:
    return MeasuredServing(
        cpu=result.environment.cpu,
        cores=result.environment.cores,
        max_p99_ms=limit_ms,
        p99_ms=point.p99_ms,
        per_s=point.per_s,
        rate=point.rate,
    )


def simulate_serving(cell: ServeCell, rate: float) -> serving_queue.QueueFigures | None:
    """What the simulated queue of a cell comes to at a rate that was not measured.

    None where there is no simulation, or it was further off the measured points than MAX_DISAGREEMENT. Raises
    RequestError for a rate that the server does not keep up with: its queue grows for as long as that lasts.
    """
    if cell.per_s is not None and rate >= cell.per_s:
        raise RequestError(
            f"{rate:,.4g} requests a second are no fewer than the {cell.per_s:,.4g} that it answers at most, so that "
            "they would wait longer and longer",
            "Choose a lower rate",
        )
    if cell.times is None or cell.disagreement is None or cell.disagreement > serving_queue.MAX_DISAGREEMENT:
        return None
    return serving_queue.simulate(cell.times, cell.max_batch_size, cell.batch_timeout_ms, rate)


def cost_per_million(price_per_hour: float, per_s: float) -> float:
    """The price of a million answers of a machine that gives `per_s` a second. Raises SettingsError."""
    return serving_cost.cost_per_million(price_per_hour, per_s)


def machines_for(traffic_per_s: float, per_s: float) -> int:
    """How many machines answer so much traffic where each gives `per_s` a second. Raises SettingsError."""
    return serving_cost.machines_for(traffic_per_s, per_s)
