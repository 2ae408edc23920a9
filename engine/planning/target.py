"""What of a target this machine cannot have, as far as that is known without opening a session."""

from engine.errors import TargetError
from engine.settings import Target
from engine.system.machine import BF16, cores, isa, n_cuda_cards
from engine.wording import many


def check_target(target: Target) -> None:
    """Raises TargetError for threads or streams above the cores, bfloat16 not in the processor, a card not there."""
    _check_threads(target)
    _check_streams(target)
    _check_precision(target)
    _check_card(target)


def _check_threads(target: Target) -> None:
    if (target.threads or 0) > cores():
        raise TargetError(
            f"{many(target.threads or 0, 'thread')} are asked for (target.threads), and this process may "
            f"use {many(cores(), 'core')}",
            f"Ask for {cores()} or fewer, or for no number: then it is all cores",
        )


def _check_streams(target: Target) -> None:
    """Every stream needs a thread, and every thread of a CPU a core; a device has its own limit."""
    streams, threads = target.streams or 1, target.threads or cores()
    if target.on_cpu and streams > threads:
        there_are = "there is" if threads == 1 else "there are"
        raise TargetError(
            f"{streams} streams are asked for (target.streams), and {there_are} {many(threads, 'thread')} for them",
            f"Ask for {threads} or fewer",
        )


def _check_precision(target: Target) -> None:
    if target.precision == "bf16" and target.on_cpu and not BF16 & set(isa()):
        raise TargetError(
            "16-bit floats are asked for (target.precision: bf16), and this processor has no instructions for them",
            "Ask for auto or f32",
        )


def _check_card(target: Target) -> None:
    """Where the driver does not say how many cards there are, the session says it."""
    n_cards = n_cuda_cards()
    if target.device_id is None or n_cards is None or target.device_id < n_cards:
        return
    known = f"this process sees {many(n_cards, 'card')}" if n_cards else "this process sees no card"
    allowed = f"Ask for a number from 0 to {n_cards - 1}" if n_cards > 1 else "Ask for 0, or for no number"
    raise TargetError(
        f"card number {target.device_id} is asked for (target.device_id), and {known}",
        allowed if n_cards else "Choose another provider",
    )
