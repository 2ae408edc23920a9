"""Sweeps and showdowns before they begin: which targets are on offer, what is refused, and about how long they take."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import SettingsError
from engine.planning.target import check_target
from engine.results import Estimate, Provider
from engine.settings import ShowdownRequest, SweepRequest, Target, VariantFile
from engine.settings.cost import call_seconds
from engine.settings.hardware_jobs import MOST_CELLS
from engine.settings.target import DEFAULT_PROVIDERS
from engine.system.machine import BF16, cores, isa
from engine.wording import many

STARTING_SECONDS = 4.0  # importing onnxruntime and reading the files
OPEN_SECONDS = 0.35  # a session is opened for every turn, and others may measure first
WARM_SECONDS, WARM_CALLS = 0.5, 5  # at most, as engine/measure/latency.py warms up
TURN_SECONDS, TURN_CALLS = 0.15, 3  # at least, as it times a turn
USES_OF_A_WEIGHT = 150  # multiply-adds, as many as in a ResNet-50
UNKNOWN_MACS = 1e9
BURST_CALLS = 4  # on each stream, as engine/measure/cell_timing.py times several
FEWEST_ROUNDS = 3  # of a showdown, however few its minutes, as engine/measure/latency.py times them
COMPARED_EXAMPLES = 64  # whose outputs a showdown compares


def showdown_targets(target: Target, providers: Sequence[Provider] = ()) -> tuple[Target, ...]:
    """The target itself where it is not on a CPU, what the CPU offers at its threads, batch size and options, and more.

    Of the CPU that is onnxruntime, OpenVINO in 32 bits, and in 16 where the processor has instructions for them; each
    keeps the options that it has. More are those of these `providers` that work and are on no CPU, as they are by
    themselves. CUDA is on offer with TF32 and without.
    """
    precisions = ("f32", "bf16") if BF16 & set(isa()) else ("f32",)
    own = () if target.on_cpu else _with_and_without_tf32(target)
    # Streams of a card may be more than a CPU has threads for.
    base = target if target.on_cpu else target.model_copy(update={"streams": None})
    in_openvino = base.at("openvino", DEFAULT_PROVIDERS["openvino"])
    return (
        *own,
        base.at("onnxruntime", DEFAULT_PROVIDERS["onnxruntime"]),
        *(in_openvino.model_copy(update={"precision": precision}) for precision in precisions),
        *_on_devices(target, providers),
    )


def _on_devices(target: Target, providers: Sequence[Provider]) -> tuple[Target, ...]:
    """Targets at this one's threads and batch size on each provider that works, but on the CPU and on its own."""
    size = {"threads": target.threads, "batch_size": target.batch_size}
    others = [one for one in providers if one.works and (one.runtime, one.name) != (target.runtime, target.provider)]
    found = [Target.parse({"runtime": one.runtime, "provider": one.name, **size}) for one in others]
    return tuple(each for one in found if not one.on_cpu for each in _with_and_without_tf32(one))


def _with_and_without_tf32(target: Target) -> tuple[Target, ...]:
    """The target, and on CUDA the one that rounds 32-bit floats where this one does not, and the other way round."""
    return (target, target.model_copy(update={"tf32": not target.tf32})) if target.on_cuda else (target,)


def fitting_target(target: Target) -> Target:
    """The target with no more threads than this process may use cores, and on a CPU no more streams than threads."""
    threads = None if target.threads is None else min(target.threads, cores())
    streams = target.streams
    if streams is not None and target.on_cpu:
        streams = min(streams, threads or cores())
    return target.model_copy(update={"threads": threads, "streams": streams})


def check_sweep(request: SweepRequest) -> None:
    """Raises TargetError for any cell that asks for more threads than cores, for more streams than threads, or for
    16-bit floats that the processor does not have, and SettingsError for more cells than a sweep may have."""
    targets = request.targets(cores())
    if len(targets) > MOST_CELLS:
        raise SettingsError(
            f"{len(targets)} combinations of images a call, threads and streams are asked for, at most {MOST_CELLS} "
            "are allowed",
            f"Name fewer batch sizes, or the threads: this process may use {many(cores(), 'core')}",
        )
    for target in (*targets, _most_streams(request)):
        check_target(target)


def _most_streams(request: SweepRequest) -> Target:
    """The most streams with the most threads, which every combination of both fits into."""
    threads, streams = max(request.axes(cores())["threads"]), request.streams
    return request.target.model_copy(update={"threads": threads, **({"streams": max(streams)} if streams else {})})


def check_showdown(request: ShowdownRequest) -> None:
    """Raises TargetError as `check_sweep` does, for any row."""
    for row in request.rows:
        check_target(row.target)


def estimate_sweep(request: SweepRequest) -> Estimate:
    """Seconds of a resolved sweep, at most its minutes; cells that turn out not to matter take less."""
    seconds = sum(_turn_seconds(request.file, target) for target in request.targets(cores()))
    return _estimate(min(request.rounds * seconds, 60 * request.minutes))


def estimate_showdown(request: ShowdownRequest) -> Estimate:
    """Seconds of a resolved showdown, at most its minutes, or those of the rounds that it times whatever they are."""
    seconds = sum(_turn_seconds(row.file, row.target) for row in request.rows)
    answers = COMPARED_EXAMPLES * sum(_example_seconds(row.file, row.target) for row in request.rows)
    most = max(60 * request.minutes, FEWEST_ROUNDS * seconds + answers)
    return _estimate(min(request.rounds * seconds + answers, most))


def _estimate(measuring: float) -> Estimate:
    phases = {"starting": STARTING_SECONDS, "latency": round(measuring, 1)}
    return Estimate(seconds=round(sum(phases.values()), 1), phases=phases)


def _turn_seconds(file: VariantFile, target: Target) -> float:
    """Seconds of one turn of a file at a target, as if twice the threads of a CPU were twice as fast."""
    call = _example_seconds(file, target) * target.batch_size
    if target.on_cpu:
        call *= cores() / (target.threads or cores())
    n_streams = target.streams or 1
    if n_streams > 1:
        call *= n_streams * BURST_CALLS  # a burst: so many calls on each stream, which has its part of the threads
    return OPEN_SECONDS + min(WARM_CALLS * call, max(WARM_SECONDS, call)) + max(TURN_SECONDS, TURN_CALLS * call)


def _example_seconds(file: VariantFile, target: Target) -> float:
    """Seconds of one example on all cores, or on a card: as it was measured there, or as the size of the file suggests.

    What a card takes says nothing of a CPU, and the other way round.
    """
    if file.example_ms is not None and file.example_on_cpu == target.on_cpu:
        return file.example_ms / 1000
    path = Path(file.model.path) if file.model is not None and file.model.path is not None else None
    macs = path.stat().st_size / 4 * USES_OF_A_WEIGHT if path is not None and path.is_file() else UNKNOWN_MACS
    return call_seconds(macs, cores())
