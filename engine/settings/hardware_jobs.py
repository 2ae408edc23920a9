"""The requests of analyses of speed on this machine: a sweep of one file, a showdown of several."""

from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.settings.base import Settings, setting
from engine.settings.data import DataSource, Preprocess, Split
from engine.settings.model import FileModel
from engine.settings.target import Target
from engine.wording import many

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
MOST_CELLS = 128
MOST_ROWS = 24
MOST_ROUNDS = 1000
"""Of a showdown, and so the most that it says would tell: nobody waits for more, and the machine would have changed
meanwhile."""
MOST_MINUTES = 30
"""Of a showdown, which holds the measure lock meanwhile: others wait for it for 40 minutes at most."""
MOST_SWEEP_MINUTES = 120
"""Of a sweep, between whose turns others may measure."""


def one_runtime(target: Target) -> Target:
    """The target itself. Raises ValueError where it stands for several runtimes."""
    if target.runtime == "any":
        raise ValueError("a file is timed in one runtime here; set runtime to onnxruntime or openvino")
    return target


class VariantFile(Settings):
    """The ONNX file of a variant of a run, or any other one.

    Resolving fills in what the run's report says of a variant; `model` then names the file in either case.
    """

    run: str | None = setting(None, help="A run's id, or on the command line its folder.", min_length=1)
    variant: str | None = setting(None, help="The id of one of its variants.", pattern=r"^[0-9a-f]{12}$")
    model: FileModel | None = None
    label: str = setting("", help="What the results call it.", max_length=200)
    preprocess: Preprocess | None = None
    example_ms: float | None = setting(
        None,
        help="A known latency of one example, of a CPU that of all its cores; for estimates alone.",
        unit="ms",
        gt=0,
    )
    example_on_cpu: bool = setting(True, help="Whether 'example_ms' is of a CPU; for estimates alone.")

    @model_validator(mode="after")
    def _names_a_file(self) -> Self:
        if self.model is None and (self.run is None or self.variant is None):
            raise ValueError("a file is named by 'run' and 'variant', or by 'model'")
        return self


class SweepRequest(Settings):
    """The request to time one file at every combination of batch size, threads and streams; the result is a Sweep."""

    kind: Literal["sweep"] = "sweep"
    file: VariantFile
    target: Target = Target()
    """Runtime and options; its threads and batch size are those of the cells."""
    batch_sizes: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = setting(
        BATCH_SIZES, label="Images a call", help="The batch sizes.", min_length=1, max_length=16
    )
    threads: tuple[Annotated[int, Field(ge=1, le=1024)], ...] | None = setting(
        None,
        label="Threads",
        help="The numbers of threads; 1, 2, 4 and so on up to the cores that this process may use if empty, from the "
        "number of streams on.",
        min_length=1,
        max_length=16,
    )
    streams: tuple[Annotated[int, Field(ge=1, le=1024)], ...] | None = setting(
        None,
        label="Streams",
        help="The numbers of OpenVINO's streams, with one call in flight on each; those of the target if empty. "
        "Combinations with fewer threads than streams are left out.",
        min_length=1,
        max_length=16,
    )
    max_latency_ms: float | None = setting(
        None,
        label="Latency, at most",
        help="Batches whose calls must take longer are left out; the best throughput within it is the sweet spot.",
        unit="ms",
        gt=0,
    )
    rounds: int = setting(6, help="How often each cell is timed.", ge=3, le=50)
    minutes: float = setting(
        15.0,
        help="No cell is begun after this; the time in which other jobs measure does not count.",
        unit="min",
        gt=0,
        le=MOST_SWEEP_MINUTES,
    )

    _is_of_one_runtime = field_validator("target")(one_runtime)

    @model_validator(mode="after")
    def _is_small_enough(self) -> Self:
        """Counts the cells where the threads are named; else their number follows from the machine's cores."""
        n_cells = len(self.targets(n_cores=1)) if self.threads is not None else 0
        if n_cells > MOST_CELLS:
            raise ValueError(f"{n_cells} combinations are asked for, at most {MOST_CELLS} are allowed; ask for fewer")
        return self

    @model_validator(mode="after")
    def _streams_are_openvinos(self) -> Self:
        if self.streams is not None and self.target.runtime != "openvino":
            listing = ", ".join(map(str, self.streams))
            raise ValueError(
                f"'streams' is {listing}, which {self.target.runtime} does not take; leave it out, or set "
                "target.runtime to openvino"
            )
        return self

    def axes(self, n_cores: int) -> dict[str, tuple[int, ...]]:
        """What varies, a field of the target each, with its values from the smallest on.

        In a matrix the last one has a column a value, and every combination of the others a row. `n_cores` are those
        that this process may use; they matter where no threads are named.
        """
        axes = {
            "threads": self.threads or self._thread_counts(n_cores),
            **({"streams": self.streams} if self.streams is not None else {}),
            "batch_size": self.batch_sizes,
        }
        return {name: tuple(sorted(set(values))) for name, values in axes.items()}

    def _thread_counts(self, n_cores: int) -> tuple[int, ...]:
        """Those of `thread_counts` with a thread for every stream of a CPU; all cores where none has."""
        least = self.target.streams or 1 if self.target.on_cpu and self.streams is None else 1
        return tuple(count for count in thread_counts(n_cores) if count >= least) or (n_cores,)

    def targets(self, n_cores: int) -> tuple[Target, ...]:
        """The targets of the cells, row by row, in each the smallest batch first.

        Where streams vary, those without a thread for each of a CPU's streams are left out.
        """
        axes = self.axes(n_cores)
        targets = (
            self.target.model_copy(update=dict(zip(axes, values, strict=True))) for values in product(*axes.values())
        )
        return tuple(one for one in targets if self.streams is None or not one.on_cpu or _has_threads(one))


def _has_threads(target: Target) -> bool:
    """Whether there is a thread for every stream."""
    return (target.streams or 1) <= (target.threads or 1)


class ShowdownEntry(Settings):
    """A row of a showdown: a file at a target."""

    file: VariantFile
    target: Target = Target()

    _is_of_one_runtime = field_validator("target")(one_runtime)


class ShowdownRequest(Settings):
    """The request to time files at targets in the same interleaved rounds; the result is a Showdown.

    The first row is what the others are compared with. How close outputs are is seen on the evaluation images of `data`
    (`split` and `seed` as in a recipe), which resolving takes from the first row's run where none is named, and on
    random inputs where there is none.
    """

    kind: Literal["showdown"] = "showdown"
    rows: tuple[ShowdownEntry, ...] = setting(
        help="Files and targets; the first one is the reference.", min_length=2, max_length=MOST_ROWS
    )
    rounds: int = setting(12, help="How often each row is timed.", ge=3, le=MOST_ROUNDS)
    minutes: float = setting(
        15.0, help="No round but the first three is begun after this.", unit="min", gt=0, le=MOST_MINUTES
    )
    data: DataSource | None = None
    split: Split = Split()
    seed: int = 0

    @model_validator(mode="after")
    def _is_comparable(self) -> Self:
        batch_size = self.rows[0].target.batch_size
        for number, row in enumerate(self.rows[1:], start=2):
            if row.target.batch_size != batch_size:
                raise ValueError(
                    f"row {number} has {many(row.target.batch_size, 'image')} a call and row 1 has {batch_size}, and "
                    "their latencies are not comparable; give all rows one batch size, or sweep one file over several"
                )
            if row in self.rows[: number - 1]:
                raise ValueError(f"row {number} is the same as an earlier one; leave it out")
        return self


def thread_counts(n_cores: int) -> tuple[int, ...]:
    """The powers of two up to so many cores, and all of them: 1, 2, 4, 6 of six."""
    powers = tuple(2**exponent for exponent in range(n_cores.bit_length()) if 2**exponent < n_cores)
    return (*powers, n_cores)
