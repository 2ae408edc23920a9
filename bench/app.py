"""How fast the app is: start to first page, memory of the web process, warm reruns of every page.

    python -m bench.app [--runs 1000] [--reruns 50] [--race]

Aims: first page in under 3 s, under 250 MB, p95 of warm reruns under 150 ms with 1,000 runs in the store; a press on
Compare with 500 variants, and in a gallery of 100,000 images, under a second. Needs a Chromium. The home is a fresh
temporary folder, filled with runs that never started, and with results made by hand (bench/app_results.py).

With --race, in place of the pages: the sample is optimized, and its baseline answers images on the Race page's worker
and in a bare onnxruntime session, by turns in one sitting. Aim: at least 0.9 of the bare session's images per second.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from streamlit.testing.v1 import AppTest

import engine
from bench.app_results import fill, in_browser, on_the_server
from tests.processes import end_supervisor

ROOT = Path(__file__).parent.parent
PAGES = ("start", "model", "data", "optimize", "runs", "results")
RACE_TURNS, RACE_SECONDS, POLL_SECONDS, SAMPLE_SECONDS = 5, 3.0, 0.12, 900
"""How often worker and bare session take turns, for how long each, and how often the page asks where the race is."""
HEAVY = ("torch", "timm", "onnx", "onnxruntime")
CHROMIUM = subprocess.run([ROOT / "scripts" / "find_chromium.sh"], check=True, capture_output=True, text=True)


def create_runs(n_runs: int) -> None:
    """Add runs to the store that are cancelled before they start."""
    recipe = engine.parse_recipe("model: {kind: sample}\ndata: {kind: sample}\nsteps: []")
    for number in range(n_runs):
        job = engine.submit(recipe.model_copy(update={"name": f"run {number}"}))
        engine.cancel(job.id)


def first_page(port: int) -> tuple[float, float, list[str]]:
    """Seconds from the start of the server to the first page in a browser, resident MB, heavy libraries loaded."""
    start = time.monotonic()
    with serving(port) as server, new_page() as page:
        open_first(page, port)
        page.get_by_role("heading").first.wait_for()
        seconds = time.monotonic() - start
        process = psutil.Process(server.pid)
        libraries = {Path(item.path).parts[-2] for item in process.memory_maps() if "site-packages" in item.path}
        return seconds, process.memory_info().rss / 1e6, [name for name in HEAVY if name in libraries]


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The app's server, which may not answer yet."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless=true"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


@contextmanager
def new_page() -> Iterator[Page]:
    """A page of a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM.stdout.strip(), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def open_first(page: Page, port: int) -> None:
    """Opens the app as soon as its server answers."""
    loaded = False
    while not loaded:
        try:
            page.goto(f"http://127.0.0.1:{port}", timeout=1000)
            loaded = True
        except Exception:  # noqa: BLE001 (the server is not up yet; playwright's errors share no base)
            continue


def open_app() -> AppTest:
    """The app at its first page, without a browser."""
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def measure_results(port: int, n: int) -> None:
    """Prints how quick Compare and the gallery are where there is very much, on the server and in the browser."""
    places = fill()
    for place in places:
        clock, processor = on_the_server(place, open_app, n)
        print(
            f"{place.name:14} rerun p50 {np.median(clock[:-1]):6.1f} ms ({np.median(processor[:-1]):.1f} ms of the "
            f"processor), a press {clock[-1]:6.1f} ms ({processor[-1]:.1f})"
        )
    with serving(port), new_page() as page:
        open_first(page, port)
        for place in places:
            painted, pressed = in_browser(place, page, port)
            print(f"{place.name:14} first paint {painted:5.2f} s, a press {pressed:5.2f} s until drawn")


def reruns(page: str, n: int) -> np.ndarray:
    """Milliseconds of `n` warm reruns of a page."""
    app = open_app()
    if page != "start":
        app.switch_page(f"pages/{page}.py").run()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        app.run()
        times.append((time.perf_counter() - start) * 1000)
    if app.exception or not app.markdown:
        raise RuntimeError(f"the page {page} did not draw: {app.exception}")
    return np.array(times)


def race() -> Iterator[tuple[float, float, float]]:
    """Images per second on the worker and in a bare session, and camera frames per second, a row a turn."""
    recipe = engine.parse_recipe(
        "{model: {kind: sample}, data: {kind: sample}, target: {threads: 1}, steps: [{technique: simplify}]}"
    )
    job = engine.submit(recipe)
    engine.ensure_supervisor()
    engine.wait(job.id, SAMPLE_SECONDS)
    found = engine.report(job.id)
    if found is None or found.baseline is None:
        raise RuntimeError("the sample was not optimized")
    live, file = (
        engine.find_live_race(engine.open_live_race(job.id, [])),
        engine.variant_file(job.id, found.baseline.id),
    )
    try:
        live.sheet()
        for _ in range(RACE_TURNS):
            yield raced(live), bare(file), frames(live)
    finally:
        live.close()


def raced(live: engine.LiveRace) -> float:
    """Images per second of the only lane, while a page asks for its status as often as the stage does."""
    pause, start = threading.Event(), time.perf_counter()
    live.start("alone")
    while time.perf_counter() - start < RACE_SECONDS and live.status().phase in ("waiting", "racing"):
        pause.wait(POLL_SECONDS)
    lane = live.stop().lanes[0]
    return lane.n_done / (time.perf_counter() - start)


def bare(file: Path) -> float:
    """Images per second of a session with one thread and one image a call, with nothing around it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    image = {session.get_inputs()[0].name: np.zeros((1, 1, 64, 64), np.float32)}
    n_calls, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < RACE_SECONDS:
        session.run(None, image)
        n_calls += 1
    return n_calls / seconds


def frames(live: engine.LiveRace) -> float:
    """Photos of 640 x 480 px per second, from their JPEG bytes to the answer."""
    photo, n_frames = io.BytesIO(), 0
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    Image.fromarray(noise).save(photo, "JPEG")
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < RACE_SECONDS:
        live.answer(photo.getvalue(), "together", 1)
        n_frames += 1
    return n_frames / seconds


def print_race() -> None:
    """The medians of all turns, and that of the ratios."""
    worker, session, camera = np.array(list(race())).T
    print(f"worker {np.median(worker):.0f} images/s, bare session {np.median(session):.0f} images/s")
    print(f"ratio {np.median(worker / session):.3f} ({(worker / session).min():.3f} to {(worker / session).max():.3f})")
    print(f"camera {np.median(camera):.1f} frames/s, from a JPEG of 640 x 480 px to the answer")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs in the store")
    parser.add_argument("--reruns", type=int, default=50, help="warm reruns of each page")
    parser.add_argument("--race", action="store_true", help="the Race page's worker beside a bare session alone")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as home:
        os.environ["FEATHERWEIGHT_HOME"] = home
        try:
            if arguments.race:
                print_race()
                sys.exit()
            create_runs(arguments.runs)
            seconds, megabytes, heavy = first_page(8790)
            print(f"first page: {seconds:.2f} s; web process: {megabytes:.0f} MB; heavy libraries: {heavy or 'none'}")
            for page in PAGES:
                times = reruns(page, arguments.reruns)
                p50, p95 = np.percentile(times, [50, 95])
                print(f"{page:10} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  ({len(times)} reruns, {arguments.runs} runs)")
            measure_results(8790, arguments.reruns)
        finally:
            end_supervisor(home)
