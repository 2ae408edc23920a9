"""The result of a showdown: files at targets, timed in the same interleaved rounds."""

from typing import Literal

from engine.results.base import Environment, Note, Result
from engine.results.measurements import CallLatency, Fidelity, Latency, LatencyEstimate, Speedup, Throughput
from engine.settings import Target, VariantFile
from engine.wording import many, threads_text

PairVerdict = Literal["faster", "slower", "cannot_tell"]


class ShowdownRow(Result):
    """A file at a target.

    The ratio of its `latency` is to the first row. It has none where too few rounds count for both, since other
    programs disturbed them, and the latency is null where too few of its own do. `estimate` is then there in the
    ratio's place, and `note` where the row does not run. `fidelity` is how close its outputs are to those of the first
    row on the same inputs; null for that row. `precision` is the number type that 32-bit floats are computed in.
    """

    file: VariantFile
    target: Target
    size_bytes: int
    precision: str
    latency: Latency | CallLatency | None = None
    throughput: Throughput | None = None
    estimate: LatencyEstimate | None = None
    fidelity: Fidelity | None = None
    note: Note | None = None

    @property
    def beside_first(self) -> Latency | None:
        """The latency where it has a ratio to the first row."""
        return self.latency if isinstance(self.latency, Latency) else None


class ShowdownPair(Result):
    """One row beside another, both by their positions, from the rounds that count for both.

    `ratio` is that of the latencies, `row` over `reference`, with its 95 % interval. The verdict is on `row`: faster
    where the whole interval is below 1, slower where it is above. `rounds_to_tell` is about how many rounds would
    tell, where these cannot; null where hardly any number would.
    """

    row: int
    reference: int
    ratio: float
    low: float
    high: float
    n_rounds: int
    verdict: PairVerdict
    rounds_to_tell: int | None = None

    @property
    def rounds_text(self) -> str:
        """Of a pair that cannot be told: 9 rounds count, about 10 would tell. Disturbed ones do not count."""
        if self.rounds_to_tell is None:
            return "as fast as each other as far as rounds can tell"
        return f"{many(self.n_rounds, 'round')} count, about {self.rounds_to_tell:,} would tell"

    @property
    def speedup(self) -> Speedup:
        """How many times as fast `row` is as `reference`."""
        return Speedup(1 / self.ratio, 1 / self.high, 1 / self.low)


class Showdown(Result):
    """The rows in the order of the request, and every pair of which enough rounds count for both.

    `n_examples` random inputs, or images where `on_images`, were the same for all rows' fidelity. `n_rounds` were
    timed of the `n_rounds_asked`, and more where other programs disturbed some. It is not `complete` where it was
    stopped, or broke off, before they were done.
    """

    rows: tuple[ShowdownRow, ...]
    pairs: tuple[ShowdownPair, ...]
    n_rounds: int
    n_examples: int
    on_images: bool
    warnings: tuple[Note, ...] = ()
    environment: Environment
    n_rounds_asked: int | None = None
    complete: bool = True

    @property
    def reference(self) -> int:
        """The first row that others have a ratio to: 0, unless other programs disturbed that row's calls."""
        return min((pair.reference for pair in self.pairs), default=0)

    @property
    def rounds_text(self) -> str:
        """How many rounds were timed, of how many where it ended before: 5 of 12 rounds."""
        asked = self.n_rounds_asked
        if self.complete or asked is None or self.n_rounds >= asked:
            return many(self.n_rounds, "round")
        return f"{self.n_rounds:,} of {many(asked, 'round')}"

    @property
    def threads_differ(self) -> bool:
        """Whether the rows differ in their threads, which are then part of what a row is called."""
        return len({row.target.threads for row in self.rows}) > 1

    def where(self, number: int) -> str:
        """Where a row runs: OpenVINO in bf16; OpenVINO in bf16, 2 threads where the rows' threads differ."""
        row = self.rows[number]
        return target_title(row.target, row.precision, with_threads=self.threads_differ)

    def title(self, number: int) -> str:
        """The file of a row and where it runs: Static INT8 · OpenVINO in bf16."""
        return f"{self.rows[number].file.label} · {self.where(number)}"

    def pair(self, row: int, reference: int) -> ShowdownPair | None:
        return next((one for one in self.pairs if (one.row, one.reference) == (row, reference)), None)


RUNTIME_NAMES = {"onnxruntime": "onnxruntime", "openvino": "OpenVINO"}


def target_title(target: Target, precision: str = "", *, with_threads: bool = False) -> str:
    """Runtime, for OpenVINO the number type that floats are computed in, and what else is not as on a plain CPU.

    OpenVINO in bf16; onnxruntime, its provider for a card, with or without TF32. The batch size is left out, and
    so are threads unless they are asked for.
    """
    name = RUNTIME_NAMES.get(target.runtime, target.runtime)
    precision = precision or ("" if target.precision == "auto" else target.precision)
    runtime = f"{name} in {precision}" if precision and target.runtime != "onnxruntime" else name
    provider = () if target.on_cpu else (target.provider,)
    threads = (threads_text(target.threads),) if with_threads else ()
    return ", ".join((runtime, *provider, *option_titles(target), *threads))


def option_titles(target: Target) -> tuple[str, ...]:
    """The options that are not as on a plain CPU, a phrase each; the number type of floats has a name of its own."""
    by_itself = ("with TF32",) if target.on_cuda and target.tf32 else ()
    return (*by_itself, *target.model_copy(update={"precision": "auto"}).option_texts)


def copies_text(showdown: Showdown) -> str:
    """A sentence on the rows on a card or another device whose calls copy their arrays there; empty where none does."""
    timed = [
        str(number)
        for number, row in enumerate(showdown.rows, start=1)
        if row.latency is not None and row.latency.buffers == "numpy" and not row.target.on_cpu
    ]
    if not timed:
        return ""
    rows = f"{'Rows' if len(timed) > 1 else 'Row'} {', '.join(timed)}"
    return f"{rows}: a call takes arrays in memory, and copying them to the device and back is part of its time."
