"""Labels as names -> labels as outputs of a model."""

from collections.abc import Collection, Sequence

from engine.errors import DataError
from engine.results import Note


def assign_outputs(
    names: Collection[str],
    class_names: Sequence[str] | None,
    model_classes: Sequence[str] | None,
    n_outputs: int | None,
) -> tuple[tuple[str, ...], dict[str, int], tuple[Note, ...]]:
    """Class names in the order of the outputs, the output of every label, and notes on how they were matched.

    The order is that of `class_names`, which are the recipe's, where there are any; else that of the model's own names
    where every label is one of them; else that of the sorted labels (by number where all are numbers).

    Raises DataError for fewer than two classes, for a label that `class_names` lacks, and for one beyond `n_outputs`
    (None: the head will be replaced).
    """
    if len(names) < 2:
        number = f"one class, '{next(iter(names))}'" if names else "no class"
        raise DataError(
            f"the images have {number}; there is nothing to tell apart",
            "Add images of other classes, or go on without labels (data.labels)",
        )
    if class_names is not None:
        return tuple(class_names), _by_recipe(names, class_names, n_outputs), ()
    if model_classes is not None and (outputs := _by_name(names, model_classes)):
        note = Note(code="classes_by_name", text="The labels were matched by name to the model's own classes")
        return tuple(model_classes), outputs, (note,)
    classes, notes = _sort_names(names)
    model_names = tuple(model_classes or ())
    if model_names != classes and len(model_names) == n_outputs == len(classes):
        notes = (*notes, _by_order_note(classes, model_names))
    return classes, {name: index for index, name in enumerate(classes)}, notes


def _by_recipe(names: Collection[str], class_names: Sequence[str], n_outputs: int | None) -> dict[str, int]:
    outputs = {name: index for index, name in enumerate(class_names)}
    missing = sorted(name for name in names if name not in outputs)
    if missing:
        examples = ", ".join(f"'{name}'" for name in missing[:3])
        raise DataError(
            f"the class names (data.classes) lack {len(missing)} of {len(names)} labels: {examples}",
            "Name every class, in the order of the model's outputs",
        )
    beyond = [name for name in names if n_outputs is not None and outputs[name] >= n_outputs]
    if beyond:
        raise DataError(
            f"'{beyond[0]}' is number {outputs[beyond[0]] + 1} of the class names (data.classes), and the "
            f"model has {n_outputs} outputs",
            "Choose a model with more outputs, or begin every chain "
            "with the same fine-tune, which gives the model a new head",
        )
    return outputs


def _by_name(names: Collection[str], model_classes: Sequence[str]) -> dict[str, int]:
    """The output of every label, or nothing where one is unknown or ambiguous ("crane" is a bird and a machine)."""
    indices: dict[str, set[int]] = {}
    for index, entry in enumerate(model_classes):
        for alias in {entry, *entry.split(",")}:
            indices.setdefault(_key(alias), set()).add(index)
    matches = {name: indices.get(_key(name), set()) for name in names}
    outputs = {name: next(iter(candidates)) for name, candidates in matches.items() if len(candidates) == 1}
    return outputs if len(set(outputs.values())) == len(names) else {}


def _sort_names(names: Collection[str]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    alphabetic = tuple(sorted(names))
    if not all(name.isascii() and name.isdigit() for name in names):
        return alphabetic, ()
    numeric = tuple(sorted(names, key=lambda name: (int(name), name)))
    if numeric == alphabetic:
        return alphabetic, ()
    text = (
        "The class names are numbers and were put in numeric order; where the model was trained with them in "
        "alphabetic order (10 before 2), name the classes in that order"
    )
    return numeric, (Note(code="numeric_class_order", text=text),)


def _by_order_note(classes: Sequence[str], model_classes: Sequence[str]) -> Note:
    index = next(index for index, name in enumerate(model_classes) if name != classes[index])
    text = (
        f"The labels are not the names of the model's own classes: '{classes[index]}' was taken for its "
        f"'{model_classes[index]}', and so on in sorted order. If that is wrong, so is the accuracy: name "
        "the classes in the order of the outputs"
    )
    return Note(code="classes_by_order", text=text)


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
