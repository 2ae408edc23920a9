"""What is measured on a variant, and on how many images."""

from typing import Literal, NamedTuple

from pydantic import model_validator

from engine.results import codes
from engine.results.base import Result
from engine.settings import Preprocess
from engine.settings.target import DEFAULT_PROVIDERS

Answer = Literal["yes", "no", "unclear"]


class DataSummary(Result):
    """How many images the figures come from; runs with the same `evaluation_sha256` compare in accuracy.

    `n_evaluation` are the images that report. `n_selection` are those that chose among variants and report nothing,
    some of which may be in the holdout and the calibration split; null in reports that knew no such images. Of these
    `n_selection_given` are in no split, since evaluation gave them; null in reports that did not count them. `n_leaked`
    of those that report are byte for byte the same as some for training or calibration; `n_left_out` copies of these
    were left out of evaluation and holdout.
    """

    n_train: int
    n_calibration: int
    n_evaluation: int
    n_holdout: int
    n_skipped: int
    classes: tuple[str, ...] | None
    evaluation_sha256: str
    n_selection: int | None = None
    n_selection_given: int | None = None
    n_leaked: int = 0
    n_left_out: int = 0


class TensorSpec(Result):
    """An input or an output of a model: its number type by numpy's name, and its shape.

    The first axis is the batch; `shape` is that of one example, without it, and a dynamic axis has a name. A tensor
    without a batch (a size, a threshold) has `batched` False, and `shape` is the whole of it.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    batched: bool = True
    upper: int | None = None
    """Of an input of integers: values below it are valid, as the table tells that they index; None where none does."""

    @property
    def declaration(self) -> str:
        """Name, number type and shape of its array, with N for the number of examples."""
        lengths = [*(["N"] if self.batched else []), *map(str, self.shape)]
        return f"{self.name} {self.dtype} ({', '.join(lengths)})"


class InputSpec(Result):
    """The first input of a variant: its shape without the batch, and the preprocessing of an image.

    `preprocess` is null where the model takes no images; `inputs` has all of them then.
    """

    shape: tuple[int | str, ...]
    preprocess: Preprocess | None
    inputs: tuple[TensorSpec, ...] = ()


class Speedup(NamedTuple):
    """How many times as fast as something else, with its 95 % interval."""

    times: float
    low: float
    high: float

    @property
    def surely_faster(self) -> bool:
        """Whether the whole interval is above 1."""
        return self.low > 1


class CallLatency(Result):
    """Median and 95th percentile of one call, whatever it is compared with.

    Only calls that no other program disturbed count: `n_runs` of them, beside `n_disturbed` that were left out.

    `buffers` says where inputs and outputs of the calls were: arrays in memory (numpy), which a graphics card copies at
    every call, or buffers on the card (bound).
    """

    runtime: str
    provider: str
    threads: int
    batch_size: int
    p50_ms: float
    p95_ms: float
    n_runs: int
    n_disturbed: int = 0
    n_rounds: int
    n_warmup: int
    session_options: dict[str, str]
    buffers: Literal["numpy", "bound"] = "numpy"

    @property
    def on_cpu(self) -> bool:
        """Whether the provider is the runtime's own for the CPU, as `Target.on_cpu` says it of a target."""
        return self.provider == DEFAULT_PROVIDERS.get(self.runtime)


class Latency(CallLatency):
    """The latency of one call, and its ratio to the baseline with its 95 % interval.

    Files are timed in interleaved rounds, and drift of the machine affects all files of a round alike. So the ratio is
    what is estimated: the trimmed mean, over the rounds, of the logarithm of a file's median divided by the baseline's.
    The baseline's `p50_ms` is the median of all its calls. A variant's `p50_ms` is the baseline's times the variant's
    ratio, and its `p95_ms` is scaled so that p95 / p50 is that of its own calls.

    `other_buffers_p50_ms` is the p50 with the other `buffers` in the same rounds, null where it was not measured.
    """

    ratio_to_baseline: float
    ratio_low: float
    ratio_high: float
    other_buffers_p50_ms: float | None = None

    @property
    def other_buffers(self) -> Literal["numpy", "bound"]:
        """Those that the p50 was not measured with."""
        return "numpy" if self.buffers == "bound" else "bound"

    @property
    def buffers_text(self) -> str:
        """Which buffers the p50 was measured with, and the p50 with the other; empty where there is no other."""
        if self.other_buffers_p50_ms is None:
            return ""
        names = {"numpy": "arrays in memory", "bound": "buffers on the card"}
        other = f"{self.other_buffers_p50_ms:.2f} ms with {names[self.other_buffers]}"
        return f"{self.p50_ms:.2f} ms with {names[self.buffers]}, {other}"

    @property
    def speedup(self) -> float:
        """How many times as fast as the baseline; every text states speed in this form."""
        return 1 / self.ratio_to_baseline

    @property
    def speedup_low(self) -> float:
        """The lower end of the speed-up's 95 % interval."""
        return 1 / self.ratio_high

    @property
    def speedup_high(self) -> float:
        """The upper end of the speed-up's 95 % interval."""
        return 1 / self.ratio_low


class LatencyEstimate(Result):
    """What processor time says of a file whose latency could not be measured, since other programs disturbed it.

    `processor_ms` is the processor time of one call, all threads together, which is not how long a call takes.
    `ratio_to_baseline` is the median, over the rounds, of its ratio to the baseline's, each divided by its threads: one
    on a card or another device, whose calls wait. No verdict and no recommendation rests on it.
    """

    processor_ms: float
    ratio_to_baseline: float
    n_runs: int
    n_disturbed: int

    @property
    def speedup(self) -> float:
        """How many times as fast as the baseline it may be."""
        return 1 / self.ratio_to_baseline

    @property
    def cell(self) -> str:
        """The speed in a table whose head names the reference: about 2.4, an estimate."""
        return f"about {self.speedup:.2g}, an estimate"


def times_as_fast(speed: Latency | Speedup, reference: str = "") -> str:
    """The speed in a sentence: 2.38 times as fast as the baseline (2.30 to 2.46).

    `reference` names what the speed is relative to, where the context does not.
    """
    times, interval = _speed_figures(speed)
    return f"{times} times as fast{reference and f' as {reference}'} {interval}"


def speed_cell(speed: Latency | Speedup) -> str:
    """The speed in a table whose head names the reference: 2.38 (2.30 to 2.46)."""
    return " ".join(_speed_figures(speed))


def _speed_figures(speed: Latency | Speedup) -> tuple[str, str]:
    """How many times as fast, and the interval in brackets: two decimals, below 0.1 two significant digits."""
    speeds = (speed.speedup, speed.speedup_low, speed.speedup_high) if isinstance(speed, Latency) else speed
    times, low, high = (f"{one:.2f}" if one >= 0.1 else f"{one:.2g}" for one in speeds)
    return times, f"({low} to {high})"


class Throughput(Result):
    """Images per second at the target's batch size: the batch by the latency's `p50_ms`, with its 95 % interval.

    Its interval is the relative one of the file's own medians over the rounds. They drift with the machine, so it is
    wider than that of the ratio.
    """

    batch_size: int
    images_per_s: float
    low: float
    high: float


class Accuracy(Result):
    """Share of labelled images that are right; the 95 % Wilson interval is that of top-1.

    `chance` is the share of the commonest class among these images: what guessing it every time gives. `confidence` is
    the mean probability that the model gives its answers.
    """

    top1: float
    top5: float | None
    n_images: int
    low: float
    high: float
    chance: float | None = None
    confidence: float | None = None

    @property
    def better_than_chance(self) -> Answer | None:
        """yes: the interval of top-1 is above what guessing gives; no: top-1 is not; unclear: the interval reaches it.

        None without `chance`.
        """
        if self.chance is None:
            return None
        if self.top1 <= self.chance:
            return "no"
        return "unclear" if self.low <= self.chance else "yes"


Measure = Literal[
    "agreement", "label agreement", "pixel agreement", "detection F1", "cosine similarity", "explained variance"
]
"""How close answers are to the baseline's, as a share of 1; `engine.tasks` says which one a task has."""


class OutputFidelity(Result):
    """The signal-to-quantization-noise ratio of one output; null where it is infinite or not defined."""

    name: str
    sqnr_db: float | None


class Fidelity(Result):
    """How close the outputs are to the baseline's on `n_images` images or other examples. An infinite SQNR is null.

    `similarity` is their mean closeness, 1 where nothing differs, in the sense of `measure`. `agreement` is the same
    figure where an arg-max or a threshold makes an answer that can agree, and null elsewhere. `sqnr_db` is that of the
    main output, `outputs` has all of them where there are several.
    """

    agreement: float | None
    sqnr_db: float | None
    n_images: int
    measure: Measure = "agreement"
    similarity: float
    outputs: tuple[OutputFidelity, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _agreement_is_similarity(cls, values: object) -> object:
        """Reports of before there were other tasks have the agreement alone."""
        if isinstance(values, dict) and "similarity" not in values:
            return {**values, "similarity": values.get("agreement")}
        return values


class Comparison(Result):
    """What a variant's answers on the same images are beside the baseline's.

    `drop` is the absolute loss of top-1 (of similarity without labels), with its paired 95 % interval. `n_changed`
    images have another answer, of which `n_worse` were right and are wrong, and `n_better` the other way round; without
    labels the baseline's answer counts as right. They are null where an answer is no class. `p_value` is McNemar's
    exact one, two-sided. `smallest_drop` is the smallest loss that so many images show with 80 % power at this rate of
    disagreement, and `n_for_half_a_point` how many images would show half a point. Null without labels, where all
    change is for the worse.
    """

    drop: float
    low: float
    high: float
    n_images: int
    n_changed: int | None
    n_worse: int | None
    n_better: int | None
    p_value: float | None
    smallest_drop: float | None
    n_for_half_a_point: int | None


class ClassLoss(Result):
    """The largest loss of top-1 of any class against the baseline, as a share of the class's images.

    `index` is that class's, in the order of the report's classes, and `n_images` how many images it has. `low` and
    `high` are the ends of the 95 % interval of the largest loss of `n_classes` classes, corrected for their number: the
    highest lower and the highest upper end among the classes' paired intervals, each widened after Bonferroni.
    """

    index: int
    drop: float
    low: float
    high: float
    n_images: int
    n_classes: int


class Selection(Result):
    """What a variant showed on the images that choose; nothing of it is reported as its accuracy."""

    comparison: Comparison
    fidelity: Fidelity
    accuracy: Accuracy | None
    class_loss: ClassLoss | None


Certainty = Literal["surely", "probably", "cannot_tell"]


class Verdict(Result):
    """The judgement of a variant; `codes` name what exceeds the budget or is uncertain.

    `drop` is the absolute loss of top-1 (of agreement without labels) against the baseline on the same images, with
    its paired 95 % interval; null for the baseline and where nothing was compared. `certainty` says how sure it is that
    this loss is within its budget: surely where the whole interval is, probably where a bound that holds with 80 % on
    its one side is, else cannot_tell. It is null where the loss is over the budget or there is none.
    """

    within_budget: bool
    faster: Answer
    codes: tuple[str, ...]
    drop: float | None = None
    drop_low: float | None = None
    drop_high: float | None = None
    certainty: Certainty | None = None

    @property
    def reaches_chance(self) -> bool:
        """Whether the variant may be no better than guessing, and so must not count as a success."""
        return any(code in codes.REACHES_CHANCE for code in self.codes)
