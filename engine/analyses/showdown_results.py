"""What a showdown says of the rounds that were timed: so far, or at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.data import Examples
from engine.errors import FeatherweightError
from engine.measure.contention import not_measured_note
from engine.measure.latency import PairedLatency, RoundTiming, compare, own_latency
from engine.measure.pairs import pairs_of
from engine.measure.timing import not_timed_note
from engine.models.artifacts import OnnxModel
from engine.results import Environment, Fidelity, Note, Showdown, ShowdownRow, codes
from engine.runtimes import precision_of
from engine.settings import ShowdownEntry, Target
from engine.wording import many

Timings = Mapping[str, list[RoundTiming]]
"""By the position of the row in the request, as a text."""


@dataclass(frozen=True)
class TimedRow:
    """A row of the request with its model, and a target that has a number of threads."""

    entry: ShowdownEntry
    model: OnnxModel
    target: Target

    @property
    def label(self) -> str:
        return self.entry.file.label


@dataclass(frozen=True)
class Compared:
    """The inputs that outputs are compared on, and a warning where they are not those that were asked for."""

    examples: Examples
    on_images: bool = False
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True)
class ShowdownResults:
    """All of a showdown but the timings, of which `errors` grows while these are made."""

    rows: Sequence[TimedRow]
    compared: Compared
    n_rounds_asked: int
    errors: Mapping[str, FeatherweightError]
    """Of the rows that were left out, as in `Timings`."""
    closeness: Mapping[int, Fidelity | Note]
    environment: Environment

    def of(self, timings: Timings, warnings: Sequence[Note], *, complete: bool = True) -> Showdown:
        """The result with these timings, and these warnings behind those that follow from the timings."""
        targets = {str(number): row.target for number, row in enumerate(self.rows)}
        first, ids = self.rows[0].target, tuple(int(id) for id in timings)
        speeds = compare(timings, "0", first, targets)
        rows = tuple(self._row(number, timings, speeds) for number in range(len(self.rows)))
        return Showdown(
            rows=rows,
            pairs=tuple(
                pair.model_copy(update={"row": ids[pair.row], "reference": ids[pair.reference]})
                for pair in pairs_of(timings, first, targets)
            ),
            n_rounds=max(map(len, timings.values())),
            n_rounds_asked=self.n_rounds_asked,
            complete=complete,
            n_examples=len(self.compared.examples),
            on_images=self.compared.on_images,
            warnings=(
                *self.compared.warnings,
                *self._prepared_otherwise(),
                *_not_measured([rows[number] for number in ids]),
                *_without_ratio({number: rows[number] for number in ids}),
                *warnings,
            ),
            environment=self.environment,
        )

    def _row(self, number: int, timings: Timings, speeds: Mapping[str, PairedLatency]) -> ShowdownRow:
        row, id = self.rows[number], str(number)
        beside, error, close = speeds.get(id), self.errors.get(id), self.closeness.get(number)
        alone = own_latency(timings[id], row.target) if beside is not None else None
        latency, throughput = alone or (None, None)
        if beside is not None and beside.latency is not None:
            latency, throughput = beside.latency, beside.throughput
        return ShowdownRow(
            file=row.entry.file,
            target=row.target,
            size_bytes=row.model.path.stat().st_size,
            precision=precision_of(row.target),
            latency=latency,
            throughput=throughput,
            estimate=beside.estimate if beside else None,
            fidelity=close if isinstance(close, Fidelity) else None,
            note=not_timed_note(error) if error else close if isinstance(close, Note) else None,
        )

    def _prepared_otherwise(self) -> list[Note]:
        """A warning for each row whose images are prepared in another way than the first one's."""
        first = self.rows[0]
        others = [row for row in self.rows if row.model.preprocess != first.model.preprocess]
        text = (
            "'{}' wants its images prepared otherwise than '{}': the outputs of both were compared on images prepared "
            "for the latter"
        )
        return [Note(code=codes.PREPARED_OTHERWISE, text=text.format(row.label, first.label)) for row in others]


def _not_measured(timed: Sequence[ShowdownRow]) -> tuple[Note, ...]:
    """A warning where rows that were timed have no latency."""
    n_missing = sum(row.latency is None for row in timed)
    return (not_measured_note(n_missing, len(timed)),) if n_missing else ()


def _without_ratio(timed: Mapping[int, ShowdownRow]) -> tuple[Note, ...]:
    """A warning where rows have a latency, and no ratio to the first row."""
    numbers = [str(number + 1) for number, row in timed.items() if row.latency is not None and row.beside_first is None]
    if not numbers:
        return ()
    text = (
        f"{many(len(numbers), 'row')} ({', '.join(numbers)}) cannot be compared with row 1 by measurement: other "
        "programs disturbed one or the other in too many rounds. An estimate is in its place; the other pairs are "
        "measured"
    )
    return (Note(code=codes.NOT_MEASURED, text=text),)
