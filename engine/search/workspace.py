"""What all candidates of a race share: one simplified FP32 graph, one calibration, and the images that score them."""

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.context import no_progress
from engine.data import Examples
from engine.errors import LimitError, RunError, StepError
from engine.measure.predictions import predict
from engine.measure.quality import class_loss, compare, fidelity
from engine.models.artifacts import OnnxModel, content_key, file_sha256
from engine.results import Note, codes
from engine.runtimes import RaceTarget
from engine.search.candidate import Candidate
from engine.search.context import RaceContext
from engine.search.search_space import Plan
from engine.settings import Float16, Qat, QuantizeDynamic, QuantizeStatic, QuantizeWeights, Simplify
from engine.store.home import require_room
from engine.tasks import Answers
from engine.techniques.float16 import float16
from engine.techniques.quantize import Calibrator, JudgeSet, build_static, fold, quantize_dynamic, quantize_weights
from engine.techniques.quantize.qat import qat
from engine.techniques.simplify import simplify

FILES_AT_ONCE = 6
"""Files on disk while a candidate is built, each about as large as the model."""
SIMPLIFIED = Plan("Simplified FP32", Simplify(), Note(code="float", text="the same function in fewer operators"))


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Builds candidates, all from one simplified FP32 graph and the same calibration.

    `judges` are the examples that choose, which set no range, with FP32's answers on them; `reference` are the answers
    there of the model that the budget compares with.
    """

    context: RaceContext
    base: OnnxModel
    calibrator: Calibrator
    judges: JudgeSet
    reference: Answers
    fp32_mb: float
    at: RaceTarget
    """The target that candidates are built and scored at."""
    fp32: str = "FP32"
    """What FP32 is called, with its target where several race."""
    busy: list[Note] = field(default_factory=list)
    """Warnings that other programs ran while something was timed."""
    left_out: list[str] = field(default_factory=list)
    """The work that was left out because the time was up. Where this is empty the race is complete, however late."""

    @property
    def is_over(self) -> bool:
        """Whether the time for searching is up."""
        return time.monotonic() >= self.context.deadline

    def out_of_time(self, work: str) -> bool:
        """Whether the time for searching is up; then `work`, which the caller leaves out, is added to `left_out`."""
        if self.is_over:
            self.left_out.append(work)
            return True
        return False

    def end_of(self, share: float) -> float:
        """When this share of the time that is left is over, in seconds of time.monotonic()."""
        now = time.monotonic()
        return now + share * (self.context.deadline - now)

    def at_target_of(self, candidate: Candidate) -> "Workspace":
        """The workspace that builds and scores at this candidate's target."""
        return replace(self, at=candidate.at or self.at)

    def build(self, plan: Plan, build_context: RaceContext | None = None) -> Candidate:
        """Builds the candidate; its file is in the context's folder, named by its content.

        `build_context` has other data, another deadline or a progress of its own for it. Raises RunError where it
        cannot be built or its outputs are not finite; then no file of it is left.
        """
        began, folder = time.monotonic(), self.context.folder
        require_room(folder, FILES_AT_ONCE * self.base.path.stat().st_size, "a further candidate")
        with tempfile.TemporaryDirectory(dir=folder) as name:
            context = build_context or replace(self.context, on_progress=no_progress)
            # What is chosen while a file is made is chosen by its answers at the target that it is made for.
            path, notes = self._quantize(plan, replace(context, folder=Path(name), target=self.at.target))
            sha256 = file_sha256(path)
            key = content_key("candidate", self.base.key, sha256)
            candidate = self.score(plan, replace(self.base, key=key, path=path, sha256=sha256), notes, began)
            candidate.move(folder)
        return candidate

    def score(self, plan: Plan, model: OnnxModel, notes: tuple[Note, ...], began: float) -> Candidate:
        """A candidate for a model that is built, with its scores; `began` is in seconds of time.monotonic()."""
        answers = predict(model, self.judges.part, self.at.target).answers
        task, labels = self.base.task, self.judges.part.labels
        return Candidate(
            plan=plan,
            model=model,
            notes=notes,
            seconds=time.monotonic() - began,
            fidelity=fidelity(task, answers, self.judges.answers),
            comparison=compare(task, answers, self.reference, labels),
            class_loss=class_loss(answers, self.reference, labels),
            fp32_mb=self.fp32_mb,
            fp32=self.fp32,
            at=self.at,
        )

    def _quantize(self, plan: Plan, context: RaceContext) -> tuple[Path, tuple[Note, ...]]:
        match plan.settings:
            case QuantizeStatic():
                path = context.folder / "model.onnx"
                return path, build_static(
                    self.calibrator,
                    plan.settings,
                    context.isa,
                    path,
                    self.judges,
                    context.target,
                    deadline=context.deadline,
                    on_progress=context.on_progress,
                )
            case QuantizeDynamic():
                outcome = quantize_dynamic(self.base, plan.settings, context)
            case QuantizeWeights():
                outcome = quantize_weights(self.base, plan.settings, context)
            case Float16():
                outcome = float16(self.base, plan.settings, context)
            case Qat():
                outcome = qat(self.base, plan.settings, context)
            case _:
                raise StepError(f"a race does not know how to build '{plan.name}'")
        return outcome.onnx.path, outcome.notes


def make_workspace(
    model: OnnxModel, context: RaceContext, images: Examples, work: Path
) -> tuple[Workspace, Candidate | None, list[Note]]:
    """Everything that the candidates share, the simplified FP32 graph where it differs from the model, and notes.

    `images` set the ranges, all of them.
    """
    began = time.monotonic()
    context.on_progress(0.0, "simplifying the graph")
    choosing = context.data.selection
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "a race of this model")
    judges = JudgeSet(choosing, predict(model, choosing, context.target).answers)
    reference = predict(context.baseline, choosing, context.target).answers if context.baseline else judges.answers
    base, notes = _simplified(model, context, work)
    first = context.first_target
    folded, batch_size = fold(base, work, images), context.target.batch_size
    calibrator = Calibrator(base, folded, images, len(images), work, no_progress, batch_size=batch_size)
    workspace = Workspace(
        context=context,
        base=base,
        calibrator=calibrator,
        judges=judges,
        reference=reference,
        fp32_mb=model.path.stat().st_size / 1e6,
        at=first,
        fp32=f"FP32 in {first.label}" if first.label else "FP32",
    )
    if base is model:
        return workspace, None, notes
    return workspace, workspace.score(SIMPLIFIED, base, tuple(notes), began), []


def _simplified(model: OnnxModel, context: RaceContext, work: Path) -> tuple[OnnxModel, list[Note]]:
    """The model in fewer operators with the notes on that, or the model itself where that is not possible."""
    try:
        outcome = simplify(model, Simplify(), replace(context, folder=work, on_progress=no_progress))
    except LimitError:
        raise
    except RunError as error:
        return model, [Note(code="not_simplified", text=f"The graph was raced as it is: {error.message}")]
    if any(note.code == codes.NOTHING_TO_SIMPLIFY for note in outcome.notes):
        return model, []
    key, sha256 = content_key("simplified", model.key), file_sha256(outcome.onnx.path)
    path = outcome.onnx.path.rename(context.folder / f"{key[:12]}.onnx")
    return replace(outcome.onnx, key=key, path=path, sha256=sha256), list(outcome.notes)
