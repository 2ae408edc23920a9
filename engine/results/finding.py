"""What a run found, in two sentences for somebody who was not there, and what has to be known before it is used."""

from collections.abc import Iterator

from engine.results import codes
from engine.results.cut_short import cut_short
from engine.results.measures import MEASURES, example_noun, report_measure, similarity_text
from engine.results.report import Report, Variant
from engine.results.texts import certainty_text, leak_text, points
from engine.wording import many, milliseconds, percent, size_text


def finding(report: Report) -> tuple[str, str]:
    """What to do, and what it costs and how sure that is; the second is empty where nothing was measured of it."""
    best = report.recommended_variant
    if best is None or report.recommended is None:
        return "The run ended before its variants were compared, so nothing is recommended.", ""
    if report.is_undecided:
        return "Nothing is recommended yet.", _sentence(report.recommended.reason.text)
    base = report.baseline
    if base is None or best.id == base.id:
        return _keep(report, best), _quality_alone(report, best)
    return f"Take {best.label}: {_gains(report, best, base)}.", _cost(report, best, base)


def caveats(report: Report) -> tuple[str, ...]:
    """What can make the finding wrong, the gravest first: sentences, each with a full stop."""
    return tuple(map(_sentence, _caveats(report)))


def unconfirmed_text(report: Report) -> str:
    """The whole reason, where the images that report speak against the choice and the same weights take its place."""
    best, base = report.recommended, report.baseline
    if best is None or base is None or best.id == base.id:
        return ""
    return best.reason.text if best.reason.code in (codes.CHOICE_NOT_CONFIRMED, codes.DUPLICATE_IMAGES) else ""


def _keep(report: Report, base: Variant) -> str:
    if not report.compares:
        return f"{base.label} was measured alone: {_alone(base)}."
    reason = report.recommended.reason.text if report.recommended else ""
    return f"Keep the model as it is. {_clause(reason)}."


def _alone(variant: Variant) -> str:
    speed = f", {milliseconds(variant.latency.p50_ms)} a call (median)" if variant.latency else ""
    return f"{size_text(variant.size_bytes)}{speed}"


def _gains(report: Report, best: Variant, base: Variant) -> str:
    ratio = best.size_bytes / base.size_bytes
    size = (
        "its file is the baseline's own"
        if best.sha256 == base.sha256
        else f"its file is as large as the baseline's ({size_text(best.size_bytes)})"
        if round(ratio, 2) == 1
        else f"its file has {percent(ratio)} of the size"
    )
    latency = best.latency
    if latency is None:
        return f"{size}; how fast it is was not measured"
    interval = f"{latency.speedup_low:.2f} to {latency.speedup_high:.2f} times"
    if latency.ratio_high < 1:
        return f"it answers {latency.speedup:.2f} times as fast as {report.reference} ({interval}), and {size}"
    return f"it is as fast as {report.reference} within the uncertainty ({interval}), and {size}"


def _cost(report: Report, best: Variant, base: Variant) -> str:
    """How often it is right beside the baseline, how the loss may be, and how sure the budget is kept."""
    noun, verdict = example_noun(report), best.verdict
    if best.accuracy is not None and base.accuracy is not None:
        right, before = percent(best.accuracy.top1, 1), percent(base.accuracy.top1, 1)
        beside = "as the baseline is" if right == before else f"the baseline in {before}"
        images = many(best.accuracy.n_images, noun)
        start = f"On {images} that chose nothing it is right in {right} of the cases, {beside}"
    elif best.fidelity is not None:
        texts = MEASURES[best.fidelity.measure]
        figure = texts.sentence.format(figure=similarity_text(best.fidelity))
        start = f"On {many(best.fidelity.n_images, noun)} without labels {figure}"
    else:
        return "How its answers differ from the baseline's was not measured."
    if verdict is None or verdict.drop_low is None or verdict.drop_high is None:
        return f"{start}."
    interval = f"between {points(verdict.drop_low)} and {points(verdict.drop_high)}".replace(" points and", " and")
    certainty = certainty_text(verdict, report.recipe.budget, noun)
    end = certainty if verdict.certainty == "cannot_tell" else f"which is {certainty}" if certainty else ""
    return f"{start}; the loss is {interval} (95 % interval){f', {end}' if end else ''}."


def _quality_alone(report: Report, base: Variant) -> str:
    if base.accuracy is None:
        return ""
    low, high = percent(base.accuracy.low, 1), percent(base.accuracy.high, 1)
    images = many(base.accuracy.n_images, example_noun(report))
    return f"On {images} it is right in {percent(base.accuracy.top1, 1)} of the cases ({low} to {high})."


def _caveats(report: Report) -> Iterator[str]:
    broken = [one.text for one in report.warnings if one.code == codes.BASELINE_LOOKS_BROKEN]
    yield from (_clause(text) for text in broken)
    if unconfirmed := unconfirmed_text(report):
        yield _clause(unconfirmed)
    if leak := leak_text(report):
        yield leak
    best = report.recommended_variant
    if best is not None and best.accuracy is None and report.data is not None and report.compares:
        measure = report_measure(report) or "similarity"
        yield f"no accuracy was measured, since there are no labels: the {measure} compares answers with the baseline's"
    for failure in report.failures:
        yield f"a part failed: {_clause(failure.message)}"
    if cut_short(report):
        yield "the time was up before all was tried: more minutes may find better"
    warnings = {one.code: one.text for one in reversed(report.warnings) if not one.is_information}
    warnings.pop(codes.BASELINE_LOOKS_BROKEN, None)
    yield from (_clause(text) for text in reversed(warnings.values()))


def _sentence(text: str) -> str:
    """A message with a capital letter first and a full stop last."""
    return f"{text[0].upper()}{_clause(text)[1:]}."


def _clause(text: str) -> str:
    """A message without its full stop."""
    return text.strip().rstrip(".")
