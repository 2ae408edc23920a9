"""The HTTP routes of the Race page: its scripts, onnxruntime-web, and the live race of a ticket.

Streamlit checks neither login nor origin for routes that are not its own. So nothing of a run can be had without the
ticket of a live race, which the page alone is given and nobody can guess; and what changes something is refused where
another site's page asks for it.
"""

import functools
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from engine import FeatherweightError, LiveRace, NotFoundError, RequestError, find_live_race, onnxruntime_web_files
from pages._ui.browser_terms import in_browser_terms
from pages._ui.wording import sentence

MAX_PHOTO_BYTES = 20_000_000
SCRIPTS = ("stage.mjs", "lanes.mjs", "camera.mjs", "browser_race.mjs", "browser_worker.mjs")
TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm"}
KEEP, ANEW = {"Cache-Control": "public, max-age=86400"}, {"Cache-Control": "no-cache"}
PRIVATE = {"Cache-Control": "no-store"}
MODES: dict[str, Literal["alone", "together"]] = {"alone": "alone", "together": "together"}
Endpoint = Callable[[Request], Awaitable[Response]]


def base() -> str:
    """Where the routes are, as a path of this server."""
    prefix = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}/stage" if prefix else "/stage"


def routes() -> list[BaseRoute]:
    """All of them, for `st.App`."""
    post = ["POST"]
    return [
        Mount(
            base(),
            routes=[
                Route("/ort/{name}", _ort_file),
                Route("/static/{name}", _script),
                Route("/{ticket}/status", _status),
                Route("/{ticket}/start/{mode}", _start, methods=post),
                Route("/{ticket}/stop", _stop, methods=post),
                Route("/{ticket}/answer/{mode}", _answer, methods=post),
                Route("/{ticket}/frame/{mode}", _frame, methods=post),
                Route("/{ticket}/sheet", _sheet),
                Route("/{ticket}/inputs", _inputs),
                Route("/{ticket}/model/{variant}", _model),
            ],
        )
    ]


def _answered(endpoint: Endpoint) -> Endpoint:
    """The endpoint, whose errors become a sentence with a status; another site's POST is refused."""

    @functools.wraps(endpoint)
    async def respond(request: Request) -> Response:
        origin = request.headers.get("origin")
        if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return _error("A page of another site may not ask this", 403)
        try:
            return await endpoint(request)
        except FeatherweightError as error:
            text = " ".join(in_browser_terms(sentence(part)) for part in (error.message, error.next) if part)
            status = 404 if isinstance(error, NotFoundError) else 400 if isinstance(error, RequestError) else 503
            return _error(text, status, error.code)
        except ClientDisconnect:
            return _error("The upload was broken off", 400)

    return respond


def _error(text: str, status: int, code: str = "") -> JSONResponse:
    return JSONResponse({"text": text, "code": code}, status, headers=PRIVATE)


def _json(result: Any) -> Response:
    return Response(result.model_dump_json(), media_type="application/json", headers=PRIVATE)


def _race(request: Request) -> LiveRace:
    return find_live_race(request.path_params["ticket"])


def _mode(request: Request) -> Literal["alone", "together"]:
    """Raises NotFoundError for another word."""
    mode = MODES.get(request.path_params["mode"])
    if mode is None:
        raise NotFoundError("a race is run alone or together", "Load the page again")
    return mode


@_answered
async def _ort_file(request: Request) -> Response:
    return _file(onnxruntime_web_files().get(request.path_params["name"]), KEEP)


@_answered
async def _script(request: Request) -> Response:
    name = request.path_params["name"]
    return _file(Path(__file__).with_name(name) if name in SCRIPTS else None, ANEW)


def _file(path: Path | None, headers: dict[str, str]) -> Response:
    """Raises NotFoundError where there is no such file."""
    if path is None:
        raise NotFoundError("there is no such file", "Load the page again")
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


@_answered
async def _status(request: Request) -> Response:
    return _json(await run_in_threadpool(_race(request).status))


@_answered
async def _start(request: Request) -> Response:
    return _json(await run_in_threadpool(_race(request).start, _mode(request)))


@_answered
async def _stop(request: Request) -> Response:
    return _json(await run_in_threadpool(_race(request).stop))


@_answered
async def _answer(request: Request) -> Response:
    return await _ask_all(request, 30)


@_answered
async def _frame(request: Request) -> Response:
    """One call of each lane: the next frame of a camera waits."""
    return await _ask_all(request, 1)


async def _ask_all(request: Request, most_calls: int) -> Response:
    race, mode = _race(request), _mode(request)
    photo = await _body(request)
    if photo is None:
        return _error(f"The photo has more than {MAX_PHOTO_BYTES // 10**6} MB. Choose a smaller one.", 413)
    return _json(await run_in_threadpool(race.answer, photo, mode, most_calls))


@_answered
async def _sheet(request: Request) -> Response:
    return Response(await run_in_threadpool(_race(request).sheet), media_type="image/png", headers=PRIVATE)


@_answered
async def _inputs(request: Request) -> Response:
    """The length of a JSON text (4 bytes, little-endian), the text filled up to a multiple of 4 bytes, the images."""
    inputs, images = await run_in_threadpool(_race(request).inputs)
    text = inputs.model_dump_json().encode()
    text += b" " * (-len(text) % 4)
    return Response(
        struct.pack("<I", len(text)) + text + images, media_type="application/octet-stream", headers=PRIVATE
    )


@_answered
async def _model(request: Request) -> Response:
    path = _race(request).file(request.path_params["variant"])
    return FileResponse(path, media_type="application/octet-stream", headers=PRIVATE)


async def _body(request: Request) -> bytes | None:
    """The body of a request; None where it is, or says that it is, more than a photo may have."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_PHOTO_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_PHOTO_BYTES:
            return None
    return bytes(body)
