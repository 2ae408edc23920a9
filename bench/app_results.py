"""How quick the pages of results are where there is very much: Compare with 500 variants, a gallery of 100,000 images.

`bench.app` calls this. The runs and the result of the gallery are made by hand; the pages read them as any others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from playwright.sync_api import Page
from streamlit.testing.v1 import AppTest

from engine.jobs.claims import Claims
from engine.jobs.kinds import kind_of
from engine.jobs.queue import Queue
from engine.planning.disagreeing import disagreements_request
from engine.results import Disagreement, Disagreements, Report, Result
from engine.settings import AnalysisRequest, RunRequest
from engine.store.folders import Outcome, now
from tests.made import BASE, made_latency, made_report, made_variant

N_RUNS, N_VARIANTS = 10, 50
N_IMAGES, N_CHANGED, N_SHOWN = 100_000, 12_000, 600
IDLE = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
SECONDS = 120_000
"""Milliseconds after which a page is given up."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page with its address, what it shows when it is drawn, and one press, in AppTest and in a browser."""

    name: str
    page: str
    address: dict[str, str]
    shown: str
    press: Callable[[AppTest], object]
    press_in_browser: Callable[[Page], object]


def fill() -> tuple[Place, ...]:
    """Makes the runs and the gallery in the home that the environment names; where they are looked at."""
    queue = Queue.default()
    runs = [_run(queue, number) for number in range(N_RUNS)]
    variant = f"{N_VARIANTS - 1:012x}"  # which is recommended, so that the page begins with it
    _gallery(queue, runs[0], variant)
    return (
        Place(
            name=f"compare {N_RUNS * N_VARIANTS}",
            page="compare",
            address={"runs": ",".join(runs)},
            shown="Within the limits",
            press=lambda app: app.number_input(key="mb").set_value(10.0),
            press_in_browser=lambda page: page.get_by_role("spinbutton", name="Size, at most").fill("10"),
        ),
        Place(
            name="gallery 100 k",
            page="results",
            address={"run": runs[0], "view": "Images"},
            shown="have another answer",
            press=lambda app: app.selectbox(key="class").set_value("3"),
            press_in_browser=_choose_class,
        ),
    )


def _run(queue: Queue, number: int) -> str:
    rng = np.random.default_rng(number)
    others = [
        made_variant(
            f"{index:012x}",
            f"Variant {index}",
            size_bytes=int(20_000_000 * share),
            latency=made_latency(2.0 * share, share),
        )
        for index, share in enumerate(rng.uniform(0.1, 1.0, N_VARIANTS - 1).tolist(), start=1)
    ]
    report = made_report(made_variant(BASE, "Baseline"), *others)
    job = queue.submit(RunRequest(recipe=report.recipe), name=f"large run {number}")
    Claims(queue, "bench/1").claim("run")
    folder = queue.home.job(job.id)
    for variant in report.variants:
        (folder.path / variant.file).parent.mkdir(parents=True)
        (folder.path / variant.file).write_bytes(variant.id.encode())
    _end(queue, job.id, "report.json", report.model_copy(update={"run_id": job.id}))
    return job.id


def _gallery(queue: Queue, run: str, variant: str) -> None:
    request: AnalysisRequest = disagreements_request(queue.folder(run).path, variant)
    key = kind_of(request).key
    job = queue.submit(request, name=request.kind, key=key(request) if key is not None else None)
    Claims(queue, "bench/1").claim("advice")
    folder = queue.home.job(job.id)
    pixels = np.random.default_rng(0).integers(0, 256, (N_SHOWN, 96, 96, 3), np.uint8)
    for number in range(N_SHOWN):
        Image.fromarray(pixels[number]).save(folder.path / f"image-{number:03d}.png")
    rows = tuple(
        Disagreement(
            image_id=f"images/{number:06d}.png",
            label=str(number % 10),
            kind="right_to_wrong",
            baseline_answer=str(number % 10),
            baseline_probability=0.9,
            variant_answer=str((number + 1) % 10),
            variant_probability=0.6,
            damage=0.8 - number / 1000,
            label_is_doubtful=number % 50 == 0,
            picture=f"image-{number:03d}.png",
        )
        for number in range(N_SHOWN)
    )
    found = Disagreements(
        variant_id=variant,
        n_images=N_IMAGES,
        n_evaluation=N_IMAGES,
        counts={"right_to_wrong": N_CHANGED},
        rows=rows,
    )
    _end(queue, job.id, "result.json", found)


def _end(queue: Queue, id: str, file: str, content: Report | Result) -> None:
    queue.home.job(id).write(file, content)
    queue.finish(id, Outcome(state="done", exit_status=0, started=now(), finished=now()))


def _choose_class(page: Page) -> None:
    page.get_by_role("combobox", name="Class").click()
    page.get_by_role("option", name="3", exact=True).click()


def on_the_server(place: Place, open_app: Callable[[], AppTest], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of `n` warm reruns and of one press, in this process: of the clock, and of its processor time."""
    app = open_app()
    app.switch_page(f"pages/{place.page}.py")
    for name, value in place.address.items():
        app.query_params[name] = value
    app.run()
    clock, processor = [], []
    for number in range(n + 1):
        if number == n:
            place.press(app)
        began, spent = time.perf_counter(), time.process_time()
        app.run()
        clock.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - spent))
    if app.exception or not any(place.shown in one.value for one in (*app.markdown, *app.caption)):
        raise RuntimeError(f"{place.name} did not draw: {app.exception}")
    return np.array(clock), np.array(processor)


def in_browser(place: Place, page: Page, port: int) -> tuple[float, float]:
    """Seconds to the first paint of what the page shows, and from one press until it is drawn anew."""
    page.set_default_timeout(SECONDS)
    began = time.monotonic()
    page.goto(f"http://127.0.0.1:{port}/{place.page}?{urlencode(place.address)}", wait_until="commit")
    page.get_by_text(place.shown).first.wait_for()
    painted = time.monotonic() - began
    page.locator(IDLE).wait_for()
    began = time.monotonic()
    place.press_in_browser(page)
    page.keyboard.press("Tab")
    page.locator(IDLE.replace("notRunning", "running")).wait_for()
    page.locator(IDLE).wait_for()
    return painted, time.monotonic() - began
