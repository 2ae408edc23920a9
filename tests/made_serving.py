"""The result of measuring a bundle's server, by hand; and a server that answers at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from engine.results import LoadPoint, ServeBench, ServeCell, ServiceTimes, SimulatedPoint
from tests.made import INT8, made_report


def made_point(per_s: float, p99_ms: float, **changes) -> LoadPoint:
    values = {
        "rate": per_s,
        "per_s": per_s,
        "p50_ms": p99_ms / 4,
        "p95_ms": p99_ms / 2,
        "p99_ms": p99_ms,
        "p99_low_ms": 0.9 * p99_ms,
        "p99_high_ms": 1.2 * p99_ms,
        "hit_rate": 0.0,
        "failed": 0.0,
        "n_requests": 900,
        "n_repeats": 3,
    }
    return LoadPoint.model_validate(values | changes)


def made_cell(size: int, per_s: float, *, cached: bool = False, off: float = 0.1, **changes) -> ServeCell:
    """A measured setting: at 0.4 and 0.7 of `per_s` its p99 is 20 and 60 ms."""
    points = tuple(
        made_point(share * per_s, p99, hit_rate=0.6 if cached else 0.0) for share, p99 in ((0.4, 20.0), (0.7, 60.0))
    )
    simulated = tuple(
        SimulatedPoint(rate=one.rate, per_s=one.per_s, p99_ms=one.p99_ms, per_s_off=0.0, p99_off=off) for one in points
    )
    values = {
        "max_batch_size": size,
        "batch_timeout_ms": 2.0 if size > 1 else 0.0,
        "cached": cached,
        "state": "measured",
        "per_s": per_s,
        "per_s_low": 0.9 * per_s,
        "per_s_high": 1.1 * per_s,
        "mean_batch": float(size),
        "points": points,
        "times": None if cached else ServiceTimes(call_ms={1: 2.0, size: 1.0 + size}, added_ms=1.0),
        "simulated": () if cached else simulated,
    }
    return ServeCell.model_validate(values | changes)


def made_serve_bench(*cells: ServeCell, **changes) -> ServeBench:
    """One by one at 200 answers a second, and batches of 8 at 400; with the cache twice as many."""
    cells = cells or tuple(
        made_cell(size, per_s * (1 + cached), cached=cached)
        for size, per_s in ((1, 200.0), (8, 400.0))
        for cached in (False, True)
    )
    values = {
        "label": "Static INT8",
        "run": "c" * 12,
        "variant": INT8,
        "cells": cells,
        "max_p99_ms": None,
        "n_images": 500,
        "zipf": 1.1,
        "n_clients": 32,
        "complete": True,
        "environment": made_report().environment,
    }
    return ServeBench.model_validate(values | changes)


@contextmanager
def answering_server(status: int = 200, *, close: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and the bodies that it was sent; with `close` it hangs up after every reply, and does not say so."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one packet, which no delayed acknowledgement holds up

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            hit = self.headers.get("Cache-Control") is None and bodies.count(bodies[-1]) > 1
            self.send_response(status)
            for name, value in {"Content-Length": 2, "X-Batch-Size": 2, "X-Model-Ms": 0.5}.items():
                self.send_header(name, str(value))
            if hit:
                self.send_header("X-Cache", "hit")
            self.end_headers()
            self.wfile.write(b"{}")
            self.close_connection = close

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, bodies
    finally:
        server.shutdown()
        server.server_close()
