"""Which outputs of a graph its task measures, and which task that is."""

from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from engine.errors import SourceError
from engine.models.counts import Shape, dimensions
from engine.models.signature import ARRAY_KINDS, EXPORT_HINT
from engine.results import TensorSpec, codes
from engine.settings import TaskName
from engine.tasks import TASKS, Signature, Task, recognise, scores_length

_SEE_THROUGH = frozenset(
    {"Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "QuantizeLinear", "DequantizeLinear"}
)
"""Operators that leave the values of an output what the operator before made them."""
_MAX_LISTING = 300


@dataclass(frozen=True)
class MeasuredOutputs:
    """The task, the names of the outputs that it measures, the main one first, and how many scores that one has."""

    task: Task
    names: tuple[str, ...]
    n_scores: int


def read_outputs(
    proto: onnx.ModelProto,
    shapes: Mapping[str, Shape],
    image: tuple[int | None, int | None] | None,
    *,
    task: TaskName | None,
    hint: str | None,
    output: str | None,
    classes: tuple[str, ...] | None,
) -> MeasuredOutputs:
    """The outputs to measure: those of the `task`, or of the one that the graph gives away where it is None.

    `hint` is the task that the file's metadata name, which counts where the graph has such outputs. `shapes` are the
    inferred ones, which count more than those that the file declares. `image` is (height, width), None where the model
    takes no images. `output` names the main output. Raises SourceError where no output, or more than one, can be it; it
    suggests one whose name, or whose length, which is that of `classes`, tells.
    """
    declared = {value.name: dimensions(value) for value in proto.graph.output}
    dims = {name: shapes.get(name) or own for name, own in declared.items()}
    if output is not None and output not in dims:
        raise SourceError(
            f"the output '{output[:80]}' is none of the model's ({_listing(dims)})",
            "Name one of them (model.output)",
            code=codes.OUTPUT_OPEN,
        )
    signature = Signature(outputs=_specs(proto, dims), last_operators=_last_operators(proto), image=image)
    signature = signature if output is None else signature.only(output)
    chosen = TASKS[task] if task is not None else _hinted(hint, signature) or recognise(signature)
    names = chosen.outputs(signature)
    if not names:
        where = f"the output '{output[:80]}'" if output is not None else "the model"
        raise SourceError(
            f"{where} cannot be read as {chosen.title} ({_listing(dims)})",
            "Choose another task (model.task), or leave it out",
        )
    if chosen.one_output and len(names) > 1:
        if image is not None or task is not None:
            raise _unclear(chosen, names, signature, dims, classes)
        chosen, names = TASKS["tensors"], TASKS["tensors"].outputs(signature)
    return MeasuredOutputs(chosen, names, _n_scores(chosen, names[0], signature, declared))


def _hinted(hint: str | None, signature: Signature) -> Task | None:
    task = next((task for name, task in TASKS.items() if name == hint), None)
    return task if task is not None and task.outputs(signature) else None


def _specs(proto: onnx.ModelProto, dims: Mapping[str, Shape | tuple[int | str, ...] | None]) -> tuple[TensorSpec, ...]:
    """The outputs; one of unknown rank has no axis of examples, so that only its name can tell what it is."""
    kinds = {value.name: value.type.tensor_type.elem_type for value in proto.graph.output}
    return tuple(
        TensorSpec(
            name=name,
            dtype=ARRAY_KINDS.get(kinds[name], "unknown"),
            shape=tuple(own[1:]) if own else (),
            batched=bool(own),
        )
        for name, own in dims.items()
    )


def _last_operators(proto: onnx.ModelProto) -> dict[str, str]:
    """The type of the operator that computes the values of each output, by its name."""
    producers = {name: node for node in proto.graph.node for name in node.output}
    operators = {}
    for value in proto.graph.output:
        node = producers.get(value.name)
        while node is not None and node.op_type in _SEE_THROUGH and node.input[0] in producers:
            node = producers[node.input[0]]
        operators[value.name] = node.op_type if node is not None else ""
    return operators


def _n_scores(task: Task, name: str, signature: Signature, declared: Mapping[str, tuple[int | str, ...] | None]) -> int:
    """How many classes a classifier tells apart; 0 where other outputs are no list of a fixed length.

    Raises SourceError where the number of classes is not known, or not the one that the file declares.
    """
    spec = next(one for one in signature.outputs if one.name == name)
    length = scores_length(spec)
    if not task.classes:
        return length if isinstance(length, int) else 0
    if task.name == "binary":
        return 2
    if not isinstance(length, int):
        raise SourceError(f"the number of classes in the output '{name}' cannot be told", EXPORT_HINT)
    own = declared[name]
    stated = scores_length(spec.model_copy(update={"shape": own[1:]})) if own else None
    if isinstance(stated, int) and stated != length:
        raise SourceError(f"the output '{name}' is declared with {stated} classes and has {length}", EXPORT_HINT)
    return length


def _listing(dims: Mapping[str, Shape | tuple[int | str, ...] | None]) -> str:
    listing = ", ".join(f"'{name}' {list(own) if own else 'of unknown shape'}" for name, own in dims.items())
    return f"its outputs: {listing[:_MAX_LISTING]}"


def _unclear(
    task: Task,
    names: tuple[str, ...],
    signature: Signature,
    dims: Mapping[str, Shape | tuple[int | str, ...] | None],
    classes: tuple[str, ...] | None,
) -> SourceError:
    lengths = {one.name: scores_length(one) for one in signature.outputs if one.name in names}
    likely = [name for name in names if classes is not None and lengths[name] == len(classes)]
    likely = likely if len(likely) == 1 else [name for name in names if "logits" in name.lower()]
    suggestion = f", probably '{likely[0]}'" if len(likely) == 1 else ""
    return SourceError(
        f"{len(names)} outputs of the model can be those of {task.title}, and only one is ({_listing(dims)})",
        f"Say which it is{suggestion} (model.output), or compare all outputs with the baseline's (model.task: tensors)",
        code=codes.OUTPUT_OPEN,
    )
