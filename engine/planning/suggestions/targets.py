"""Suggestions that keep the chain: more evaluation images, another architecture, another machine, more threads, more
images a call.

Each rule gives one, or None.
"""

from engine.catalogue.measured import CPUS, race_words, raced
from engine.catalogue.shortlist import SHORTLIST
from engine.planning.estimate import estimate_advice
from engine.planning.suggestions.facts import Facts, published_words
from engine.results import Advice, Architecture, Suggestion, codes, times_as_fast
from engine.settings import AdviseRequest, FileModel, ImagesData
from engine.wording import many, percent

LARGER_BATCH = 8


def images(facts: Facts) -> Suggestion | None:
    """More evaluation images, where on so few it cannot be told whether the model has learnt."""
    reason, right = facts.report.recommended, facts.baseline.accuracy
    unclear = reason is not None and reason.reason.code == codes.LEARNING_UNCLEAR
    if not unclear or right is None or right.chance is None or not isinstance(facts.recipe.data, ImagesData):
        return None
    interval = f"{percent(right.low, 1)} to {percent(right.high, 1)}"
    text = (
        f"The baseline's top-1 is {percent(right.top1, 1)} ({interval}) on {many(right.n_images, 'image')}, and "
        f"guessing the commonest class gives {percent(right.chance, 1)}: more images tell whether it has "
        "learnt. Add some, or give evaluation a larger share of them"
    )
    return Suggestion(code="images", title="Take more evaluation images", text=text, basis="measured_here")


def architecture(facts: Facts) -> Suggestion | None:
    """The best that the advisor found, or the advisor; nothing where it has found nothing."""
    advice = facts.advice
    best = _best(advice) if advice else None
    if advice is not None and best is not None:
        return Suggestion(
            code="architecture",
            title=f"Try {best.name}",
            text=_words(advice, best, facts.model_words),
            basis="measured_here",
        )
    if advice is not None and advice.complete:
        return None
    minutes = estimate_advice(AdviseRequest.of(facts.recipe)).seconds / 60
    text = (
        f"The advisor times {len(SHORTLIST)} architectures on this machine, each in turns with "
        f"{facts.model_words}, in about {minutes:.0f} minutes (estimated). What they bring here is not known until "
        "then"
    )
    return Suggestion(code="architecture", title="Compare other architectures", text=text, basis="unknown")


def _best(advice: Advice) -> Architecture | None:
    """The fastest that is advised; beside a model of which no top-1 is published, the most accurate that is faster."""
    names = advice.faster if advice.own.published else tuple(reversed(advice.front))
    found = (advice.architecture(name) for name in names)
    return next((one for one in found if one and one.latency and one.latency.ratio_high < 1), None)


def _words(advice: Advice, best: Architecture, own: str) -> str:
    sentences = [f"{best.name} is {times_as_fast(best.latency, own)} here"] if best.latency else []
    if best.published:
        mine = advice.own.published
        beside = published_words(advice.own.architecture or own, mine) if mine else f"nothing for {own}"
        sentences.append(f"Top-1 published on ImageNet: {published_words(best.name, best.published)}, {beside}")
    if best.busy:
        sentences.append("Other programs were busy meanwhile: take the speed as rough")
    return ". ".join(sentences)


def hardware(facts: Facts) -> Suggestion | None:
    """A CPU with VNNI, where this one has none, the recipe quantizes, and it is not known to bring nothing."""
    quantizes = any(step.number_format == "INT8" for step in facts.tried)
    row = raced(facts.name, "VNNI")
    if facts.cpu != "AVX2" or not quantizes or (row is not None and not row.speedup.surely):
        return None
    if facts.on_sample:
        known = facts.sample_words("safe")
    elif row is not None:
        known = f"{facts.relative(row.name)} was {times_as_fast(row.speedup, 'FP32')} on {CPUS[row.cpu]}"
    else:
        known = f"Nothing is measured of {facts.model_words} or its family. {race_words('VNNI')}"
    return Suggestion(
        code="hardware",
        title="Use a CPU with VNNI",
        basis="measured_elsewhere" if row else "unknown",
        text=f"INT8 gains more with VNNI, which this CPU lacks. {known}. {race_words('AVX2')}",
    )


def threads(facts: Facts) -> Suggestion | None:
    """All cores, where the target has fewer threads."""
    target, cores = facts.recipe.target, facts.report.environment.cores
    if target.threads is None or target.threads >= cores:
        return None
    text = (
        f"This was measured with {target.threads} of the {cores} cores. What the others bring is not known before "
        "it is measured"
    )
    return Suggestion(
        code="threads",
        title=f"Use all {cores} cores",
        text=text,
        basis="unknown",
        target=target.model_copy(update={"threads": None}),
    )


def batch(facts: Facts) -> Suggestion | None:
    """More images a call, where throughput is the goal; a file may be made for one image a call."""
    target, now = facts.recipe.target, facts.baseline.throughput
    alone = facts.recipe.goal == "throughput" and target.batch_size == 1
    if not alone or isinstance(facts.recipe.model, FileModel):
        return None
    rate = f": {now.images_per_s:,.0f} images a second" if now else ""
    text = (
        f"This was measured with one image a call{rate}. What more of them bring at once is not known before it is "
        "measured"
    )
    return Suggestion(
        code="batch",
        title=f"Take {LARGER_BATCH} images a call",
        text=text,
        basis="unknown",
        target=target.model_copy(update={"batch_size": LARGER_BATCH}),
    )
