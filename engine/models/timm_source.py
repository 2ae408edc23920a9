"""A timm architecture with pretrained, random or the user's own weights."""

from pathlib import Path

import timm
import torch

from engine.errors import SourceError
from engine.models.artifacts import TorchModel, WeightsLabel, build_module, file_sha256, save_weights, torch_model
from engine.models.design import Design, design_of
from engine.models.fit import align, load_state, not_finite
from engine.models.hub import hub_errors, hub_weights
from engine.models.weights import State, read_state
from engine.results import Note, codes
from engine.settings import PRETRAINED, RANDOM, Preprocess, TimmModel
from engine.settings.model import LOCAL_WEIGHTS, weights_in
from engine.wording import many

# What timm's constructors raise for sizes and arguments that do not suit them.
_UNSUITABLE = (RuntimeError, AssertionError, ValueError, TypeError, AttributeError)

_RANDOM_WEIGHTS = Note(
    code=codes.RANDOM_WEIGHTS,
    text="The weights are random: before any training, accuracy and fidelity say nothing about a trained model; "
    "size and latency are as valid as ever",
)


def load_timm(source: TimmModel, preprocess: Preprocess | None, seed: int, folder: Path) -> TorchModel:
    """The network and its weights, the weights as safetensors in `folder` (none for random ones).

    Raises SourceError for an unknown name and for weights or sizes that do not fit, HubError where the Hub fails.
    """
    source = _with_own_file(source)
    design = design_of(source)
    state, notes = _local_weights(source, design)
    num_classes, in_chans = _outputs(source, design, state), _channels(source, design, state)
    img_size = source.img_size if design.fixed_size else None
    is_assumed = state is not None and preprocess is None and source.local_dir is None
    preprocess = preprocess or design.preprocess(in_chans, source.img_size)
    _check_preprocess(preprocess, in_chans, source.img_size)
    module = _module(source, design, num_classes, in_chans, img_size, seed)
    if state is not None:
        notes += _head_notes(source, design, num_classes)
        notes += (_assumed_note(design, preprocess),) if is_assumed else ()
        notes += load_state(module, state, Path(source.weights).name, _shape_advice(source, design, state))
    elif source.weights == PRETRAINED:
        notes += (*_adaptations(source, design), *not_finite(module))
    else:
        notes += (_RANDOM_WEIGHTS,)
    _check_forward(module, source.name, in_chans, preprocess.size, num_classes)
    return torch_model(
        architecture=design.architecture,
        num_classes=num_classes,
        in_chans=in_chans,
        img_size=img_size,
        weights=None if source.weights == RANDOM else save_weights(module.float(), folder / "weights.safetensors"),
        seed=seed,
        weights_label=_label(source),
        preprocess=preprocess,
        classes=design.labels if len(design.labels) == num_classes else None,
        arguments=design.arguments,
        warnings=notes,
    )


def _with_own_file(source: TimmModel) -> TimmModel:
    """The source; that of a saved model with the weights file in its folder, where it is to have its own weights."""
    if source.local_dir is None or source.weights != PRETRAINED:
        return source
    file = weights_in(source.local_dir)
    if file is None:
        raise SourceError(
            f"'{source.local_dir}' has neither {' nor '.join(LOCAL_WEIGHTS)}", "Choose a folder that timm saved"
        )
    return source.model_copy(update={"weights": str(file)})


def _shape_advice(source: TimmModel, design: Design, state: State) -> str:
    """What to change where the source asks for other classes or channels than its weights have; empty where not."""
    n_outputs, n_channels = _head_outputs(design, state), _first_channels(design, state)
    if n_outputs and source.num_classes not in (None, n_outputs):
        return f"The head of the weights has {many(n_outputs, 'output')}: leave the number of classes out (num_classes)"
    if n_channels and source.in_chans not in (None, n_channels):
        return (
            f"The first layer of the weights takes {many(n_channels, 'channel')}: leave the number of channels out "
            "(in_chans)"
        )
    return ""


def _head_outputs(design: Design, state: State | None) -> int | None:
    return _length(state, design.config.get("classifier"), 0)


def _first_channels(design: Design, state: State | None) -> int | None:
    return _length(state, design.config.get("first_conv"), 1)


def _label(source: TimmModel) -> WeightsLabel:
    if source.weights_path is not None:
        return "file"
    return "random" if source.weights == RANDOM else "pretrained"


def _local_weights(source: TimmModel, design: Design) -> tuple[State | None, tuple[Note, ...]]:
    """The tensors of the source's file under the architecture's names, with notes; None where it names no file."""
    if source.weights_path is None:
        return None, ()
    path = Path(source.weights_path)
    state, notes = read_state(path)
    if source.weights_sha256 not in (None, file_sha256(path)):
        raise SourceError(
            f"the weights file '{path.name}' is not the one that the recipe names by its SHA-256",
            "Choose the weights file again, or correct its sum (weights_sha256)",
        )
    with torch.device("meta"):
        expected = build_module(design.architecture, 0, arguments=design.arguments).state_dict().keys()
    state, alignment = align(state, expected)
    return state, notes + alignment


def _head_notes(source: TimmModel, design: Design, num_classes: int) -> tuple[Note, ...]:
    """A note where the number of classes is neither asked for nor the architecture's own: the weights' head tells."""
    if source.num_classes is not None or num_classes == design.num_classes:
        return ()
    text = f"The head of the weights has {many(num_classes, 'output')}, so the model has as many classes."
    return (Note(code=codes.CLASSES_FROM_WEIGHTS, text=text),)


def _assumed_note(design: Design, preprocess: Preprocess) -> Note:
    """Weights alone tell nothing of their images; what was published with the architecture need not be theirs."""
    height, width = preprocess.size
    return Note(
        code=codes.PREPROCESS_ASSUMED,
        text=f"The weights do not say how their images were prepared: what was published with {design.architecture}, "
        f"at {height}x{width} px, is assumed. If that is wrong, so are the model's answers.",
    )


def _outputs(source: TimmModel, design: Design, state: State | None) -> int:
    """The source's number of classes, else that of the weights' head, else the architecture's own."""
    num_classes = source.num_classes or _head_outputs(design, state) or design.num_classes
    if num_classes < 1:
        raise SourceError(
            f"'{source.name}' has no head of its own: it makes features, not classes",
            "Say how many classes there are (num_classes), and fine-tune it",
        )
    return num_classes


def _channels(source: TimmModel, design: Design, state: State | None) -> int:
    """The source's number of channels, else that of the weights' first layer, else the architecture's own."""
    weights_chans = _first_channels(design, state)
    in_chans = source.in_chans or (weights_chans if weights_chans in (1, 3) else None) or design.in_chans
    if in_chans not in (1, 3):
        raise SourceError(
            f"the network is to take {in_chans} channels, images have 1 or 3",
            "Correct the number of channels (in_chans)",
        )
    return in_chans


def _length(state: State | None, layer: object, axis: int) -> int | None:
    """Length along an axis of the weights of a layer, or of the first of several layers; None where there are none."""
    name = layer[0] if isinstance(layer, tuple | list) and layer else layer
    weight = (state or {}).get(f"{name}.weight")
    return int(weight.shape[axis]) if weight is not None and weight.ndim > axis else None


def _check_preprocess(preprocess: Preprocess, in_chans: int, img_size: int | None) -> None:
    if len(preprocess.mean) != in_chans:
        raise SourceError(
            f"the model takes {many(in_chans, 'channel')}, and the preprocessing has "
            f"{many(len(preprocess.mean), 'mean')}",
            "Correct the number of channels (in_chans), or the means and standard deviations of the "
            "preprocessing (preprocess)",
        )
    if img_size is not None and preprocess.size != (img_size, img_size):
        raise SourceError(
            f"the network is to take images of {img_size}x{img_size} px, and the preprocessing makes "
            f"them {preprocess.size[0]}x{preprocess.size[1]} px",
            "Leave the image size out (img_size), or make it that of the preprocessing (preprocess.size)",
        )


def _module(
    source: TimmModel, design: Design, num_classes: int, in_chans: int, img_size: int | None, seed: int
) -> torch.nn.Module:
    try:
        if source.weights == PRETRAINED:
            return _pretrained(source.name, design, num_classes, in_chans, img_size, seed)
        return build_module(design.architecture, seed, num_classes, in_chans, img_size, design.arguments).eval()
    except _UNSUITABLE as error:
        size = f" at {img_size} px" if img_size else ""
        raise SourceError(
            f"timm cannot make '{source.name}' with {many(num_classes, 'output')} and "
            f"{many(in_chans, 'channel')}{size}: {_reason(error)}",
            "Change the number of classes (num_classes), the number of channels (in_chans) or the image "
            "size (img_size), or choose another model",
        ) from error


def _pretrained(
    name: str, design: Design, num_classes: int, in_chans: int, img_size: int | None, seed: int
) -> torch.nn.Module:
    """The network with pretrained weights, whose first layer timm fits to `in_chans`; `seed` makes a new head."""
    config = {**design.config, **hub_weights(name, design.config)}
    arguments = {**design.arguments, "num_classes": num_classes, "in_chans": in_chans}
    size = {"img_size": img_size} if img_size else {}
    with hub_errors(name), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: torch.nn.Module = timm.create_model(
            design.architecture.partition(".")[0], pretrained=True, pretrained_cfg=config, **{**arguments, **size}
        )
    return module.eval()


def _adaptations(source: TimmModel, design: Design) -> tuple[Note, ...]:
    """Notes on the parts of the pretrained weights that were replaced or changed."""
    notes = []
    if source.num_classes not in (None, design.num_classes):
        text = (
            f"The pretrained head has {design.num_classes} outputs: a new, untrained one with {source.num_classes} "
            "took its place. Fine-tune it first."
        )
        notes.append(Note(code=codes.NEW_HEAD, text=text))
    if source.in_chans not in (None, design.in_chans):
        text = (
            f"The pretrained first layer takes {design.in_chans} channels: its weights were combined for "
            f"{source.in_chans}."
        )
        notes.append(Note(code="input_adapted", text=text))
    return tuple(notes)


def _check_forward(module: torch.nn.Module, name: str, in_chans: int, size: tuple[int, int], num_classes: int) -> None:
    try:
        with torch.inference_mode():
            logits = module(torch.zeros(1, in_chans, *size))
    except _UNSUITABLE as error:
        raise SourceError(
            f"'{name}' cannot take images of {size[0]}x{size[1]} px: {_reason(error)}",
            "Choose the image size that the model was made for (img_size), or another model",
        ) from error
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != (1, num_classes):
        raise SourceError(
            f"'{name}' does not make one score a class, as an image classifier does", "Choose a classifier"
        )


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
