"""The server of an unpacked bundle, in a process of its own on this machine, for as long as it is measured."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import RunError
from engine.measure.http_load import HOST
from engine.system.orphans import adopting_orphans, wait_for_group

START_SECONDS, STOP_SECONDS = 240.0, 20.0
LOOK_SECONDS = 0.05
LOG_LETTERS = 300


@contextmanager
def bundle_server(bundle: Path, log: Path, max_batch_size: int, timeout_ms: float) -> Iterator[int]:
    """The port of the running server. It ends with the block, and with this process however that ends.

    After the block this process has waited for all that the server started, and so knows what they computed (os.times).
    Raises RunError with the end of its log where it does not start.
    """
    port = free_port()
    options = {"port": port, "max-batch-size": max_batch_size, "batch-timeout-ms": timeout_ms}
    command = [sys.executable, str(bundle / "serve.py"), "--stop-with-stdin"]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with adopting_orphans(), log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=bundle, start_new_session=True
        )
        try:
            wait_until_ready(process, port, log)
            yield port
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the server and what it started."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    with suppress(ProcessLookupError):  # what it started outlives it where it was killed
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_group(process.pid)


def free_port() -> int:
    """One that nothing listens on; where something takes it meanwhile, the server says so."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port: int = trial.getsockname()[1]
    return port


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path, path: str = "/health") -> None:
    """Returns once the server says that it is ready. Raises RunError where it ends, or takes too long."""
    end, pause = time.monotonic() + START_SECONDS, threading.Event()
    while time.monotonic() < end:
        if process.poll() is not None:
            text = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            reason = text[-1][-LOG_LETTERS:] if text else "it said nothing"
            raise RunError(f"the server of the bundle ended at once: {reason}", "Look into serve-log.txt of the job")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=LOOK_SECONDS * 20) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        pause.wait(LOOK_SECONDS)
    raise RunError(f"the server of the bundle was not ready after {START_SECONDS:g} s", "Look into serve-log.txt")
