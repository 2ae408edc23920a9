"""One call of each model before any is timed, so that one that does not run takes no latency from the others."""

from collections.abc import Mapping

import numpy as np

from engine.errors import FeatherweightError, LimitError, RunError, TargetError
from engine.models.artifacts import OnnxModel
from engine.runtimes import open_session
from engine.settings import Target


def trial_calls(models: Mapping[str, OnnxModel], target: Target, images: np.ndarray) -> dict[str, FeatherweightError]:
    """The error of each model that does not run on this target, by id; empty where all run.

    `images` is one batch (batch_size, C, H, W) float32, as `measure_latency` takes it. Raises LimitError where a
    resource ran out, since no model is to blame for that.
    """
    errors: dict[str, FeatherweightError] = {}
    for id, model in models.items():
        try:
            with open_session(
                model.path, target, input_name=model.input_name, output_name=model.output_name
            ) as session:
                session(images)
        except LimitError:
            raise
        except (RunError, TargetError) as error:
            errors[id] = error
    return errors
