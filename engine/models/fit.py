"""Whether the tensors of a checkpoint fit a network, and how they differ where they do not."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import torch

from engine.catalogue.signatures import COUNTERS, candidates
from engine.errors import SourceError
from engine.models.weights import State, shapes, shortened
from engine.results import Note, codes
from engine.wording import many

_MAX_PARTS = 3
_MAX_CANDIDATES = 4
_CHOOSE = "Choose the architecture that they were trained with"
_CHOOSE_ALL = f"{_CHOOSE}, and the number of classes and channels and the image size of that training"


def align(state: State, expected: Collection[str]) -> tuple[State, tuple[Note, ...]]:
    """The tensors under the network's own names, and notes on what was removed.

    What stands before the names (`module.`, `model.`, `backbone.`) is found by what fits `expected`, the names of the
    network's tensors. Where two sets fit equally well, the averaged one (`ema_model.`) is taken. Tensors outside that
    set are left out, and so are counters that the network does not have.
    """
    prefix = _prefix(state, expected)
    inside = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    aligned = {
        name: tensor for name, tensor in inside.items() if name in expected or name.rpartition(".")[2] not in COUNTERS
    }
    left_out = [name for name in state if not name.startswith(prefix) or name.removeprefix(prefix) not in aligned]
    notes = []
    if prefix:
        notes.append(Note(code=codes.WEIGHTS_PREFIX, text=f"'{prefix}' before the weights' names was removed."))
    if left_out:
        text = f"Left out, as no part of the network: {many(len(left_out), 'tensor')} ({shortened(left_out)})."
        notes.append(Note(code="weights_left_out", text=text))
    return aligned, tuple(notes)


def load_state(
    module: torch.nn.Module, state: Mapping[str, torch.Tensor], name: str, advice: str = ""
) -> tuple[Note, ...]:
    """Put the tensors into the module, in its own types. Raises SourceError with the difference where they do not fit.

    `advice` is what to do where only shapes differ; without it, and else, the architectures that would fit are named.
    BatchNorm's count of batches may be missing: nothing is computed from it. A note says where values are not finite.
    """
    own = module.state_dict()
    _check_fit(own, state, name, advice)
    counters = {key: value for key, value in own.items() if key not in state}
    module.load_state_dict({**state, **counters})
    return not_finite(module)


def not_finite(module: torch.nn.Module) -> tuple[Note, ...]:
    """A warning where weights are NaN or infinite."""
    floats = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
    names = [name for name, value in floats.items() if not value.isfinite().all()]
    text = f"Values in {many(len(names), 'tensor')} of the weights are NaN or infinite: no accuracy can be trusted."
    return (Note(code="weights_not_finite", text=text),) if names else ()


def suggestions(state: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    """The architectures of the catalogue that the names and shapes give away, whatever stands before the names."""
    leading = Counter(prefix for name in state for prefix in _leading(name))
    for prefix in sorted(leading, key=lambda prefix: (_is_averaged(prefix), leading[prefix]), reverse=True):
        inside = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        if len(inside) > 1 and (names := candidates(shapes(inside))):
            return names
    return ()


def _prefix(state: Mapping[str, torch.Tensor], expected: Collection[str]) -> str:
    fitting = Counter(prefix for name in state for prefix in _leading(name) if name.removeprefix(prefix) in expected)
    best = max(fitting, key=lambda prefix: (fitting[prefix], _is_averaged(prefix), -len(prefix)), default="")
    return best if 2 * fitting[best] >= len(expected) else ""  # a few names of a network that is another fit by chance


def _leading(name: str) -> Iterator[str]:
    """What may stand before a tensor's own name: nothing, or its first parts."""
    yield ""
    parts = name.split(".")
    for n in range(1, min(_MAX_PARTS, len(parts) - 1) + 1):
        yield ".".join(parts[:n]) + "."


def _is_averaged(prefix: str) -> bool:
    return "ema" in re.split(r"[._]", prefix.lower())


def _check_fit(expected: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], name: str, advice: str) -> None:
    missing = [key for key in expected if key not in state and key.rpartition(".")[2] not in COUNTERS]
    unexpected = [key for key in state if key not in expected]
    wrong_shape = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(value.shape)}"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    difference = {"missing": missing, "unexpected": unexpected, "of another shape": wrong_shape}
    parts = [f"{many(len(names), 'tensor')} {kind}: {shortened(names)}" for kind, names in difference.items() if names]
    if parts:
        next_action = advice if advice and not missing and not unexpected else _next(suggestions(state))
        raise SourceError(
            f"the weights '{name}' do not fit this architecture: {'; '.join(parts)}",
            next_action,
            code=codes.WEIGHTS_DO_NOT_FIT,
        )


def _next(names: tuple[str, ...]) -> str:
    if not names:
        return _CHOOSE_ALL
    more = ", …" if len(names) > _MAX_CANDIDATES else ""
    return f"{_CHOOSE}; their names and shapes are those of {' or '.join(names[:_MAX_CANDIDATES])}{more}"
