"""The files of a race at the targets beside the first: FP32 as it is, and what was built."""

import shutil
import time
from dataclasses import replace

from engine.errors import LimitError, RunError, TargetError
from engine.models.artifacts import OnnxModel
from engine.results import Note
from engine.runtimes import RaceTarget, precision_of
from engine.search.candidate import Candidate
from engine.search.search_space import Plan
from engine.search.workspace import Workspace


def fp32_elsewhere(workspace: Workspace, model: OnnxModel) -> tuple[list[Candidate], list[Note]]:
    """The race's FP32 file at every other target, and notes on those where it does not run."""
    context = workspace.context
    others = context.race_targets[1:]
    if not others:
        return [], []
    # What a race returns lies in its own folder.
    copy = replace(model, path=context.folder / f"{model.key[:12]}.onnx")
    shutil.copyfile(model.path, copy.path)
    return _all([(_as_it_is(at), copy, (), at) for at in others], workspace)


def elsewhere(workspace: Workspace, candidate: Candidate) -> tuple[list[Candidate], list[Note]]:
    """The candidate's file at every other target, and notes on those where it does not run."""
    plan, model, notes = candidate.plan, candidate.model, candidate.notes
    others = (one for one in workspace.context.race_targets if one != candidate.at)
    return _all([(plan, model, notes, at) for at in others], workspace)


def _as_it_is(at: RaceTarget) -> Plan:
    bits = {"f32": 32, "tf32": 32, "bf16": 16, "f16": 16}[precision_of(at.target)]
    text = f"{at.label} computes the same file in {bits}-bit floats, which takes nothing to make"
    return Plan("FP32", None, Note(code="another_target", text=text))


def _all(
    rows: list[tuple[Plan, OnnxModel, tuple[Note, ...], RaceTarget]], workspace: Workspace
) -> tuple[list[Candidate], list[Note]]:
    candidates, failures = [], []
    for plan, model, notes, at in rows:
        try:
            candidates.append(replace(workspace, at=at).score(plan, model, notes, time.monotonic()))
        except LimitError:
            raise
        except (RunError, TargetError) as error:
            text = f"{plan.name} does not run in {at.label}: {error.message}"
            failures.append(Note(code="candidate_failed", text=text))
    return candidates, failures
