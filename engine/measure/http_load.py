"""A bounded load on a server of images on this machine: clients that ask without pause, or requests at random times.

Latencies of requests at random times count from the moment at which each was due, so that a server that stalls is not
spared the requests that would have come meanwhile (Tene, "How NOT to Measure Latency", 2013).
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import RunError

HOST = "127.0.0.1"
MAX_SECONDS = 60.0
"""No load lasts longer, whatever the server does."""


class Answer(NamedTuple):
    """How one request ended: `status` 0 where the connection broke."""

    status: int
    seconds: float
    hit: bool
    batch_size: int
    call_ms: float


class Load(NamedTuple):
    """The answers of a load that lasted so many seconds."""

    answers: tuple[Answer, ...]
    seconds: float

    @property
    def good(self) -> tuple[Answer, ...]:
        return tuple(one for one in self.answers if one.status == 200)


def images_to_ask_for(files: Sequence[bytes], n: int, load: int) -> tuple[bytes, ...]:
    """`n` different images of the same work, which no other load asks for: the files over and over, with numbers behind
    their end, which decoders of PNG and JPEG do not read."""
    return tuple(files[number % len(files)] + bytes(f"{load},{number}", "ascii") for number in range(n))


def zipf_picks(n_images: int, exponent: float, n: int, seed: int) -> list[int]:
    """Which image each of `n` requests asks for: the one of rank r in proportion to r to the power of -exponent."""
    weights = np.arange(1, n_images + 1, dtype=float) ** -exponent
    picks: list[int] = np.random.default_rng(seed).choice(n_images, size=n, p=weights / weights.sum()).tolist()
    return picks


def without_pause(port: int, requests: Sequence[bytes], n_clients: int, seconds: float, *, cached: bool) -> Load:
    """`n_clients` ask for the requests in turn, each again as soon as it was answered, for so many seconds."""
    return _run(_without_pause(port, requests, n_clients, min(seconds, MAX_SECONDS), cached))


def at_times(port: int, requests: Sequence[bytes], due: Sequence[float], n_clients: int, *, cached: bool) -> Load:
    """Each request at its time, seconds from now, over at most `n_clients` connections."""
    return _run(_at_times(port, requests, due, n_clients, cached))


def _run(load: Coroutine[None, None, Load]) -> Load:
    try:
        return asyncio.run(load)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise RunError(f"the server stopped answering: {error}", "Look into serve-log.txt of the job") from error


class _Client:
    """A connection that is kept, and opened again where it broke."""

    def __init__(self, port: int, cached: bool) -> None:
        self._port, self._cached = port, cached
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, image: bytes, due: float) -> Answer:
        was_open = self._reader is not None
        try:
            status, headers = await self._ask(image)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            if was_open:  # a server closes a connection that was idle for long, and a client then asks on another one
                return await self.ask(image, due)
            status, headers = 0, {}
        seconds = time.perf_counter() - due
        size, ms = int(headers.get(b"x-batch-size", 1)), float(headers.get(b"x-model-ms", 0))
        return Answer(status, seconds, headers.get(b"x-cache") == b"hit", size, ms)

    async def _ask(self, image: bytes) -> tuple[int, dict[bytes, bytes]]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        control = b"" if self._cached else b"Cache-Control: no-store\r\n"
        self._writer.write(
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            + control
            + b"Content-Length: %d\r\n\r\n" % len(image)
            + image
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in head[1:])}
        await self._reader.readexactly(int(headers.get(b"content-length", 0)))
        return int(head[0].split(b" ")[1]), headers

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _without_pause(port: int, requests: Sequence[bytes], n_clients: int, seconds: float, cached: bool) -> Load:
    began = time.perf_counter()
    answers: list[Answer] = []
    turn = iter(range(10**9))

    async def client() -> None:
        connection = _Client(port, cached)
        while (due := time.perf_counter()) - began < seconds:
            answers.append(await connection.ask(requests[next(turn) % len(requests)], due))
        connection.close()

    async with asyncio.timeout(2 * MAX_SECONDS):
        await asyncio.gather(*(client() for _ in range(n_clients)))
    return Load(tuple(answers), time.perf_counter() - began)


async def _at_times(port: int, requests: Sequence[bytes], due: Sequence[float], n_clients: int, cached: bool) -> Load:
    free: asyncio.LifoQueue[_Client] = asyncio.LifoQueue()
    for _ in range(n_clients):
        free.put_nowait(_Client(port, cached))
    began = time.perf_counter()

    async def request(image: bytes, moment: float) -> Answer:
        connection = await free.get()
        answer = await connection.ask(image, moment)
        free.put_nowait(connection)
        return answer

    tasks: list[asyncio.Task[Answer]] = []
    async with asyncio.timeout(2 * MAX_SECONDS):
        for image, seconds in zip(requests, due, strict=True):
            moment = began + seconds
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            tasks.append(asyncio.create_task(request(image, moment)))
        answers = await asyncio.gather(*tasks)
    elapsed = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return Load(tuple(answers), elapsed)
