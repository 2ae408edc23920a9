"""A run as a row of parts, told from its recipe and its events: what is done, what is going on, what is to come."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from engine.planning.parts import PlannedPart, plan_parts, step_key
from engine.results import Event, Failure, Part, PartState, State
from engine.settings import Recipe


def timeline(
    recipe: Recipe, events: Sequence[Event], state: State, failures: Sequence[Failure] = (), *, until: str | None = None
) -> tuple[Part, ...]:
    """The parts of a run in order.

    `events` are all so far, `state` is the run's, `failures` are its report's. `until` (ISO 8601) is now, or when the
    run ended: so long the newest event's part went on; without it, until that event.
    """
    planned = plan_parts(recipe)
    keys = [part.key for part in planned]
    newest = {event.step: event for event in events}
    seconds = _seconds(events, until)
    failed = _failed(recipe, failures)
    begun = [index for index, key in enumerate(keys) if key in newest or key in failed]
    latest = max(begun, default=-1)
    if state == "failed" and latest >= 0 and _broke_off(events, failed):
        failed |= {keys[latest]}
    states = [_state(part.key, index - latest, state, newest, failed) for index, part in enumerate(planned)]
    return tuple(
        _part(part, newest.get(part.key), now, seconds.get(part.key)) for part, now in zip(planned, states, strict=True)
    )


def _failed(recipe: Recipe, failures: Sequence[Failure]) -> set[str]:
    """The keys of the parts whose step failed."""
    return {
        step_key(recipe, one.branch, one.step) for one in failures if one.branch is not None and one.step is not None
    }


def _broke_off(events: Sequence[Event], failed: Collection[str]) -> bool:
    """Whether a failed run ended within a part, and not at its end because of a chain that had failed."""
    return not failed or not events or events[-1].fraction < 1


def _state(key: str, after: int, state: State, newest: Collection[str], failed: Collection[str]) -> PartState:
    """Of a part that comes so many after (below 0: before) the latest one that began."""
    if key in failed:
        return "failed"
    if after > 0:
        return "waiting" if state in ("queued", "running") else "skipped"
    if key not in newest:
        return "skipped"
    if after == 0 and state in ("running", "cancelled"):
        return "running" if state == "running" else "cancelled"
    return "done"


def _part(planned: PlannedPart, event: Event | None, state: PartState, seconds: float | None) -> Part:
    so_far = event.step_fraction or 0.0 if event else 0.0
    return Part(
        key=planned.key,
        title=planned.title,
        state=state,
        seconds=seconds,
        fraction=1.0 if state == "done" else so_far,
        message=event.message if event else "",
        chain=planned.chain,
        step=planned.step,
    )


def _seconds(events: Sequence[Event], until: str | None) -> dict[str, float]:
    """Seconds by part: from each event to the next they belong to the first one's."""
    times = [datetime.fromisoformat(time) for time in (*(event.time for event in events), until) if time]
    sums: dict[str, float] = {event.step: 0.0 for event in events}
    for event, (begin, end) in zip(events, pairwise(times), strict=False):
        sums[event.step] += max(0.0, (end - begin).total_seconds())
    return sums
