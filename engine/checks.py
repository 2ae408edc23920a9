"""Whether model, data, target and steps go together; asked once, before anything is made."""

from engine.data import Data
from engine.errors import DataError, TargetError
from engine.models.artifacts import OnnxModel
from engine.settings import Finetune, Recipe
from engine.techniques.context import Model


def check_fit(recipe: Recipe, model: Model, data: Data) -> None:
    """Raises DataError where the head does not fit the classes and no leading fine-tune mends it, TargetError where
    the file's batch size is fixed to another."""
    if isinstance(model, OnnxModel) and model.batch is not None and model.batch != recipe.target.batch_size:
        raise TargetError(f"the file takes {model.batch} images a call and target.batch_size is "
                          f"{recipe.target.batch_size}", f"Set target.batch_size to {model.batch}, or export the model "
                          "with a dynamic batch")  # fmt: skip
    if not data.labelled or data.classes is None:
        return
    n_outputs, n_classes = (model.n_outputs if isinstance(model, OnnxModel) else model.num_classes), len(data.classes)
    if n_outputs == n_classes:
        return
    refit = all(chain and isinstance(chain[0], Finetune) for chain in recipe.chains) and recipe.baseline_steps
    if refit:
        return
    said = f"the model has {n_outputs} outputs and the data {n_classes} classes"
    ways = "set data.classes to the folders' names in the order of the outputs, or set data.labels to none"
    if isinstance(model, OnnxModel):
        raise DataError(said, ways[0].upper() + ways[1:])
    raise DataError(said, f"Begin every chain with the same finetune, which gives the model a new head; or {ways}")
