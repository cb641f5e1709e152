# SPDX-License-Identifier: Apache-2.0
"""Generated classes and labels have the posteriors that they claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2, multivariate_normal

from equipoise.errors import InputError
from equipoise.table.generated_tasks import (
    GeneratedClasses,
    GeneratedLabels,
    _population,
    long_tail,
    make_classes,
    make_labels,
)


def calibrated(p: Any, y: Any) -> bool:
    """Whether outcomes come as often as stated, in ten bins, at the .001 level."""
    order = np.argsort(p)
    statistic = 0.0
    for rows in np.array_split(order, 10):
        spread = (p[rows] * (1 - p[rows])).sum()
        statistic += (y[rows].sum() - p[rows].sum()) ** 2 / max(spread, 1e-9)
    return bool(statistic < chi2.ppf(0.999, 10))


@pytest.mark.parametrize("categories", [0, 5])
def test_posteriors_of_classes_are_bayes_rule(categories: int) -> None:
    made = make_classes(50, shares=[5, 3, 1], numeric=3, categories=categories, seed=4)
    means, effects = _population(4, 3, 2.0, 3, categories)
    x = np.stack([made.table[f"x{j}"].values for j in range(3)], axis=1)
    density = np.stack([multivariate_normal.pdf(x, mean) for mean in means], axis=1)
    if categories:
        density *= np.exp(effects)[:, made.table["category"].values].T
    joint = density * np.array([5, 3, 1]) / 9
    expected = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(made.posterior, expected, rtol=1e-9)
    np.testing.assert_allclose(
        made.table.task.probability(made.scores), expected, rtol=1e-9
    )


def test_posteriors_of_classes_are_calibrated() -> None:
    made = make_classes(40_000, shares=long_tail(5, 30.0), seed=1)
    assert isinstance(made, GeneratedClasses)
    for label in range(5):
        assert calibrated(made.posterior[:, label], made.table.y == label)


def test_counts_are_exact_and_numbers_are_columns() -> None:
    made = make_classes(100, counts=[80, 15, 5], numeric=2, categories=0)
    assert made.table.task.totals(made.table.y).tolist() == [80, 15, 5]
    assert made.shares.tolist() == [0.8, 0.15, 0.05]
    assert made.table.names == ("x0", "x1")
    again = make_classes(100, counts=[80, 15, 5], numeric=2, categories=0)
    np.testing.assert_array_equal(again.scores, made.scores)
    other = make_classes(100, counts=[80, 15, 5], numeric=2, categories=0, seed=1)
    assert not np.array_equal(other.scores, made.scores)


def test_long_tail() -> None:
    shares = long_tail(10, 100.0)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] / shares[-1] == pytest.approx(100.0)
    np.testing.assert_allclose(shares[1:] / shares[:-1], shares[1] / shares[0])


@pytest.mark.parametrize("dependence", [0.0, 0.8, -1.0])
@pytest.mark.parametrize("shares", [[0.5], [0.6, 0.3, 0.02], list(long_tail(8, 50.0))])
def test_labels_have_their_shares(shares: list[float], dependence: float) -> None:
    made = make_labels(20, shares=shares, dependence=dependence)
    assert made.prior.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(made.prior @ made.sets, shares, rtol=1e-9)
    if dependence == 0:
        p = np.where(made.sets == 1, shares, 1 - np.array(shares)).prod(axis=1)
        np.testing.assert_allclose(made.prior, p, rtol=1e-7)


@pytest.mark.parametrize("categories", [0, 3])
def test_posteriors_of_labels_are_bayes_rule(categories: int) -> None:
    made = make_labels(
        40, shares=[0.4, 0.1, 0.2], numeric=2, categories=categories, seed=7
    )
    means, effects = _population(7, 3, 1.5, 2, categories)
    x = np.stack([made.table[f"x{j}"].values for j in range(2)], axis=1)
    density = np.empty((40, 8))
    for k, labels in enumerate(made.sets):
        density[:, k] = multivariate_normal.pdf(x, labels @ means)
        if categories:
            powers = np.exp(labels @ effects)
            density[:, k] *= (powers / powers.sum())[made.table["category"].values]
    joint = density * made.prior
    joint /= joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(made.joint, joint, rtol=1e-8)
    np.testing.assert_allclose(expit(made.scores), made.posterior, rtol=1e-9)


def test_posteriors_of_labels_are_calibrated() -> None:
    made = make_labels(40_000, shares=[0.5, 0.2, 0.03], seed=2)
    assert isinstance(made, GeneratedLabels)
    for label in range(3):
        y = made.table.y[:, label]  # type: ignore[index]  # it has labels
        assert calibrated(made.posterior[:, label], y == 1)
    for k, labels in enumerate(made.sets):
        of_set = (made.table.y == labels).all(axis=1)
        assert calibrated(made.joint[:, k], of_set)


def test_unknown_labels() -> None:
    made = make_labels(5000, shares=[0.5, 0.2], unknown=0.3)
    assert (made.table.y == -1).mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    "options",
    [
        {"shares": [0.0, 1.0]},
        {"shares": [1.0]},
        {"shares": [1, 2], "counts": [5, 5]},
        {"counts": [5, 6]},
        {"counts": [0, 10]},
        {"numeric": 0, "categories": 0},
        {"separation": -1},
    ],
)
def test_refused_classes(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make_classes(10, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"shares": []},
        {"shares": [0.5] * 13},
        {"shares": [1.0]},
        {"shares": [0.5], "unknown": 1.0},
        {"shares": [0.5], "numeric": 0, "categories": 0},
    ],
)
def test_refused_labels(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make_labels(10, **options)
