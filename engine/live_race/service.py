"""Answers the messages of the app, one at a time; what takes long goes on in a thread meanwhile."""

import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from select import select
from typing import IO, TYPE_CHECKING, Any

from engine.errors import FeatherweightError, RequestError, RunError, WaitError, as_error
from engine.jobs.live_race_messages import read_message, write_message
from engine.results.live_race import LaneStatus, LiveRaceError, LiveRaceReply, LiveRaceStatus
from engine.settings.live_race import LiveRaceAsk, LiveRaceMode, LiveRaceRequest
from engine.store.home import Home
from engine.store.measure_lock import measure_lock

if TYPE_CHECKING:
    from engine.live_race.race import Race

IDLE_SECONDS = 180.0
"""Nobody has asked anything for so long: the sessions are closed and their memory is free again."""
NAME = "the Race page"


def serve(request: LiveRaceRequest, folder: Path, asks: IO[bytes], replies: IO[bytes]) -> int:
    """Serves until the input is closed or nobody asks any more; 0."""
    service = Service(request, folder)
    while True:
        if not select([asks], [], [], IDLE_SECONDS)[0]:
            if service.is_racing:
                continue
            break
        message = read_message(asks, LiveRaceAsk)
        if message is None:
            break
        write_message(replies, *service.reply(*message))
    service.clean_up()
    return 0


class Service:
    """One race, which begins to load at once."""

    def __init__(self, request: LiveRaceRequest, folder: Path) -> None:
        self._request, self._folder = request, folder
        self._race: Race | None = None
        self._error: FeatherweightError | None = None
        self._waits_for = ""
        self._wanted: LiveRaceMode | None = None
        """What was asked to start before everything was loaded."""
        self._starting = threading.Lock()
        self._sessions = ExitStack()
        self._loader = threading.Thread(target=self._load, daemon=True)
        self._loader.start()

    @property
    def is_racing(self) -> bool:
        return self._race is not None and self._race.is_racing

    def reply(self, ask: LiveRaceAsk, payload: bytes) -> tuple[LiveRaceReply, bytes]:
        """The reply to a message, with its payload."""
        try:
            return self._answer(ask, payload)
        except Exception as error:  # noqa: BLE001 (the outermost frame of a message)
            shown = as_error(error)
            if shown.code == "internal":
                traceback.print_exc()
            failure = LiveRaceError(
                refused=isinstance(shown, RequestError), code=shown.code, message=shown.message, next=shown.next
            )
            return LiveRaceReply(error=failure), b""

    def clean_up(self) -> None:
        """Removes what lies in the worker's folder, where the app has not removed the folder itself."""
        with suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                if path.is_file():
                    path.unlink(missing_ok=True)

    def _answer(self, ask: LiveRaceAsk, payload: bytes) -> tuple[LiveRaceReply, bytes]:
        match ask.verb:
            case "status":
                return LiveRaceReply(status=self._status()), b""
            case "start":
                self._start(ask.mode)
                return LiveRaceReply(status=self._status()), b""
            case "stop":
                self._wanted = None
                if self._race is not None:
                    self._race.stop()
                return LiveRaceReply(status=self._status()), b""
            case "sheet":
                return LiveRaceReply(), self._loaded().track.sheet
        race = self._loaded()
        race.check_idle()
        with _free_lock():
            from engine.live_race.photo import prepared_photo  # it brings numpy and Pillow, as loading does

            if ask.verb == "answer":
                image = prepared_photo(payload, self._request.preprocess, self._folder)
                return LiveRaceReply(answer=race.answer(image, ask.mode, ask.most_calls)), b""

            from engine.live_race.browser_inputs import browser_inputs  # it brings the runtimes, as loading does

            inputs, content = browser_inputs(race)
            return LiveRaceReply(inputs=inputs), content

    def _start(self, mode: LiveRaceMode) -> None:
        if self._error is not None:
            raise self._error
        with self._starting:
            self._wanted = mode
            if self._race is not None:
                self._race.start(mode)

    def _loaded(self) -> "Race":
        """The race, once it is loaded. Raises the error that kept it from that, and WaitError while a job measures."""
        while self._loader.is_alive():
            self._loader.join(0.2)
            if self._waits_for:
                raise _measures(self._waits_for)
        if self._race is None:
            raise self._error or RunError("nothing was loaded", "Start the race again")
        return self._race

    def _status(self) -> LiveRaceStatus:
        if self._race is not None:
            return self._race.status()
        lanes = tuple(LaneStatus(variant_id=lane.variant_id, label=lane.label) for lane in self._request.lanes)
        if self._error is not None:
            return LiveRaceStatus(phase="failed", message=self._error.message, next=self._error.next, lanes=lanes)
        phase: Any = "waiting" if self._waits_for else "loading"
        return LiveRaceStatus(phase=phase, waits_for=self._waits_for, lanes=lanes)

    def _load(self) -> None:
        """Loads libraries, files and images while no job measures: even that would disturb it."""

        def on_wait(holder: str) -> None:
            self._waits_for = holder

        try:
            with _lock(on_wait):
                self._waits_for = ""

                from engine.live_race.loading import load_race

                race = load_race(self._request, self._folder, _lock, self._sessions)
        except Exception as error:  # noqa: BLE001 (the outermost frame of a thread)
            self._error = as_error(error)
            if self._error.code == "internal":
                traceback.print_exc()
            return
        with self._starting:
            self._race = race
            if self._wanted is not None:
                race.start(self._wanted)


def _lock(on_wait: Callable[[str], None]) -> AbstractContextManager[None]:
    return measure_lock(Home.default().measure_lock, NAME, on_wait)


def _free_lock() -> AbstractContextManager[None]:
    """The measure lock where nobody holds it. Raises WaitError where a job measures."""

    def on_wait(holder: str) -> None:
        raise _measures(holder)

    return _lock(on_wait)


def _measures(holder: str) -> WaitError:
    return WaitError(f"'{holder}' measures on this machine now, and calls would disturb it", "Try again in a moment")
