"""What came out: frozen pydantic results, JSON both ways. Pages, charts and exports read nothing else."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.settings import Preprocess, Recipe, Step

SCHEMA_VERSION: Literal[1] = 1

State = Literal["queued", "running", "done", "failed", "cancelled"]
Role = Literal["baseline", "step", "candidate"]
Answer = Literal["yes", "no", "unclear"]


class Result(BaseModel):
    """Base of every result: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Note(Result):
    """Something to know, as a stable code and a sentence."""

    code: str
    text: str


class Environment(Result):
    """The machine and the versions that the figures belong to."""

    cpu: str
    cores: int
    memory_bytes: int
    isa: tuple[str, ...]
    runtimes: dict[str, tuple[str, ...]]
    versions: dict[str, str]


class DataSummary(Result):
    """How many images stand behind the figures; `evaluation_sha256` decides which runs compare in accuracy."""

    n_train: int
    n_calibration: int
    n_evaluation: int
    n_holdout: int
    n_skipped: int
    classes: tuple[str, ...] | None
    evaluation_sha256: str


class InputSpec(Result):
    """One input of a variant: shape without the batch, and how an image becomes it."""

    shape: tuple[int, ...]
    preprocess: Preprocess


class Latency(Result):
    """Median and 95th percentile of one call, and the ratio to the baseline with its 95 % bootstrap interval."""

    runtime: str
    provider: str
    threads: int
    batch_size: int
    p50_ms: float
    p95_ms: float
    n_runs: int
    n_rounds: int
    n_warmup: int
    session_options: dict[str, str]
    ratio_to_baseline: float
    ratio_low: float
    ratio_high: float


class Throughput(Result):
    """Images per second at the target's batch size, with a 95 % bootstrap interval."""

    batch_size: int
    images_per_s: float
    low: float
    high: float


class Accuracy(Result):
    """Share of labelled images that are right; the 95 % Wilson interval is that of top-1."""

    top1: float
    top5: float | None
    n_images: int
    low: float
    high: float


class Fidelity(Result):
    """How close the outputs are to the baseline's. An infinite SQNR is null."""

    agreement: float
    sqnr_db: float | None
    n_images: int


class Verdict(Result):
    """What the figures mean; `codes` name what broke the budget or what is uncertain.

    `drop` is the absolute loss of top-1 (of agreement without labels) against the baseline on the same images, with
    its paired 95 % interval; null for the baseline and where nothing was compared.
    """

    within_budget: bool
    faster: Answer
    codes: tuple[str, ...]
    drop: float | None = None
    drop_low: float | None = None
    drop_high: float | None = None


class Variant(Result):
    """An ONNX file that came out of a step, and all that was measured on it."""

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
    parameters: int | None
    macs: int | None
    input: InputSpec
    latency: Latency | None
    throughput: Throughput | None
    accuracy: Accuracy | None
    fidelity: Fidelity | None
    verdict: Verdict | None
    seconds: float
    notes: tuple[Note, ...] = ()


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
    recommended: Recommendation | None = None

    @property
    def baseline(self) -> Variant | None:
        return next((variant for variant in self.variants if variant.role == "baseline"), None)

    def variant(self, id: str) -> Variant | None:
        """The variant of this id, or None."""
        return next((variant for variant in self.variants if variant.id == id), None)


class Event(Result):
    """One line of events.jsonl: `time` is ISO 8601 UTC, `fraction` of the whole job, metrics by name with units."""

    time: str
    step: str
    phase: str
    fraction: float
    message: str
    metrics: dict[str, float] = Field(default_factory=dict)


class ModelProfile(Result):
    """What a model is, without having measured its speed; `layers` counts operators of the exported graph by type."""

    name: str
    format: Literal["timm", "onnx"]
    weights: str
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]
    opset: int
    parameters: int
    macs: int | None
    size_bytes: int
    layers: dict[str, int]
    classes: tuple[str, ...] | None
    n_outputs: int | None
    preprocess: Preprocess | None
    warnings: tuple[Note, ...] = ()


class ClassCount(Result):
    """Images of one class by split."""

    name: str
    train: int
    calibration: int
    evaluation: int
    holdout: int


class DataPreview(Result):
    """What the images are and how the model will see them; `examples` are PNG files beside the result."""

    summary: DataSummary
    counts: tuple[ClassCount, ...]
    skipped: tuple[Note, ...]
    examples: tuple[tuple[str, str], ...]
    n_outputs: int | None
    head_fits: bool | None
    preprocess: Preprocess
    warnings: tuple[Note, ...] = ()


class Provider(Result):
    """One execution provider of one runtime: whether a small model really ran on it, and if not, why."""

    runtime: str
    name: str
    works: bool
    reason: str


class Hardware(Result):
    """This machine as a target."""

    environment: Environment
    providers: tuple[Provider, ...]
    gpus: tuple[str, ...]


class CatalogueEntry(Result):
    """One timm architecture; MACs at `input_size` (C, H, W), with inference-time reparameterisation."""

    name: str
    family: str
    parameters: int
    macs: int
    input_size: tuple[int, int, int]
    pretrained_tags: tuple[str, ...]


class TechniqueInfo(Result):
    """One row of the table of techniques, with the JSON schema of its settings."""

    technique: str
    method: str | None
    title: str
    stage: Literal["torch", "onnx"]
    summary: str
    schema_: dict[str, object] = Field(alias="schema", serialization_alias="schema")


class Estimate(Result):
    """How long a run will probably take; never a measurement."""

    seconds: float
    phases: dict[str, float]


class Job(Result):
    """One row of the store. Times are ISO 8601 UTC; `position` counts the queued jobs ahead, from 1."""

    id: str
    kind: str
    name: str
    state: State
    created: str
    started: str | None
    finished: str | None
    seconds: float
    phase: str
    fraction: float
    message: str
    attempts: int
    position: int | None
    estimate_seconds: float | None
    error: Note | None
    error_next: str


class Upload(Result):
    """A file or folder that a user brought into this home, addressed by its content."""

    sha256: str
    name: str
    kind: Literal["onnx", "weights", "images", "labels"]
    size_bytes: int
    created: str
    path: str


class Usage(Result):
    """What the home folder occupies, in bytes, and what the disk has left."""

    home: str
    jobs_bytes: int
    cache_bytes: int
    uploads_bytes: int
    database_bytes: int
    free_bytes: int


class CheckItem(Result):
    """One line of `check`: what was looked at, whether it is right, what to do if not."""

    name: str
    ok: bool
    found: str
    next: str
