"""The preprocessings that were tried, as lines of text, and the better one as a recipe has it."""

import json

from engine.cli.lines import table
from engine.results import PreprocessingDetection, PreprocessingTrial, preprocessing_text
from engine.wording import many, percent

MOST_UNTRIED = 5


def of_detection(detection: PreprocessingDetection) -> list[str]:
    """What was found, every trial a line, what was left out, and the key of a recipe for the better one."""
    labelled = detection.labelled
    head = (
        ("preprocessing", "images", "top-1 (95 %)", "better", "worse", "p, corrected", "beside")
        if labelled
        else ("preprocessing", "images", "confidence", "entropy", "different answers")
    )
    rows = [_row(detection, trial) for trial in detection.trials]
    notes = [f"{note.code}: {note.text}" for note in detection.warnings]
    winner = detection.winner
    recipe = [f"preprocess: {json.dumps(winner.preprocess.model_dump(mode='json'))}"] if winner is not None else []
    return [_images(detection), *table([head, *rows]), *_untried(detection), *notes, _outcome(detection), *recipe]


def _images(detection: PreprocessingDetection) -> str:
    """On how many images of which parts."""
    parts = (
        (detection.n_calibration, "of the calibration split"),
        (detection.n_selection, "of those that choose"),
        (detection.n_evaluation, "of the evaluation split"),
    )
    counts = ", ".join(f"{n:,} {name}" for n, name in parts if n)
    return f"on {many(detection.declared.n_images, 'image')}: {counts}"


def _row(detection: PreprocessingDetection, trial: PreprocessingTrial) -> tuple[str, ...]:
    name = preprocessing_text(trial.preprocess, detection.declared.preprocess)
    if trial.top1 is None or trial.low is None or trial.high is None:
        figures = (trial.confidence, trial.entropy, trial.n_answers)
        return name, str(trial.n_images), *("-" if value is None else f"{value:.3g}" for value in figures)
    top1 = f"{percent(trial.top1, 1)} ({percent(trial.low, 1)} to {percent(trial.high, 1)})"
    p_value = detection.corrected_p_value(trial)
    if trial.reference is None or p_value is None:
        return name, str(trial.n_images), top1, "-", "-", "-", "-"
    reference = preprocessing_text(detection.trials[trial.reference].preprocess, detection.declared.preprocess)
    return name, str(trial.n_images), top1, str(trial.n_better), str(trial.n_worse), f"{p_value:.2g}", reference


def _untried(detection: PreprocessingDetection) -> list[str]:
    if not detection.untried:
        return []
    names = [preprocessing_text(one, detection.declared.preprocess) for one in detection.untried]
    more = ", ..." if len(names) > MOST_UNTRIED else ""
    return [f"not tried, as the time was up: {len(names)} ({'; '.join(names[:MOST_UNTRIED])}{more})"]


def _outcome(detection: PreprocessingDetection) -> str:
    winner, declared = detection.winner, detection.declared
    if not detection.labelled:
        return "a hint alone: without labels nobody can tell which is right, and a wrong one may make a model more sure"
    if winner is not None and winner.top1 is not None and declared.top1 is not None:
        name = preprocessing_text(winner.preprocess, declared.preprocess)
        return f"surely better: {name}, top-1 {percent(winner.top1, 1)} in place of {percent(declared.top1, 1)}"
    if not detection.can_tell:
        return f"{many(declared.n_images, 'image')} cannot show that any is better: more of them can"
    return f"none is surely better than the declared one, corrected for {detection.n_compared} comparisons"
