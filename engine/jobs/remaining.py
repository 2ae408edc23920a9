"""The remaining time of a running job, from its estimate at first and from its pace later."""

TRUSTED = 0.1
"""The fraction from which on a job's own pace counts for more than the guess."""


def remaining_seconds(fraction: float, elapsed: float, guess: float | None) -> float | None:
    """Estimated seconds that are left, at least 0. None where there is neither a guess nor any progress.

    `fraction` (0 to 1) of the job was done in `elapsed` seconds; `guess` are the estimated seconds of the whole job.
    The result is `1 - fraction` times a weighted mean of two totals: the guess (or `elapsed`, where that is more) and
    `elapsed / fraction`, whose weight grows with `fraction`. So the result grows for a job without progress.
    """
    done = min(1.0, max(0.0, fraction))
    if guess is None:
        return (1 - done) * elapsed / done if done else None
    weight = done**2 / (done**2 + TRUSTED**2)
    pace = elapsed / done if done else 0.0
    return (1 - done) * ((1 - weight) * max(guess, elapsed) + weight * pace)
