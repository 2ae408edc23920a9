"""One candidate of a race: a model that is built, and scored on the images that choose."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from engine.context import CandidateResult
from engine.measure.ranking import RankingFigures
from engine.models.artifacts import OnnxModel, variant_key
from engine.results import ClassLoss, Comparison, Fidelity, Latency, Note, Trial, codes
from engine.runtimes import RaceTarget
from engine.search.search_space import Plan
from engine.settings import QuantizeStatic, Simplify

STARTED = Note(code=codes.STARTED, text="Built and compared with FP32 on what chooses among the candidates")


@dataclass(kw_only=True)
class Candidate:
    """A candidate, a file at one of the targets that race, with its figures so far.

    On the images that choose: `fidelity` beside the race's FP32, `comparison` and `class_loss` beside the run's
    baseline. `fp32_mb` is the size of the FP32 file, and `fp32` what it is called, to which every ratio is.
    """

    plan: Plan
    model: OnnxModel
    notes: tuple[Note, ...]
    seconds: float
    fidelity: Fidelity
    comparison: Comparison
    class_loss: ClassLoss | None
    fp32_mb: float
    fp32: str = "FP32"
    at: RaceTarget | None = None
    stage: Literal["built", "screened", "final"] = "built"
    outcome: Note = STARTED
    latency: Latency | None = None
    untimed: Note | None = None
    """Why it cannot be timed, where it does not run on the target."""

    @property
    def name(self) -> str:
        return f"{self.plan.name}, {self.at.label}" if self.at is not None and self.at.label else self.plan.name

    @property
    def key(self) -> str:
        """The content address of the file at its target."""
        return variant_key(self.model.key, self.at)

    @property
    def is_float(self) -> bool:
        """Whether the weights are those of the FP32 model."""
        return self.plan.settings is None or isinstance(self.plan.settings, Simplify)

    @property
    def is_static(self) -> bool:
        """Whether it is static INT8 of onnxruntime's quantizer, whose settings can be refined."""
        return isinstance(self.plan.settings, QuantizeStatic) and self.plan.settings.quantizer == "onnxruntime"

    @property
    def ratio(self) -> float:
        """The latency by that of FP32; infinite where the candidate was never timed."""
        return self.latency.ratio_to_baseline if self.latency else float("inf")

    @property
    def was_disturbed(self) -> bool:
        """Whether it was timed, and too few calls were undisturbed for a latency."""
        return self.stage != "built" and self.latency is None and self.untimed is None

    @property
    def p50_ms(self) -> float:
        return self.latency.p50_ms if self.latency else float("inf")

    @property
    def sqnr_db(self) -> float:
        """The signal-to-quantization-noise ratio of the logits; infinite where nothing differs."""
        return float("inf") if self.fidelity.sqnr_db is None else self.fidelity.sqnr_db

    def figures(self) -> RankingFigures:
        """What it is ranked by. Raises ValueError where it was never timed."""
        if self.latency is None:
            raise ValueError(f"{self.name} was never timed")
        size_bytes = self.model.path.stat().st_size
        return RankingFigures(self.latency, size_bytes, self.sqnr_db, self.is_float)

    def set_outcome(self, code: str, text: str) -> None:
        self.outcome = Note(code=code, text=text)

    def move(self, folder: Path) -> None:
        """Moves its file into the folder, named by its content."""
        path = self.model.path.replace(folder / f"{self.model.key[:12]}.onnx")
        self.model = replace(self.model, path=path)

    def result(self) -> CandidateResult:
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
            drop=self.comparison.drop,
        )
        return CandidateResult(
            model=self.model,
            settings=self.plan.settings,
            trial=trial,
            notes=self.notes,
            seconds=self.seconds,
            at=self.at,
        )
