"""Serves the model of this folder over HTTP: `python serve.py`, after `pip install -r requirements-serve.txt`.

    curl --data-binary @image.png http://127.0.0.1:8000/predict

LitServe collects requests that come within a few milliseconds into one call of the model. The settings are in
serve.json, and `python serve.py --help` lists them. What stands before the model is in gate.py.
"""

import argparse
import io
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import warnings
from multiprocessing import connection
from pathlib import Path
from typing import Annotated, Any

import litserve
import litserve.server
import numpy as np
from fastapi import Body, Response
from gate import PREDICT, Gate, reply
from infer import Model
from PIL import Image
from preprocess import FORMATS

FOLDER = Path(__file__).resolve().parent
STOP_SECONDS = 5
"""How long requests that are under way have to end when the server is told to: containers give ten seconds."""


def _send_at_once(opened: connection.Connection) -> connection.Connection:
    """The same connection without Nagle's algorithm (RFC 896).

    multiprocessing sends a message of more than 16 KiB in two parts, and the second would wait some 40 ms until the
    other end has acknowledged the first.
    """
    with socket.socket(fileno=os.dup(opened.fileno())) as shared:
        shared.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


# LitServe's queues: over loopback, since a container or a sandbox may forbid sockets that are files. Here and not in
# `main`, so that it also holds in the processes that this one starts.
_connect, _accept = connection.SocketClient, connection.SocketListener.accept
connection.default_family = "AF_INET"
connection.SocketClient = lambda address: _send_at_once(_connect(address))
connection.SocketListener.accept = lambda listener: _send_at_once(_accept(listener))


class ServedModel(litserve.LitAPI):
    """The model in LitServe's worker: images as bytes become replies, a batch at a time."""

    def setup(self, device: str) -> None:
        self.model = Model(FOLDER)

    def decode_request(self, request: Annotated[bytes, Body()]) -> np.ndarray | str:
        """The input that the image becomes, or why there is none: an error here would fail the whole batch."""
        try:
            with Image.open(io.BytesIO(request), formats=FORMATS) as image:
                return self.model.preprocess(image)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            return f"the image cannot be used: {error}; send a whole PNG or JPEG file"

    def batch(self, inputs: list[Any]) -> list[Any]:
        return inputs

    def predict(self, inputs: Any) -> list[Any]:
        """Of each input its scores, or why there are none, the size of the batch and the milliseconds of the call."""
        batch = inputs if isinstance(inputs, list) else [inputs]
        usable = [one for one in batch if not isinstance(one, str)]
        began = time.perf_counter()
        rows = iter(self.model.predict_prepared(np.stack(usable)) if usable else ())
        ms = 1000 * (time.perf_counter() - began)
        return [(one if isinstance(one, str) else next(rows), len(usable), ms) for one in batch]

    def unbatch(self, output: list[Any]) -> list[Any]:
        return output

    def encode_response(self, output: Any) -> Response:
        scores, size, ms = output[0] if isinstance(output, list) else output
        if isinstance(scores, str):
            return reply(422, {"detail": scores})
        top = self.model.top(scores) if scores.ndim == 1 else []
        answer = {"top": [{"label": label, "probability": share} for label, share in top], "scores": scores.tolist()}
        return reply(200, answer, {"X-Batch-Size": str(size), "X-Model-Ms": f"{ms:.3f}"})


def main() -> int:
    settings = json.loads((FOLDER / "serve.json").read_text(encoding="utf-8"))["settings"]
    options = _options(settings)
    settings = {name: getattr(options, name) for name in settings}
    if (reason := _port_taken(options.host, options.port)) is not None:
        print(f"error: {reason}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    if options.stop_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # LitServe offers tools to agents where the package mcp is installed, and fails with versions that it does not know.
    litserve.server._MCP_AVAILABLE = False
    size = settings["max_batch_size"]
    # With no timeout at all LitServe's loop would spin.
    wait = max(settings["batch_timeout_ms"], 1) / 1000 if size > 1 else 0.0
    bundle = json.loads((FOLDER / "bundle.json").read_text(encoding="utf-8"))
    server = litserve.LitServer(
        ServedModel(max_batch_size=size, batch_timeout=wait, api_path=PREDICT),
        accelerator="cpu",
        timeout=settings["timeout_s"],
        middlewares=[(Gate, {"settings": settings, "model_sha256": bundle["model"]["sha256"], "formats": FORMATS})],
        disable_openapi_url=True,
    )
    server.uvicorn_graceful_timeout = STOP_SECONDS
    if options.host != "127.0.0.1" and not os.environ.get("SERVE_API_KEY"):
        print(f"warning: whoever reaches port {options.port} may ask; set SERVE_API_KEY to a secret", file=sys.stderr)
    calls = f"up to {size} images a call" if size > 1 else "one image a call"
    print(f"serving on http://{options.host}:{options.port}{PREDICT}, {calls}", flush=True)
    server.run(host=options.host, port=options.port, num_api_servers=1, generate_client_file=False, log_level="warning")
    for child in multiprocessing.active_children():  # what LitServe ends it does not always wait for
        child.join(STOP_SECONDS)
    return 0


def _options(settings: dict[str, Any]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serves the model of this folder over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", choices=("127.0.0.1", "0.0.0.0", "::"))
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when the standard input is closed")
    for name, value in settings.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"{value} if not given"
        )
    options = parser.parse_args()
    for name in settings:
        least = 0 if name in ("cache_mb", "batch_timeout_ms") else 1
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}, and must be at least {least}")
    if not 1024 <= options.port <= 65535:
        parser.error(f"--port is {options.port}, and must be from 1024 to 65535")
    return options


def _port_taken(host: str, port: int) -> str | None:
    """Why the server cannot listen there, or None."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen()
        except OSError as error:
            return f"port {port} of {host} cannot be used: {error.strerror}; choose another one with --port"
    return None


def _interrupt(number: int, frame: Any) -> None:
    """Ends this process in an orderly way: the first one as by Ctrl-C, one that it started without a traceback."""
    raise KeyboardInterrupt if multiprocessing.parent_process() is None else SystemExit(0)


def _end_with_stdin() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock a process that is forked meanwhile would inherit for good
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # a shell has those that it starts in the background ignore SIGINT


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="litserve")
    sys.exit(main())
