"""Suggestions that leave the chain as it is: other images, another architecture, another target.

Each rule returns one, or None.
"""

from engine.catalogue.measured import CPUS, find_race, race_summary
from engine.catalogue.shortlist import SHORTLIST
from engine.planning.estimate import estimate_advice
from engine.planning.suggestions.facts import Facts, published_text
from engine.results import Advice, Architecture, Suggestion, codes, times_as_fast
from engine.settings import AdviseRequest, FileModel, ImagesData
from engine.wording import many, percent, roughly

LARGER_BATCH = 8


def images(facts: Facts) -> Suggestion | None:
    """More evaluation images, where there are too few to say whether the model has learnt or a choice holds."""
    reason, accuracy = facts.report.recommended, facts.baseline.accuracy
    if reason is not None and reason.reason.code == codes.CHOICE_NOT_CONFIRMED:
        return _images_for_a_choice(facts)
    unclear = reason is not None and reason.reason.code == codes.LEARNING_UNCLEAR
    if not unclear or accuracy is None or accuracy.chance is None or not isinstance(facts.recipe.data, ImagesData):
        return None
    interval = f"{percent(accuracy.low, 1)} to {percent(accuracy.high, 1)}"
    text = (
        f"The baseline's top-1 is {percent(accuracy.top1, 1)} ({interval}) on {many(accuracy.n_images, 'image')}, and "
        f"guessing the commonest class gives {percent(accuracy.chance, 1)}: more images tell whether it has "
        "learnt. Add some, or give evaluation a larger share of them"
    )
    return Suggestion(code="images", title="Take more evaluation images", text=text, basis="measured_here")


def copies(facts: Facts) -> Suggestion | None:
    """Leaving out the evaluation images that also train or calibrate, where the choice would rest on them."""
    reason, data, source = facts.report.recommended, facts.report.data, facts.recipe.data
    if reason is None or reason.reason.code != codes.DUPLICATE_IMAGES or data is None:
        return None
    if not isinstance(source, ImagesData) or data.n_leaked == data.n_evaluation:
        return None
    text = (
        f"{data.n_leaked:,} of {many(data.n_evaluation, 'evaluation image')} also train or calibrate. Without them "
        f"{many(data.n_evaluation - data.n_leaked, 'image')} say what a variant loses"
    )
    return Suggestion(code="copies", title="Leave the copies out", text=text, basis="measured_here")


def _images_for_a_choice(facts: Facts) -> Suggestion | None:
    """More images, where those that report contradicted the choice and the images are the user's own."""
    data = facts.report.data
    if data is None or data.n_selection is None or not isinstance(facts.recipe.data, ImagesData):
        return None
    text = (
        f"{many(data.n_selection, 'image')} chose and {data.n_evaluation:,} others report, and they do not agree: "
        "more of both tell which are right. Add some, or give evaluation a larger share of them"
    )
    return Suggestion(code="images", title="Take more evaluation images", text=text, basis="measured_here")


def architecture(facts: Facts) -> Suggestion | None:
    """The best of the advisor's result, or the advisor itself; None where its complete result has nothing better.

    The advisor knows classifiers of images alone.
    """
    if not facts.is_image_classifier:
        return None
    advice = facts.advice
    best = _best(advice) if advice else None
    if advice is not None and best is not None:
        return Suggestion(
            code="architecture",
            title=f"Try {best.name}",
            text=_architecture_text(advice, best, facts.model_name),
            basis="measured_here",
        )
    if advice is not None and advice.complete:
        return None
    estimated = estimate_advice(AdviseRequest.of(facts.recipe)).seconds
    text = (
        f"The advisor times {len(SHORTLIST)} architectures on this machine, each in turns with "
        f"{facts.model_name}, in {roughly(estimated)} (estimated). What they bring here is not known until "
        "then"
    )
    return Suggestion(code="architecture", title="Compare other architectures", text=text, basis="unknown")


def _best(advice: Advice) -> Architecture | None:
    """The fastest that is advised; where no top-1 of the own model is published, the most accurate that is faster."""
    names = advice.faster if advice.own.published else tuple(reversed(advice.front))
    candidates = (advice.architecture(name) for name in names)
    return next((one for one in candidates if one and one.latency and one.latency.ratio_high < 1), None)


def _architecture_text(advice: Advice, best: Architecture, model_name: str) -> str:
    sentences = [f"{best.name} is {times_as_fast(best.latency, model_name)} here"] if best.latency else []
    if best.published:
        own_published = advice.own.published
        comparison = (
            published_text(advice.own.architecture or model_name, own_published)
            if own_published
            else f"nothing for {model_name}"
        )
        sentences.append(f"Top-1 published on ImageNet: {published_text(best.name, best.published)}, {comparison}")
    if best.busy:
        sentences.append("Other programs were busy meanwhile: take the speed as rough")
    return ". ".join(sentences)


def hardware(facts: Facts) -> Suggestion | None:
    """A CPU with VNNI, where this one has none, the recipe quantizes, and no measurement says that it does not help."""
    quantizes = any(step.number_format == "INT8" for step in facts.attempted_steps)
    row = find_race(facts.name, "VNNI")
    if facts.cpu != "AVX2" or not quantizes or (row is not None and not row.speedup.surely_faster):
        return None
    if facts.on_sample:
        evidence = facts.sample_text("safe")
    elif row is not None:
        speed = times_as_fast(row.speedup, "FP32")
        evidence = f"{facts.relative(row.name)} was {speed}, as {row.winner}, on {CPUS[row.cpu]}"
    else:
        evidence = f"Nothing is measured of {facts.model_name} or its family. {race_summary('VNNI')}"
    return Suggestion(
        code="hardware",
        title="Use a CPU with VNNI",
        basis="measured_elsewhere" if row else "unknown",
        text=f"INT8 gains more with VNNI, which this CPU lacks. {evidence}. {race_summary('AVX2')}",
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
    """More images a call, where throughput is the goal; not for a file, whose batch may be fixed."""
    target, throughput = facts.recipe.target, facts.baseline.throughput
    one_image = facts.recipe.goal == "throughput" and target.batch_size == 1
    if not one_image or isinstance(facts.recipe.model, FileModel):
        return None
    rate = f": {throughput.images_per_s:,.0f} images a second" if throughput else ""
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
