"""The verbs of the Race page: files of a run that answer photos and race through images, served by a warm worker."""

from collections.abc import Sequence

from engine.errors import RequestError
from engine.jobs.live_race import LiveRace
from engine.jobs.live_races import LiveRaces
from engine.planning.live_races import live_race_refusal, live_race_request
from engine.planning.variant_files import run_folder, run_report
from engine.store.home import Home

_RACES = LiveRaces()

__all__ = ["find_live_race", "live_race_refusal", "open_live_race"]


def open_live_race(run: str, variant_ids: Sequence[str]) -> str:
    """The ticket of a live race of a run's baseline and these variants; nothing is loaded before it is asked something.

    Raises RequestError where there is no such run or variant, or the model is no classifier of images.
    """
    home = Home.default()
    home.prepare()
    report = run_report(run, home, from_browser=True)
    if report.state in ("queued", "running"):
        raise RequestError(f"the run '{run}' has not ended yet", "Wait until it is done, or choose another run")
    request = live_race_request(report, run_folder(run, home, from_browser=True), variant_ids)
    return _RACES.open(home, request)


def find_live_race(ticket: str) -> LiveRace:
    """The live race of a ticket. Raises NotFoundError for one that was never given out, or long ago."""
    return _RACES.find(ticket)
