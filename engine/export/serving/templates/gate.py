"""What stands before the model of serve.py: limits on images and on the queue, a cache of replies, a key, metrics.

An image that was answered before is answered from memory, unless the request says `Cache-Control: no-store`. `/metrics`
is for Prometheus. Where the environment has SERVE_API_KEY, all but `/health` must bring it as `X-API-Key`.
"""

import asyncio
import hashlib
import hmac
import io
import json
import os
import time
from collections.abc import Mapping
from typing import Any

import cachetools
from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.responses import Response

PREDICT = "/predict"
REPLY_OVERHEAD_BYTES = 200
"""Of the cache's own objects for a reply, about."""
BODY_SECONDS = 30.0
"""How long a client may take to send an image, which takes memory meanwhile."""
MOST_HELD_BYTES = 256_000_000
"""Of all images that are being sent or wait; one image may have as many as the settings say."""
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
SIZES = (1, 2, 4, 8, 16, 32, 64)
NO_STORE = b"no-store"


def reply(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status, headers, "application/json")


def busy(what: str) -> Response:
    return reply(503, {"detail": f"{what}, which is the limit; try again in a second"}, {"Retry-After": "1"})


class Gone(Exception):
    """The client left before its image was there."""


class Gate:
    """What stands before LitServe: the key, the limits on an image, the limit of the queue, the cache, the metrics.

    It runs in the one process that answers HTTP, so its counts and its cache need no lock.
    """

    def __init__(self, app: Any, *, settings: Mapping[str, Any], model_sha256: str, formats: tuple[str, ...]) -> None:
        self.app, self.settings, self.model_sha256, self.formats = app, settings, model_sha256, formats
        self.key = os.environ.get("SERVE_API_KEY", "")
        limit = int(1e6 * settings["cache_mb"])
        self.cache: cachetools.LRUCache[bytes, bytes] = cachetools.LRUCache(
            limit, getsizeof=lambda body: len(body) + REPLY_OVERHEAD_BYTES
        )
        self.waiting = self.held_bytes = 0
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "serve_requests", "Requests by the status of their reply", ["status"], registry=registry
        )
        self.hits = Counter("serve_cache_hits", "Replies out of the cache", registry=registry)
        self.misses = Counter("serve_cache_misses", "Images that the cache did not have", registry=registry)
        self.gone = Counter("serve_clients_gone", "Clients that left before their image was there", registry=registry)
        self.seconds = Histogram(
            "serve_seconds", "From the whole image to its reply", buckets=SECONDS, registry=registry
        )
        self.sizes = Histogram("serve_batch_size", "Images in the call that answered", buckets=SIZES, registry=registry)
        queue = Gauge("serve_waiting", "Images that wait for the model or are in it", registry=registry)
        queue.set_function(lambda: self.waiting)
        cached = Gauge("serve_cache_bytes", "What the cache holds", registry=registry)
        cached.set_function(lambda: self.cache.currsize)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] == "/health":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self.key and not hmac.compare_digest(headers.get(b"x-api-key", b""), self.key.encode()):
            await self._end(
                reply(401, {"detail": "the key is missing or wrong; send it as X-API-Key"}), scope, receive, send
            )
        elif scope["path"] == "/metrics":
            await Response(generate_latest(self.registry), media_type="text/plain")(scope, receive, send)
        elif scope["path"] == PREDICT and scope["method"] == "POST":
            await self._predict(headers, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _predict(self, headers: dict[bytes, bytes], scope: Any, receive: Any, send: Any) -> None:
        if headers.get(b"content-type", b"").startswith(b"multipart/"):
            detail = "send the bytes of the image as the body, not a form: curl --data-binary @image.png"
            await self._end(reply(415, {"detail": detail}), scope, receive, send)
            return
        body = bytearray()
        try:
            answer = await self._read(body, headers, receive)
            if answer is None:
                answer = await self._answer(bytes(body), headers, scope)
            await self._end(answer, scope, receive, send)
        except Gone:
            self.gone.inc()
        finally:
            self.held_bytes -= len(body)

    async def _answer(self, image: bytes, headers: dict[bytes, bytes], scope: Any) -> Response:
        began = time.perf_counter()
        key = hashlib.sha256(self.model_sha256.encode() + image).digest()
        cached = None if headers.get(b"cache-control") == NO_STORE else self.cache.get(key)
        if cached is not None:
            self.hits.inc()
            answer = Response(cached, headers={"X-Cache": "hit"}, media_type="application/json")
        else:
            refusal = self._refusal(image)
            answer = refusal if refusal is not None else await self._ask(key, image, scope)
        self.seconds.observe(time.perf_counter() - began)
        return answer

    async def _read(self, body: bytearray, headers: dict[bytes, bytes], receive: Any) -> Response | None:
        """Fills `body`; why that was given up, or None. Raises Gone where the client left."""
        limit, most = int(self.settings["max_bytes"]), max(MOST_HELD_BYTES, int(self.settings["max_bytes"]))
        too_large = reply(413, {"detail": f"the image has more than {limit:,} bytes, the limit; send a smaller one"})
        said = headers.get(b"content-length", b"0")
        if said.isdigit() and int(said) > limit:
            return too_large
        ends = time.monotonic() + BODY_SECONDS
        more = True
        while more:
            try:
                message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
            except TimeoutError:
                return reply(408, {"detail": f"the image did not come within {BODY_SECONDS:g} s; send it again"})
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            body += part
            self.held_bytes += len(part)
            if len(body) > limit:
                return too_large
            if self.held_bytes > most:
                return busy(f"images of {most:,} bytes are here already")
            more = message.get("more_body", False)
        return None

    def _refusal(self, image: bytes) -> Response | None:
        """Why the image is not given to the model, by its header alone: nothing is unpacked for it."""
        limit = int(self.settings["max_pixels"])
        try:
            width, height = Image.open(io.BytesIO(image), formats=self.formats).size
        except Image.DecompressionBombError:
            return reply(413, {"detail": f"the image has far more than {limit:,} pixels, which is the limit"})
        except (OSError, SyntaxError, ValueError):
            return reply(422, {"detail": "the body is no image that can be read; send the bytes of a PNG or JPEG file"})
        if width * height > limit:
            detail = f"the image has {width:,} × {height:,} pixels and {limit:,} are allowed; send a smaller one"
            return reply(413, {"detail": detail})
        if self.waiting >= self.settings["queue_limit"]:
            return busy(f"{self.waiting} images wait already")
        return None

    async def _ask(self, key: bytes, image: bytes, scope: Any) -> Response:
        """LitServe's reply, which the cache keeps where it is an answer."""
        self.misses.inc()
        self.waiting += 1
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": image, "more_body": False}

        async def keep(message: Any) -> None:
            messages.append(message)

        plain = [(name, value) for name, value in scope["headers"] if name not in (b"content-type", b"accept-encoding")]
        try:
            await self.app(
                {**scope, "headers": [*plain, (b"content-type", b"application/octet-stream")]}, receive, keep
            )
        finally:
            self.waiting -= 1
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        answer = Response(body, start["status"])
        answer.raw_headers = list(start["headers"])
        if start["status"] == 200:
            wanted = dict(scope["headers"]).get(b"cache-control") != NO_STORE
            if wanted and len(body) + REPLY_OVERHEAD_BYTES <= self.cache.maxsize:
                self.cache[key] = body
            self.sizes.observe(int(answer.headers.get("x-batch-size", 1)))
        return answer

    async def _end(self, answer: Response, scope: Any, receive: Any, send: Any) -> None:
        self.requests.labels(str(answer.status_code)).inc()
        await answer(scope, receive, send)
