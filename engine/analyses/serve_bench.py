"""A bundle's own server under load: round after round of requests at every setting, with and without its cache."""

import json
import os
import statistics
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from engine.analyses.bundle_server import bundle_server
from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.errors import RequestError, RunError
from engine.measure.http_load import Answer, Load, at_times, images_to_ask_for, without_pause, zipf_picks
from engine.planning.serving_queue import arrival_times, simulate
from engine.results import Note, codes
from engine.results.bundle import BundleDescription
from engine.results.serving import LoadPoint, ServeBench, ServeCell, ServiceTimes, SimulatedPoint
from engine.settings.serving_job import ServeBenchRequest
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import cores, environment
from engine.wording import time_was_up

SHARES = (0.4, 0.7)
"""Of the answers a second that a setting gives without pause: at these rates requests come at random."""
WARM_SECONDS = 0.5
LEAST_REQUESTS, MOST_REQUESTS = 300, 20_000
"""Of a load at random times: at least as many as a 99th percentile needs."""
LONGEST_SECONDS = 20.0
BUSY_CORES = 0.25
"""Where other programs used more of the cores, the figures are rough."""
MOST_BYTES = 256_000_000
"""Of the images of one load."""
LOG = "serve-log.txt"


def serve_bench(request: ServeBenchRequest, folder: JobFolder, progress: Progress) -> ServeBench:
    """What the server of the bundle does at every setting; the folder has what there is of it after each.

    Raises RequestError where the bundle has no server, and RunError where it starts at no setting.
    """
    deadline = time.monotonic() + 60 * request.minutes
    progress.emit("serve_bench", "load", 0.0, "unpacking the bundle")
    bundle, description = _unpack(request, folder.work / "bundle")
    requests = _requests(request, bundle, description)
    cells = [
        ServeCell(max_batch_size=size, batch_timeout_ms=wait, cached=cached)
        for size, wait in request.settings
        for cached in (False, True)
    ]
    lock, on_wait = Home.default().measure_lock, wait_event(folder, progress, "serve_bench")
    others, warnings = list[float](), tuple[Note, ...]()
    for number, (size, wait) in enumerate(request.settings):
        if time.monotonic() >= deadline:
            warnings = (Note(code=codes.OUT_OF_TIME, text=time_was_up(request.minutes)),)
            break
        progress.emit("serve_bench", "serve", number / len(request.settings), setting_name(size, wait))
        with hold_measure_lock(lock, "serve-bench", on_wait):
            pair, used = _measure_setting(request, bundle, folder.path / LOG, requests, cells[2 * number])
        others.append(used)
        cells[2 * number : 2 * number + 2] = pair
        folder.write("result.json", _result(request, requests.n_images, description, cells))
    if not any(cell.state == "measured" for cell in cells):
        raise RunError(next(cell.note.text for cell in cells if cell.note is not None), f"Look into {LOG} of the job")
    if max(others) > BUSY_CORES:
        text = (
            f"Other programs used up to {max(others):.1f} of {cores()} cores meanwhile: take the figures as rough, and "
            "measure again on a quiet machine"
        )
        warnings += (Note(code=codes.MACHINE_BUSY, text=text),)
    return _result(request, requests.n_images, description, cells, complete=True, warnings=warnings)


class CpuSeconds(NamedTuple):
    """Seconds that have gone by, that all cores computed, and that this process and those that it waited for did."""

    wall: float
    every: float
    own: float

    @classmethod
    def now(cls) -> "CpuSeconds":
        """No running process below this one is asked: a confined job sees no other process in /proc."""
        every, own = psutil.cpu_times(), os.times()
        return cls(time.monotonic(), every.user + every.nice + every.system, sum(own[:4]))


def used_by_others(began: CpuSeconds) -> float:
    """The cores that other programs used since then, on average; what has ended below this process is not another."""
    now = CpuSeconds.now()
    return max(0.0, ((now.every - began.every) - (now.own - began.own)) / (now.wall - began.wall))


def setting_name(max_batch_size: int, timeout_ms: float) -> str:
    """Of a setting, for events."""
    if max_batch_size == 1:
        return "one image a call"
    return f"up to {max_batch_size} images a call, collected for {timeout_ms:g} ms"


@dataclass
class _Requests:
    """What clients ask for: in every load other images, so that the cache knows none of them when it begins."""

    files: list[bytes]
    n_images: int
    zipf: float
    seed: int
    _load: int = 0

    def next_load(self, n: int) -> list[bytes]:
        """The images of the next load, in the order in which they are asked for."""
        self._load += 1
        images = images_to_ask_for(self.files, self.n_images, self._load)
        return [images[pick] for pick in zipf_picks(self.n_images, self.zipf, n, self.seed + self._load)]


def _unpack(request: ServeBenchRequest, place: Path) -> tuple[Path, BundleDescription]:
    """The variant's files of the zip, in `place`. Raises RequestError where they serve nothing."""
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(request.bundle) as archive:
        archive.extractall(place, [name for name in archive.namelist() if name.startswith(request.folder)])
    bundle = place / request.folder
    if not (bundle / "serve.py").is_file():
        raise RequestError("the bundle has no server: its model takes no images", "Choose a model of images")
    values = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    return bundle, BundleDescription.model_validate(values)


def _requests(request: ServeBenchRequest, bundle: Path, description: BundleDescription) -> _Requests:
    """The images of the bundle; as many different ones as were asked for, unless so many would not fit in memory."""
    files = [(bundle / image.file).read_bytes() for image in description.golden.images]
    fitting = MOST_BYTES // max(map(len, files))
    return _Requests(files, min(request.n_images, max(1, fitting)), request.zipf, request.seed)


def _measure_setting(
    request: ServeBenchRequest, bundle: Path, log: Path, requests: _Requests, cell: ServeCell
) -> tuple[list[ServeCell], float]:
    """The setting of `cell` without and with the cache, of one start of the server; both failed where it fails.

    With the cores that other programs used meanwhile.
    """
    try:
        began = CpuSeconds.now()
        with bundle_server(bundle, log, cell.max_batch_size, cell.batch_timeout_ms) as port:
            without_pause(port, requests.next_load(MOST_REQUESTS), request.n_clients, WARM_SECONDS, cached=False)
            pair = [
                _measure(request, port, requests, cell.model_copy(update={"cached": cached}))
                for cached in (False, True)
            ]
        return pair, used_by_others(began)
    except RunError as error:
        note = Note(code=error.code, text=error.message)
        pair = [cell.model_copy(update={"cached": cached, "state": "failed", "note": note}) for cached in (False, True)]
        return pair, 0.0


def _measure(request: ServeBenchRequest, port: int, requests: _Requests, cell: ServeCell) -> ServeCell:
    rounds: list[Load] = [
        without_pause(port, requests.next_load(MOST_REQUESTS), request.n_clients, request.seconds, cached=cell.cached)
        for _ in range(request.repeats)
    ]
    rates = [len(load.good) / load.seconds for load in rounds]
    per_s = statistics.median(rates)
    if per_s == 0:
        raise RunError("the server answered no request", f"Look into {LOG} of the job")
    points = tuple(_point(request, port, requests, cell.cached, share * per_s) for share in SHARES)
    asked = [one for load in rounds for one in load.good if not one.hit]
    measured = cell.model_copy(
        update={
            "state": "measured",
            "per_s": per_s,
            "per_s_low": min(rates),
            "per_s_high": max(rates),
            "mean_batch": len(asked) / _n_calls(asked) if asked else None,
            "points": points,
        }
    )
    if cell.cached:
        return measured
    times = service_times(asked, sum(load.seconds for load in rounds))
    simulated = tuple(_simulated(times, cell, point, request.seed) for point in points)
    return measured.model_copy(update={"times": times, "simulated": simulated})


def service_times(answers: Sequence[Answer], seconds: float) -> ServiceTimes:
    """What the calls took, and what an image adds, of answers that were given without pause for so many seconds."""
    sizes = sorted({one.batch_size for one in answers})
    call_ms = {size: statistics.median(one.call_ms for one in answers if one.batch_size == size) for size in sizes}
    in_calls_ms = sum(call_ms[one.batch_size] / one.batch_size for one in answers)
    return ServiceTimes(call_ms=call_ms, added_ms=max(0.0, (1000 * seconds - in_calls_ms) / len(answers)))


def _n_calls(answers: Sequence[Answer]) -> float:
    return sum(1 / one.batch_size for one in answers)


def _point(request: ServeBenchRequest, port: int, requests: _Requests, cached: bool, rate: float) -> LoadPoint:
    """The server at `rate` requests a second; each repeat at other random times."""
    seconds = min(max(request.seconds, LEAST_REQUESTS / rate), LONGEST_SECONDS)
    n = min(max(1, round(rate * seconds)), MOST_REQUESTS)
    loads = [
        at_times(
            port,
            requests.next_load(n),
            arrival_times(rate, n, request.seed + number).tolist(),
            request.n_clients,
            cached=cached,
        )
        for number in range(request.repeats)
    ]
    percentiles = np.array(
        [np.percentile([1000 * one.seconds for one in load.good], (50, 95, 99)) for load in loads if load.good]
    )
    if not len(percentiles):
        raise RunError(f"the server answered none of {n} requests", f"Look into {LOG} of the job")
    p50, p95, p99 = np.median(percentiles, axis=0).tolist()
    every = [one for load in loads for one in load.answers]
    good = [one for one in every if one.status == 200]
    return LoadPoint(
        rate=rate,
        per_s=statistics.median(len(load.good) / load.seconds for load in loads),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        p99_low_ms=float(percentiles[:, 2].min()),
        p99_high_ms=float(percentiles[:, 2].max()),
        hit_rate=sum(one.hit for one in good) / len(good),
        failed=1 - len(good) / len(every),
        n_requests=len(every),
        n_repeats=len(loads),
    )


def _simulated(times: ServiceTimes, cell: ServeCell, point: LoadPoint, seed: int) -> SimulatedPoint:
    """The queue at the rate of a measured point, over as many requests as one repeat had, with other random times."""
    n = max(1, point.n_requests // point.n_repeats)
    figures = [
        simulate(times, cell.max_batch_size, cell.batch_timeout_ms, point.rate, n, seed + 1000 + number)
        for number in range(point.n_repeats)
    ]
    per_s, p99 = (statistics.median(getattr(one, name) for one in figures) for name in ("per_s", "p99_ms"))
    return SimulatedPoint(
        rate=point.rate,
        per_s=per_s,
        p99_ms=p99,
        per_s_off=abs(per_s / point.per_s - 1),
        p99_off=abs(p99 / point.p99_ms - 1),
    )


def _result(
    request: ServeBenchRequest,
    n_images: int,
    description: BundleDescription,
    cells: Sequence[ServeCell],
    *,
    complete: bool = False,
    warnings: tuple[Note, ...] = (),
) -> ServeBench:
    return ServeBench(
        label=description.label,
        run=description.run,
        variant=description.variant,
        cells=tuple(cells),
        max_p99_ms=request.max_p99_ms,
        n_images=n_images,
        zipf=request.zipf,
        n_clients=request.n_clients,
        complete=complete,
        warnings=warnings,
        environment=environment(),
    )
