"""The statistics of speed on recorded rounds of a file, its copy, and a copy that takes 10 % longer.

agreement.npz is from `python -m bench.agreement --record`: 180 pairs on a quiet machine and 200 with one other busy
program, (pairs, 12 rounds, 3) medians in milliseconds; docs/log.md, 2026-11-26, says of which machine.
"""

from pathlib import Path

import numpy as np
import pytest

from engine.measure.statistics import trimmed_mean

RECORDED = np.load(Path(__file__).with_name("agreement.npz"))
FILE, COPY, SLOWER = range(3)


def intervals(conditions, other, n_rounds=12):
    """The intervals of the logarithm of the ratio, of every so many rounds that follow each other."""
    logs = np.log(np.concatenate([RECORDED[name].astype(float) for name in conditions]))
    return [trimmed_mean(one) for one in (logs[:, :, other] - logs[:, :, FILE]).reshape(-1, n_rounds)]


@pytest.mark.parametrize("condition", ["quiet", "busy"])
def test_a_file_is_seldom_told_from_its_copy_and_mostly_from_one_that_takes_ten_percent_longer(condition):
    copies, slower = intervals([condition], COPY), intervals([condition], SLOWER)
    assert np.mean([one.low > 0 or one.high < 0 for one in copies]) <= 12 / 200
    assert np.mean([one.high < 0 for one in copies]) <= 0.03
    assert np.mean([one.low > 0 for one in slower]) >= 0.8


@pytest.mark.parametrize("n_rounds", [3, 6, 12])
def test_the_interval_holds_the_truth_as_often_as_it_says(n_rounds):
    """Of 380 to 1,520 samples; a little more than 95 %, since the rounds of real files have light tails."""
    held = [one.low <= 0 <= one.high for one in intervals(RECORDED.files, COPY, n_rounds)]
    assert 0.93 <= np.mean(held) <= 0.975
