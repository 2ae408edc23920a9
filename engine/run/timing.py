"""Times variants of a run in the same rounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.errors import FeatherweightError
from engine.measure.contention import not_measured_note, watched
from engine.measure.latency import PairedLatency, measure_latency
from engine.measure.trial_call import trial_calls
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.settings import Target
from engine.system.machine import cores


@dataclass(frozen=True)
class VariantTimings:
    """Latencies by the ids of variants; the errors of those that do not run; and warnings on the whole measurement.

    `busy`: other programs used the cores meanwhile.
    """

    latencies: dict[str, PairedLatency]
    errors: dict[str, FeatherweightError]
    warnings: tuple[Note, ...]
    busy: bool


def time_variants(
    models: Mapping[str, OnnxModel],
    baseline_id: str,
    target: Target,
    images: np.ndarray,
    on_round: Callable[[int, int], None],
) -> VariantTimings:
    """Times all that runs beside the baseline; nothing where the baseline itself does not run.

    `images` is one batch (batch_size, C, H, W) float32, and `target.threads` must be a number.
    """
    with watched(target.threads or cores()) as busy:
        errors = trial_calls(models, target, images)
        if baseline_id in errors:
            text = (
                "No latency was measured, since the baseline, which every ratio is taken to, does not run: "
                f"{errors[baseline_id]}"
            )
            return VariantTimings({}, errors, (Note(code=codes.NOT_TIMED, text=text),), busy=False)
        timed = {id: model for id, model in models.items() if id not in errors}
        latencies = measure_latency(timed, baseline_id, target, images, on_round=on_round)
    n_missing = sum(one.latency is None for one in latencies.values())
    missing = (not_measured_note(n_missing, len(latencies)),) if n_missing else ()
    return VariantTimings(latencies, errors, (*missing, *busy), busy=bool(missing or busy))
