"""The app's end of a live race: its worker's process, which starts when it is needed and ends when it is idle."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from engine.errors import LimitError, NotFoundError, RequestError, RunError
from engine.jobs.executor import MEMORY_SHARE, SPARE_BYTES, WATCH_SECONDS
from engine.jobs.live_race_messages import read_message, write_message
from engine.jobs.processes import confined_environment, limit_resources, resource_use, signal_name
from engine.results.live_race import BrowserInputs, LaneStatus, LiveRaceReply, LiveRaceStatus, PhotoAnswer
from engine.settings.live_race import LiveRaceAsk, LiveRaceMode, LiveRaceRequest
from engine.store.home import Home
from engine.system.machine import memory_bytes

WORKER = (sys.executable, "-P", "-m", "engine.worker")
REPLY_SECONDS = 120.0
"""A worker that has not answered in so long is ended: loading a large model and its images takes less."""
AGAIN = "Start the race again"
T = TypeVar("T")


class LiveRace:
    """Files of a run that answer photos and race through images, in a process that holds their sessions.

    Its methods may be called from several threads. They raise RunError where the process has ended by itself, and
    begin a new one at the next call that needs it.
    """

    def __init__(self, home: Home, request: LiveRaceRequest, make_room: Callable[["LiveRace"], None]) -> None:
        self.request = request
        self.last_use = time.monotonic()
        self._home, self._make_room = home, make_room
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._watched = 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_answering(self) -> bool:
        """Whether its process was asked something that it has not answered yet."""
        return self._lock.locked()

    def file(self, variant_id: str) -> Path:
        """The ONNX file of a lane. Raises NotFoundError where there is no such lane, or the file is gone."""
        for lane in self.request.lanes:
            if lane.variant_id == variant_id and (path := Path(lane.file)).is_file():
                return path
        raise NotFoundError(f"no lane of this race is '{variant_id[:40]}'", "Choose one of its lanes")

    def status(self) -> LiveRaceStatus:
        """Where the race stands. A process that was not needed yet, or has been idle for long, is not started."""
        with self._lock:
            if self._process is None or self._process.poll() == 0:
                lanes = tuple(LaneStatus(variant_id=lane.variant_id, label=lane.label) for lane in self.request.lanes)
                return LiveRaceStatus(phase="ready", lanes=lanes)
            status = self._exchange(LiveRaceAsk(verb="status"))[0].status
        return _there(status)

    def start(self, mode: LiveRaceMode) -> LiveRaceStatus:
        """Lets all lanes start at zero, as soon as they are loaded."""
        return _there(self._ask(LiveRaceAsk(verb="start", mode=mode))[0].status)

    def stop(self) -> LiveRaceStatus:
        """Stops the lanes where they are."""
        return _there(self._ask(LiveRaceAsk(verb="stop"))[0].status)

    def answer(self, photo: bytes, mode: LiveRaceMode, most_calls: int = 30) -> PhotoAnswer:
        """What every lane answers of an image file: alone with up to `most_calls` calls each, together with one.

        Raises RequestError where it is no image, and RunError while a job measures.
        """
        return _there(self._ask(LiveRaceAsk(verb="answer", mode=mode, most_calls=most_calls), photo)[0].answer)

    def sheet(self) -> bytes:
        """A PNG file with images of the track, evenly spread over it, as the models see them."""
        return self._ask(LiveRaceAsk(verb="sheet"))[1]

    def inputs(self) -> tuple[BrowserInputs, bytes]:
        """Prepared images for a browser, and what the lanes answer of them here."""
        reply, payload = self._ask(LiveRaceAsk(verb="inputs"))
        return _there(reply.inputs), payload

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def _ask(self, ask: LiveRaceAsk, payload: bytes = b"") -> tuple[LiveRaceReply, bytes]:
        with self._lock:
            if not self.is_running:
                self._start()
            return self._exchange(ask, payload)

    def _start(self) -> None:
        self._end()
        self._make_room(self)
        self._folder = tempfile.TemporaryDirectory(prefix="featherweight-race-")
        folder = Path(self._folder.name).resolve()
        # No PDEATHSIG: that is the end of the thread that starts it, and a page's thread ends soon. The worker ends
        # with the pipe, which the system closes however this process ends.
        self._process = subprocess.Popen(
            WORKER,
            env=confined_environment(self._home, folder, folder.name, downloads=False),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        limit_resources(self._process.pid, memory_bytes() + SPARE_BYTES)
        if self._process.stdin is not None:
            self._process.stdin.write(self.request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()

    def _exchange(self, ask: LiveRaceAsk, payload: bytes = b"") -> tuple[LiveRaceReply, bytes]:
        """Sends and receives; raises the error that the worker answers with, and RunError where it has ended."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RunError("the worker was not started", AGAIN)
        self.last_use = time.monotonic()
        self._watch(process)
        late = threading.Event()
        timer = threading.Timer(REPLY_SECONDS, _kill, (process, late))
        timer.daemon = True
        timer.start()
        try:
            write_message(process.stdin, ask, payload)
            message = read_message(process.stdout, LiveRaceReply)
        except (BrokenPipeError, ConnectionResetError):
            message = None
        except RunError:
            self._end()  # what else it sent would be taken for the reply to the next message
            raise
        finally:
            timer.cancel()
        if message is None and late.is_set():
            self._end()
            raise LimitError(f"the worker did not answer in {REPLY_SECONDS:.0f} s and was ended", AGAIN, code="time")
        if message is None:
            raise self._ended(process)
        reply, content = message
        if reply.error is not None:
            kind = RequestError if reply.error.refused else RunError
            raise kind(reply.error.message, reply.error.next, code=reply.error.code)
        return reply, content

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Ends a worker that holds too much memory. Raises LimitError."""
        if time.monotonic() - self._watched < WATCH_SECONDS:
            return
        self._watched = time.monotonic()
        n_bytes, _ = resource_use(process.pid)
        if n_bytes > MEMORY_SHARE * memory_bytes():
            self._end()
            raise LimitError(
                f"the worker held {n_bytes / 1e6:.0f} MB of memory and was ended", "Choose fewer lanes", code="memory"
            )

    def _ended(self, process: subprocess.Popen[bytes]) -> RunError:
        status = process.wait()
        self._end()
        how = f"was ended by {signal_name(-status)}" if status < 0 else f"ended with status {status}"
        return RunError(f"the process that answers {how}", AGAIN, code="ended")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _kill(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """Ends a worker that is late, and with it whatever waits at its pipes: for a byte, for the rest, for room."""
    late.set()
    process.kill()


def _there(value: T | None) -> T:
    """The part of a reply that was asked for. Raises RunError where the worker left it out."""
    if value is None:
        raise RunError("the worker answered something else than it was asked", AGAIN)
    return value
