# SPDX-License-Identifier: Apache-2.0
"""What a trial can say: per arm, and in one or two plain sentences.

The difference is that of the leaderboard. It is held against the larger of two
standard errors, with Holm's correction for the number of arms: that of the corrected
resampled t-test over the splits, and that of resampling the rows. The second alone
knows the noise of the test rows and not that of the training rows, and breaks its
level; the first alone is about the mean over splits, where average precision with
few positives is compressed (`benchmarks/level_of_the_verdict.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of
from equipoise.comparison.bayesian import Beliefs, t_beliefs
from equipoise.comparison.correction import holm, simultaneous_level
from equipoise.comparison.paired import (
    PairedTest,
    RowsError,
    nadeau_bengio,
    with_rows,
)
from equipoise.comparison.power import standardised_effect
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.metrics import METRICS, Estimate

FloatArray = npt.NDArray[np.float64]
Outcome = Literal["better", "worse", "equivalent", "cannot tell"]
NAN = float("nan")
METHOD = "corrected resampled t, Holm"

WORDS = {
    "average_precision": "average precision",
    "roc_auc": "AUROC",
    "brier": "Brier score",
}


@dataclass(frozen=True)
class ArmVerdict:
    """One arm against the baseline.

    Attributes:
        name: The arm.
        outcome: "better" or "worse": the difference is real at the corrected
            level. "equivalent": it lies within the margin. "cannot tell": neither.
        difference: Arm minus baseline, positive where the arm is better (a loss is
            turned round), with the interval that goes with the corrected test: it
            excludes 0 exactly where the test finds a difference.
        p: P-value after the correction for the number of arms; NaN without a test.
        detectable: The difference that this trial would have found in 80 of 100
            repetitions; NaN without a test.
        beliefs: Posterior probabilities of worse, equivalent, better, looking at
            this arm alone; None without a test.
    """

    name: str
    outcome: Outcome
    difference: Estimate
    p: float
    detectable: float
    beliefs: Beliefs | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        beliefs = None if self.beliefs is None else self.beliefs._asdict()
        return {**asdict(self), "beliefs": beliefs}


@dataclass(frozen=True)
class Verdict:
    """What the trial can say.

    Attributes:
        arms: By name, every arm but the baseline.
        best: The arm to take: the best of those that are better than the baseline,
            else the baseline.
        sentence: The verdict in one or two sentences.
        detectable_difference: The smallest of the arms' detectable differences,
            in the metric; NaN without a test.
        metric: What was compared.
        baseline: What the arms were compared with.
        margin: Up to this a difference does not matter.
        level: One minus the probability of any false "better" or "worse".
    """

    arms: Mapping[str, ArmVerdict]
    best: str
    sentence: str
    detectable_difference: float
    metric: str
    baseline: str
    margin: float
    level: float

    def __str__(self) -> str:
        return self.sentence


def judge(
    results: CrossValidated,
    *,
    metric: str = "average_precision",
    margin: float = 0.01,
    level: float | None = None,
    power: float = 0.8,
) -> Verdict:
    """Say of each arm of a cross-validated trial whether it beats the baseline.

    Args:
        results: What `cross_validated` gave.
        metric: "average_precision", "roc_auc" or "brier".
        margin: Differences up to this are equivalent.
        level: One minus the family-wise error rate; the results' level where None.
        power: For the detectable difference.

    Returns:
        The verdict on each arm, and on all of them in a sentence.

    Raises:
        InputError: The metric has no split values, or a number is out of range.
    """
    one_of(metric, results.arms[results.baseline].splits, "metric")
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    differences = {
        name: sign * results.split_differences(name, metric)
        for name in results.arms
        if name != results.baseline
    }
    values = {
        name: sign * arm.evaluation[metric].value for name, arm in results.arms.items()
    }
    base = values[results.baseline]
    rows = {
        name: RowsError(
            values[name] - base, results[name].errors[metric], results.units - 1
        )
        for name in differences
    }
    return judge_differences(
        differences,
        1 / results.folds_per_repeat,
        rows=rows,
        values=values,
        metric=metric,
        baseline=results.baseline,
        margin=margin,
        level=results.level if level is None else level,
        power=power,
    )


def judge_differences(
    differences: Mapping[str, npt.ArrayLike],
    test_share: float,
    *,
    rows: Mapping[str, RowsError] | None = None,
    values: Mapping[str, float] | None = None,
    metric: str = "average_precision",
    baseline: str = "plain",
    margin: float = 0.01,
    level: float = 0.95,
    power: float = 0.8,
) -> Verdict:
    """Judge arms from their differences to the baseline over the splits.

    Args:
        differences: By arm, `[repeats, folds]` or flat, positive where the arm is
            better; NaN where a split has none.
        test_share: The share of the rows that a split tests on, 1/folds.
        rows: By arm, the difference on all rows and its error from resampling
            them; where None the mean over the splits is tested, by the corrected
            resampled t-test alone.
        values: By arm (and baseline), what orders the better ones; their mean
            differences where None.
        metric: What was measured, for the words.
        baseline: What the arms were compared with, for the words.
        margin: Differences up to this are equivalent.
        level: One minus the family-wise error rate.
        power: For the detectable difference.

    Returns:
        The verdict on each arm, and on all of them in a sentence.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> d = {"trees": 0.08 + 0.02 * rng.standard_normal((5, 5)),
        ...      "focal": 0.03 * rng.standard_normal((5, 5))}
        >>> verdict = judge_differences(d, 0.2)
        >>> [arm.outcome for arm in verdict.arms.values()], verdict.best
        (['better', 'cannot tell'], 'trees')
        >>> print(verdict)
        trees beats plain by 0.079 [0.056, 0.101] in average precision.
    """
    number(margin, "margin", 0)
    number(level, "level", 0, 1, open_ends=True)
    count = max(len(differences), 1)
    tests = _tests(differences, test_share, rows, dict.fromkeys(differences, 0.95))
    adjusted = holm([test.p for test in tests.values()]) if tests else np.zeros(0)
    steps = _steps({n: test.p for n, test in tests.items()}, adjusted, level)
    wide = _tests(differences, test_share, rows, steps)
    arms = {
        name: _arm(name, wide[name], float(p), level, (count, power), margin)
        for name, p in zip(tests, adjusted, strict=True)
    }
    better = [name for name, arm in arms.items() if arm.outcome == "better"]
    order = values or {name: test.mean for name, test in tests.items()}
    best = max(better, key=lambda name: order[name]) if better else baseline
    known = [a.detectable for a in arms.values() if not math.isnan(a.detectable)]
    return Verdict(
        arms,
        best,
        _sentence(arms, best, metric, baseline, margin),
        min(known) if known else NAN,
        metric,
        baseline,
        margin,
        level,
    )


def _tests(
    differences: Mapping[str, npt.ArrayLike],
    test_share: float,
    rows: Mapping[str, RowsError] | None,
    levels: Mapping[str, float],
) -> dict[str, PairedTest]:
    """Return each arm's test, its interval at the arm's level."""
    found = {}
    for name, d in differences.items():
        test = nadeau_bengio(d, test_share, level=levels[name])
        found[name] = test if rows is None else with_rows(test, rows[name])
    return found


def _steps(
    p: Mapping[str, float], adjusted: FloatArray, level: float
) -> dict[str, float]:
    """Return the level of each arm's interval, so that it agrees with Holm's test.

    The k-th smallest of m p-values is held against alpha / (m - k + 1), until one
    fails; it and all later ones keep that level. An interval then excludes 0
    exactly where the test rejects.
    """
    known = sorted((name for name in p if not math.isnan(p[name])), key=lambda n: p[n])
    corrected = dict(zip(p, adjusted, strict=True))
    steps = dict.fromkeys(p, simultaneous_level(level, max(len(known), 1)))
    for k, name in enumerate(known):
        at = simultaneous_level(level, len(known) - k)
        for later in known[k:]:
            steps[later] = at
        if corrected[name] > 1 - level:
            break
    return steps


def _arm(
    name: str,
    test: PairedTest,
    p: float,
    level: float,
    share: tuple[int, float],
    margin: float,
) -> ArmVerdict:
    """Return what is said of one arm; `share` is (number of arms, power)."""
    if math.isnan(test.p):
        difference = Estimate(test.mean, reason=test.reason, level=level)
        return ArmVerdict(name, "cannot tell", difference, NAN, NAN)
    difference = Estimate(test.mean, test.low, test.high, METHOD, level=level)
    return ArmVerdict(
        name,
        _outcome(test, p, margin, level),
        difference,
        p,
        standardised_effect(test.df, share[0], level, share[1]) * test.se,
        t_beliefs(test.mean, test.se, test.df, margin),
    )


def _outcome(test: PairedTest, p: float, margin: float, level: float) -> Outcome:
    if -margin <= test.low and test.high <= margin:
        return "equivalent"
    if p <= 1 - level:
        return "better" if test.mean > 0 else "worse"
    return "cannot tell"


def _sentence(
    arms: Mapping[str, ArmVerdict],
    best: str,
    metric: str,
    baseline: str,
    margin: float,
) -> str:
    words = WORDS.get(metric, metric)
    if not arms:
        return f"Only {baseline} was tried: there is nothing to compare it with."
    better = sorted(
        (arm for arm in arms.values() if arm.outcome == "better"),
        key=lambda arm: -arm.difference.value,
    )
    if better:
        first = arms[best]
        others = [arm.name for arm in better if arm.name != best]
        tail = f" So do {_names(others)}." if len(others) > 1 else ""
        tail = f" So does {others[0]}." if len(others) == 1 else tail
        return (
            f"{best} beats {baseline} by {_amount(first.difference)} in {words}.{tail}"
        )
    open_arms = [arm for arm in arms.values() if arm.outcome == "cannot tell"]
    if not open_arms:
        named = "the plain network" if baseline == "plain" else baseline
        return (
            f"Nothing beats {named} with a tuned threshold: every arm is worse, or "
            f"within {margin:g} of it in {words}."
        )
    return _undecided(open_arms, len(arms), words, baseline)


def _undecided(
    open_arms: list[ArmVerdict], count: int, words: str, baseline: str
) -> str:
    seen = [a.detectable for a in open_arms if not math.isnan(a.detectable)]
    who = (
        f"whether any arm beats {baseline}"
        if len(open_arms) == count
        else f"whether {_names([a.name for a in open_arms])} "
        f"{'beats' if len(open_arms) == 1 else 'beat'} {baseline}"
    )
    if not seen:
        return f"This trial has too few splits to tell {who}."
    low, high = min(seen), max(seen)
    size = (
        _places(low)
        if _places(low) == _places(high)
        else (f"{_places(low)} to {_places(high)}, depending on the arm,")
    )
    return (
        f"This data cannot tell {who}; a difference of {size} in {words} could have "
        "been seen."
    )


def _names(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _amount(difference: Estimate) -> str:
    return f"{difference.value:.3f} [{difference.low:.3f}, {difference.high:.3f}]"


def _places(value: float) -> str:
    """Write a positive difference with two significant digits, .01 at the least."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
