"""One call of each model before any is timed, so that one that does not run takes no latency from the others."""

from collections.abc import Mapping

from engine.errors import FeatherweightError, LimitError, RunError, TargetError
from engine.models.artifacts import OnnxModel
from engine.runtimes import open_session
from engine.settings import Target
from engine.tasks import Inputs


def trial_calls(
    models: Mapping[str, OnnxModel], target: Target, inputs: Inputs, targets: Mapping[str, Target] | None = None
) -> dict[str, FeatherweightError]:
    """The error of each model that does not run on this target, by id; empty where all run.

    `inputs` are those of one call for batch_size examples, as `measure_latency` takes them and `targets`. Raises
    LimitError where a resource ran out, since no model is to blame for that.
    """
    errors: dict[str, FeatherweightError] = {}
    for id, model in models.items():
        try:
            with open_session(model.path, (targets or {}).get(id, target), output_names=model.output_names) as session:
                session(inputs)
        except LimitError:
            raise
        except (RunError, TargetError) as error:
            errors[id] = error
    return errors
