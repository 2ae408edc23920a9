"""One candidate on its way through a race: built, and scored on images that did not calibrate it."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from engine.errors import StepError
from engine.measure.predictions import predict
from engine.measure.quality import Drop, fidelity, loss
from engine.models.artifacts import OnnxModel, content_key, file_sha256
from engine.results import Fidelity, Latency, Note, Trial
from engine.search.candidates import Plan
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights, Simplify
from engine.techniques.context import Candidate, Context
from engine.techniques.quantize import Calibrator, Held, build_static, quantize_dynamic, quantize_weights

STARTED = Note(code="started", text="Built and compared with FP32 on held-back images")


@dataclass(kw_only=True)
class Entrant:
    """What is known of a candidate so far. `drop` is on the held-back images."""

    plan: Plan
    model: OnnxModel
    notes: tuple[Note, ...]
    seconds: float
    fidelity: Fidelity
    drop: Drop
    stage: Literal["built", "screened", "final"] = "built"
    outcome: Note = STARTED
    latency: Latency | None = None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def is_float(self) -> bool:
        return isinstance(self.plan.settings, Simplify)

    @property
    def ratio(self) -> float:
        """Of the time of one call to that of FP32. Infinite where it was never timed."""
        return self.latency.ratio_to_baseline if self.latency else float("inf")

    @property
    def sqnr_db(self) -> float:
        """Infinite where nothing differs."""
        return float("inf") if self.fidelity.sqnr_db is None else self.fidelity.sqnr_db

    def end(self, code: str, text: str) -> None:
        self.outcome = Note(code=code, text=text)

    def candidate(self) -> Candidate:
        latency = self.latency
        trial = Trial(
            name=self.name,
            reason=self.plan.reason,
            stage=self.stage,
            outcome=self.outcome,
            ratio=latency.ratio_to_baseline if latency else None,
            ratio_low=latency.ratio_low if latency else None,
            ratio_high=latency.ratio_high if latency else None,
            n_rounds=latency.n_rounds if latency else 0,
            fidelity=self.fidelity,
        )
        return Candidate(model=self.model, settings=self.plan.settings, trial=trial, notes=self.notes,
                         seconds=self.seconds)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stable:
    """Where candidates are built: all from one simplified FP32 graph and the same calibration.

    `held` are calibration images that set no range, with FP32's answer to them.
    """

    context: Context
    base: OnnxModel
    calibrator: Calibrator
    held: Held

    @property
    def late(self) -> bool:
        """Whether the time for searching is up."""
        return time.monotonic() >= self.context.deadline

    def enter(self, plan: Plan) -> Entrant:
        """Builds the candidate. Raises RunError where it cannot be built or its outputs are not finite."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.context.folder) as name:
            path, notes = self._build(plan, Path(name))
            sha256 = file_sha256(path)
            key = content_key("candidate", self.base.key, sha256)
            path = path.replace(self.context.folder / f"{key[:12]}.onnx")
        model = replace(self.base, key=key, path=path, sha256=sha256)
        return self.scored(plan, model, notes, began)

    def scored(self, plan: Plan, model: OnnxModel, notes: tuple[Note, ...], began: float) -> Entrant:
        """The entrant of a model that is there already; `began` in seconds of time.monotonic()."""
        logits = predict(model, self.held.images, self.context.target).logits
        return Entrant(
            plan=plan,
            model=model,
            notes=notes,
            seconds=time.monotonic() - began,
            fidelity=fidelity(logits, self.held.logits),
            drop=loss(logits, self.held.logits, self.held.images.labels),
        )

    def _build(self, plan: Plan, folder: Path) -> tuple[Path, tuple[Note, ...]]:
        inside = replace(self.context, folder=folder, tell=_silent)
        match plan.settings:
            case QuantizeStatic():
                path = folder / "model.onnx"
                return path, build_static(self.calibrator, plan.settings, inside.isa, path, self.held,
                                          inside.target)  # fmt: skip
            case QuantizeDynamic():
                outcome = quantize_dynamic(self.base, plan.settings, inside)
            case QuantizeWeights():
                outcome = quantize_weights(self.base, plan.settings, inside)
            case _:
                raise StepError(f"a race does not know how to build '{plan.name}'")
        if not isinstance(outcome.model, OnnxModel):
            raise TypeError("quantization gives an OnnxModel")
        return outcome.model.path, outcome.notes


def _silent(fraction: float, message: str, **metrics: float) -> None:
    """The race tells of itself."""
