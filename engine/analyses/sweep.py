"""One file at every combination of batch size, threads and streams: round after round, small batches first."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.analyses.variant_files import read_file
from engine.data import Examples, full_batch
from engine.errors import FeatherweightError, LimitError, RunError, TargetError, memory_error
from engine.measure.cell_timing import least_ms, n_in_flight, round_figures, time_round
from engine.measure.contention import watched
from engine.measure.latency import RoundTiming
from engine.measure.noise import noise_data
from engine.models.artifacts import OnnxModel
from engine.results import Note, Sweep, SweepCell, codes
from engine.runtimes import resolve_target
from engine.settings import SweepRequest, Target
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import cores, environment
from engine.tasks import Inputs
from engine.wording import many, time_was_up

BUSY_SHARE = 0.25
"""Of all rounds of all cells: where other programs used the cores in more of them, a warning says so."""


def sweep(request: SweepRequest, folder: JobFolder, progress: Progress) -> Sweep:
    """The speed of the file in every cell; the folder has what there is of it after every turn.

    A cell is skipped, with the reason, once it cannot matter: a smaller batch takes longer than the latency that is
    allowed, or ran out of memory; and it has no more rounds than its interval needs where it takes longer itself. The
    minutes do not count while others measure. Raises TargetError for batch sizes that a file of a fixed one does not
    take, and RunError where no cell runs.
    """
    deadline = time.monotonic() + 60 * request.minutes
    progress.emit("sweep", "load", 0.0, "reading the file")
    model = read_file(request.file, folder.work)
    check_batches(model, request)
    targets = tuple(resolve_target(target) for target in request.targets(cores()))
    timer = CellTimer(model, targets, noise_data(model).split("evaluation"), request.max_latency_ms)
    empty = Sweep(
        file=request.file,
        axes=request.axes(cores()),
        cells=(),
        max_latency_ms=request.max_latency_ms,
        n_rounds=request.rounds,
        environment=environment(),
    )
    lock, on_wait = Home.default().measure_lock, wait_event(folder, progress, "sweep")
    order = turn_order(request.rounds, len(targets))
    for number, position in enumerate(order):
        if timer.is_over(position):
            continue
        if time.monotonic() >= deadline:
            timer.end(request.minutes)
            break
        progress.emit("sweep", "latency", number / len(order), _activity(targets[position], number, len(targets)))
        folder.write("result.json", empty.model_copy(update={"cells": timer.cells, "measuring": position}))
        asked = time.monotonic()
        with hold_measure_lock(lock, "sweep", on_wait):
            deadline += time.monotonic() - asked
            timer.time(position)
    return empty.model_copy(update={"cells": timer.measured_cells(), "complete": True, "warnings": timer.warnings})


def check_batches(model: OnnxModel, request: SweepRequest) -> None:
    """Raises TargetError where the file's batch size is fixed, and others are asked for."""
    others = [str(size) for size in sorted(set(request.batch_sizes)) if size != model.batch]
    if model.batch is None or not others:
        return
    raise TargetError(
        f"the batch size of '{request.file.label}' is fixed to {model.batch}, and {', '.join(others)} images a call "
        "are asked for",
        f"Sweep with batch size {model.batch} alone, or export the model with a dynamic batch",
    )


def turn_order(n_rounds: int, n_cells: int) -> tuple[int, ...]:
    """The positions of the cells in the order of their turns: every other round backwards, so that no cell always
    follows the same one."""
    forwards = tuple(range(n_cells))
    return tuple(position for n in range(n_rounds) for position in (forwards if n % 2 == 0 else forwards[::-1]))


def _activity(target: Target, number: int, n_cells: int) -> str:
    streams = f" in {many(target.streams, 'stream')}" if target.streams else ""
    size = f"{many(target.batch_size, 'image')} a call with {many(target.threads or 1, 'thread')}{streams}"
    return f"{size}, round {number // n_cells + 1}"


@dataclass
class CellTimer:
    """Times the cells of a sweep, and says which of them need no further turn."""

    model: OnnxModel
    targets: Sequence[Target]
    """Those of the cells; each has a number of threads."""
    examples: Examples
    limit_ms: float | None
    _timings: dict[int, list[RoundTiming]] = field(default_factory=dict)
    _notes: dict[int, Note] = field(default_factory=dict)
    _errors: dict[int, FeatherweightError] = field(default_factory=dict)
    _inputs: dict[int, Inputs] = field(default_factory=dict)
    _n_busy: int = 0
    warnings: tuple[Note, ...] = ()

    def is_over(self, position: int) -> bool:
        """Whether the cell has failed, is skipped or needs no further turn; looked at before every turn of it."""
        if position not in self._notes:
            timings, target = self._timings.get(position), self.targets[position]
            note = self._reason_to_end(timings) if timings is not None else self._reason_to_skip(target)
            self._notes |= {position: note} if note is not None else {}
        return position in self._notes

    def time(self, position: int) -> None:
        """Gives the cell one more turn; what does not run or has no memory is noted, and costs no other cell."""
        target = self.targets[position]
        try:
            with watched(target.threads or 1) as busy:
                timing = time_round(self.model, target, self._batch(target.batch_size))
        except LimitError as error:
            if error.code != memory_error().code:
                raise
            self._fail(position, error, f"there was not enough memory for {many(target.batch_size, 'image')} a call")
        except (RunError, TargetError) as error:
            self._fail(position, error, error.message)
        except MemoryError:
            self._fail(position, memory_error(), f"{many(target.batch_size, 'image')} do not fit into the memory")
        else:
            self._timings.setdefault(position, []).append(timing)
            self._n_busy += len(busy)

    def end(self, minutes: float) -> None:
        """Notes that the time is up on the cells that had no turn."""
        waiting = [position for position in range(len(self.targets)) if position not in self._timings]
        note = Note(code=codes.OUT_OF_TIME, text="the time was up")
        self._notes |= {position: note for position in waiting if position not in self._notes}
        text = f"{time_was_up(minutes)} before every cell had all of its rounds"
        self.warnings = (Note(code=codes.OUT_OF_TIME, text=text),)

    @property
    def cells(self) -> tuple[SweepCell, ...]:
        """Every cell as far as it was measured."""
        return tuple(self._cell(position) for position in range(len(self.targets)))

    def measured_cells(self) -> tuple[SweepCell, ...]:
        """The cells at the end. Raises RunError where none of them ran."""
        if not self._timings and self._errors:
            raise next(iter(self._errors.values()))
        n_turns = sum(map(len, self._timings.values()))
        if self._n_busy > BUSY_SHARE * n_turns:
            text = (
                f"Other programs used the cores in {self._n_busy} of {many(n_turns, 'turn')}: cells may be off by more "
                "than their intervals; sweep again on a quiet machine"
            )
            self.warnings += (Note(code=codes.MACHINE_BUSY, text=text),)
        return self.cells

    def _cell(self, position: int) -> SweepCell:
        target, note, timings = self.targets[position], self._notes.get(position), self._timings.get(position, [])
        figures = round_figures(timings)
        if figures is not None:
            in_flight = n_in_flight(target)
            return SweepCell(target=target, state="measured", note=note, in_flight=in_flight, **figures._asdict())
        if timings:
            disturbed = Note(code=codes.NOT_MEASURED, text="other programs disturbed too many of its calls")
            return SweepCell(target=target, state="failed", note=disturbed)
        if note is None:
            return SweepCell(target=target)
        return SweepCell(target=target, state="failed" if position in self._errors else "skipped", note=note)

    def _batch(self, size: int) -> Inputs:
        if size not in self._inputs:
            self._inputs[size] = full_batch(self.examples, size)
        return self._inputs[size]

    def _fail(self, position: int, error: FeatherweightError, text: str) -> None:
        self._errors[position] = error
        self._notes[position] = Note(code=error.code, text=text)

    def _reason_to_end(self, timings: Sequence[RoundTiming]) -> Note | None:
        """Why further rounds of a cell with an interval cannot matter: all of its calls take longer than is allowed."""
        fastest = min(map(least_ms, timings))
        if self.limit_ms is None or fastest <= self.limit_ms:
            return None
        figures = round_figures(timings)
        if figures is None or figures.low_ms is None:
            return None
        text = f"even its shortest call took {fastest:.3g} ms, over the {self.limit_ms:g} ms that are allowed"
        return Note(code=codes.CALL_TOO_SLOW, text=text)

    def _reason_to_skip(self, target: Target) -> Note | None:
        """Why a cell that had no turn yet cannot matter, by the cells of smaller batches.

        Every stream has buffers of its own: what had not enough memory says nothing of fewer streams.
        """
        size = target.batch_size
        for position, error in self._errors.items():
            failed = self.targets[position]
            needs_no_more = failed.batch_size <= size and n_in_flight(failed) <= n_in_flight(target)
            if error.code == memory_error().code and needs_no_more:
                text = f"{many(failed.batch_size, 'image')} a call had not enough memory already"
                return Note(code=error.code, text=text)
        for position, timings in self._timings.items():
            smaller = self.targets[position]
            is_smaller = smaller.model_copy(update={"batch_size": size}) == target and smaller.batch_size < size
            if is_smaller and self.limit_ms is not None and (fastest := least_ms(timings[0])) > self.limit_ms:
                text = (
                    f"even the shortest call of {many(smaller.batch_size, 'image')} took {fastest:.3g} ms, "
                    f"over the {self.limit_ms:g} ms that are allowed"
                )
                return Note(code=codes.SMALLER_BATCH_TOO_SLOW, text=text)
        return None
