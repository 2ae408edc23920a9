"""The files of a race at the targets beside the first: FP32 as it is, and what was built."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace

from engine.data import full_batch
from engine.errors import LimitError, RunError, TargetError
from engine.measure.trial_call import check_capture
from engine.models.artifacts import OnnxModel
from engine.models.number_format import targets_for
from engine.results import Note
from engine.runtimes import RaceTarget, precision_of
from engine.search.candidate import Candidate
from engine.search.search_space import Facts, Plan, nncf_methods
from engine.search.workspace import Workspace
from engine.techniques.quantize import has_nncf

Build = Callable[[Workspace, tuple[Plan, ...], list[Candidate]], list[Note]]
_FLOATS = {
    "f32": "32-bit floats",
    "tf32": "32-bit floats that are rounded to TF32",
    "bf16": "16-bit floats",
    "f16": "16-bit floats",
}


def fp32_elsewhere(workspace: Workspace, model: OnnxModel) -> tuple[list[Candidate], list[Note]]:
    """The race's FP32 file at every other target, and notes on those where it does not run."""
    context = workspace.context
    others = targets_for(model.path, context.race_targets[1:])
    if not others:
        return [], []
    # What a race returns lies in its own folder.
    copy = replace(model, path=context.folder / f"{model.key[:12]}.onnx")
    shutil.copyfile(model.path, copy.path)
    return _all([(_as_it_is(at), copy, (), at) for at in others], workspace)


def elsewhere(workspace: Workspace, candidate: Candidate) -> tuple[list[Candidate], list[Note]]:
    """The candidate's file at every other target, and notes on those where it does not run."""
    plan, model, notes = candidate.plan, candidate.model, candidate.notes
    others = [one for one in targets_for(model.path, workspace.context.race_targets) if one != candidate.at]
    return _all([(plan, model, notes, at) for at in others], workspace)


def build_by_nncf(workspace: Workspace, facts: Facts, candidates: list[Candidate], build: Build) -> list[Note]:
    """Adds what NNCF makes, where it is installed and OpenVINO races; returns notes on what failed.

    `build` adds the candidates of these plans at every target.
    """
    context = workspace.context
    targets = [one for one in (context.first_target, *context.race_targets) if one.target.runtime == "openvino"]
    if not targets or not has_nncf():
        return []
    return build(replace(workspace, at=targets[0]), nncf_methods(facts, workspace.calibrator.n_images), candidates)


def _as_it_is(at: RaceTarget) -> Plan:
    floats = _FLOATS[precision_of(at.target)]
    calls = ", its calls captured once and replayed as one" if at.target.cuda_graph else ""
    text = f"{at.label} computes the same file in {floats}{calls}, which takes nothing to make"
    return Plan("FP32", None, Note(code="another_target", text=text))


def _all(
    rows: list[tuple[Plan, OnnxModel, tuple[Note, ...], RaceTarget]], workspace: Workspace
) -> tuple[list[Candidate], list[Note]]:
    candidates, failures = [], []
    for plan, model, notes, at in rows:
        try:
            check_capture(model, at.target, full_batch(workspace.judges.part, model.batch or at.target.batch_size))
            candidates.append(replace(workspace, at=at).score(plan, model, notes, time.monotonic()))
        except LimitError:
            raise
        except (RunError, TargetError) as error:
            text = f"{plan.name} does not run in {at.label}: {error.message}"
            failures.append(Note(code="candidate_failed", text=text))
    return candidates, failures
