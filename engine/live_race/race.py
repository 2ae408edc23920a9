"""A race: lanes that answer the images of a track until each has arrived, alone in turns or all together."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import Cancelled, FeatherweightError, StateError, as_error
from engine.live_race.lanes import UNANSWERED, Lane, best_classes
from engine.live_race.track import Track
from engine.results.live_race import (
    LaneAnswer,
    LaneStatus,
    LiveRacePhase,
    LiveRaceStatus,
    PhotoAnswer,
    PhotoLane,
)
from engine.settings.live_race import LiveRaceMode

TURN_SECONDS = 0.02
"""How long a lane computes in its turn: the longest that the lanes' clocks are apart, and short to look at."""
PHOTO_SECONDS, FEWEST_CALLS = 0.3, 3
OnWait = Callable[[str], None]
MeasureLock = Callable[[OnWait], AbstractContextManager[None]]
"""Waits for the home's measure lock and holds it; the callback is told who has it."""


@dataclass(eq=False)
class _Start:
    """One start of the race, which ends when `stopped` is set."""

    mode: LiveRaceMode
    stopped: threading.Event = field(default_factory=threading.Event)
    waits_for: str = ""
    error: FeatherweightError | None = None
    thread: threading.Thread | None = None


class Race:
    """Lanes on a track, the baseline first. Everything that computes holds the measure lock, so that no job measures
    meanwhile, and waits while one does.
    """

    def __init__(self, lanes: Sequence[Lane], track: Track, names: Sequence[str], measure_lock: MeasureLock) -> None:
        self.lanes, self.track, self.names = lanes, track, names
        self.measure_lock = measure_lock
        self._start: _Start | None = None
        self._threads = ThreadPoolExecutor(len(lanes))
        for lane in lanes:
            lane.reset(len(track.inputs))

    @property
    def is_racing(self) -> bool:
        return self._start is not None and self._start.thread is not None and self._start.thread.is_alive()

    def start(self, mode: LiveRaceMode) -> None:
        """All lanes start at zero; a race that is on ends before."""
        self.stop()
        for lane in self.lanes:
            lane.reset(len(self.track.inputs))
        self._start = start = _Start(mode)
        start.thread = threading.Thread(target=self._run, args=(start,), daemon=True)
        start.thread.start()

    def stop(self) -> None:
        """Lanes stay where they are."""
        if self._start is not None and self._start.thread is not None:
            self._start.stopped.set()
            self._start.thread.join()

    def answer(self, image: NDArray[np.float32], mode: LiveRaceMode, most_calls: int) -> PhotoAnswer:
        """What every lane answers of one image (1, C, H, W). The caller holds the measure lock."""
        if mode == "together":
            rows = list(self._threads.map(lambda lane: _once(lane, image), self.lanes))
        else:
            rows = [_often(lane, image, most_calls) for lane in self.lanes]
        return PhotoAnswer(
            mode=mode,
            lanes=tuple(
                PhotoLane(
                    variant_id=lane.settings.variant_id,
                    answer=LaneAnswer(classes=best_classes(scores, self.names)),
                    p50_ms=float(np.median(ms)),
                    n_calls=len(ms),
                )
                for lane, (scores, ms) in zip(self.lanes, rows, strict=True)
            ),
        )

    def check_idle(self) -> None:
        """Raises StateError while a race is on."""
        if self.is_racing:
            raise StateError("the race is on", "Wait for its end, or stop it")

    def status(self) -> LiveRaceStatus:
        """Where every lane is."""
        start, track = self._start, self.track
        error = start.error if start is not None else None
        return LiveRaceStatus(
            phase=self._phase(),
            mode=start.mode if start is not None else "alone",
            message=error.message if error is not None else "",
            next=error.next if error is not None else "",
            waits_for=start.waits_for if start is not None else "",
            distance=track.distance,
            laps=track.laps,
            n_track=len(track.inputs),
            n_evaluation=track.n_evaluation,
            images=track.title,
            labelled=track.labels is not None,
            n_sheet=track.n_sheet,
            lanes=tuple(map(self._lane_status, self.lanes)),
        )

    def _phase(self) -> LiveRacePhase:
        if self._start is not None and self._start.error is not None:
            return "failed"
        if self.is_racing and self._start is not None:
            return "waiting" if self._start.waits_for else "racing"
        return "finished" if all(lane.n_done >= self.track.distance for lane in self.lanes) else "ready"

    def _lane_status(self, lane: Lane) -> LaneStatus:
        seen, labels = lane.answers != UNANSWERED, self.track.labels
        both = seen & (self.lanes[0].answers != UNANSWERED)
        arrived, distance = lane.n_done >= self.track.distance, self.track.distance
        faster = sum(one.n_done >= distance and one.seconds < lane.seconds for one in self.lanes)
        return LaneStatus(
            variant_id=lane.settings.variant_id,
            label=lane.settings.label,
            n_done=lane.n_done,
            seconds=lane.seconds,
            images_per_s=lane.images_per_s,
            p50_ms=lane.p50_ms,
            n_calls=len(lane.ms),
            n_seen=int(seen.sum()),
            n_right=None if labels is None else int((lane.answers == labels).sum()),
            n_agreeing=int((lane.answers == self.lanes[0].answers)[both].sum()),
            n_compared=int(both.sum()),
            place=faster + 1 if arrived else None,
            answer=self._shown_answer(lane),
            options=", ".join(f"{name} {value}" for name, value in lane.session.options.items()),
        )

    def _shown_answer(self, lane: Lane) -> LaneAnswer | None:
        if lane.shown is None:
            return None
        index, scores = lane.shown
        is_right = None if self.track.labels is None else bool(scores.argmax() == self.track.labels[index])
        return LaneAnswer(classes=best_classes(scores, self.names), is_right=is_right, index=index // self.track.step)

    def _run(self, start: _Start) -> None:
        def on_wait(holder: str) -> None:
            start.waits_for = holder
            if start.stopped.is_set():
                raise Cancelled("the race was stopped")

        try:
            with self.measure_lock(on_wait):
                start.waits_for = ""
                (self._alone if start.mode == "alone" else self._together)(start)
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001 (the outermost frame of a thread)
            start.error = as_error(error)
            if start.error.code == "internal":
                traceback.print_exc()

    def _alone(self, start: _Start) -> None:
        """One call at a time: always the lane whose own clock is behind, which runs while it computes alone."""
        before: Lane | None = None
        while not start.stopped.is_set():
            behind = [lane for lane in self.lanes if lane.n_done < self.track.distance]
            if not behind:
                return
            lane = min(behind, key=lambda one: one.seconds)
            if lane is not before:  # not counted: threads of the lane before spin for a moment after its last call
                lane.session(lane.fitted(self.track.inputs[lane.n_done % len(self.track.inputs)]))
            before = lane
            ends = lane.seconds + TURN_SECONDS
            while lane.seconds < ends and lane.n_done < self.track.distance and not start.stopped.is_set():
                self._advance(lane)
                lane.seconds += lane.ms[-1] / 1000

    def _together(self, start: _Start) -> None:
        """All lanes at once, from one start; a lane that fails stops the others."""
        together = threading.Barrier(len(self.lanes))

        def race(lane: Lane) -> None:
            together.wait()
            began = time.perf_counter()
            try:
                while lane.n_done < self.track.distance and not start.stopped.is_set():
                    self._advance(lane)
                    lane.seconds = time.perf_counter() - began
            except FeatherweightError:
                start.stopped.set()
                raise

        for result in [self._threads.submit(race, lane) for lane in self.lanes]:
            result.result()

    def _advance(self, lane: Lane) -> None:
        """Asks a lane about its next image."""
        index = lane.n_done % len(self.track.inputs)
        scores, ms = lane.call(lane.fitted(self.track.inputs[index]))
        lane.ms.append(ms)
        lane.answers[index] = scores.argmax()
        if index % self.track.step == 0:
            lane.shown = index, scores
        lane.n_done += 1


def _once(lane: Lane, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[float]]:
    scores, ms = lane.call(lane.fitted(image))
    return scores, [ms]


def _often(lane: Lane, image: NDArray[np.float32], most_calls: int) -> tuple[NDArray[np.float32], list[float]]:
    """Scores, and milliseconds of so many calls as PHOTO_SECONDS allow, after one that does not count."""
    fitted = lane.fitted(image)
    ms: list[float] = []
    scores, _ = lane.call(fitted)
    ends = time.perf_counter() + PHOTO_SECONDS
    while len(ms) < min(FEWEST_CALLS, most_calls) or (len(ms) < most_calls and time.perf_counter() < ends):
        ms.append(lane.call(fitted)[1])
    return scores, ms
