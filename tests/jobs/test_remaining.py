import pytest

from engine.jobs.remaining import remaining_seconds

GUESS = 100.0
HALF_AND_LATER = (0.5, 0.7, 0.9)


def test_at_the_start_it_is_the_guess():
    assert remaining_seconds(0.0, 0.0, GUESS) == GUESS
    assert remaining_seconds(0.0, 6.0, GUESS) == GUESS
    assert remaining_seconds(0.01, 1.0, GUESS) == pytest.approx(99)


@pytest.mark.parametrize("fraction", [0.05, 0.2, *HALF_AND_LATER])
def test_a_run_that_goes_as_guessed_is_told_the_truth(fraction):
    assert remaining_seconds(fraction, fraction * GUESS, GUESS) == pytest.approx((1 - fraction) * GUESS)


@pytest.mark.parametrize("times", [4.0, 0.25])
def test_a_run_that_is_slower_or_faster_by_four_is_known_by_its_pace_before_the_half(times):
    told = [remaining_seconds(fraction, fraction * times * GUESS, GUESS) for fraction in (0.1, 0.25, *HALF_AND_LATER)]
    true = [(1 - fraction) * times * GUESS for fraction in (0.1, 0.25, *HALF_AND_LATER)]
    off = [max(one / other, other / one) for one, other in zip(told, true, strict=True)]
    assert off == sorted(off, reverse=True)
    assert off[0] < 3  # the guess is off by 4
    assert off[1] < 1.5
    assert max(off[2:]) < 1.15


def test_without_a_guess_the_pace_is_all_there_is():
    assert remaining_seconds(0.25, 10.0, None) == pytest.approx(30.0)
    assert remaining_seconds(0.0, 10.0, None) is None
    assert remaining_seconds(1.0, 10.0, None) == 0


def test_at_the_end_nothing_is_left():
    assert remaining_seconds(1.0, 50.0, GUESS) == 0
    assert remaining_seconds(1.2, 50.0, GUESS) == 0
    assert remaining_seconds(-0.1, 0.0, GUESS) == GUESS


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.3, 0.95])
@pytest.mark.parametrize("guess", [GUESS, 1.0])
def test_a_job_that_stands_still_has_ever_more_before_it(fraction, guess):
    told = [remaining_seconds(fraction, seconds, guess) for seconds in (10.0, 100.0, 200.0, 1000.0)]
    assert told == sorted(told)
    assert 0 < told[1] < told[2] < told[3]
