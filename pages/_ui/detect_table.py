"""The preprocessings that were tried as a table, and what its columns mean."""

import pandas as pd

from engine import PreprocessingDetection, PreprocessingTrial, preprocessing_text
from engine.wording import many
from pages._ui.wording import plain, share

NONE = "–"


def as_frame(detection: PreprocessingDetection) -> pd.DataFrame:
    """A row a trial, in the order of trying: with labels top-1 and its comparison, without them the hints."""
    names = [plain(_name(detection, trial)) for trial in detection.trials]
    columns = {"Preparation": names, "Images": [f"{trial.n_images:,}" for trial in detection.trials]}
    figures = _comparisons(detection) if detection.labelled else _hints(detection)
    return pd.DataFrame(columns | figures)


def legend(detection: PreprocessingDetection) -> str:
    """What the figures are of, and for what the p-values are corrected."""
    parts = (
        (detection.n_calibration, "for calibration"),
        (detection.n_selection, "that choose"),
        (detection.n_evaluation, "of the evaluation split, as there are no others"),
    )
    images = " and ".join(f"{n:,} {name}" for n, name in parts if n)
    if not detection.labelled:
        return (
            f"On {images}. Confidence is the mean probability of the answers, entropy that of all classes in nats: "
            "neither is an accuracy."
        )
    reference = (
        " Later rows are compared with what the earlier ones settled on." if detection.winner is not None else ""
    )
    return (
        f"On {images}. Better and worse are images that are right in this row alone, and in the row of comparison "
        f"alone. p is McNemar's exact test, corrected for {many(detection.n_compared, 'comparison')}; below 0.05 the "
        f"difference is sure.{reference} What did poorly on the first images was not tried on all."
    )


def _name(detection: PreprocessingDetection, trial: PreprocessingTrial) -> str:
    return preprocessing_text(trial.preprocess, detection.declared.preprocess)


def _comparisons(detection: PreprocessingDetection) -> dict[str, list[str]]:
    rows = detection.trials
    return {
        "Top-1": [share(row.top1 or 0.0) for row in rows],
        "95 %": [f"{share(row.low or 0.0)} to {share(row.high or 0.0)}" for row in rows],
        "Better": [NONE if row.n_better is None else f"{row.n_better:,}" for row in rows],
        "Worse": [NONE if row.n_worse is None else f"{row.n_worse:,}" for row in rows],
        "p": [_p_text(detection.corrected_p_value(row)) for row in rows],
        "Beside": [
            NONE if row.reference is None else plain(_name(detection, detection.trials[row.reference])) for row in rows
        ],
    }


def _hints(detection: PreprocessingDetection) -> dict[str, list[str]]:
    rows = detection.trials
    return {
        "Confidence": [NONE if row.confidence is None else share(row.confidence) for row in rows],
        "Entropy": [NONE if row.entropy is None else f"{row.entropy:.3g}" for row in rows],
        "Different answers": [NONE if row.n_answers is None else f"{row.n_answers:,}" for row in rows],
    }


def _p_text(value: float | None) -> str:
    return NONE if value is None else "< 0.0001" if value < 0.0001 else f"{value:.2g}"
