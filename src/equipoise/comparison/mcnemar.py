# SPDX-License-Identifier: Apache-2.0
"""Which rows of each class only one of two arms decides rightly: McNemar's exact test.

Of the rows that both arms decide alike nothing can be learned about their difference.
Of the others each arm is right in some. If the arms decide equally well, a fair coin
says for each such row which of them is right (McNemar 1947).

Rows that belong together, and a row's decisions in several repeats, are one toss: the
sum of their differences has either sign with equal probability. With single rows and
one repeat this is McNemar's test with its binomial p-value.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.task import UNKNOWN_LABEL, Task
from equipoise.uncertainty.multiplicity import holm


@dataclass(frozen=True)
class PairedDecisions:
    """The decisions of an arm and the baseline for one class, or label.

    Attributes:
        name: The class or label.
        gained: Rows of the class that only the arm decides for it; the mean over the
            repeats.
        lost: Those that only the baseline does.
        p: P-value of `sign_flip_test`, adjusted for both tests, all classes and all
            arms (Holm 1979).
        false_gained: Rows of other classes that only the baseline decides for it.
        false_lost: Those that only the arm does.
        false_p: Their p-value, adjusted likewise.
    """

    name: str
    gained: float
    lost: float
    p: float
    false_gained: float
    false_lost: float
    false_p: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def sign_flip_test(differences: npt.ArrayLike) -> float:
    """Return the exact p-value of whole numbers being symmetric around 0.

    Under the hypothesis each has either sign with a probability of one half. The
    p-value is the probability that the sum is as far from 0 as it is, or farther. If
    all are 1, 0 or -1, it is the two-sided p-value of McNemar's exact test.

    Args:
        differences: `[units]` whole numbers.

    Raises:
        InputError: A number is not whole, or they are no list of numbers.

    Example:
        >>> round(sign_flip_test([1, 1, 1, 1, 1, -1]), 10)
        0.21875
    """
    numbers = np.asarray(differences)
    numeric = numbers.dtype.kind in "biuf" and numbers.ndim == 1
    if not numeric or (np.mod(numbers, 1) != 0).any():
        raise InputError(
            sentence(
                f"differences of shape {numbers.shape} and type {numbers.dtype}, "
                "or some that are not whole",
                "a list of whole numbers",
            )
        )
    whole = numbers.astype(np.int64)
    sizes, counts = np.unique(np.abs(whole[whole != 0]), return_counts=True)
    distribution: FloatArray = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        tosses = _tosses(count)
        spread = np.zeros(2 * count * size + 1)
        spread[:: 2 * size] = tosses
        distribution = _convolved(distribution, spread)
    far = abs(int(whole.sum()))
    middle = distribution.size // 2
    away = np.abs(np.arange(distribution.size) - middle)
    return float(min(1.0, distribution[away >= far].sum()))


def _tosses(count: int) -> FloatArray:
    """Return the binomial probabilities of 0 to `count` heads of a fair coin."""
    from scipy.stats import binom

    return np.asarray(binom.pmf(np.arange(count + 1), count, 0.5))


def _convolved(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the distribution of a sum, by the fast transform if it is long."""
    if min(one.size, other.size) < 500:
        return np.convolve(one, other)
    from scipy.signal import fftconvolve

    return np.maximum(fftconvolve(one, other), 0.0)


def paired_decisions(
    results: TaskCrossValidated,
) -> dict[str, dict[str, PairedDecisions]]:
    """Compare each arm's decisions with the baseline's, class by class.

    All tests of all arms are one family.

    Args:
        results: What `cross_validated_task` gave.

    Returns:
        By arm but the baseline, by class or label; empty if rows have weights other
        than 1, for which the test has no exact form.
    """
    rows = results.targets.rows
    if (rows.weights != 1).any():
        return {}
    base = results[results.baseline].decisions
    counts: list[tuple[str, str, list[float]]] = []
    tests: list[float] = []
    for name, arm in results.arms.items():
        if name == results.baseline:
            continue
        for view, label in enumerate(rows.names):
            there, labelled = _truth(results.task, results.y, view)
            both = [_flags(results.task, made, view) for made in (arm.decisions, base)]
            change = both[0].astype(np.int64) - both[1].astype(np.int64)
            numbers = []
            for here in (there, labelled & ~there):
                numbers += [float((change[:, here] == s).sum()) for s in (1, -1)]
                total = np.where(here, change.sum(axis=0), 0)
                tests.append(sign_flip_test(_by_unit(total, results.targets.unit)))
            counts.append((name, label, [n / len(change) for n in numbers]))
    adjusted = iter(holm(np.array(tests)).tolist())
    made: dict[str, dict[str, PairedDecisions]] = {}
    for name, label, (gained, lost, false_lost, false_gained) in counts:
        p, false_p = next(adjusted), next(adjusted)
        made.setdefault(name, {})[label] = PairedDecisions(
            label, gained, lost, p, false_gained, false_lost, false_p
        )
    return made


def _truth(task: Task, y: AnyArray, view: int) -> tuple[BoolArray, BoolArray]:
    """Return which rows are of a class, or have a label, and of which it is known."""
    if task.kind == "multilabel":
        return y[:, view] == 1, y[:, view] != UNKNOWN_LABEL
    return y == view, np.ones(len(y), np.bool_)


def _flags(task: Task, decisions: IntArray, view: int) -> BoolArray:
    """Return which rows are decided for a class, or label, `[repeats, rows]`."""
    if task.kind == "multilabel":
        return np.asarray(decisions[..., view] == 1)
    return np.asarray(decisions == view)


def _by_unit(totals: IntArray, unit: IntArray | None) -> IntArray:
    """Return the sums over rows that belong together."""
    if unit is None:
        return totals
    return np.rint(np.bincount(unit, totals)).astype(np.int64)
