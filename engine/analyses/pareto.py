"""Which architectures to advise: the Pareto front of latency and published accuracy, and those beyond the user's model.

Reads and writes nothing. A ratio is an architecture's latency by that of the user's model, with its 95 % interval.
"""

from collections.abc import Iterable

from engine.results import Advice, Architecture, Latency, Note, Published, times_as_fast
from engine.results.pareto import nondominated
from engine.wording import percent

Entry = tuple[Architecture, Latency, Published]
"""An architecture with both figures."""


def advised(advice: Advice) -> Advice:
    """The same advice with its Pareto front, the faster and better architectures, and a sentence on the best."""
    entries = tuple(_entries(advice.architectures))
    beside = [one for one in entries if not _same(one[0].name, advice.own.architecture)]
    changes = {
        "front": tuple(one.name for one, _, _ in pareto_front(entries)),
        "faster": tuple(one.name for one, _, _ in faster(beside, advice.own.published)),
        "better": tuple(one.name for one, _, _ in better(beside, advice.own.published)),
    }
    result = advice.model_copy(update=changes)
    return result.model_copy(update={"reason": _reason(result) if entries else None})


def pareto_front(entries: Iterable[Entry]) -> list[Entry]:
    """The Pareto front: each the most accurate of all that take no longer; the fastest first."""
    return nondominated(entries, lambda one: (one[1].ratio_to_baseline, -one[2].top1))


def faster(entries: Iterable[Entry], own: Published | None) -> list[Entry]:
    """Those with at least the user's model's published top-1, and faster by the whole interval; the fastest first."""
    if own is None:
        return []
    matches = [one for one in entries if one[2].top1 >= own.top1 and one[1].ratio_high < 1]
    return sorted(matches, key=lambda one: one[1].ratio_to_baseline)


def better(entries: Iterable[Entry], own: Published | None) -> list[Entry]:
    """Those with more published top-1 than the user's model at a ratio of at most 1; the most accurate first."""
    if own is None:
        return []
    matches = [one for one in entries if one[2].top1 > own.top1 and one[1].ratio_to_baseline <= 1]
    return sorted(matches, key=lambda one: (-one[2].top1, one[1].ratio_to_baseline))


def _entries(architectures: Iterable[Architecture]) -> Iterable[Entry]:
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
    reference = f"{own.architecture}'s published {percent(own.published.top1, 1)} at {own.published.img_size} px"
    groups = ((advice.faster, True), (advice.better, False))
    sentences = [_sentence(advice, names[0], fastest=fastest) for names, fastest in groups if names]
    if not sentences:
        text = f"Nothing measured so far is surely faster at {reference}, or better at no more latency"
        return Note(code="nothing_better", text=text)
    return Note(code="advised", text=f"Held against {reference}, {'; '.join(sentences)}")


def _sentence(advice: Advice, name: str, *, fastest: bool) -> str:
    architecture = advice.architecture(name)
    if architecture is None or architecture.latency is None or architecture.published is None:
        raise LookupError(f"'{name}' has no figures")
    role = "the fastest that is at least as accurate" if fastest else "the most accurate at no more latency"
    speed = times_as_fast(architecture.latency, "your model")
    return f"{role} is {name}: {speed}, {percent(architecture.published.top1, 1)}"
