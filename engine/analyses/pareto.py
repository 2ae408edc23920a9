"""Which architectures to advise: the front of latency and published accuracy, and what lies beyond the user's model.

Pure. A ratio is an architecture's latency by that of the user's model, with its 95 % interval.
"""

from collections.abc import Iterable

from engine.results import Advice, Architecture, Latency, Note, Published, times_as_fast
from engine.wording import percent

Known = tuple[Architecture, Latency, Published]
"""An architecture with both figures."""


def advised(advice: Advice) -> Advice:
    """The same advice with its front, who is faster, who is better, and the reason in words."""
    known = tuple(_known(advice.architectures))
    beside = [one for one in known if not _same(one[0].name, advice.own.architecture)]
    changes = {
        "front": tuple(one.name for one, _, _ in pareto_front(known)),
        "faster": tuple(one.name for one, _, _ in faster(beside, advice.own.published)),
        "better": tuple(one.name for one, _, _ in better(beside, advice.own.published)),
    }
    placed = advice.model_copy(update=changes)
    return placed.model_copy(update={"reason": _reason(placed) if known else None})


def pareto_front(known: Iterable[Known]) -> list[Known]:
    """Those that no other beats: each the most accurate of all that take no longer, the fastest first."""
    best, found = -1.0, []
    for one in sorted(known, key=lambda one: (one[1].ratio_to_baseline, -one[2].top1)):
        if one[2].top1 > best:
            best = one[2].top1
            found.append(one)
    return found


def faster(known: Iterable[Known], own: Published | None) -> list[Known]:
    """At least the published top-1 of the user's model, and faster by the whole interval; the fastest first."""
    if own is None:
        return []
    found = [one for one in known if one[2].top1 >= own.top1 and one[1].ratio_high < 1]
    return sorted(found, key=lambda one: one[1].ratio_to_baseline)


def better(known: Iterable[Known], own: Published | None) -> list[Known]:
    """More published top-1 than the user's model at a ratio of at most 1; the most accurate first."""
    if own is None:
        return []
    found = [one for one in known if one[2].top1 > own.top1 and one[1].ratio_to_baseline <= 1]
    return sorted(found, key=lambda one: (-one[2].top1, one[1].ratio_to_baseline))


def _known(architectures: Iterable[Architecture]) -> Iterable[Known]:
    return ((one, one.latency, one.published) for one in architectures if one.latency and one.published)


def _same(name: str, architecture: str | None) -> bool:
    """Whether both are one architecture, whatever their pretrained tags."""
    return architecture is not None and name.partition(".")[0] == architecture.partition(".")[0]


def _reason(advice: Advice) -> Note:
    own = advice.own
    if own.published is None:
        text = (
            f"No top-1 is published for {own.name}: what lies left of its line is faster, and the front has the "
            "best published top-1 at each latency"
        )
        return Note(code="own_unknown", text=text)
    mark = f"{own.architecture}'s published {percent(own.published.top1, 1)} at {own.published.img_size} px"
    placed = ((advice.faster, True), (advice.better, False))
    found = [_words(advice, names[0], fastest=fastest) for names, fastest in placed if names]
    if not found:
        text = f"Nothing measured so far is surely faster at {mark}, or better at no more latency"
        return Note(code="nothing_better", text=text)
    return Note(code="advised", text=f"Held against {mark}, {'; '.join(found)}")


def _words(advice: Advice, name: str, *, fastest: bool) -> str:
    one = advice.architecture(name)
    if one is None or one.latency is None or one.published is None:
        raise LookupError(f"'{name}' has no figures")
    what = "the fastest that is at least as accurate" if fastest else "the most accurate at no more latency"
    return f"{what} is {name}: {times_as_fast(one.latency, 'your model')}, {percent(one.published.top1, 1)}"
