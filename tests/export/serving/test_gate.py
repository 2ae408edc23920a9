"""What stands before the model of a bundle's server: limits, the cache, the queue, the key, the metrics."""

import asyncio
import importlib.util
import io
import struct
import zlib

import pytest
from PIL import Image

from engine.data.preprocess import FORMATS
from engine.export.serving.parts import TEMPLATES
from engine.settings import ServeSettings

ANSWER = b'{"top": []}'


def load_gate():
    spec = importlib.util.spec_from_file_location("bundle_gate", TEMPLATES / "gate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gate = load_gate()


class Model:
    """Stands in for LitServe: answers every image, once `open` is set, and counts them."""

    def __init__(self) -> None:
        self.n_asked, self.open, self.body = 0, asyncio.Event(), ANSWER
        self.open.set()

    async def __call__(self, scope, receive, send) -> None:
        self.n_asked += 1
        await self.open.wait()
        headers = [(b"content-type", b"application/json"), (b"x-batch-size", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def made_gate(**settings):
    model = Model()
    values = ServeSettings(**settings).model_dump()
    return gate.Gate(model, settings=values, model_sha256="a" * 64, formats=FORMATS), model


async def post(app, body: bytes, path="/predict", gone=False, **headers) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the reply; status 0 where there was none. `gone`: the client leaves half-way."""
    messages = [{"type": "http.request", "body": body, "more_body": gone}, {"type": "http.disconnect"}]
    replies: list = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        replies.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    method = "POST" if path == "/predict" else "GET"
    await app({"type": "http", "method": method, "path": path, "headers": raw}, receive, send)
    if not replies:
        return 0, {}, b""
    found = {name.decode().lower(): value.decode() for name, value in replies[0]["headers"]}
    return replies[0]["status"], found, b"".join(one.get("body", b"") for one in replies[1:])


def png(size=(4, 4), shade=0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, shade).save(buffer, "PNG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """The beginning of a PNG that says that it has so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\1IDAT"
    )


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


@pytest.mark.parametrize(("body", "status", "text"), [
    (bomb(60_000, 60_000), 413, "far more than 1,000 pixels"),
    (png((100, 100)), 413, "100 × 100 pixels and 1,000 are allowed"),
    (b"x" * 2001, 413, "more than 2,000 bytes"),
    (b"no image", 422, "no image that can be read"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", 422, "no image that can be read"),
], ids=["bomb", "pixels", "bytes", "none", "a program for Ghostscript"])  # fmt: skip
def test_an_image_that_is_too_large_or_none_never_reaches_the_model(body, status, text):
    async def ask():
        app, model = made_gate(max_pixels=1000, max_bytes=2000)
        return await post(app, body), model.n_asked

    (found, _, reply), n_asked = run(ask())
    assert (found, n_asked) == (status, 0)
    assert text in reply.decode()


def test_a_body_that_is_said_to_be_too_large_is_not_read():
    async def ask():
        app, _ = made_gate(max_bytes=2000)
        return await post(app, b"", content_length="999999999")

    status, _, reply = run(ask())
    assert (status, "more than 2,000 bytes" in reply.decode()) == (413, True)


def test_an_image_sent_as_curl_sends_one_by_itself_is_answered():
    """The type of the body that `curl --data-binary @image.png` names is that of a form."""

    async def ask():
        app, _ = made_gate()
        return await post(app, png(), content_type="application/x-www-form-urlencoded")

    assert run(ask())[0] == 200


def test_a_form_is_refused_with_how_to_send_an_image():
    async def ask():
        app, _ = made_gate()
        return await post(app, png(), content_type="multipart/form-data; boundary=x")

    status, _, reply = run(ask())
    assert (status, "--data-binary" in reply.decode()) == (415, True)


def test_an_image_that_came_before_is_answered_from_the_cache_unless_the_request_forbids_it():
    async def ask():
        app, model = made_gate()
        first = await post(app, png())
        again = await post(app, png())
        fresh = await post(app, png(), cache_control="no-store")
        other = await post(app, png(shade=1))
        return (first, again, fresh, other), model.n_asked

    replies, n_asked = run(ask())
    assert [headers.get("x-cache") for _, headers, _ in replies] == [None, "hit", None, None]
    assert {body for _, _, body in replies} == {ANSWER}
    assert n_asked == 3


def test_a_full_cache_forgets_what_was_asked_longest_ago_and_never_grows():
    async def ask():
        limit = (2 * (len(ANSWER) + gate.REPLY_OVERHEAD_BYTES) + 10) / 1e6
        app, model = made_gate(cache_mb=limit)
        for shade in (0, 1, 2):
            await post(app, png(shade=shade))
        newest, oldest = await post(app, png(shade=2)), await post(app, png(shade=0))
        assert app.cache.currsize <= app.cache.maxsize
        model.body = b"x" * 10_000  # more than the whole cache
        large = await post(app, png(shade=9))
        return newest, oldest, large

    newest, oldest, large = run(ask())
    assert (newest[1].get("x-cache"), oldest[1].get("x-cache")) == ("hit", None)
    assert (large[0], len(large[2])) == (200, 10_000)


def test_past_the_limit_of_the_queue_a_request_is_refused_and_what_is_cached_still_answered():
    async def ask():
        app, model = made_gate(queue_limit=1)
        await post(app, png(shade=7))
        model.open.clear()
        waiting = asyncio.create_task(post(app, png(shade=1)))
        while model.n_asked < 2:
            await asyncio.sleep(0)
        refused, cached = await post(app, png(shade=2)), await post(app, png(shade=7))
        model.open.set()
        return refused, cached, await waiting, app.waiting

    refused, cached, answered, waiting = run(ask())
    assert (refused[0], refused[1]["retry-after"]) == (503, "1")
    assert "1 images wait already" in refused[2].decode()
    assert (cached[0], answered[0], waiting) == (200, 200, 0)


def test_images_that_are_being_sent_take_so_much_memory_at_most_and_so_long(monkeypatch):
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(gate, "MOST_HELD_BYTES", 1500)

    async def ask():
        app, _ = made_gate(max_bytes=1000)
        replies, parts = [], [{"type": "http.request", "body": b"x" * 900, "more_body": True}]

        async def halted():
            if not parts:
                await asyncio.Event().wait()
            return parts.pop()

        async def send(message):
            replies.append(message)

        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
        sending = asyncio.create_task(app(scope, halted, send))
        while not app.held_bytes:
            await asyncio.sleep(0)
        refused = await post(app, b"y" * 800)
        await sending
        return refused, replies[0]["status"], app.held_bytes, await post(app, png())

    refused, late, held, answered = run(ask())
    assert (refused[0], refused[1]["retry-after"], late, held, answered[0]) == (503, "1", 408, 0, 200)


def test_a_client_that_leaves_half_way_is_counted_and_costs_no_call():
    async def ask():
        app, model = made_gate()
        left = await post(app, png(), gone=True)
        metrics = await post(app, b"", path="/metrics")
        return left, model.n_asked, metrics[2].decode()

    left, n_asked, metrics = run(ask())
    assert (left[0], n_asked) == (0, 0)
    assert "serve_clients_gone_total 1.0" in metrics


def test_a_model_that_fails_leaves_its_place_in_the_queue():
    async def ask():
        app, model = made_gate()

        async def fail():
            raise RuntimeError("gone")

        model.open.wait = fail
        with pytest.raises(RuntimeError):
            await post(app, png())
        return app.waiting

    assert run(ask()) == 0


def test_with_a_key_only_health_is_open(monkeypatch):
    monkeypatch.setenv("SERVE_API_KEY", "secret")

    async def ask():
        app, _ = made_gate()
        wrong = await post(app, png(), x_api_key="guess")
        metrics = await post(app, b"", path="/metrics")
        right = await post(app, png(), x_api_key="secret")
        health = await post(app, b"", path="/health")
        return [status for status, _, _ in (wrong, metrics, right, health)]

    assert run(ask()) == [401, 401, 200, 200]


def test_metrics_count_replies_hits_and_the_size_of_batches():
    async def ask():
        app, _ = made_gate()
        for body in (png(), png(), b"none"):
            await post(app, body)
        return (await post(app, b"", path="/metrics"))[2].decode()

    metrics = run(ask())
    for line in (
        'serve_requests_total{status="200"} 2.0',
        'serve_requests_total{status="422"} 1.0',
        "serve_cache_hits_total 1.0",
        "serve_batch_size_sum 2.0",
    ):
        assert line in metrics
