import os
import subprocess
import sys

import pytest

from engine.store.home import Home
from engine.store.timings import Factor, PhaseTiming, RunTimings, append_timings, device_of, read_factors
from engine.system.machine import cores, cpu_name

FORMULA, THREADS = 1, 2
WRITER = """
import sys
from pathlib import Path
from engine.store.home import Home
from tests.store.test_timings import append_timings, run
for number in range(100):
    append_timings(Home(Path(sys.argv[1])), run(**{f"phase{sys.argv[2]}": 2.0, "x" * 1000: 2.0}))
"""


def run(
    formula: int = FORMULA, cpu: str | None = None, n_cores: int | None = None, threads: int = THREADS, **ratios: float
) -> RunTimings:
    """A run each of whose phases took so many times the ten seconds that were estimated."""
    phases = {phase: PhaseTiming(estimated_seconds=10, measured_seconds=10 * ratio) for phase, ratio in ratios.items()}
    return RunTimings(formula=formula, cpu=cpu or cpu_name(), cores=n_cores or cores(), threads=threads, phases=phases)


def factors(home: Home, *runs: RunTimings) -> dict[str, Factor]:
    for each in runs:
        append_timings(home, each)
    return read_factors(home, FORMULA, THREADS)


def test_a_home_without_runs_has_nothing_to_learn_from(home):
    assert read_factors(home, FORMULA, THREADS) == {}


def test_the_more_runs_the_nearer_to_what_they_took(home):
    ratios = [factors(home, run(export=4.0))["export"].ratio for _ in range(10)]
    assert ratios == sorted(ratios)
    assert ratios[0] == pytest.approx(2.0)  # half of the way, in logarithms
    assert 3.5 < ratios[-1] < 4.0
    assert read_factors(home, FORMULA, THREADS)["export"].n_runs == 10


def test_slower_and_faster_are_learnt_alike(home):
    found = factors(home, run(slow=4.0, fast=0.25))
    assert found["slow"].ratio * found["fast"].ratio == pytest.approx(1)


def test_one_run_that_was_held_up_changes_nothing(home):
    found = factors(home, *(run(export=1.0) for _ in range(4)), run(export=9.0))
    assert found["export"] == Factor(1.0, 5)


def test_only_the_newest_ten_of_a_phase_count(home):
    found = factors(home, *(run(export=4.0, prune=2.0) for _ in range(10)), *(run(export=1.0) for _ in range(10)))
    assert found["export"] == Factor(1.0, 10)
    assert found["prune"].ratio > 1.5


@pytest.mark.parametrize(("ratio", "limit"), [(1000.0, 10.0), (0.0, 0.1)])
def test_a_factor_has_limits(home, ratio, limit):
    assert factors(home, run(export=ratio))["export"].ratio == pytest.approx(limit**0.5)


@pytest.mark.parametrize(
    "other",
    [
        {"cpu": "another one"},
        {"formula": FORMULA - 1},
        {"n_cores": cores() + 1},
        {"threads": THREADS + 1},
    ],
    ids=["processor", "formula", "cores", "threads"],
)
def test_runs_that_are_not_comparable_teach_nothing(home, other):
    assert factors(home, run(**other, export=4.0)) == {}
    assert factors(home, run(export=4.0)).keys() == {"export"}


def test_a_damaged_line_is_passed_over(home):
    append_timings(home, run(export=4.0))
    with home.timings.open("ab") as file:
        file.write(b'{"formula": 1, "cp\n\xff\n\n')
    append_timings(home, run(export=4.0))
    with home.timings.open("ab") as file:
        file.write(b'{"formula": 1')
    assert read_factors(home, FORMULA, THREADS)["export"].n_runs == 2


def test_only_the_end_of_a_long_file_is_read(home):
    append_timings(home, run(old=4.0))
    found = factors(home, *(run(export=4.0) for _ in range(120)))
    assert found.keys() == {"export"}


def test_several_runs_write_whole_lines(home):
    command = [sys.executable, "-c", WRITER, str(home.path)]
    writers = [subprocess.Popen([*command, str(number)], env=os.environ | {"PYTHONPATH": "."}) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = home.timings.read_text().splitlines()
    assert len([RunTimings.model_validate_json(line) for line in lines]) == 300


def test_runs_on_a_card_and_on_the_cpu_do_not_correct_each_other(home, monkeypatch):
    cards: list[str] = []
    monkeypatch.setattr("engine.store.timings.graphics_cards", lambda: tuple(cards))
    cpu, cuda = device_of("CPU", on_cpu=True), device_of("CUDA", on_cpu=False)
    cards.append("H200")
    devices = [cpu, cuda, device_of("CPU", on_cpu=True), device_of("CUDA", on_cpu=False)]
    assert devices == ["", "CUDA", "H200", "CUDA, H200"]
    append_timings(home, run(export=2.0).model_copy(update={"device": "CUDA, H200"}))
    assert [len(read_factors(home, FORMULA, THREADS, one)) for one in devices] == [0, 0, 0, 1]
