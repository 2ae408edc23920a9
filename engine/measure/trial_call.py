"""One call of each model before any is timed, so that one that does not run takes no latency from the others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from engine.errors import FeatherweightError, LimitError, RunError, TargetError, memory_error
from engine.models.artifacts import OnnxModel
from engine.runtimes import open_session
from engine.settings import Target
from engine.tasks import Inputs
from engine.wording import many


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
            trial_call(model, (targets or {}).get(id, target), inputs)
        except LimitError:
            raise
        except (RunError, TargetError) as error:
            errors[id] = error
    return errors


@contextmanager
def left_out(errors: dict[str, FeatherweightError], id: str, target: Target) -> Iterator[None]:
    """Holds back what is wrong with this model at its target alone, and notes it in `errors` by the model's id.

    That is a model that does not run there, or has not enough memory; where another resource ran out, no model is to
    blame.
    """
    no_memory = f"there was not enough memory for {many(target.batch_size, 'image')} a call"
    try:
        yield
    except LimitError as error:
        if error.code != memory_error().code:
            raise
        errors[id] = LimitError(no_memory, "Choose a smaller batch", code=error.code)
    except MemoryError:
        errors[id] = LimitError(no_memory, "Choose a smaller batch", code=memory_error().code)
    except (RunError, TargetError) as error:
        errors[id] = error


def check_capture(model: OnnxModel, target: Target, inputs: Inputs) -> None:
    """Captures the model's graph once where the target asks for that, which answers do without.

    Raises RunError with the reason where it cannot be captured.
    """
    if target.cuda_graph:
        trial_call(model, target, inputs)


def trial_call(model: OnnxModel, target: Target, inputs: Inputs) -> None:
    """One call of the model. Raises RunError or TargetError where it does not run, LimitError for want of memory."""
    with open_session(model.path, target, output_names=model.output_names) as session:
        session(inputs)
