"""What a choice among candidates does to what is reported of the one that was chosen: a simulation.

`python -m bench.selection` prints the table of docs/statistics.md. Everything is decided by the product's functions:
which images choose (`choose_selection`), what a candidate loses on them (`compare`), whether that rules it out
(`over_budget`) or puts it behind the others (`flips_too_many`), which is the best then (`best_of_steady`), and how sure
its loss is (`certainty`). Each line is followed by one without `flips_too_many`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.data.selection import choose_selection
from engine.measure.quality import compare
from engine.measure.ranking import RankingFigures, best_of_steady
from engine.measure.verdict import certainty, flips_too_many, over_budget
from engine.results import Comparison, Latency
from engine.settings import Budget, Split
from engine.tasks import Answers

BUDGET = Budget(max_accuracy_drop=0.01)
N_CANDIDATES = 8
SPREAD = 0.007
"""The standard deviation of the candidates' true drops around the budget: most of them are near the line."""
WON = (0.002, 0.02)
"""The share of the images that a candidate has right and the baseline has wrong, uniform."""
SHARED = 0.5
"""The correlation of the candidates' errors on one image: what is hard for one is hard for the others."""
BASELINE_TOP1 = 0.9


@dataclass(frozen=True)
class Outcome:
    """One choice: the true drop of the chosen candidate, what reports it, and both for a choice on that very set.

    `ratio` is the latency of the chosen one by the baseline's.
    """

    true_drop: float
    reported: Comparison
    ratio: float
    self_chosen_true_drop: float
    self_chosen: Comparison


def simulate(n: int, n_trials: int, seed: int, *, steady_first: bool = True) -> Iterator[Outcome]:
    """Choices among candidates where `n` images report; trials in which no candidate keeps the budget are left out.

    Without `steady_first` one that flips too many answers is as good as the others.
    """
    rng = np.random.default_rng(seed)
    n_selection = selection_size(n)
    for _ in range(n_trials):
        won = rng.uniform(*WON, N_CANDIDATES)
        lost = np.maximum(won + rng.normal(BUDGET.max_accuracy_drop or 0.0, SPREAD, N_CANDIDATES), 0.0005)
        baseline, candidates = _answers(rng, lost, won, n + n_selection)
        ratios = 0.5 - 4 * (lost - won) + rng.normal(0, 0.04, N_CANDIDATES)  # what loses more tends to be faster
        choosing, reporting = slice(0, n_selection), slice(n_selection, None)
        seen, reported = ([_compare(one[part], baseline[part]) for one in candidates] for part in (choosing, reporting))
        chosen, self_chosen = (_choose(losses, ratios, steady_first=steady_first) for losses in (seen, reported))
        if chosen is not None and self_chosen is not None:
            yield Outcome(
                float(lost[chosen] - won[chosen]),
                reported[chosen],
                float(ratios[chosen]),
                float(lost[self_chosen] - won[self_chosen]),
                reported[self_chosen],
            )


def selection_size(n: int) -> int:
    """How many images choose where `n` report, by the product's rule and its usual split."""
    split = Split()
    for n_evaluation in range(n, 2 * n):
        n_calibration = round(n_evaluation * split.calibration / split.evaluation)
        rows = {
            "train": np.arange(0),
            "calibration": np.arange(n_calibration),
            "evaluation": np.arange(n_calibration, n_calibration + n_evaluation),
            "holdout": np.arange(0),
        }
        selection, remaining = choose_selection(rows, tuple(map(str, range(n_calibration + n_evaluation))))
        if len(remaining["evaluation"]) >= n:
            return len(selection)
    raise ValueError(f"no split leaves {n} images to report")


def _answers(rng: np.random.Generator, lost: np.ndarray, won: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether the baseline (n,) and the candidates (N_CANDIDATES, n) are right, with errors that they share."""
    baseline = rng.random(n) < BASELINE_TOP1
    common = np.sqrt(SHARED) * rng.standard_normal(n)
    latent = common + np.sqrt(1 - SHARED) * rng.standard_normal((len(lost), n))
    quantile = np.vectorize(NormalDist().inv_cdf)
    goes_wrong = latent < quantile(lost / BASELINE_TOP1)[:, None]
    goes_right = latent < quantile(won / (1 - BASELINE_TOP1))[:, None]
    return baseline, np.where(baseline, ~goes_wrong, goes_right)


def _compare(right: np.ndarray, baseline_right: np.ndarray) -> Comparison:
    """The comparison of two models of two classes, of which the first is always the right one."""
    answers, base = (
        Answers({"logits": np.stack([some, ~some], axis=1).astype(np.float32)}) for some in (right, baseline_right)
    )
    return compare("classification", answers, base, np.zeros(len(right), np.int64))


def _choose(losses: list[Comparison], ratios: np.ndarray, *, steady_first: bool) -> int | None:
    """The index of the best candidate by the goal latency of those that these losses do not rule out."""
    valid = [index for index, loss in enumerate(losses) if not over_budget(loss, None, BUDGET)]
    if not valid:
        return None
    return best_of_steady(
        valid,
        "latency",
        lambda index: _figures(float(ratios[index])),
        lambda index: not (steady_first and flips_too_many(losses[index], BUDGET)),
    )


def _figures(ratio: float) -> RankingFigures:
    figures = {"ratio_to_baseline": ratio, "ratio_low": 0.98 * ratio, "ratio_high": 1.02 * ratio}
    latency = Latency.model_construct(None, **figures)
    return RankingFigures(latency, 0, 0.0, False)


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Bias in points and coverage of the 95 % interval, chosen apart and chosen on the images that report.

    `confirmed` is the share of the choices that the images that report confirm, `confirmed_bias` the bias of what these
    report; `within` the share whose true drop is within the budget, `ratio` the mean latency by the baseline's;
    `called_surely` and so on are the shares of the choices that are called so, and `surely` and so on the shares of
    these whose true drop is within the budget.
    """
    errors = [one.reported.drop - one.true_drop for one in outcomes]
    self_errors = [one.self_chosen.drop - one.self_chosen_true_drop for one in outcomes]
    limit = BUDGET.max_accuracy_drop or 0.0
    confirmed = [one for one in outcomes if not over_budget(one.reported, None, BUDGET)]
    by_certainty = {
        name: [one.true_drop <= limit for one in outcomes if certainty(one.reported, BUDGET) == name]
        for name in ("surely", "probably", "cannot_tell")
    }
    return {
        "bias": 100 * float(np.mean(errors)),
        "coverage": float(np.mean([one.reported.low <= one.true_drop <= one.reported.high for one in outcomes])),
        "self_bias": 100 * float(np.mean(self_errors)),
        "self_coverage": float(
            np.mean([one.self_chosen.low <= one.self_chosen_true_drop <= one.self_chosen.high for one in outcomes])
        ),
        **{f"called_{name}": len(right) / len(outcomes) for name, right in by_certainty.items()},
        "within": float(np.mean([one.true_drop <= limit for one in outcomes])),
        "ratio": float(np.mean([one.ratio for one in outcomes])),
        "confirmed": len(confirmed) / len(outcomes),
        "confirmed_bias": 100 * float(np.mean([one.reported.drop - one.true_drop for one in confirmed])),
        **{name: float(np.mean(right)) if right else float("nan") for name, right in by_certainty.items()},
    }


def main() -> None:
    for n, n_trials in ((150, 20_000), (539, 20_000), (5000, 4_000)):
        for steady_first in (True, False):
            outcomes = list(simulate(n, n_trials, seed=0, steady_first=steady_first))
            figures = ", ".join(f"{name} {value:.3f}" for name, value in summary(outcomes).items())
            rule = "steady first" if steady_first else "flips ignored"
            print(
                f"{n} images report, {selection_size(n)} choose, {rule}, {len(outcomes)} choices: {figures}", flush=True
            )


if __name__ == "__main__":
    main()
