"""The concrete targets that a target stands for: where there are several of them, they race."""

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from engine.errors import RunError, TargetError
from engine.results.analyses import NumberFormat
from engine.runtimes.missing import MissingRuntime
from engine.runtimes.protocol import Runtime
from engine.runtimes.registry import RUNTIMES, resolve_target
from engine.runtimes.trial_model import WRONG_ANSWER, is_right, trial_model
from engine.settings import Target
from engine.settings.target import DEFAULT_PROVIDERS

ONNXRUNTIME: Final = "onnxruntime"
OPENVINO: Final = "openvino"


@dataclass(frozen=True)
class RaceTarget:
    """A runtime with its options, which takes part in a race; rows may differ in their options alone.

    The `label` tells it from the others, as in "OpenVINO bf16"; it is empty where there is one target alone. The
    baseline is measured at the first one (`is_first`). Files in other than these `formats` take no part; where there
    are none, all do.
    """

    label: str
    target: Target
    is_first: bool = True
    formats: tuple[NumberFormat, ...] = ()


def race_targets(target: Target, *, races: bool = False) -> tuple[RaceTarget, ...]:
    """The targets that a target stands for, the baseline's first; in the ordinary case one, without a label.

    With the runtime any, onnxruntime comes first, in FP32 as people have it today, and OpenVINO in each precision that
    it has here comes after it. OpenVINO by itself races its precisions where the target leaves them open, 32 bits
    first. A recipe that `races` tries the options of the CUDA provider too, but for those that the target sets to
    something else than the provider has by itself; without TF32 comes first. All of them have a number of threads.
    Raises TargetError as `resolve_target` does; what else does not work here is left out (`left_out`).
    """
    if target.on_cuda:
        return _cuda(resolve_target(target)) if races else (RaceTarget("", resolve_target(target)),)
    if target.runtime == "any":
        rows = [_onnxruntime(target), *([] if left_out(target) else _openvino(target))]
    else:
        rows = [("", target)]
        if target.runtime == OPENVINO and target.precision == "auto":
            choices = _openvino(target)
            rows = choices if len(choices) > 1 else rows
    if len(rows) == 1:
        return (RaceTarget("", resolve_target(rows[0][1])),)
    return tuple(RaceTarget(label, resolve_target(row), number == 0) for number, (label, row) in enumerate(rows))


def left_out(target: Target) -> Mapping[str, str]:
    """Why a runtime takes no part in the race that the target asks for, by its name; empty where all do."""
    if target.runtime != "any":
        return {}
    reason = _why_not(RUNTIMES[OPENVINO])  # type: ignore[arg-type]  # mypy takes no protocol for hashable
    return {OPENVINO: reason} if reason else {}


@functools.cache
def _why_not(openvino: Runtime) -> str:
    """Why OpenVINO's CPU did not run the small model with the right answer; empty where it did.

    It is tried in this process, not in one of its own: a run may start none, and opens its sessions in this one too.
    """
    target = Target(runtime=OPENVINO, threads=1)
    if isinstance(openvino, MissingRuntime):
        return openvino.try_provider(target.provider).reason
    if target.provider not in openvino.providers():
        return "OpenVINO finds no CPU here"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(trial_model())
        try:
            with openvino.open_session(path, target, output_names=["sums"]) as session:
                sums = session(np.ones((1, 3, 8, 8), np.float32))["sums"]
        except (RunError, TargetError) as error:
            return error.message
    return "" if is_right(sums) else WRONG_ANSWER


def _onnxruntime(target: Target) -> tuple[str, Target]:
    return "onnxruntime", target.at(ONNXRUNTIME, DEFAULT_PROVIDERS[ONNXRUNTIME])


def _openvino(target: Target) -> list[tuple[str, Target]]:
    """OpenVINO in f32, and in what it computes in by itself; in the target's precision alone where it has one."""
    provider = DEFAULT_PROVIDERS[OPENVINO] if target.runtime == "any" else target.provider
    row = target.at(OPENVINO, provider)
    precisions = {row.precision: row.precision} if row.precision != "auto" else _precisions(RUNTIMES[OPENVINO], row)
    return [(f"OpenVINO {name}", row.model_copy(update={"precision": asked})) for name, asked in precisions.items()]


def _cuda(target: Target) -> tuple[RaceTarget, ...]:
    """With and without TF32 for files in 32-bit floats, channels last for those in 16, each as a captured graph too.

    Files in 8 bits are measured at the first one alone: that provider computes them 2 to 6 times slower than FP32.
    """
    exact = target.model_copy(update={"tf32": False})
    rows = [RaceTarget("CUDA", exact)]
    if target.tf32:
        rows.append(RaceTarget("CUDA TF32", target, formats=("FP32",)))
    if not target.prefer_nhwc:
        nhwc = exact.model_copy(update={"prefer_nhwc": True})
        rows.append(RaceTarget("CUDA NHWC", nhwc, formats=("FP16",)))
    if not target.cuda_graph:
        rows += [_captured(row) for row in rows]
    if len(rows) == 1:
        return (RaceTarget("", target),)
    return tuple(replace(row, is_first=number == 0) for number, row in enumerate(rows))


def _captured(row: RaceTarget) -> RaceTarget:
    """The same row as a captured graph."""
    target = row.target.model_copy(update={"cuda_graph": True})
    return RaceTarget(f"{row.label} graph", target, formats=row.formats or ("FP32", "FP16"))


def _precisions(runtime: Runtime, target: Target) -> dict[str, str]:
    """What a target asks for to have each precision that races, by the name of the precision."""
    if target.provider not in runtime.providers():
        return {}
    own = runtime.precision(target)
    return {"f32": "f32", **({} if own == "f32" else {own: own if own == "bf16" else "auto"})}
