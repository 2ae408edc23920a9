"""Labels as names -> labels as outputs of a model."""

import re
from collections.abc import Collection, Iterable, Sequence

from engine.data import imagenet
from engine.errors import DataError
from engine.results import Note, codes
from engine.wording import many

_SYNSET = re.compile(r"(n\d{8})(?:[-_ ].*)?", re.DOTALL)
"""A WordNet id, also with a name after it, as the folders of Stanford Dogs have it (n02085620-Chihuahua)."""
_IMAGENET_SHARE = 0.5
"""A model's names are ImageNet's where at least this share are names of the same output there. Lists of ImageNet's
classes differ in a few names, and other lists of 1,000 hardly ever put a name in the same place."""

_BY_NAME = Note(code=codes.CLASSES_BY_NAME, text="The labels were matched by name to the model's own classes")
_BY_IMAGENET = Note(
    code=codes.CLASSES_BY_IMAGENET,
    text="The labels were matched to the model's 1,000 outputs as ImageNet's classes, by WordNet id or by name",
)
_NUMERIC_ORDER = Note(
    code="numeric_class_order",
    text="The class names are numbers and were put in numeric order; where the model was trained with them in "
    "alphabetic order (10 before 2), name the classes in that order",
)
Outputs = dict[str, int]
Match = tuple[tuple[str, ...], Outputs, tuple[Note, ...]]


def assign_outputs(
    names: Collection[str],
    class_names: Sequence[str] | None,
    model_classes: Sequence[str] | None,
    n_outputs: int | None,
) -> Match:
    """Class names in the order of the outputs, the output of every label, and notes on how they were matched.

    The first of these that has every label decides: `class_names`, which are the recipe's; the model's own names;
    ImageNet's WordNet ids and names, where the model has its 1,000 outputs; the numbers of the outputs, where there
    are more outputs than labels. Else the labels are sorted, by number where all are numbers.

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
    by_name = _by_name(names, model_classes or ())
    if _is_complete(by_name, names):
        return tuple(model_classes or ()), by_name, (_BY_NAME,)
    in_imagenet = _in_imagenet(names) if _has_imagenet_outputs(model_classes, n_outputs) else {}
    if _is_complete(in_imagenet, names):
        return tuple(model_classes or imagenet.class_names()), in_imagenet, (_BY_IMAGENET,)
    by_number = _by_number(names, n_outputs or 0)
    if n_outputs is not None and len(names) < n_outputs and _is_complete(by_number, names):
        classes = _numbered_classes(model_classes, n_outputs)
        return classes, by_number, (_by_number_note(by_number, model_classes),)
    return _by_order(names, model_classes, n_outputs, max(by_name, in_imagenet, key=len))


def sort_names(names: Collection[str]) -> tuple[str, ...]:
    """The names in alphabetic order, or by number where all are numbers."""
    if all(map(_is_number, names)):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _by_recipe(names: Collection[str], class_names: Sequence[str], n_outputs: int | None) -> Outputs:
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


def _by_name(names: Iterable[str], model_classes: Sequence[str]) -> Outputs:
    """The output of every label that names one; not of one that names several ("crane" is a bird and a machine).

    The first name of a class comes before the synonyms of others: "partridge" is no ruffed grouse.
    """
    whole = _indices((index, entry) for index, entry in enumerate(model_classes))
    first = _indices((index, entry.split(",")[0]) for index, entry in enumerate(model_classes))
    synonyms = _indices((index, alias) for index, entry in enumerate(model_classes) for alias in entry.split(","))
    outputs = {}
    for name in names:
        key = _key(name)
        candidates = next((table[key] for table in (first, synonyms, whole) if key in table), set())
        if len(candidates) == 1:
            outputs[name] = next(iter(candidates))
    return outputs


def _indices(entries: Iterable[tuple[int, str]]) -> dict[str, set[int]]:
    """The outputs that have each name."""
    indices: dict[str, set[int]] = {}
    for index, name in entries:
        indices.setdefault(_key(name), set()).add(index)
    return indices


def _has_imagenet_outputs(model_classes: Sequence[str] | None, n_outputs: int | None) -> bool:
    """Whether these are ImageNet's 1,000 classes: a model's own names must be theirs, if it has any."""
    if n_outputs != imagenet.N_CLASSES or model_classes is None:
        return n_outputs == imagenet.N_CLASSES
    first_names = [entry.split(",")[0] for entry in model_classes]
    outputs = _in_imagenet(first_names)
    n_same = sum(outputs.get(name) == index for index, name in enumerate(first_names))
    return n_same >= _IMAGENET_SHARE * imagenet.N_CLASSES


def _in_imagenet(names: Collection[str]) -> Outputs:
    """The output of every label that is one of ImageNet's classes, by WordNet id or by name."""
    by_id = {synset: index for index, synset in enumerate(imagenet.synsets())}
    ids = {name: match[1] for name in names if (match := _SYNSET.fullmatch(name))}
    by_name = _by_name((name for name in names if name not in ids), imagenet.class_names())
    return by_name | {name: by_id[id] for name, id in ids.items() if id in by_id}


def _by_number(names: Iterable[str], n_outputs: int) -> Outputs:
    """The output of every label that is its number, counted from 0."""
    numbers = {name: int(name) for name in names if _is_number(name)}
    return {name: number for name, number in numbers.items() if number < n_outputs}


def _is_complete(outputs: Outputs, names: Collection[str]) -> bool:
    """Whether every label has an output, and an output of its own."""
    return len(set(outputs.values())) == len(names)


def _numbered_classes(model_classes: Sequence[str] | None, n_outputs: int) -> tuple[str, ...]:
    """The names of all outputs: the model's own, else ImageNet's, else their numbers."""
    if model_classes is not None:
        return tuple(model_classes)
    return imagenet.class_names() if n_outputs == imagenet.N_CLASSES else tuple(map(str, range(n_outputs)))


def _by_number_note(outputs: Outputs, model_classes: Sequence[str] | None) -> Note:
    name, index = next(iter(outputs.items()))
    own = f", '{model_classes[index]}'" if model_classes is not None else ""
    text = (
        f"The labels are numbers and were taken for the numbers of the model's outputs, counted from 0: '{name}' for "
        f"output {index}{own}. Where they are counted otherwise, the accuracy is wrong: name the classes in the order "
        "of the outputs"
    )
    return Note(code=codes.CLASSES_BY_NUMBER, text=text)


def _by_order(
    names: Collection[str], model_classes: Sequence[str] | None, n_outputs: int | None, partly: Outputs
) -> Match:
    """The sorted labels, with notes on what may be wrong with that; `partly` are those that were recognised."""
    classes = sort_names(names)
    notes = []
    if 2 * len(partly) >= len(names):
        notes.append(_partly_note(names, partly))
    if classes != tuple(sorted(names)):
        notes.append(_NUMERIC_ORDER)
    if len(classes) == n_outputs and not _are_outputs(classes):
        notes += _order_notes(classes, model_classes)
    return classes, {name: index for index, name in enumerate(classes)}, tuple(notes)


def _partly_note(names: Collection[str], outputs: Outputs) -> Note:
    others = [f"'{name}'" for name in sort_names(names) if name not in outputs]
    verb = "do" if len(others) > 1 else "does"
    more = " and others" if len(others) > 3 else ""
    problem = (
        f"{', '.join(others[:3])}{more} {verb} not, or could be several" if others else "some of them the same one"
    )
    text = (
        f"{len(outputs)} of {many(len(names), 'label')} name a class of the model, and {problem}: rename these, leave "
        "them out, or name the classes in the order of the outputs"
    )
    return Note(code=codes.CLASSES_PARTLY_MATCHED, text=text)


def _are_outputs(classes: Sequence[str]) -> bool:
    """Whether the sorted labels are the numbers of the outputs themselves."""
    return [int(name) for name in classes if _is_number(name)] == list(range(len(classes)))


def _order_notes(classes: Sequence[str], model_classes: Sequence[str] | None) -> tuple[Note, ...]:
    """What may be wrong with the sorted order; none where it is that of the model's own names."""
    if model_classes is None or len(model_classes) != len(classes):
        reason = f"The model does not name its classes: '{classes[0]}' was taken for its first output"
    elif tuple(model_classes) == tuple(classes):
        return ()
    else:
        label, own = next((a, b) for a, b in zip(classes, model_classes, strict=True) if a != b)
        reason = f"The labels are not the names of the model's own classes: '{label}' was taken for its '{own}'"
    text = (
        f"{reason}, and so on in sorted order. If that is wrong, so is the accuracy: name the classes in the order of "
        "the outputs"
    )
    return (Note(code=codes.CLASSES_BY_ORDER, text=text),)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
