"""The sample recipe from submit to report, its phases timed, then the same again with the cache of the first run.

    python -m bench.sample

Aims on two cores: under 60 s the first time, under 15 s the second. The home is a fresh temporary folder; libraries
are imported anew in each run's own process, as for a user.
"""

import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import engine
from engine import Event, Recipe

RECIPE = """
version: 1
name: digits to int8
model: {kind: sample, name: digits}
data: {kind: sample, name: digits}
steps:
  - {technique: quantize, method: static}
"""


def run_once(recipe: Recipe, out: Path) -> None:
    """Run the recipe and print the seconds of each phase, from one event to the next."""
    timed_events: list[tuple[float, Event]] = []
    start = time.monotonic()
    report = engine.optimize(recipe, out, lambda event: timed_events.append((time.monotonic(), event)))
    end = time.monotonic()
    print(f"{out.name}: {end - start:.1f} s from submit to report, {report.state}")
    phases: dict[str, float] = {"start": timed_events[0][0] - start}
    for (phase_start, event), (phase_end, _) in pairwise([*timed_events, (end, timed_events[-1][1])]):
        name = f"{event.step}: {event.phase}"
        phases[name] = phases.get(name, 0.0) + phase_end - phase_start
    for name, seconds in phases.items():
        print(f"  {seconds:6.1f} s  {name}")
    for variant in report.variants:
        latency, accuracy = variant.latency, variant.accuracy
        if latency is not None and accuracy is not None:
            print(
                f"  {variant.label}: {variant.size_bytes / 1e6:.2f} MB, ratio {latency.ratio_to_baseline:.3f} "
                f"({latency.ratio_low:.3f} to {latency.ratio_high:.3f}), top-1 {accuracy.top1:.4f}"
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FEATHERWEIGHT_HOME"] = str(Path(folder) / "home")
        recipe = engine.parse_recipe(RECIPE)
        estimate = engine.estimate(recipe).seconds
        print(f"estimated: {estimate:.0f} s")
        for name in ("first", "again"):
            run_once(recipe, Path(folder) / name)
