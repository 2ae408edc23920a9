"""The verbs about speed in the foreground: what a sweep or a showdown had measured is handed on where it is ended."""

import pytest

from engine.api import speed
from engine.errors import Cancelled
from engine.settings import ShowdownRequest, SweepRequest, Target
from tests.made_speed import made_file, made_showdown, made_sweep

ROWS = tuple({"file": made_file(), "target": Target(threads=threads)} for threads in (1, 2))


@pytest.mark.parametrize(
    ("verb", "request_", "unfinished"),
    [
        (speed.sweep, SweepRequest(file=made_file()), made_sweep(complete=False)),
        (speed.showdown, ShowdownRequest.parse({"rows": ROWS}), made_showdown(complete=False)),
    ],
)
def test_what_was_measured_before_a_stop_is_handed_on(home, monkeypatch, verb, request_, unfinished):
    def stopped(home, request, on_event, on_unfinished):
        on_unfinished(unfinished)
        raise Cancelled("the job was cancelled")

    monkeypatch.setattr(speed, "resolve_request", lambda request, home, from_browser: request)
    monkeypatch.setattr(speed.foreground, "run_analysis", stopped)
    found = []
    with pytest.raises(Cancelled):
        verb(request_, on_unfinished=found.append)
    assert found == [unfinished]
