# SPDX-License-Identifier: Apache-2.0
"""Which calibrator pays, by the number of positives: the evidence behind "auto".

    python benchmarks/calibration.py            # the full size, some minutes
    python benchmarks/calibration.py --quick

First, populations: scores z are normal, and the true log-odds are a known function
of z, one for each way in which a model can be wrong. Calibrators are fitted on a
sample and judged on the whole population; printed is the regret in log loss
against the truth (mean over the ways / worst of them).

Second, learners: calibrators are fitted on out-of-fold scores, as in a trial, and
judged on 20,000 other rows; printed is the regret against the best calibrator.

All in thousandths of a nat per positive.

Third, odd scores: constant, infinite, inverted, of folds on different scales and so
on. Calibrators are cross-fitted; printed is the largest loss against the base rates of
the other folds, in nats over all rows. A calibrator that is right loses a few by
chance.

Fourth, the average of noisy models: scores of one model out of fold are calibrated as
they are, and with the distribution of the average's. Printed is the slope of new
labels on the calibrated log-odds of the average; 1 is right.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE
from scipy.optimize import brentq
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from equipoise._core.seeds import generator
from equipoise.decision import calibration_test, fit_calibrator, objective
from equipoise.decision.calibrator import METHODS
from equipoise.ensembles.average_scale import average_scores, score_pairs
from equipoise.ensembles.blend import mean_log_odds
from equipoise.evaluation.out_of_fold import cross_fit
from equipoise.priors import log_odds, probability

SPREAD = 1.8
PREVALENCE = 0.05
NODES, MASS = np.polynomial.hermite_e.hermegauss(201)
MASS = MASS / MASS.sum()
POSITIVES = (5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)
Link = Callable[[np.ndarray], np.ndarray]
Fitted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class World:
    """How true log-odds follow from (z - mean), before a shift to the prevalence."""

    name: str
    link: Link
    exact: bool
    offset: float = 0.0


WORLDS = (
    World("honest", lambda u: u, True),
    World("too extreme, slope .8", lambda u: 0.8 * u, True),
    World("too extreme, slope .6", lambda u: 0.6 * u, True),
    World("too timid, slope 1.3", lambda u: 1.3 * u, True),
    World("shifted by .3", lambda u: u, True, 0.3),
    World("levelling off", lambda u: 3 * np.tanh(u / 3), True),
    World("other scale and shift", lambda u: 0.4 * u, False, 3.0),
    World("S-shaped", lambda u: 2.5 * np.tanh(u), False, 3.0),
    World("hockey stick", lambda u: np.logaddexp(0, 2 * u) - 1, False, 3.0),
    World("two plateaus", lambda u: 2.0 * np.tanh(4 * u - 2), False, 3.0),
)


@dataclass(frozen=True)
class Population:
    """Scores at quadrature nodes with their true log-odds.

    Attributes:
        world: How they are linked.
        mean: Of the true log-odds, set so that the prevalence is met.
        base: The mean of the scores.
    """

    world: World
    mean: float
    base: float

    @classmethod
    def at(cls, world: World, prevalence: float) -> Population:
        """Return the population with a prevalence."""

        def excess(mean: float) -> float:
            truth = mean + world.link(SPREAD * NODES)
            return float(MASS @ probability(truth)) - prevalence

        mean = brentq(excess, -30, 30)
        return cls(world, mean, mean + world.offset)

    def truth(self, z: np.ndarray) -> np.ndarray:
        """Return the true log-odds of scores."""
        return self.mean + self.world.link(z - self.base)

    def regret(self, calibrated: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return the expected log loss above the truth's."""
        z = self.base + SPREAD * NODES
        p, q = probability(self.truth(z)), calibrated(z)
        eta = self.truth(z)
        loss = np.logaddexp(0, q) - p * q - (np.logaddexp(0, eta) - p * eta)
        return float(MASS @ loss)


def regrets(
    world: World, prevalence: float, positives: int, draws: int
) -> dict[str, float]:
    """Return the mean regret per positive of each method, in thousandths of a nat."""
    population = Population.at(world, prevalence)
    rng = generator(0, world.name, repr(prevalence), positives)
    rows = round(positives / prevalence)
    total = dict.fromkeys(METHODS, 0.0)
    for _ in range(draws):
        z = rng.normal(population.base, SPREAD, rows)
        y = rng.random(rows) < probability(population.truth(z))
        if not 0 < y.sum() < rows:
            y[0] = not y[0]
        for method in METHODS:
            found = fit_calibrator(z, y, method=method, exact=world.exact)
            total[method] += population.regret(found.apply)
    return {m: 1e3 * v / draws / prevalence for m, v in total.items()}


def rows_of(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of ten features, 5 % positive: shifts, scales and a sub-group."""
    rng = generator(seed, "rows", count)
    y = rng.permutation(np.arange(count) < PREVALENCE * count).astype(int)
    x = rng.normal(size=(count, 10))
    x[:, :4] += 0.9 * y[:, None]
    x[:, 4:6] *= (1 + 0.8 * y)[:, None]
    x[:, 6] += 3 * y * (rng.random(count) < 0.5)
    x[:, 9] = x[:, 0] + 0.5 * x[:, 9]
    return x, y


def fitted(model: Any, smote: bool) -> Fitted:
    """Return a function (X, y, X to score) -> scores."""

    def run(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        if smote:
            near = SMOTE(k_neighbors=int(min(5, y.sum() - 1)), random_state=0)
            x, y = near.fit_resample(x, y)
        fit = clone(model).fit(x[y == 0] if hasattr(model, "score_samples") else x, y)
        if hasattr(fit, "score_samples"):
            return -fit.score_samples(fresh)
        if hasattr(fit, "predict_proba"):
            return log_odds(np.clip(fit.predict_proba(fresh)[:, 1], 1e-12, 1 - 1e-12))
        return fit.decision_function(fresh)

    return run


TREES = HistGradientBoostingClassifier(max_iter=60, random_state=0)
LEARNERS: dict[str, Fitted] = {
    "logistic, little penalty": fitted(LogisticRegression(C=100), False),
    "logistic, much penalty": fitted(LogisticRegression(C=0.02), False),
    "boosted trees": fitted(TREES, False),
    "SMOTE, logistic": fitted(LogisticRegression(C=100), True),
    "SMOTE, boosted trees": fitted(TREES, True),
    "linear SVM": fitted(LinearSVC(), False),
    "naive Bayes": fitted(GaussianNB(), False),
    "isolation forest": fitted(IsolationForest(n_estimators=50, random_state=0), False),
}


def learner_regrets(learner: Fitted, positives: int, draws: int) -> np.ndarray:
    """Return the regret of each method after "auto" against the best of them."""
    fresh, label = rows_of(20_000, 999)
    total = np.zeros(len(METHODS) - 1)
    for draw in range(draws):
        x, y = rows_of(round(positives / PREVALENCE), draw)
        folds = StratifiedKFold(5, shuffle=True, random_state=draw)
        splits = list(folds.split(x, y))
        held = np.empty(y.size)
        for train, rest in splits:
            held[rest] = learner(x[train], y[train], x[rest])
        train = splits[0][0]
        score = learner(x[train], y[train], fresh)
        for i, method in enumerate(METHODS[1:]):
            z = fit_calibrator(held, y, method=method).apply(score)
            total[i] += np.mean(np.logaddexp(0, z) - label * z)
    return (total - total.min()) / draws / label.mean() * 1e3


def odd_scores(
    rng: np.random.Generator, rows: int, positives: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return labels, five folds, and scores that misled calibrators, by name."""
    y = rng.permutation(np.arange(rows) < positives)
    fold = np.empty(rows, int)
    for label in (False, True):
        which = rng.permutation(np.flatnonzero(y == label))
        fold[which] = np.arange(which.size) % 5
    good = rng.normal(size=rows) + 1.5 * y - 4
    shares = np.array([y[fold != k].mean() for k in range(5)])
    wild = good.copy()
    wild[rng.integers(rows)] = 1e6
    return (
        y,
        fold,
        {
            "constant within folds": log_odds(shares)[fold],
            "nearly constant": -3 + 1e-6 * rng.normal(size=rows),
            "noise": rng.normal(size=rows),
            "certain noise": 40 * rng.choice([-1.0, 1.0], rows),
            "inverted": np.where(y, -40.0, 40.0),
            "separated": np.where(y, 5.0, -5.0) + 0.1 * rng.normal(size=rows),
            "good": good,
            "good, in ties": good.round(),
            "good, one wild score": wild,
            "good, infinite for some": np.where(rng.random(rows) < 0.02, np.inf, good),
            "good, 20 times too sure": 20 * (good + 4) - 10,
            "good, one fold shifted by 3": good + 3 * (fold == 0),
            "good, folds of other scales": (good + 4) * (10.0 ** np.arange(5))[fold],
            "good, one fold inverted": np.where(fold == 0, -good, good),
            "heavy tails": 5 * rng.standard_cauchy(rows),
        },
    )


def odd(quick: bool) -> None:
    """Print the largest losses against the base rate."""
    methods = METHODS[:1] + METHODS[2:]
    print("\nodd scores: largest loss against the base rate, in nats")
    print("  ".join(f"{m:>11}" for m in methods))
    goal = objective("f1")
    worst: dict[str, np.ndarray] = {}
    for rows, positives in ((200, 5), (1_000, 10), (1_000, 300), (300, 290)):
        for draw in range(2 if quick else 20):
            y, fold, scores = odd_scores(generator(draw, "odd", rows), rows, positives)
            base = np.empty(rows)
            for k in range(5):
                base[fold == k] = log_odds(y[fold != k].mean())
            least = np.sum(np.logaddexp(0, base) - y * base)
            for name, z in scores.items():
                found = [
                    cross_fit(z[None], y, fold[None], goal, calibration=m).log_odds[0]
                    for m in methods
                ]
                lost = [np.sum(np.logaddexp(0, v) - y * v) - least for v in found]
                worst[name] = np.maximum(worst.get(name, -np.inf), lost)
    for name, values in worst.items():
        print("  ".join(f"{value:11.2f}" for value in values) + f"  {name}")


def averages(quick: bool) -> None:
    """Print the slopes of calibrated averages."""
    print("\nthe average of five models: slope on new rows, 1 is right")
    print("positives  noise  single  as average  if all models had scored the rows")
    for positives in (100, 400) if quick else (50, 100, 400, 1_000):
        for noise in (0.3, 0.6):
            slopes = []
            for draw in range(4 if quick else 40):
                rng = generator(draw, "average", positives, repr(noise))
                y, z = noisy(rng, round(positives / 0.08), noise)
                fresh, many = noisy(rng, 40_000, noise)
                _, made = noisy(rng, 3_000, noise)
                single = z[np.arange(y.size) % 5, np.arange(y.size)]
                pairs = score_pairs({"model": made}, {"model": 1.0}, 1, draw)
                used = (single, average_scores(single, y, *pairs), mean_log_odds(z))
                handed_over = mean_log_odds(many)
                fits = [fit_calibrator(u, y).apply(handed_over) for u in used]
                slopes.append([calibration_test(f, fresh).slope.value for f in fits])
            line = np.median(slopes, axis=0)
            print(
                f"{positives:9d}  {noise:5g}  {line[0]:6.2f}  {line[1]:10.2f}  "
                f"{line[2]:6.2f}"
            )


def noisy(
    rng: np.random.Generator, rows: int, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and `[5, rows]` log-odds around the right ones."""
    y = (rng.random(rows) < 0.08).astype(int)
    truth = 1.8 * rng.normal(1.8 * y, 1.0) - 1.8**2 / 2 + log_odds(0.08)
    spread = noise * (1 + 0.2 * np.maximum(-truth, 0))
    return y, truth + spread * rng.normal(size=(5, rows))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    quick = parser.parse_args().quick
    populations(quick)
    print("\nlearners   " + "  ".join(f"{m:>11}" for m in METHODS[1:]))
    for positives in (10, 50) if quick else (6, 10, 20, 50, 200, 500, 1_000):
        draws = 2 if quick else max(3, min(16, 800 // positives))
        for name, learner in LEARNERS.items():
            cells = learner_regrets(learner, positives, draws)
            line = "  ".join(f"{value:11.0f}" for value in cells)
            print(f"{positives:5d}      {line}  {name}")
    odd(quick)
    averages(quick)


def populations(quick: bool) -> None:
    """Print the tables of the populations."""
    counts = POSITIVES[1:-1:2] if quick else POSITIVES
    for exact in (True, False):
        worlds = [w for w in WORLDS if w.exact == exact]
        print(f"\nexact={exact}: " + "; ".join(w.name for w in worlds))
        print("positives  prevalence  " + "  ".join(f"{m:>11}" for m in METHODS))
        for positives in counts:
            for prevalence in (0.5, 0.05):
                draws = max(3, min(200, 40_000 // positives) // (10 if quick else 1))
                each = [regrets(w, prevalence, positives, draws) for w in worlds]
                # The mean over the ways of being wrong, and the worst of them.
                values = [[r[m] for r in each] for m in METHODS]
                cells = [f"{np.mean(v):5.0f}/{max(v):<5.0f}" for v in values]
                print(f"{positives:9d}  {prevalence:10g}  " + "  ".join(cells))


if __name__ == "__main__":
    main()
