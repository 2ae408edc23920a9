"""The parts of a run with their states, from its recipe and its events."""

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

    `events` are all so far, `state` is the run's, `failures` are its report's. The seconds of the newest event's part
    go on until `until` (ISO 8601: now, or the end of the run); without it, until that event.
    """
    planned_parts = plan_parts(recipe)
    keys = [part.key for part in planned_parts]
    newest_events = {event.step: event for event in events}
    seconds = _seconds(events, until)
    failed_keys = _failed_keys(recipe, failures)
    started = [index for index, key in enumerate(keys) if key in newest_events or key in failed_keys]
    latest = max(started, default=-1)
    if state == "failed" and latest >= 0 and _broke_off(events, failed_keys):
        failed_keys |= {keys[latest]}
    states = [
        _state(part.key, index - latest, state, newest_events, failed_keys) for index, part in enumerate(planned_parts)
    ]
    return tuple(
        _part(part, newest_events.get(part.key), part_state, seconds.get(part.key))
        for part, part_state in zip(planned_parts, states, strict=True)
    )


def _failed_keys(recipe: Recipe, failures: Sequence[Failure]) -> set[str]:
    """The keys of the parts whose step failed."""
    return {
        step_key(recipe, one.branch, one.step) for one in failures if one.branch is not None and one.step is not None
    }


def _broke_off(events: Sequence[Event], failed_keys: Collection[str]) -> bool:
    """Whether a failed run ended within a part; else it went on to its end after a chain had failed."""
    return not failed_keys or not events or events[-1].fraction < 1


def _state(
    key: str, distance: int, state: State, keys_with_events: Collection[str], failed_keys: Collection[str]
) -> PartState:
    """The state of a part; `distance` is its index minus that of the latest part that has begun."""
    if key in failed_keys:
        return "failed"
    if distance > 0:
        return "waiting" if state in ("queued", "running") else "skipped"
    if key not in keys_with_events:
        return "skipped"
    if distance == 0 and state in ("running", "cancelled"):
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
    """Seconds by part; the time between two events counts for the part of the first."""
    times = [datetime.fromisoformat(time) for time in (*(event.time for event in events), until) if time]
    sums: dict[str, float] = {event.step: 0.0 for event in events}
    for event, (begin, end) in zip(events, pairwise(times), strict=False):
        sums[event.step] += max(0.0, (end - begin).total_seconds())
    return sums
