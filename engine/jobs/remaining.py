"""How long a running job will still take: from what was done, and from the first guess as long as little was."""

TRUSTED = 0.1
"""The fraction from which on a job's own pace counts for more than the guess."""


def remaining_seconds(fraction: float, elapsed: float, guess: float | None) -> float | None:
    """Seconds that are left, at least 0; an estimate. None where there is neither a guess nor anything done.

    `fraction` (0 to 1) of the job was done in `elapsed` seconds, and `guess` is how many the whole was thought to take.
    What is left is a share of the whole, and the whole is the guess (or what has passed already, where that is more) as
    long as nothing is done, and `elapsed / fraction` as soon as enough is; between the two by weight. So a job that
    stands still has ever more before it.
    """
    done = min(1.0, max(0.0, fraction))
    if guess is None:
        return (1 - done) * elapsed / done if done else None
    weight = done**2 / (done**2 + TRUSTED**2)
    pace = elapsed / done if done else 0.0
    return (1 - done) * ((1 - weight) * max(guess, elapsed) + weight * pace)
