"""The live races of one app, by tickets that nobody can guess; few of them have a process at a time."""

import secrets
import threading
import time
from collections import OrderedDict

from engine.errors import NotFoundError, StateError
from engine.jobs.live_race import LiveRace
from engine.settings.live_race import LiveRaceRequest
from engine.store.home import Home

MOST_WORKERS = 3
"""Each holds up to six sessions; more of them at once would leave nobody a core."""
MOST_TICKETS = 300
BUSY_SECONDS = 10.0
"""A race that was asked something so lately, or answers now, is on some stage, and is not ended for another."""


class LiveRaces:
    """Gives out tickets, and finds races by them."""

    def __init__(self) -> None:
        self._races: OrderedDict[str, LiveRace] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, home: Home, request: LiveRaceRequest) -> str:
        """The ticket of a new race, whose process starts at the first call that needs it."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            excess = max(0, len(self._races) + 1 - MOST_TICKETS)
            outdated = [self._races.popitem(last=False)[1] for _ in range(excess)]
            self._races[ticket] = LiveRace(home, request, self._make_room)
        for race in outdated:  # without the lock, for which every other race would wait: its worker may be busy
            race.close()
        return ticket

    def find(self, ticket: str) -> LiveRace:
        """The race of this ticket, which counts as used now. Raises NotFoundError for an unknown or old ticket."""
        with self._lock:
            race = self._races.get(ticket)
            if race is None:
                raise NotFoundError("this race is over: its page was opened long ago", "Load the page again")
            self._races.move_to_end(ticket)
            return race

    def _make_room(self, wanted: LiveRace) -> None:
        """Ends the race that was left alone longest where too many run. Raises StateError where all are in use."""
        running = [race for race in tuple(self._races.values()) if race is not wanted and race.is_running]
        if len(running) < MOST_WORKERS:
            return
        idle = [race for race in running if not race.is_answering]
        oldest = min(idle, key=lambda race: race.last_use, default=None)
        if oldest is None or time.monotonic() - oldest.last_use < BUSY_SECONDS:
            raise StateError(f"{MOST_WORKERS} races are on at once, which is the most", "Wait until one is over")
        oldest.close()
