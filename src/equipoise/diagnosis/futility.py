# SPDX-License-Identifier: Apache-2.0
"""Is it futile? A learning curve over the positives, and what more would gain."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number
from equipoise._core.numerals import estimate as as_text
from equipoise._core.numerals import exact, figure
from equipoise._core.seeds import derive, generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.curves import Continuation, CurvePoints, Prediction, continued
from equipoise.diagnosis.fast import FastLearner, boosted_trees
from equipoise.metrics.confusion import curve
from equipoise.metrics.estimate import Estimate
from equipoise.priors import log_odds, probability
from equipoise.table.spread import spread
from equipoise.table.table import Table
from equipoise.table.units import count_units
from equipoise.uncertainty.proportion import normal_quantile

# Where the sizes start and how many training parts are drawn at each, per fold.
SMALLEST = 1 / 8
DRAWS = (4, 3, 2, 2, 1)
FEWEST_TO_TRAIN = 4
FEWEST, MOST = 30, 5_000
MOST_NEGATIVES = 10  # per positive, in a training part

# Training parts drawn from one pool resemble each other more than new data would;
# the variance of the fits is doubled for it. `benchmarks/learning_curve.py` measures
# the coverage that results.
ALIKE = 2.0


@dataclass(frozen=True)
class LearningCurve:
    """What more positives would gain, or why that cannot be said.

    Attributes:
        positives: Positives of the table.
        factor: How many times as many are asked about.
        sizes: Training positives that were tried.
        scores: The average precision at each.
        now: The average precision expected of training on `positives`.
        then: ... of training on `factor` times as many, with as many more negatives.
        gain: The difference.
        refused: Why there is no answer; empty if there is one.

    The values are expectations over training samples, for new rows of the same
    prevalence, of the learner that was used: a better one starts higher.
    """

    positives: int
    factor: float
    sizes: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    now: Estimate = dataclasses.field(default_factory=lambda: _none("not asked"))
    then: Estimate = dataclasses.field(default_factory=lambda: _none("not asked"))
    gain: Estimate = dataclasses.field(default_factory=lambda: _none("not asked"))
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"No learning curve, because {self.refused}."
        return (
            f"{exact(self.factor)}x the positives "
            f"({self.factor * self.positives:,.0f}): "
            f"average precision {_short(self.now)} -> {_short(self.then)}, a gain of "
            f"{_short(self.gain)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "positives": self.positives,
            "factor": self.factor,
            "sizes": list(self.sizes),
            "scores": list(self.scores),
            "now": self.now.as_dict(),
            "then": self.then.as_dict(),
            "gain": self.gain.as_dict(),
            "refused": self.refused,
        }


def learning_curve(
    table: Table,
    *,
    factor: float = 4.0,
    learner: FastLearner = boosted_trees,
    folds: int = 5,
    level: float = 0.95,
    seed: int = 0,
    units: IntArray | None = None,
) -> LearningCurve:
    """Measure how a learner improves with the number of positives, and continue it.

    Both classes are sub-sampled at the same rate, to five sizes from an eighth of
    the training part up to all of it, several times each; the scores of the held-out
    folds are pooled. On the logit scale the average precision is fitted by
    a - b n^-c for several c, from -1/4 (growth that accelerates) over 0 (a straight
    line in log n) to 1/2 (the inverse root), averaged by their fit.

    The band of `then` contains the disagreement of the family, the noise of the fits,
    the noise of the test rows (jackknife over the folds for the gain; for the level
    the logit variance 1 / (n AP (1 - AP)) of Boyd, Eng & Page 2013). If the curve
    fitted to the three smallest sizes does not predict the largest within its band,
    there is no answer.

    Args:
        table: A binary table with 30 to 5,000 positives.
        factor: How many times as many positives are asked about, above 1, at most 4.
        learner: (table, training rows, rows to score, seed) -> log-odds. It should
            be fast: it is run 60 times.
        folds: Held-out parts, 3 to 20.
        level: The nominal coverage.
        seed: For folds and draws.
        units: `[rows]` equal numbers for rows that are one case (a group, copies):
            they are held out and drawn together, and the cases with a positive
            are counted in place of positives. None if each row is one.

    Returns:
        A `LearningCurve`; `refused` says why, if there is no answer.

    Raises:
        InputError: `factor` or `folds` is out of range. More than fourfold is not
            answered, since the band is not shown to hold there.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> few = gaussian_shift(200, positives=20, seed=1).table
        >>> print(learning_curve(few).refused)
        a class has fewer than 30 rows, too few for smaller samples
    """
    factor = number(factor, "factor", 1, 4)
    folds = integer(folds, "folds", 3, 20)
    level = number(level, "level", 0, 1, open_ends=True)
    table.task.require_binary("a learning curve")
    unit = np.arange(len(table)) if units is None else units
    positives = count_units(unit, np.asarray(table.labels() == 1))
    reason = _cannot(table, len(np.unique(unit)) - positives, positives)
    if reason:
        return LearningCurve(positives, factor, refused=reason)
    trial = _run(table, _Units.of(table.labels(), units, folds, seed), learner, seed)
    return trial.answer(positives, factor, level)


def _cannot(table: Table, negatives: int, positives: int) -> str:
    if not table.columns:
        return "the table has no feature columns"
    if min(positives, negatives) < FEWEST:
        what = "rows" if len(table) == negatives + positives else "independent cases"
        return f"a class has fewer than {FEWEST} {what}, too few for smaller samples"
    if positives > MOST:
        return (
            f"{positives:,} positives are more than the {MOST:,} for which it is made"
        )
    return ""


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """The measured scores of all sizes.

    Attributes:
        sizes: `[sizes]` training positives.
        shares: `[sizes]` of the training part that was used.
        draws: `[sizes]` how many training parts were drawn per fold.
        ap: `[sizes]` average precision of the pooled scores, mean over the draws.
        spread: `[sizes]` its variance between draws; NaN where there is one.
        without: `[folds, sizes]` the same with one fold's rows left out.
    """

    sizes: FloatArray
    shares: FloatArray
    draws: FloatArray
    ap: FloatArray
    spread: FloatArray
    without: FloatArray

    def answer(self, positives: int, factor: float, level: float) -> LearningCurve:
        """Fit, back-test, continue, and put the result into words."""
        measured = LearningCurve(
            positives,
            factor,
            tuple(round(size) for size in self.sizes),
            tuple(float(value) for value in self.ap),
        )
        points = self.points(self.ap, positives)
        reason = self._backtest(points, level)
        if reason:
            return dataclasses.replace(measured, refused=reason)
        ahead = continued(points, positives, factor * positives)
        gain = self._gain(ahead, positives, factor)
        ap = float(probability(points.z[-1]))
        test_noise = 1 / (positives * ap * (1 - ap))
        now = Prediction(ahead.level.mean, ahead.level.variance + test_noise)
        then = Prediction(now.mean + max(0.0, gain.mean), now.variance + gain.variance)
        return dataclasses.replace(
            measured,
            now=_estimate(now, level),
            then=_estimate(then, level),
            gain=_difference(ahead.level.mean, gain, level),
        )

    def points(self, ap: FloatArray, positives: int) -> CurvePoints:
        """Return the curve on the logit scale with the variance of each point.

        One training part's variance falls as 1 / n; its constant is pooled over the
        sizes. The mean over draws is as good as over that many disjoint parts, of
        which the pool holds no more than 1 / share.
        """
        least = 0.5 / positives
        ap = np.clip(ap, least, 1 - least)
        folds = len(self.without)
        slope = 1 / (ap * (1 - ap)) ** 2
        constant = float(np.nanmean(folds * self.spread * slope * self.sizes))
        constant = max(constant, 1e-6)
        alike = np.maximum(1 / (self.draws * folds), self.shares * (folds - 1) / folds)
        return CurvePoints(self.sizes, log_odds(ap), constant / self.sizes * alike)

    def _gain(self, ahead: Continuation, positives: int, factor: float) -> Prediction:
        """Add the noise of the test rows to the gain: a jackknife over the folds."""
        others = [
            continued(
                self.points(ap, positives), positives, factor * positives
            ).gain.mean
            for ap in self.without
        ]
        folds = len(others)
        jackknife = (folds - 1) * float(np.var(others))
        return Prediction(ahead.gain.mean, ALIKE * ahead.gain.variance + jackknife)

    def _backtest(self, points: CurvePoints, level: float) -> str:
        """Fit the three smallest sizes and predict the largest."""
        start, end = float(points.size[2]), float(points.size[-1])
        ahead = continued(points.first(3), start, end)
        expected = ahead.level.mean + ahead.gain.mean
        variance = ALIKE * (ahead.level.variance + ahead.gain.variance)
        miss = float(points.z[-1]) - expected
        variance += float(points.variance[-1])
        if abs(miss) <= normal_quantile((1 + level) / 2) * math.sqrt(variance):
            return ""
        return (
            "the curve bends: the smaller sizes predict an average precision of "
            f"{figure(float(probability(expected)))} at {end:.0f} training positives, "
            f"but it is {figure(float(probability(points.z[-1])))}"
        )


@dataclass(frozen=True, eq=False)
class _Units:
    """What is held out and drawn together.

    Attributes:
        fold: `[rows]` fold numbers.
        unit: `[rows]` unit numbers from 0.
        positive: `[units]` 1 for a unit that holds a positive.
    """

    fold: IntArray
    unit: IntArray
    positive: npt.NDArray[np.int8]

    @classmethod
    def of(
        cls, y: npt.NDArray[np.int8], units: IntArray | None, folds: int, seed: int
    ) -> _Units:
        if units is None:
            return cls(_folds(y, folds, seed), np.arange(len(y)), y)
        unit = np.unique(units, return_inverse=True)[1]
        positive = np.zeros(int(unit.max()) + 1, np.int8)
        positive[unit[y == 1]] = 1
        random = generator(seed, "diagnosis", "curve")
        fold = spread(y, unit, np.full(folds, 1 / folds), random)
        return cls(fold, unit, positive)

    def train(
        self, fold: int, share: float, random: np.random.Generator
    ) -> tuple[IntArray, int]:
        """Draw training rows outside a fold, and count their positive units."""
        outside = np.unique(self.unit[self.fold != fold])
        chosen = _strata(self.positive, outside, share, random)
        in_part = np.zeros(len(self.positive), np.bool_)
        in_part[chosen] = True
        return np.flatnonzero(in_part[self.unit]), int(self.positive[chosen].sum())


def _run(table: Table, units: _Units, learner: FastLearner, seed: int) -> MeasuredCurve:
    positives, fold = int(units.positive.sum()), units.fold
    folds = int(fold.max()) + 1
    pool = positives * (folds - 1) / folds
    shares = np.geomspace(max(SMALLEST, FEWEST_TO_TRAIN / pool), 1, len(DRAWS))
    values, spreads, without, sizes = [], [], [], []
    for share, draws in zip(shares, DRAWS, strict=True):
        runs = [
            _pooled(table, learner, units, float(share), draw, seed)
            for draw in range(draws)
        ]
        pooled = [
            smooth_average_precision(table.labels(), scores) for scores, _ in runs
        ]
        values.append(float(np.mean(pooled)))
        spreads.append(float(np.var(pooled, ddof=1)) if draws > 1 else math.nan)
        sizes.append(float(np.mean([size for _, size in runs])))
        without.append(
            [_mean_without(table.labels(), runs, fold, k) for k in range(folds)]
        )
    return MeasuredCurve(
        np.array(sizes),
        shares,
        np.array(DRAWS, np.float64),
        np.array(values),
        np.array(spreads),
        np.array(without).T,
    )


def _pooled(
    table: Table,
    learner: FastLearner,
    units: _Units,
    share: float,
    draw: int,
    seed: int,
) -> tuple[FloatArray, float]:
    """Score every row by a model of the other folds' sub-sample."""
    scores, sizes = np.empty(len(table)), []
    for k in range(int(units.fold.max()) + 1):
        path = ("diagnosis", "curve", k, draw, round(1e6 * share))
        random = generator(seed, *path)
        train, size = units.train(k, share, random)
        held = np.flatnonzero(units.fold == k)
        scores[held] = learner(table, train, held, derive(seed, *path))
        sizes.append(size)
    return scores, float(np.mean(sizes))


def _strata(
    y: npt.NDArray[np.int8], rows: IntArray, share: float, random: np.random.Generator
) -> IntArray:
    """Draw the same share of both classes; of negatives 10 per positive at most."""
    positive, negative = rows[y[rows] == 1], rows[y[rows] == 0]
    hits = max(2, round(share * len(positive)))
    others = min(round(share * len(negative)), MOST_NEGATIVES * hits)
    return np.sort(
        np.concatenate(
            [
                random.choice(positive, hits, replace=False),
                random.choice(negative, max(2, others), replace=False),
            ]
        )
    )


def _folds(y: npt.NDArray[np.int8], folds: int, seed: int) -> IntArray:
    fold = np.empty(len(y), np.int64)
    random = generator(seed, "diagnosis", "curve")
    for label in (0, 1):
        rows = random.permutation(np.flatnonzero(y == label))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def _mean_without(
    y: npt.NDArray[np.int8],
    runs: Sequence[tuple[FloatArray, float]],
    fold: IntArray,
    left_out: int,
) -> float:
    rest = fold != left_out
    return float(np.mean([smooth_average_precision(y[rest], s[rest]) for s, _ in runs]))


def smooth_average_precision(y: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Return the average precision with half a positive taken off at each step.

    The usual form counts each positive fully at its own threshold, which makes it
    too high on few positives: for scores without skill it exceeds the prevalence.
    Here the precision at a positive is that of the rows before it and half of it
    (ties: half of all tied rows), which halves that optimism. With many positives
    the two agree.

    Args:
        y: `[rows]` labels.
        score: `[rows]` scores.

    Example:
        >>> smooth_average_precision([1, 0, 1, 0], [0.0, 0.0, 0.0, 0.0])
        0.5
    """
    c = curve(y, score).counts
    gained, lost = np.diff(c.tp, prepend=0.0), np.diff(c.fp, prepend=0.0)
    hits, alarms = c.tp - gained / 2, c.fp - lost / 2
    precision = hits / np.maximum(hits + alarms, 1e-12)
    return float(np.sum(gained * precision) / c.tp[-1])


def _estimate(z: Prediction, level: float) -> Estimate:
    low, high = z.band(level)
    value, below, above = probability(np.array([z.mean, low, high])).tolist()
    return Estimate(value, below, above, "learning curve", level=level)


def _difference(start: float, gain: Prediction, level: float) -> Estimate:
    low, high = gain.band(level)
    steps = np.maximum([gain.mean, low, high], 0.0)
    ends = probability(start + steps) - probability(start)
    value, below, above = ends.tolist()
    return Estimate(value, below, above, "learning curve", level=level)


def _none(reason: str) -> Estimate:
    return Estimate.undefined(reason)


def _short(estimate: Estimate) -> str:
    return as_text(estimate.value, estimate.low, estimate.high)
