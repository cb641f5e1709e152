# SPDX-License-Identifier: Apache-2.0
"""The arms of a trial on a separate test file, with nothing chosen on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, number, sentence
from equipoise._core.numerals import as_p_value, percent
from equipoise._core.types import FloatArray
from equipoise.comparison.paired import PairedTest
from equipoise.comparison.rows import delong_difference, resampled_difference
from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import evaluate
from equipoise.metrics import Estimate
from equipoise.metrics.inputs import check_labels, check_log_odds
from equipoise.metrics.registry import HEADLINE
from equipoise.priors import probability
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.shares import effective_counts, effective_rows

METHOD = "paired t"


@dataclass(frozen=True)
class PrevalenceCheck:
    """Whether two tables may have the same share of positives.

    Attributes:
        train: The share where the models were trained.
        test: The share in the test file.
        p: Fisher's exact two-sided p-value of "the same share".
        sentence: What it means, in words.
    """

    train: float
    test: float
    p: float
    sentence: str


class HeldOutArms:
    """What is known of a trial's arms on a separate test file, whatever its task.

    Attributes:
        evaluations: By arm, every metric with its interval.
        differences: By arm (all but the baseline) and metric: arm minus baseline.
        adjusted: By arm: p-value after Holm's correction.
    """

    evaluations: Mapping[str, Any]
    differences: Mapping[str, Mapping[str, PairedTest]]
    adjusted: Mapping[str, float]

    def as_dict(self, name: str) -> dict[str, Any]:
        """Return what is known of one arm as plain data."""
        paired = self.differences.get(name, {})
        return {
            **self.evaluations[name].as_dict(),
            "difference_to_plain": {m: test.as_dict() for m, test in paired.items()},
            "adjusted_p": self.adjusted.get(name),
        }


@dataclass(frozen=True, eq=False)
class HeldOut(HeldOutArms):
    """The arms on a separate test file.

    Attributes:
        evaluations: By arm, every metric with its interval, decided by the trial's
            own rule, which nothing in the test file has moved.
        differences: By arm (all but the baseline) and metric: arm minus baseline
            on the same rows. AUROC by DeLong, average precision by the jackknife,
            the Brier score (and AUROC with clusters) by weights of rows. They
            know the noise of the test rows alone, as the models are fixed.
        adjusted: By arm: p-value of its average precision after Holm's correction;
            a pair with a constant is not counted there and keeps its own.
        prevalence: Whether the share of positives is that of the training table.
    """

    evaluations: Mapping[str, Evaluation]
    differences: Mapping[str, Mapping[str, PairedTest]]
    adjusted: Mapping[str, float]
    prevalence: PrevalenceCheck

    def difference(self, name: str) -> Estimate | None:
        """Return an arm's paired difference in average precision; None of the first."""
        if name not in self.differences:
            return None
        test = self.differences[name]["average_precision"]
        ends = test.low, test.high
        return Estimate(test.mean, *ends, METHOD, test.reason, test.level)


def held_out(
    results: CrossValidated,
    y: npt.ArrayLike,
    log_odds: Mapping[str, npt.ArrayLike],
    *,
    costs: Costs | tuple[float, float] | None = None,
    clusters: npt.ArrayLike | None = None,
    trained: npt.ArrayLike | None = None,
    weights: FloatArray | None = None,
    level: float | None = None,
    seed: int = 0,
) -> HeldOut:
    """Evaluate the arms on rows that no fit and no choice has seen.

    Calibration is the mean, in log-odds, of the arm's cross-fitted calibrators; the
    rule is the one that the trial hands over.

    Args:
        results: The trial on the training table.
        y: `[rows]` labels: 0 and 1.
        log_odds: For each arm of the trial `[rows]` scores, before calibration.
        costs: As in the trial, to report "cost".
        clusters: `[rows]` names of groups of rows that depend on each other.
        trained: The same of the trial's own rows.
        weights: Of the trial's own rows, for how many each stands; None for 1 each.
        level: Coverage; that of the results if None.
        seed: Seed of the weights.

    Returns:
        Every arm's metrics on these rows, and its paired difference from the
        baseline there.

    Raises:
        InputError: An arm has no scores, or the arrays do not fit together.
    """
    positive = check_labels(y)
    missing = [name for name in results.arms if name not in log_odds]
    if missing:
        raise InputError(
            sentence(f"no scores for {listing(missing)}", "scores for every arm")
        )
    cover = (
        results.level if level is None else number(level, "level", 0, 1, open_ends=True)
    )
    scores = {
        name: _calibrated(
            results, name, check_log_odds(log_odds[name], positive.shape, name)
        )
        for name in results.arms
    }
    mass = np.ones(results.y.size) if weights is None else weights
    ours = round(float(mass[results.y].sum())), round(float(mass.sum()))
    effective = effective_rows(results.y, trained)
    if weights is not None:  # the labels of all rows are known
        effective *= ours[1] / results.y.size
    check = prevalence_check(
        ours,
        (int(positive.sum()), positive.size),
        rows=(effective, effective_rows(positive, clusters)),
    )
    evaluations = {
        name: _evaluation(results, name, positive, z, costs, clusters, cover, check)
        for name, z in scores.items()
    }
    base = scores[results.baseline]
    differences = {
        name: {
            metric: delong_difference(positive, z, base, level=cover)
            if metric == "roc_auc" and clusters is None
            else resampled_difference(
                positive,
                z,
                base,
                metric=metric,
                clusters=clusters,
                level=cover,
                seed=seed,
            )
            for metric in HEADLINE
        }
        for name, z in scores.items()
        if name != results.baseline
    }
    p = {name: tests["average_precision"].p for name, tests in differences.items()}
    flat = {name: bool((z == z[0]).all()) for name, z in scores.items()}
    family = [name for name in p if flat[name] == flat[results.baseline]]
    corrected = holm([p[name] for name in family]).tolist()
    return HeldOut(
        evaluations,
        differences,
        {**p, **dict(zip(family, corrected, strict=True))},
        check,
    )


def _calibrated(results: CrossValidated, name: str, z: FloatArray) -> FloatArray:
    calibrators = [c for row in results[name].fitted.calibrators for c in row]
    # Infinite scores of opposite signs have no mean.
    finite = np.clip(z, -1e3, 1e3)
    return np.asarray(np.mean([c.apply(finite) for c in calibrators], axis=0))


def _evaluation(
    results: CrossValidated,
    name: str,
    y: npt.NDArray[np.bool_],
    z: FloatArray,
    costs: Costs | tuple[float, float] | None,
    clusters: npt.ArrayLike | None,
    level: float,
    check: PrevalenceCheck,
) -> Evaluation:
    evaluation = evaluate(
        y,
        probability(z),
        threshold=results[name].evaluation.threshold,
        lower=results[name].evaluation.lower,
        costs=costs,
        clusters=clusters,
        level=level,
    )
    return replace(
        evaluation,
        estimand="these models, on rows like the test file's",
        notes=(*evaluation.notes, check.sentence),
    )


def prevalence_check(
    train: tuple[int, int],
    test: tuple[int, int],
    *,
    rows: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> PrevalenceCheck:
    """Test whether two tables have the same share of positives (Fisher's exact).

    Rows that depend on each other are worth fewer: then both tables enter with their
    effective numbers of rows, and the test is approximate.

    Args:
        train: (positives, rows) where the models were trained.
        test: (positives, rows) of the test file.
        rows: The effective numbers of rows of both (`effective_rows`); None if
            rows are independent.
        alpha: At or below it the shares are called different.

    Returns:
        Both shares, the p-value, and whether they are called different.

    Raises:
        InputError: A table has no rows or more positives than rows.

    Example:
        >>> check = prevalence_check((380, 9362), (12, 586))
        >>> round(check.train, 4), round(check.test, 4), round(check.p, 3)
        (0.0406, 0.0205, 0.012)
    """
    for positives, size in (train, test):
        if size < 1 or not 0 <= positives <= size:
            raise InputError(
                sentence(
                    f"{positives} positives of {size} rows", "0 <= positives <= rows"
                )
            )
    sizes = (train[1], test[1]) if rows is None else rows
    p = fisher_p_value(
        *(
            effective_counts(k / n, worth)
            for (k, n), worth in zip((train, test), sizes, strict=True)
        )
    )
    shares = train[0] / train[1], test[0] / test[1]
    limit = number(alpha, "alpha", 0, 1, open_ends=True)
    return PrevalenceCheck(*shares, p, _words(*shares, p, limit))


def _words(train: float, test: float, p: float, alpha: float) -> str:
    both = (
        f"{percent(test)} of the test file's rows are positive, {percent(train)} in "
        "training"
    )
    if p > alpha:
        return f"{both} ({as_p_value(p)}): no sign of another prevalence."
    return (
        f"{both} ({as_p_value(p)}): the prevalence differs. Precision and average "
        "precision do not compare with the trial's; AUROC and recall do, and "
        "probabilities need a correction for the new prevalence."
    )
