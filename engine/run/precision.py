"""What a target's precision does to the baseline: its answers and its speed beside those in 32 bits."""

from dataclasses import replace

from engine.context import no_progress
from engine.errors import RunError, TargetError
from engine.measure.latency import PairedLatency
from engine.measure.quality import fidelity
from engine.models.artifacts import OnnxModel
from engine.results import Fidelity, Note, Variant, codes
from engine.run.step_runner import StepRunner
from engine.runtimes import exact_target, precision_of
from engine.settings import Target
from engine.wording import many, percent

IN_32_BITS = "f32"
"""The id, beside those of variants, under which the baseline is timed in 32 bits."""


def targets_in_32_bits(target: Target) -> dict[str, Target]:
    """The target of the baseline in 32 bits, by IN_32_BITS; empty where the target computes in them anyway."""
    exact = exact_target(target)
    return {} if exact == target else {IN_32_BITS: exact}


def naming_note(target: Target) -> Note | None:
    """What the runtime computes 32-bit floats in at this target; None where in 32 bits. Nothing of it was measured."""
    return Note(code=codes.PRECISION, text=_text(target)) if targets_in_32_bits(target) else None


def remeasured_warning(target: Target, baseline: Variant) -> Note | None:
    """The same of latencies that were measured again, where no note on the baseline says it of the run itself."""
    text = _named(target)
    if not targets_in_32_bits(target) or any(text in note.text for note in baseline.notes):
        return None
    return Note(code=codes.PRECISION, text=f"{text}: the latencies that were measured again are with that")


def precision_note(step_runner: StepRunner, baseline: OnnxModel, timed: PairedLatency | None) -> Note:
    """What the runtime computes the baseline in, how close its answers are to those in 32 bits, and how fast it is.

    `timed` is the baseline in 32 bits, with its ratio to the baseline at the target; None where it was not timed.
    """
    target = step_runner.target
    exact = replace(step_runner, target=exact_target(target))
    try:
        in_32_bits, answers = (one.predict(baseline, no_progress).answers for one in (exact, step_runner))
        closeness = _closeness(fidelity(baseline.task, answers, in_32_bits))
    except (RunError, TargetError) as error:
        closeness = f"its answers could not be compared: {error.message}"
    return Note(code=codes.PRECISION, text=_text(target, f" Beside f32, {closeness}{_speed(timed)}."))


def _text(target: Target, comparison: str = "") -> str:
    every = "Every ratio and every loss of this run is to the baseline as it is computed here"
    return f"{_named(target)}.{comparison} {every}"


def _named(target: Target) -> str:
    return f"{target.runtime} computes 32-bit floats in {precision_of(target)} here"


def _closeness(closeness: Fidelity) -> str:
    decibels = "the same outputs" if closeness.sqnr_db is None else f"{closeness.sqnr_db:.1f} dB"
    return (
        f"the baseline has {decibels} and {closeness.measure} of {percent(closeness.similarity, 1)} on "
        f"{many(closeness.n_images, 'example')}"
    )


def _speed(timed: PairedLatency | None) -> str:
    latency = timed.latency if timed is not None else None
    if latency is None:
        return ", and its speed was not measured"
    ratio, low, high = latency.ratio_to_baseline, latency.ratio_low, latency.ratio_high
    return f", and is {ratio:.2f} times as fast ({low:.2f} to {high:.2f}) in the same rounds"
