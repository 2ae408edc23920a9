"""Makes a race ready: sessions opened and warm, images prepared."""

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from engine.live_race.lanes import class_names, open_lanes
from engine.live_race.race import MeasureLock, Race
from engine.live_race.track import load_track, output_names
from engine.settings.live_race import LiveRaceRequest

WARMUP_CALLS, TIMED_CALLS = 3, 5


def load_race(request: LiveRaceRequest, work: Path, measure_lock: MeasureLock, stack: ExitStack) -> Race:
    """The race of a request, whose sessions stay open for as long as `stack`. The caller holds the measure lock.

    Raises RequestError and RunError where a lane does not answer, DataError where the images are others than the run's.
    """
    lanes = open_lanes(request.lanes, stack)
    blank = np.zeros((1, len(request.preprocess.mean), *request.preprocess.size), np.float32)
    seconds = []
    for lane in lanes:
        image = lane.fitted(blank)
        for _ in range(WARMUP_CALLS):
            scores, _ = lane.call(image)
        began = time.perf_counter()
        for _ in range(TIMED_CALLS):
            lane.call(image)
        seconds.append((time.perf_counter() - began) / TIMED_CALLS)
    track = load_track(request, len(scores), seconds[0], work)
    return Race(lanes, track, output_names(request, class_names(lanes[0].proto), len(scores)), measure_lock)
