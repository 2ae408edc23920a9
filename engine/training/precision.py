"""The memory format and precision of a step, measured on a few steps: each mode is faster on some machines only."""

import copy
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import torch
from torch import nn

from engine.results import Note
from engine.settings.training import Arithmetic
from engine.system.machine import isa

ROUNDS = 3
MIN_UPDATES = 200
"""Shorter trainings do not win back the probe's 4 x (1 + ROUNDS) steps."""
MAX_SECONDS = 5.0
"""After which no further round begins."""
MIN_GAIN = 1.1
"""As many times faster than plain float32 it must be: below that three steps cannot tell it from noise."""
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Instructions without which a processor only emulates bfloat16."""


class Precision(NamedTuple):
    """How steps are computed; `arithmetic` is its name in the settings."""

    arithmetic: Arithmetic
    channels_last: bool
    bfloat16: bool

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format


PRECISIONS: dict[str, Precision] = {
    precision.arithmetic: precision
    for precision in (
        Precision("float32", channels_last=False, bfloat16=False),
        Precision("channels_last", channels_last=True, bfloat16=False),
        Precision("bfloat16", channels_last=False, bfloat16=True),
        Precision("bfloat16_channels_last", channels_last=True, bfloat16=True),
    )
}
PLAIN = PRECISIONS["float32"]
Step = Callable[[nn.Module, Precision], float]
"""One training step of the module in a mode: its loss."""


class ProbeResult(NamedTuple):
    """The fastest mode whose loss is finite, and milliseconds a step of every mode that was measured."""

    precision: Precision
    milliseconds: dict[str, float]

    @property
    def note(self) -> Note:
        figures = ", ".join(f"{name} {value:.3g}" for name, value in self.milliseconds.items())
        text = (
            f"Computed in {self.precision.arithmetic}, the fastest of (median ms of {ROUNDS} steps or fewer): {figures}"
        )
        return Note(code="arithmetic", text=text)


def worth_probing(n_updates: int) -> bool:
    """Whether so many steps can win back what the probe costs."""
    return n_updates >= MIN_UPDATES


def probe(module: nn.Module, step: Step, device: torch.device, deadline: float) -> ProbeResult:
    """Times `step` on copies of the module, one step of every mode in turn, the first of each not counted."""
    copies = {
        precision: copy.deepcopy(module).to(memory_format=precision.memory_format) for precision in _possible(device)
    }
    finite = [precision for precision, copied in copies.items() if _time_step(step, copied, precision, device)[1]]
    seconds: dict[Precision, list[float]] = {precision: [] for precision in finite}
    started = time.monotonic()
    for number in range(ROUNDS):
        if number and time.monotonic() > min(started + MAX_SECONDS, deadline):
            break
        for precision in finite:
            seconds[precision].append(_time_step(step, copies[precision], precision, device)[0])
    milliseconds: dict[str, float] = {precision.arithmetic: 1e3 * median(times) for precision, times in seconds.items()}
    return ProbeResult(fastest(milliseconds), milliseconds)


def fastest(milliseconds: dict[str, float]) -> Precision:
    """The fastest mode; plain float32 unless another is faster by more than noise."""
    if not milliseconds:
        return PLAIN
    best = min(milliseconds, key=lambda name: milliseconds[name])
    gain = milliseconds.get(PLAIN.arithmetic, float("inf")) / milliseconds[best]
    return PRECISIONS[best] if gain >= MIN_GAIN else PLAIN


def _possible(device: torch.device) -> Sequence[Precision]:
    native = torch.cuda.is_bf16_supported() if device.type == "cuda" else bool(BF16_FLAGS & set(isa()))
    return [precision for precision in PRECISIONS.values() if native or not precision.bfloat16]


def _time_step(step: Step, module: nn.Module, precision: Precision, device: torch.device) -> tuple[float, bool]:
    """Seconds of a step, and whether its loss is finite."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    loss = step(module, precision)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started, bool(torch.isfinite(torch.tensor(loss)))
