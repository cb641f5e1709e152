# SPDX-License-Identifier: Apache-2.0
"""Certified floors on precision and recall, or a refusal that counts what is missing.

A certificate says: with probability of at least `level` over the draw of these rows,
the population's precision (or recall) at the threshold is at least the floor. It needs
rows that were drawn from that population, and that neither training, nor early
stopping, nor the choice of an arm has used. `choose_threshold` on out-of-fold scores
only *estimates* a floor; `benchmarks/floors.py` simulates how often such a floor is
broken.

The tests are exact one-sided binomial tests, as in the bounds of Clopper and Pearson
(1934). That many thresholds may be tried follows from Learn then Test (Angelopoulos et
al. 2021): they are tested in an order that is fixed beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise._core.numerals import as_probability, exact, figure
from equipoise._core.types import IntArray
from equipoise.decision.decimals import json_number
from equipoise.decision.rows import ScoredRows, check_rows
from equipoise.errors import InputError, RefusedError
from equipoise.uncertainty.sample_sizes import cases_for_power

GROWTH = 1.02
"""Numbers of flagged rows grow by this factor along the grid."""
STARTS = ((1.0, 0.98), (4.0, 0.02))
"""Where the sequence of tests starts, as a multiple of the smallest number of flagged
rows that could pass without an error, and what share of the error each start may spend.
In simulations the second start adds up to .06 of recall and costs none."""


@dataclass(frozen=True)
class Certificate:
    """A threshold at which floors hold with a stated probability.

    Attributes:
        threshold: Rows with score >= threshold are flagged.
        precision: The certified floor on precision; None if none was asked for.
        recall: The certified floor on recall, likewise.
        level: The probability that all certified floors hold together.
        rows: How many rows it rests on.
        positives: How many of them were positive.
        flagged: How many of the rows it flags.
        caught: How many of those are positive.
    """

    threshold: float
    precision: float | None
    recall: float | None
    level: float
    rows: int
    positives: int
    flagged: int
    caught: int

    def describe(self) -> str:
        """Say in words what is promised, on which rows, and when it holds."""
        floors = [
            f"{name} of at least {exact(value)}"
            for name, value in (("precision", self.precision), ("recall", self.recall))
            if value is not None
        ]
        holds_for = "score distribution within the positives"
        if self.precision is not None:
            holds_for = "population (the same prevalence too)"
        return (
            f"{' and '.join(floors)}, certified at {as_probability(self.level, 3)} "
            f"on {self.rows} "
            f"unseen rows ({self.positives} positive): {self.caught} of "
            f"{self.flagged} flagged were positive. Holds for the same {holds_for}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps."""
        return {**asdict(self), "threshold": json_number(self.threshold)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Certificate:
        """Rebuild a certificate from `to_dict`."""
        return cls(**{**data, "threshold": float(data["threshold"])})


def positives_needed(floor: float, level: float = 0.95) -> int:
    """Return the fewest positives that can certify a floor on recall.

    The smallest n with floor^n <= 1 - level: so many are enough if all are caught.

    Args:
        floor: The floor on recall, strictly between 0 and 1.
        level: The probability with which it must hold, likewise.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> positives_needed(0.8), positives_needed(0.9)
        (14, 29)
    """
    return _fewest(_open(floor, "floor"), 1 - _open(level, "level"))


def flags_needed(
    floor: float, level: float = 0.95, *, precision: float = 1.0, power: float = 0.8
) -> int:
    """Return how many flagged cases certify a floor on precision.

    Args:
        floor: The floor, strictly between 0 and 1.
        level: The probability with which it must hold.
        precision: The true precision among the flagged, above `floor`. At 1 the
            answer is the smallest number that could pass, without any error.
        power: The probability of passing that is asked for.

    Returns:
        The smallest number with that power; beyond 1,000 by the normal
        approximation.

    Raises:
        InputError: `precision` is not above `floor`.

    Example:
        >>> flags_needed(0.8), flags_needed(0.9), flags_needed(0.95)
        (14, 29, 59)
        >>> flags_needed(0.8, precision=0.9)
        82
    """
    delta = STARTS[0][1] * (1 - _open(level, "level"))
    low = _fewest(_open(floor, "floor"), delta)
    true = number(precision, "precision", 0, 1)
    chance = _open(power, "power")
    if true <= floor:
        raise InputError(
            sentence(
                f"precision={exact(true)} for a floor of {exact(floor)}",
                "a precision above the floor",
                "No number of rows can show a precision that is not there.",
            )
        )
    if true == 1:
        return low
    return cases_for_power(floor, true, chance, 1 - delta)


def certify_precision(
    score: npt.ArrayLike, y: npt.ArrayLike, floor: float, *, level: float = 0.95
) -> Certificate:
    """Return the lowest threshold whose precision is certified.

    The numbers of flagged rows that are tested, m_1 < m_2 < ..., are fixed beforehand:
    from the smallest that could pass without error, each 2 % larger than the last. m
    stands for the rows above the (m + 1)-th highest score; given that score they are
    independent draws. m passes if P(Bin(m, 1 - floor) <= false alarms) <= 1 - level.
    The sequence stops at the first m that fails, so testing often costs nothing
    (fixed-sequence testing; Angelopoulos et al. 2021). A second start at four times
    the first m has .02 of the error for itself, and all of it if the sequence of the
    first start reaches it (Wiens 2003, the fallback procedure).

    The promise is exact if precision does not recover: below the score at which it
    falls under the floor, no score has a larger share of positives than `floor`.
    `benchmarks/floors.py` simulates it without that condition.

    Args:
        score: `[rows]`, higher is more positive. Only rows that nothing has used.
        y: `[rows]` of 0 and 1.
        floor: Strictly between 0 and 1.
        level: The probability with which the floor must hold, strictly between 0 and
            1.

    Returns:
        The certificate, with the threshold and what it rests on.

    Raises:
        RefusedError: No threshold can be certified; the message says what would be
            needed.
        InputError: A number is out of range, or the arrays do not fit together.

    Example:
        >>> import numpy as np
        >>> score = np.linspace(3, -3, 200)
        >>> certificate = certify_precision(score, score > 1, 0.8)
        >>> certificate.caught, certificate.flagged
        (67, 76)
    """
    rows = check_rows(score, y)
    passed = _precision_cuts(rows, floor, 1 - _open(level, "level"))
    if not passed:
        raise _precision_refusal(rows, floor, level)
    return _certificate(rows, passed[-1], level, precision=floor)


def certify_recall(
    score: npt.ArrayLike, y: npt.ArrayLike, floor: float, *, level: float = 0.95
) -> Certificate:
    """Return the highest threshold whose recall is certified.

    The threshold is the k-th lowest score of a positive, k the largest number
    with P(Bin(positives, 1 - floor) < k) <= 1 - level: the exact one-sided bound of a
    quantile, whatever the distribution (ties make it conservative). It rests on
    positives alone, so the prevalence may change.

    Args:
        score: `[rows]`, higher is more positive. Only rows that nothing has used.
        y: `[rows]` of 0 and 1.
        floor: Strictly between 0 and 1.
        level: The probability with which the floor must hold, strictly between 0 and
            1.

    Returns:
        The certificate, with the threshold and what it rests on.

    Raises:
        RefusedError: There are too few positives; the message says how many would be
            enough.
        InputError: A number is out of range, or the arrays do not fit together.

    Example:
        >>> import numpy as np
        >>> score = np.arange(28.0)
        >>> certify_recall(score, np.ones(28), 0.8).threshold
        1.0
        >>> certify_recall(score[:12], np.ones(12), 0.8)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        equipoise.errors.RefusedError: Received 12 positives for a recall of ...
    """
    rows = check_rows(score, y)
    threshold = _recall_cut(rows, floor, 1 - _open(level, "level"), level)
    return _certificate(rows, threshold, level, recall=floor)


def certify_both(
    score: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    precision: float,
    recall: float,
    level: float = 0.95,
) -> Certificate:
    """Return the highest threshold at which both floors are certified together.

    Each floor has half of the error (Bonferroni).

    Args:
        score: `[rows]`, higher is more positive. Only rows that nothing has used.
        y: `[rows]` of 0 and 1.
        precision: The floor on precision.
        recall: The floor on recall.
        level: The probability with which both must hold.

    Raises:
        RefusedError: No threshold has both.

    Example:
        >>> import numpy as np
        >>> score = np.linspace(3, -3, 900)
        >>> certify_both(score, score > 1, precision=0.8, recall=0.8).flagged
        255
    """
    rows = check_rows(score, y)
    delta = (1 - _open(level, "level")) / 2
    highest = _recall_cut(rows, recall, delta, 1 - delta)
    passed = _precision_cuts(rows, precision, delta)
    both = [cut for cut in passed if cut <= highest]
    if not both:
        reached = (
            "the lowest threshold whose precision is certified catches "
            f"{figure(_recall_at(rows, passed[-1]))} of the positives here"
            if passed
            else str(_precision_refusal(rows, precision, 1 - delta))
        )
        raise RefusedError(
            sentence(
                f"precision of {exact(precision)} and recall of {exact(recall)}, "
                "together",
                "floors that one threshold meets on these rows",
                f"{reached[0].upper()}{reached[1:].rstrip('.')}.",
            )
        )
    return _certificate(rows, both[0], level, precision=precision, recall=recall)


def _precision_cuts(rows: ScoredRows, floor: float, delta: float) -> list[float]:
    """Return the thresholds that pass, the highest first."""
    from scipy.special import bdtr

    start = _fewest(_open(floor, "floor"), STARTS[0][1] * delta)
    order = np.argsort(-rows.score, kind="stable")
    score, hits = rows.score[order], np.cumsum(rows.y[order])
    grid = _grid(start, score.size)
    if not grid.size:
        return []
    # Rows strictly above the first score that is left out: ties are left out together.
    left_out = score[np.minimum(grid, score.size - 1)]
    above = np.searchsorted(-score, -left_out, side="left")
    flagged = np.where(grid == score.size, score.size, above)
    cuts = np.where(grid == score.size, -math.inf, np.nextafter(left_out, math.inf))
    alarms = flagged - np.append(0.0, hits)[flagged]
    tail = np.asarray(bdtr(alarms, flagged, 1 - floor))
    spend = np.zeros(grid.size)
    for factor, share in STARTS:
        first = int(np.searchsorted(grid, factor * start))
        if first < grid.size:
            spend[first] += share * delta
    # If ties leave too few rows to pass even without error, nothing is tested.
    tested = flagged >= start
    passed, budget = [], 0.0
    for j in range(grid.size):
        budget += spend[j]
        if budget == 0 or not tested[j]:
            continue
        if tail[j] <= budget:
            passed.append(float(cuts[j]))
        else:
            budget = 0.0
    return passed


def _grid(start: int, rows: int) -> IntArray:
    """Return the numbers of flagged rows that are tested: each 2 % larger."""
    counts = []
    count = start
    while count < rows:
        counts.append(count)
        count = max(count + 1, round(count * GROWTH))
    if start <= rows:
        counts.append(rows)
    return np.array(counts, np.int64)


def _recall_cut(rows: ScoredRows, floor: float, delta: float, level: float) -> float:
    from scipy.special import bdtr

    positive = np.sort(rows.score[rows.y == 1])
    k = np.arange(positive.size)
    allowed = int(np.sum(bdtr(k, positive.size, 1 - _open(floor, "floor")) <= delta))
    if not allowed:
        needed = _fewest(floor, delta)
        raise RefusedError(
            sentence(
                f"{positive.size} positives for a recall of at least {exact(floor)} at "
                f"{as_probability(level, 4)}",
                f"at least {needed} positives, if none of them is missed",
                _recall_remedy(positive.size, delta),
            )
        )
    return float(positive[allowed - 1])


def _recall_remedy(positives: int, delta: float) -> str:
    if not positives:
        return "There is no positive among these rows."
    best = delta ** (1 / positives)
    return (
        f"With {positives}, a floor of {math.floor(best * 100) / 100:.2f} is the "
        "highest that can be certified; out-of-fold scores give an estimate."
    )


def _precision_refusal(rows: ScoredRows, floor: float, level: float) -> RefusedError:
    """Return an error: what the highest scores achieve, and what would be needed."""
    start = flags_needed(floor, level)
    goal = f"precision of at least {exact(floor)} at {as_probability(level, 4)}"
    if rows.score.size < start:
        return RefusedError(
            sentence(
                f"{rows.score.size} rows for a {goal}",
                f"at least {start} flagged cases, all of them positive",
            )
        )
    order = np.argsort(-rows.score, kind="stable")
    grid = _grid(start, rows.score.size)
    hits = np.cumsum(rows.y[order])[grid - 1]
    best = int(np.argmax(hits / grid))
    precision, count = float(hits[best] / grid[best]), int(grid[best])
    received = (
        f"{int(hits[0])} positives among the {start} highest scores, and at best "
        f"{int(hits[best])} of {count}, for a {goal}"
    )
    accepted = f"{start} flagged cases without error, or more with a few"
    if precision <= floor:
        return RefusedError(
            sentence(received, accepted, "The precision here is below the floor.")
        )
    needed = flags_needed(floor, level, precision=min(precision, 1 - 1 / (2 * count)))
    size = math.ceil(needed / count * rows.score.size)
    return RefusedError(
        sentence(
            received,
            accepted,
            f"If the true precision were {figure(precision)} as here, {needed:,} "
            f"flagged cases, about {size:,} rows, would certify the floor four times "
            "in five.",
        )
    )


def _certificate(
    rows: ScoredRows,
    threshold: float,
    level: float,
    *,
    precision: float | None = None,
    recall: float | None = None,
) -> Certificate:
    on = rows.score >= threshold
    return Certificate(
        threshold=threshold,
        precision=precision,
        recall=recall,
        level=level,
        rows=rows.score.size,
        positives=int(rows.y.sum()),
        flagged=int(on.sum()),
        caught=int(rows.y[on].sum()),
    )


def _recall_at(rows: ScoredRows, threshold: float) -> float:
    return float(rows.y[rows.score >= threshold].sum() / rows.positives)


def _fewest(floor: float, delta: float) -> int:
    """Return the smallest n with floor^n <= delta."""
    count = max(1, math.ceil(math.log(delta) / math.log(floor)))
    # The quotient may be rounded across an integer.
    if count > 1 and floor ** (count - 1) <= delta:
        return count - 1
    return count if floor**count <= delta else count + 1


def _open(value: float, what: str) -> float:
    return number(value, what, 0, 1, open_ends=True)
