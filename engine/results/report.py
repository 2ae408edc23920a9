"""The result of a run."""

from typing import Literal

from pydantic import Field

from engine.results import codes
from engine.results.base import Environment, Note, Result, State
from engine.results.cold_start import ColdStart
from engine.results.examples import Example
from engine.results.latency_measurement import LatencyMeasurement
from engine.results.measurements import (
    Accuracy,
    ClassLoss,
    Comparison,
    DataSummary,
    Fidelity,
    InputSpec,
    Latency,
    LatencyEstimate,
    Selection,
    Throughput,
    Verdict,
)
from engine.settings import Recipe, Step, Target

SCHEMA_VERSION: Literal[1] = 1

Role = Literal["baseline", "step", "candidate"]


class Trial(Result):
    """How a candidate did in its race, against the model that the race began with.

    `ratio` is that of the latencies in the last stage that timed it, with its 95 % interval. `fidelity` and `drop`, the
    loss of top-1 (of agreement without labels) against the run's baseline, are on the images that choose. The winner
    and the candidates of the final are timed again with all variants; that is in the variant's own figures.
    """

    name: str
    reason: Note
    stage: Literal["built", "screened", "final"]
    outcome: Note
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    n_rounds: int = 0
    fidelity: Fidelity | None = None
    drop: float | None = None


class Variant(Result):
    """An ONNX file that came out of a step, and all that was measured on it.

    `accuracy`, `fidelity`, `comparison` and `class_loss` are on the images that report, `selection` is on those that
    choose. `target` is what it runs at; null in reports of before there were several. Where targets race, each file is
    a variant at each of them, which `target_label` names and whose `label` ends with it. At the first of them
    `same_file_as` is null, and at the others it is the id of the same file at the first.
    """

    id: str = Field(pattern=r"^[0-9a-f]{12}$")
    parent_id: str | None
    branch: int
    step: int
    technique: str
    role: Role
    label: str
    settings: Step | None
    file: str
    sha256: str
    size_bytes: int
    compressed_bytes: int | None = None
    """Size after zstd, only where the run has sparse weights; the file itself is not smaller."""
    parameters: int | None
    macs: int | None
    input: InputSpec
    target: Target | None = None
    target_label: str = ""
    same_file_as: str | None = None
    output: str | None = None
    """The name of the output that holds the class scores; None in reports of before it was recorded."""
    latency: Latency | None
    latency_estimate: LatencyEstimate | None = None
    throughput: Throughput | None
    accuracy: Accuracy | None
    fidelity: Fidelity | None
    verdict: Verdict | None
    seconds: float
    notes: tuple[Note, ...] = ()
    comparison: Comparison | None = None
    class_loss: ClassLoss | None = None
    selection: Selection | None = None
    cold_start: ColdStart | None = None

    @property
    def file_variant_id(self) -> str:
        """The id of the variant that stands for its file: its own, or that of the same file at the first target."""
        return self.same_file_as or self.id

    @property
    def step_label(self) -> str:
        """What the last step did, or at which other target the file of its parent runs."""
        if self.same_file_as is not None:
            return f"in {self.target_label}"
        return self.settings.label if self.settings else self.label


class Race(Result):
    """The race of one step: its candidates, the winner and the reason.

    `winner_id` is `parent_id` where the model stays as it was. `winner_id` and `reason` are null until the race has
    ended, and stay so where its run or chain ended first. `reused`: the same race was run before, and its speeds are
    from then.
    """

    branch: int
    step: int
    parent_id: str
    trials: dict[str, Trial] = Field(default_factory=dict)
    """By the id of the variant, in the order in which the variants were made."""
    winner_id: str | None = None
    reason: Note | None = None
    notes: tuple[Note, ...] = ()
    n_images: int = 0
    """How many images chose among the candidates."""
    seconds: float = 0.0
    reused: bool = False


class Failure(Result):
    """A branch that did not reach its end; `branch` is null where the whole process ended early."""

    branch: int | None
    step: int | None
    technique: str | None
    code: str
    message: str
    next: str


class Recommendation(Result):
    """The variant to take home, and why."""

    id: str
    reason: Note


class Report(Result):
    """The result of a run: all that it measured."""

    schema_version: Literal[1] = SCHEMA_VERSION
    run_id: str
    state: State
    created: str
    seconds: float
    recipe: Recipe
    environment: Environment
    warnings: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    data: DataSummary | None = None
    variants: tuple[Variant, ...] = ()
    races: tuple[Race, ...] = ()
    recommended: Recommendation | None = None
    measurements: tuple[LatencyMeasurement, ...] = ()
    """All measurements of latency, the run's own first, where it was measured again; else empty."""
    examples: tuple[Example, ...] = ()
    """Images that a variant answers otherwise than the baseline, and some that all answer alike; empty where the model
    is no classifier of images, and in reports of before they were kept."""

    @property
    def baseline(self) -> Variant | None:
        return next((variant for variant in self.variants if variant.role == "baseline"), None)

    @property
    def reference(self) -> str:
        """What every ratio is to, within a sentence: the baseline, and what it runs in where targets race."""
        base = self.baseline
        return f"the baseline in {base.target_label}" if base is not None and base.target_label else "the baseline"

    @property
    def fp32(self) -> str:
        """What the ratios of a race are to: the model that the race began with, at the baseline's target."""
        base = self.baseline
        return f"FP32 in {base.target_label}" if base is not None and base.target_label else "FP32"

    @property
    def target_labels(self) -> tuple[str, ...]:
        """The names of the targets that raced, the baseline's first; empty where there was one alone."""
        return tuple(dict.fromkeys(one.target_label for one in self.main_variants if one.target_label))

    @property
    def standing_measurement(self) -> LatencyMeasurement | None:
        """The measurement that the latencies are from; None where the run's own is the only one."""
        return next((one for one in self.measurements if one.stands), None)

    @property
    def latency_cpu(self) -> str:
        """The processor that the latencies are from: not the run's own where it was measured again on another one."""
        return (self.standing_measurement or self.environment).cpu

    @property
    def latency_hardware(self) -> str:
        """The same for people to read, with the graphics card where a variant runs on one."""
        return self._hardware(self.standing_measurement or self.environment)

    @property
    def run_hardware(self) -> str:
        """The processor that the run itself was on, with its graphics card where a variant runs on one."""
        return self._hardware(self.environment)

    def _hardware(self, machine: Environment | LatencyMeasurement) -> str:
        target = next((self.target_of(one) for one in self.main_variants if self.target_of(one).on_cuda), None)
        if not machine.graphics_cards or target is None:
            return machine.cpu
        number = target.device_id or 0
        names = dict.fromkeys(machine.graphics_cards)
        any_of_them = f"card {number} of {', '.join(names)}" if len(names) > 1 else machine.graphics_cards[0]
        card = machine.cuda_cards[number] if number < len(machine.cuda_cards) else any_of_them
        return f"{card} (host: {machine.cpu})"

    @property
    def buffers_texts(self) -> tuple[str, ...]:
        """Of each variant that was timed with both buffers what a call takes with either; empty of others."""
        timed = ((one.label, one.latency.buffers_text) for one in self.main_variants if one.latency is not None)
        return tuple(f"{label}: a call takes {text}" for label, text in timed if text)

    @property
    def recommended_variant(self) -> Variant | None:
        """The recommended variant, which is the baseline while it is undecided; None in a run that broke off."""
        return self.variant(self.recommended.id) if self.recommended is not None else None

    @property
    def is_undecided(self) -> bool:
        """Whether other programs left no speed to recommend anything by: the baseline is then no recommendation."""
        return self.recommended is not None and self.recommended.reason.code == codes.NOT_MEASURED

    def recommends(self, variant: Variant) -> bool:
        """Whether this is the recommended variant, which may be the baseline; nothing is while it is undecided."""
        return self.recommended is not None and self.recommended.id == variant.id and not self.is_undecided

    @property
    def compares(self) -> bool:
        """Whether there is anything to compare with the baseline."""
        return bool(self.races or self.main_variants[1:])

    def target_of(self, variant: Variant) -> Target:
        """What the variant is run with: its own target where several were raced, else that of the run."""
        own = variant.target or (self.baseline.target if self.baseline is not None else None)
        return own or self.recipe.target

    @property
    def main_variants(self) -> tuple[Variant, ...]:
        """The baseline and the results of steps, without the candidates of races."""
        return tuple(variant for variant in self.variants if variant.role != "candidate")

    def candidates(self, race: Race) -> tuple[tuple[Variant, Trial], ...]:
        """The candidates of a race with their trials, the winner included, in the order in which they were made."""
        return tuple((variant, race.trials[variant.id]) for variant in self.variants if variant.id in race.trials)

    def variant(self, id: str) -> Variant | None:
        """The variant of this id, or None."""
        return next((variant for variant in self.variants if variant.id == id), None)

    def lineage(self, id: str) -> tuple[Variant, ...]:
        """The variants from the baseline to this one, each the parent of the next; empty where there is none."""
        path: list[Variant] = []
        variant = self.variant(id)
        while variant is not None and variant not in path:
            path.append(variant)
            variant = self.variant(variant.parent_id) if variant.parent_id is not None else None
        return tuple(reversed(path))
