"""How fast the app is: start to first page, memory of the web process, warm reruns of every page.

    python -m bench.app [--runs 1000] [--reruns 50]

Aims: first page in under 3 s, under 250 MB, p95 of warm reruns under 150 ms with 1,000 runs in the store. Needs a
Chromium. The home is a fresh temporary folder, filled with runs that never started.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import sync_playwright
from streamlit.testing.v1 import AppTest

import engine

ROOT = Path(__file__).parent.parent
PAGES = ("start", "model", "data", "optimize", "runs", "results")
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
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless=true"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM.stdout.strip(), args=["--no-sandbox", "--disable-background-networking"]
            )
            page = browser.new_page()
            loaded = False
            while not loaded:
                try:
                    page.goto(f"http://127.0.0.1:{port}", timeout=1000)
                    loaded = True
                except Exception:  # noqa: BLE001 (the server is not up yet; playwright's errors share no base)
                    continue
            page.get_by_role("heading").first.wait_for()
            seconds = time.monotonic() - start
            browser.close()
        process = psutil.Process(server.pid)
        libraries = {Path(item.path).parts[-2] for item in process.memory_maps() if "site-packages" in item.path}
        return seconds, process.memory_info().rss / 1e6, [name for name in HEAVY if name in libraries]
    finally:
        server.terminate()
        server.wait()


def stop_supervisor(home: str) -> None:
    """End the supervisor of this home, which outlives the app: the home is about to be removed."""
    for process in psutil.process_iter(["cmdline"]):
        if "supervisor" in (process.info["cmdline"] or ()) and process.environ().get("FEATHERWEIGHT_HOME") == home:
            process.terminate()
            process.wait()


def reruns(page: str, n: int) -> np.ndarray:
    """Milliseconds of `n` warm reruns of a page."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    app.run()
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs in the store")
    parser.add_argument("--reruns", type=int, default=50, help="warm reruns of each page")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as home:
        os.environ["FEATHERWEIGHT_HOME"] = home
        try:
            create_runs(arguments.runs)
            seconds, megabytes, heavy = first_page(8790)
            print(f"first page: {seconds:.2f} s; web process: {megabytes:.0f} MB; heavy libraries: {heavy or 'none'}")
            for page in PAGES:
                times = reruns(page, arguments.reruns)
                p50, p95 = np.percentile(times, [50, 95])
                print(f"{page:10} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  ({len(times)} reruns, {arguments.runs} runs)")
        finally:
            stop_supervisor(home)
