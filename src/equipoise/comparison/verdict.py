# SPDX-License-Identifier: Apache-2.0
"""What a trial can say: per arm, and in one or two plain sentences.

The difference is that of the leaderboard. It is held against the larger of two
standard errors, with Holm's correction for the number of arms: that of the corrected
resampled t-test over the splits, and that of resampling the rows. The second alone
knows the noise of the test rows and not that of the training rows, and breaks its
level; the first alone is about the mean over splits, where average precision with
few positives is compressed (`benchmarks/level_of_the_verdict.py`).

An arm whose scores are constant within folds is no rival: its metrics are known. A
pair with such an arm is tested by the other's own intervals (`constant.py`), and does
not count in the correction for the number of arms.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of
from equipoise._core.notebook import html_card, html_table
from equipoise._core.numerals import as_p_value, estimate, significant
from equipoise._core.types import FloatArray
from equipoise.comparison.bayesian import Beliefs, t_beliefs
from equipoise.comparison.class_differences import (
    OF_EACH,
    ClassDifference,
    class_differences,
    class_sentence,
)
from equipoise.comparison.constant import ConstantTest, against_constant
from equipoise.comparison.paired import (
    PairedTest,
    RowsError,
    nadeau_bengio,
    with_rows,
)
from equipoise.comparison.power import standardised_effect, within
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.metrics import METRICS, Estimate
from equipoise.uncertainty.differences import (
    UNIT,
    Limits,
    difference_limits,
    limits_between,
)
from equipoise.uncertainty.multiplicity import holm, simultaneous_level

VerdictWord = Literal["better", "worse", "equivalent", "cannot tell"]
NAN = float("nan")
METHOD = "corrected resampled t, Holm"
ALONE = "corrected resampled t"
CONSTANT = "interval of the arm that is not constant"
MARGIN = 0.01
GAIN_SHARE = 0.02
"""The default margin: this share of what the best arm gains over knowing nothing, at
most `MARGIN`."""
ENOUGH_REPEATS = 5
"""With fewer repeats an open verdict is blamed on their number, not on the data."""


@dataclass(frozen=True)
class ArmVerdict:
    """One arm against the baseline.

    Attributes:
        name: The arm.
        outcome: "better" or "worse": the difference is real at the corrected
            level. "equivalent": it lies within the margin. "cannot tell": neither.
        difference: Arm minus baseline, positive if the arm is better (a loss is
            turned round), with the interval that goes with the corrected test: it
            excludes 0 exactly if the test finds a difference.
        p: P-value after the correction for the number of arms; NaN without a test.
            A pair with an arm that says the same of every row is not counted there.
        detectable: The improvement that this trial would have found in 80 of 100
            repetitions; NaN without a test, or if no possible improvement is as large.
        beliefs: Posterior probabilities of worse, equivalent, better, looking at
            this arm alone; None without a test, and for a pair with a constant.
    """

    name: str
    outcome: VerdictWord
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
        choice: The arm to take: the best of those that are better than the baseline,
            else the baseline.
        sentence: The verdict in one or two sentences.
        detectable_difference: The smallest of the arms' detectable differences,
            in the metric; NaN without a test.
        metric: What was compared.
        baseline: What the arms were compared with.
        margin: Up to this a difference does not matter.
        level: One minus the probability of any false "better" or "worse".
        margin_basis: How the margin was set, in words.
        by_class: Of several classes or labels: by arm whose average differs, what it
            does to each, see `class_differences`.
    """

    arms: Mapping[str, ArmVerdict]
    choice: str
    sentence: str
    detectable_difference: float
    metric: str
    baseline: str
    margin: float
    level: float
    margin_basis: str = "as asked"
    by_class: Mapping[str, Mapping[str, ClassDifference]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        times = Counter(arm.outcome for arm in self.arms.values())
        arms = ", ".join(f"{count} {outcome}" for outcome, count in times.items())
        return f"<Verdict: {arms or 'one arm'}; take {self.choice}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                name,
                estimate(
                    arm.difference.value,
                    arm.difference.low,
                    arm.difference.high,
                    signed=True,
                ),
                arm.outcome,
                as_p_value(arm.p) if arm.p == arm.p else arm.difference.reason,
            )
            for name, arm in self.arms.items()
        ]
        head = ("arm", f"{self.metric} against {self.baseline}", "verdict", "test")
        return html_card(self.sentence, html_table(head, rows))


class Margin(NamedTuple):
    """Up to what a difference does not matter.

    Attributes:
        value: The largest difference that is called equivalent.
        basis: How it was set, in words.
    """

    value: float
    basis: str


def default_margin(results: CrossValidated | TaskCrossValidated, metric: str) -> Margin:
    """Return the margin in proportion to what can be gained.

    It is 2% of what the best arm gains over knowing nothing, and at most
    .01, except for a cost, which has its own scale. If nothing is gained, it is 0. If
    nothing can be said of guessing, as for recall, it is .01.

    Args:
        results: What `cross_validated` gave.
        metric: One of the metrics that are compared.
    """
    idle = results.guessed(metric)
    sign = 1.0 if results.record(metric).higher_is_better else -1.0
    values = [arm.evaluation[metric].value for arm in results.arms.values()]
    if metric == "cost":
        # Guessing costs what the dearest arm does, or more.
        idle = max([value for value in values if not math.isnan(value)], default=0.0)
    if idle is None:
        return Margin(MARGIN, f"{MARGIN} by default")
    gains = [sign * (v - idle) for v in values if not math.isnan(v)]
    gain = max([0.0, *gains])
    if GAIN_SHARE * gain >= MARGIN and metric != "cost":
        return Margin(MARGIN, f"{MARGIN} by default")
    return Margin(
        GAIN_SHARE * gain,
        f"2% of the {significant(gain, 2)} that the best arm gains over guessing",
    )


class Splits(NamedTuple):
    """How the rows were divided, for the sentence.

    Attributes:
        repeats: How often.
        folds: Into how many folds.
        repeatable: Whether they can be divided again; rows by time cannot.
    """

    repeats: int
    folds: int
    repeatable: bool = True


class _Terms(NamedTuple):
    """What all arms of a verdict share."""

    metric: str
    baseline: str
    margin: Margin
    level: float
    power: float
    largest: float
    limits: Limits | None
    label: str
    splits: Splits | None = None


def judge(
    results: CrossValidated | TaskCrossValidated,
    *,
    metric: str | None = None,
    margin: float | None = None,
    level: float | None = None,
    power: float = 0.8,
    repeatable: bool = True,
) -> Verdict:
    """Say of each arm of a cross-validated trial whether it beats the baseline.

    Args:
        results: What `cross_validated` gave.
        metric: One of those within folds; the metric of the results if None.
        margin: Differences up to this are equivalent; `default_margin` if None.
        level: One minus the family-wise error rate; the results' level if None.
        power: For the detectable difference.
        repeatable: Whether the rows can be divided into folds again; if not, more
            repeats are not advised.

    Returns:
        The verdict on each arm, and on all of them in a sentence.

    Raises:
        InputError: The metric has no split values, or a number is out of range.
    """
    metric = results.metric if metric is None else metric
    one_of(metric, results.arms[results.baseline].splits, "metric")
    record = results.record(metric)
    sign = 1.0 if record.higher_is_better else -1.0
    names = [name for name in results.arms if name != results.baseline]
    values = {
        name: sign * arm.evaluation[metric].value for name, arm in results.arms.items()
    }
    base = values[results.baseline]
    largest = record.high - base if sign > 0 else -base
    cover = results.level if level is None else level
    number(cover, "level", 0, 1, open_ends=True)
    terms = _Terms(
        metric,
        results.baseline,
        default_margin(results, metric)
        if margin is None
        else Margin(number(margin, "margin", 0), "as asked"),
        cover,
        power,
        math.inf if math.isnan(largest) else largest,
        limits_between(record.low, record.high),
        record.label,
        Splits(results.repeats, results.folds_per_repeat, repeatable),
    )
    alone = [name for name in names if _one_constant(results, name)]
    constants_known = results.constants.precision, results.constants.area
    constants = {
        name: _against_constant(results, name, metric, cover)
        for name in alone
        if metric in constants_known
    }
    differences = {
        name: sign * results.split_differences(name, metric) for name in names
    }
    rows = {
        name: RowsError(
            values[name] - base, results[name].errors[metric], results.units - 1
        )
        for name in names
    }
    family = [name for name in names if name not in alone]
    judged = _family(
        {name: differences[name] for name in family}, results.test_share, rows, terms
    )
    for name in alone:
        judged[name] = (
            _of_constant(name, constants[name], terms)
            if name in constants
            else _family(
                {name: differences[name]}, results.test_share, rows, terms, ALONE
            )[name]
        )
    verdict = _conclude({name: judged[name] for name in names}, values, terms, family)
    if isinstance(results, TaskCrossValidated):
        return _with_classes(verdict, results, family)
    return verdict


@dataclass(frozen=True)
class PairVerdict:
    """One arm against another.

    Attributes:
        first: The arm.
        second: What it was compared with.
        outcome: What is said of the first, as in `ArmVerdict`.
        difference: First minus second, positive if the first is better.
        p: P-value after the correction for the number of pairs; NaN without a test.
        detectable: As in `ArmVerdict`.
        beliefs: As in `ArmVerdict`.
    """

    first: str
    second: str
    outcome: VerdictWord
    difference: Estimate
    p: float
    detectable: float
    beliefs: Beliefs | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        beliefs = None if self.beliefs is None else self.beliefs._asdict()
        return {**asdict(self), "beliefs": beliefs}

    def __str__(self) -> str:
        shown = estimate(
            self.difference.value,
            self.difference.low,
            self.difference.high,
            signed=True,
        )
        return f"{self.first} against {self.second}: {shown}, {self.outcome}"


def judge_all_pairs(
    results: CrossValidated | TaskCrossValidated,
    names: Sequence[str],
    *,
    margin: float | None = None,
    level: float | None = None,
) -> tuple[PairVerdict, ...]:
    """Judge every two of some arms, see `judge_pairs`.

    Args:
        results: What `cross_validated` gave.
        names: Of arms; of each pair the earlier one comes first.
        margin: As in `judge_pairs`.
        level: As in `judge_pairs`.
    """
    pairs = list(itertools.combinations(names, 2))
    return judge_pairs(results, pairs, margin=margin, level=level)


def judge_pairs(
    results: CrossValidated | TaskCrossValidated,
    pairs: Sequence[tuple[str, str]],
    *,
    margin: float | None = None,
    level: float | None = None,
    power: float = 0.8,
) -> tuple[PairVerdict, ...]:
    """Say of each pair of arms whether the first beats the second.

    All pairs are one family: Holm's correction is for their number. A pair with one arm
    that says the same of every row is tested by the other's intervals and does not
    count, as in `judge`.

    Args:
        results: What `cross_validated` gave.
        pairs: Names of arms, in the metric of the results.
        margin: Differences up to this are equivalent; `default_margin` if None.
        level: One minus the family-wise error rate; the results' level if None.
        power: For the detectable difference.

    Raises:
        InputError: There is no such arm, or a pair is one arm twice.
    """
    metric = results.metric
    record = results.record(metric)
    sign = 1.0 if record.higher_is_better else -1.0
    cover = results.level if level is None else level
    bound = default_margin(results, metric)
    if margin is not None:
        bound = Margin(number(margin, "margin", 0), "as asked")
    against = {second: results.against(second) for _, second in pairs}
    ranked = results.constants.precision, results.constants.area
    differences, rows, of_pair, alone = {}, {}, {}, {}
    for first, second in pairs:
        one_of(first, [name for name in results.arms if name != second], "arm")
        key, other = f"{first}\n{second}", against[second]
        base = sign * other[second].evaluation[metric].value
        value = sign * other[first].evaluation[metric].value
        largest = record.high - base if sign > 0 else -base
        of_pair[key] = first, second, math.inf if math.isnan(largest) else largest
        if _one_constant(other, first) and metric in ranked:
            alone[key] = _against_constant(other, first, metric, cover)
            continue
        differences[key] = sign * other.split_differences(first, metric)
        rows[key] = RowsError(
            value - base, other[first].errors[metric], other.units - 1
        )
    terms = _Terms(
        metric,
        "",
        bound,
        cover,
        power,
        math.inf,
        limits_between(record.low, record.high),
        record.label,
    )
    judged = _family(differences, results.test_share, rows, terms)
    for key, test in alone.items():
        judged[key] = _of_constant(key, test, terms)
    verdicts = []
    for key, (first, second, largest) in of_pair.items():
        one = judged[key]
        seen = within(one.detectable, largest)
        verdicts.append(
            PairVerdict(
                first, second, one.outcome, one.difference, one.p, seen, one.beliefs
            )
        )
    return tuple(verdicts)


def _with_classes(
    verdict: Verdict, results: TaskCrossValidated, family: Sequence[str]
) -> Verdict:
    """Say of each class what the arms do whose average differs.

    Arms that say the same of every row are left out: each of their classes differs.
    """
    differing = [
        name for name in family if verdict.arms[name].outcome in ("better", "worse")
    ]
    metric = OF_EACH.get(verdict.metric)
    if metric is None:
        return verdict
    by_class = class_differences(results, differing, metric, level=verdict.level)
    more = class_sentence(by_class.get(verdict.choice, {}), METRICS[metric].label)
    return replace(
        verdict, sentence=f"{verdict.sentence} {more}".strip(), by_class=by_class
    )


def _one_constant(results: CrossValidated | TaskCrossValidated, name: str) -> bool:
    """Return whether one of an arm and the baseline says the same of every row."""
    return results[name].constant != results[results.baseline].constant


def _against_constant(
    results: CrossValidated | TaskCrossValidated, name: str, metric: str, level: float
) -> ConstantTest:
    arm = results[results.baseline] if results[name].constant else results[name]
    test = against_constant(
        metric,
        arm.at_level.__getitem__,
        results.constants,
        units=results.units,
        splits=results.folds.shape[0] * results.folds_per_repeat,
        level=level,
    )
    return test.turned() if results[name].constant else test


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
        differences: By arm, `[repeats, folds]` or flat, positive if the arm is
            better; NaN if a split has none.
        test_share: The share of the rows that a split tests on, 1/folds.
        rows: By arm, the difference on all rows and its error from resampling
            them; if None the mean over the splits is tested, by the corrected
            resampled t-test alone.
        values: By arm (and baseline), what orders the better ones; their mean
            differences if None.
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
        >>> [arm.outcome for arm in verdict.arms.values()], verdict.choice
        (['better', 'cannot tell'], 'trees')
        >>> print(verdict)
        trees beats plain by 0.079 [0.056, 0.101] in average precision.
    """
    number(margin, "margin", 0)
    number(level, "level", 0, 1, open_ends=True)
    largest = math.inf
    if values is not None and metric in METRICS and METRICS[metric].higher_is_better:
        largest = METRICS[metric].high - values[baseline]
    terms = _Terms(
        metric,
        baseline,
        Margin(margin, "as asked"),
        level,
        power,
        largest,
        difference_limits(metric),
        METRICS[metric].label if metric in METRICS else metric,
    )
    judged = _family(differences, test_share, rows, terms)
    order = values or {name: arm.difference.value for name, arm in judged.items()}
    return _conclude(judged, order, terms, list(judged))


def _family(
    differences: Mapping[str, npt.ArrayLike],
    test_share: float,
    rows: Mapping[str, RowsError] | None,
    terms: _Terms,
    method: str = METHOD,
) -> dict[str, ArmVerdict]:
    """Judge the arms that share one error rate."""
    level, limits = terms.level, terms.limits
    first = _tests(differences, test_share, rows, dict.fromkeys(differences, 0.95))
    adjusted = holm([test.p for test in first.values()]) if first else np.zeros(0)
    steps = _steps({n: test.p for n, test in first.items()}, adjusted, level)
    wide = _tests(differences, test_share, rows, steps, limits)
    return {
        name: _arm(name, wide[name], float(p), len(differences), terms, method)
        for name, p in zip(first, adjusted, strict=True)
    }


def _conclude(
    arms: dict[str, ArmVerdict],
    order: Mapping[str, float],
    terms: _Terms,
    family: list[str],
) -> Verdict:
    """Return the verdict on all arms; `family` are those that are no constants."""
    better = [name for name, arm in arms.items() if arm.outcome == "better"]
    best = max(better, key=lambda name: order[name]) if better else terms.baseline
    each = [arms[name].detectable for name in (family or arms)]
    detectable = [value for value in each if not math.isnan(value)]
    return Verdict(
        arms,
        best,
        _sentence(arms, best, terms),
        min(detectable) if detectable else NAN,
        terms.metric,
        terms.baseline,
        terms.margin.value,
        terms.level,
        terms.margin.basis,
    )


def _tests(
    differences: Mapping[str, npt.ArrayLike],
    test_share: float,
    rows: Mapping[str, RowsError] | None,
    levels: Mapping[str, float],
    limits: Limits | None = UNIT,
) -> dict[str, PairedTest]:
    """Return each arm's test, its interval at the arm's level."""
    tests = {}
    for name, d in differences.items():
        test = nadeau_bengio(d, test_share, level=levels[name], limits=limits)
        if rows is not None:
            test = with_rows(test, rows[name], limits=limits)
        tests[name] = test
    return tests


def _steps(
    p: Mapping[str, float], adjusted: FloatArray, level: float
) -> dict[str, float]:
    """Return the level of each arm's interval, so that it agrees with Holm's test.

    The k-th smallest of m p-values is held against alpha / (m - k + 1), until one
    fails; it and all later ones keep that level. An interval then excludes 0
    exactly if the test rejects.
    """
    tested = sorted((name for name in p if not math.isnan(p[name])), key=lambda n: p[n])
    corrected = dict(zip(p, adjusted, strict=True))
    steps = dict.fromkeys(p, simultaneous_level(level, max(len(tested), 1)))
    for k, name in enumerate(tested):
        at = simultaneous_level(level, len(tested) - k)
        for later in tested[k:]:
            steps[later] = at
        if corrected[name] > 1 - level:
            break
    return steps


def _arm(
    name: str, test: PairedTest, p: float, count: int, terms: _Terms, method: str
) -> ArmVerdict:
    """Return what is said of one arm of `count`."""
    if math.isnan(test.p):
        difference = Estimate(test.mean, reason=test.reason, level=terms.level)
        return ArmVerdict(name, "cannot tell", difference, NAN, NAN)
    margin = terms.margin.value
    difference = Estimate(test.mean, test.low, test.high, method, level=terms.level)
    effect = standardised_effect(test.df, count, terms.level, terms.power)
    return ArmVerdict(
        name,
        _outcome(test, p, margin, terms.level),
        difference,
        p,
        within(effect * test.se, terms.largest),
        t_beliefs(test.mean, test.se, test.df, margin),
    )


def _of_constant(name: str, pair: ConstantTest, terms: _Terms) -> ArmVerdict:
    """Return what is said of a pair of an arm and a constant."""
    test, level = pair.test, terms.level
    method = CONSTANT if test.low == test.low else ""
    difference = Estimate(test.mean, test.low, test.high, method, test.reason, level)
    if math.isnan(test.p):
        return ArmVerdict(name, "cannot tell", difference, NAN, NAN)
    effect = standardised_effect(test.df, 1, level, terms.power) * test.se
    outcome: VerdictWord = "cannot tell"
    if test.p <= 1 - level:
        outcome = "better" if pair.side > 0 else "worse"
    elif _within_margin(test, terms.margin.value):
        outcome = "equivalent"
    detectable = within(effect, terms.largest)
    return ArmVerdict(name, outcome, difference, test.p, detectable)


def _outcome(test: PairedTest, p: float, margin: float, level: float) -> VerdictWord:
    if _within_margin(test, margin):
        return "equivalent"
    if p <= 1 - level:
        return "better" if test.mean > 0 else "worse"
    return "cannot tell"


def _within_margin(test: PairedTest, margin: float) -> bool:
    return -margin <= test.low and test.high <= margin


def _sentence(arms: Mapping[str, ArmVerdict], best: str, terms: _Terms) -> str:
    words, baseline = terms.label, terms.baseline
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
        within_margin = any(arm.outcome == "equivalent" for arm in arms.values())
        text = f"Nothing beats {named} with a tuned threshold: every arm is worse"
        if not within_margin:
            return f"{text} in {words}."
        margin = significant(terms.margin.value, 2)
        return f"{text}, or within {margin} of it in {words}."
    return _undecided(open_arms, len(arms), words, terms)


def _undecided(
    open_arms: list[ArmVerdict], count: int, words: str, terms: _Terms
) -> str:
    baseline, splits = terms.baseline, terms.splits
    who = (
        f"whether any arm beats {baseline}"
        if len(open_arms) == count
        else f"whether {_names([a.name for a in open_arms])} "
        f"{'beats' if len(open_arms) == 1 else 'beat'} {baseline}"
    )
    if all(math.isnan(arm.p) for arm in open_arms):
        return f"This trial has too few splits to tell {who}."
    few = splits is not None and splits.repeats < ENOUGH_REPEATS
    if splits is None or not few:
        return f"This data cannot tell {who}; {_detectable(open_arms, words, False)}."
    divided = (
        f"{'One repeat' if splits.repeats == 1 else f'{splits.repeats} repeats'} of "
        f"{splits.folds} folds"
    )
    if not splits.repeatable:
        divided = f"These {splits.folds} folds"
    seen = _detectable(open_arms, words, True)
    text = f"{divided} cannot tell {who}; {seen}."
    if not splits.repeatable:
        return text
    return f"{text} Run it with repeats={ENOUGH_REPEATS} (--repeats {ENOUGH_REPEATS})."


def _detectable(open_arms: list[ArmVerdict], words: str, few: bool) -> str:
    """Say which differences could have been detected, if any."""
    seen = [a.detectable for a in open_arms if not math.isnan(a.detectable)]
    if not seen:
        how = "with so few splits" if few else "with so few positives"
        return f"no possible improvement in {words} could have been detected {how}"
    low, high = _places(min(seen)), _places(max(seen))
    size = (
        f"{low} or more" if low == high else f"{low} to {high}, depending on the arm,"
    )
    return f"a difference of {size} in {words} could have been detected"


def _names(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _amount(difference: Estimate) -> str:
    return estimate(difference.value, difference.low, difference.high)


def _places(value: float) -> str:
    """Write a positive difference with two significant digits."""
    return significant(value, 2)
