# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise import metrics
from equipoise.uncertainty import clopper_pearson
from equipoise.uncertainty.shares import SHARES, decision_share_interval

Y = np.repeat([1, 0, 1, 0], [9, 5, 3, 83])
FLAGGED = np.repeat([1.0, 1.0, 0.0, 0.0], [9, 5, 3, 83])


@pytest.mark.parametrize(
    ("name", "hits", "rows"),
    [
        ("recall", 9, 12),
        ("precision", 9, 14),
        ("specificity", 83, 88),
        ("negative_predictive_value", 83, 86),
        ("accuracy", 92, 100),
        ("flag_rate", 14, 100),
        ("jaccard", 9, 17),
    ],
)
def test_is_exact(name, hits, rows) -> None:
    found = decision_share_interval(name, Y, FLAGGED, threshold=0.5)
    assert found == pytest.approx(clopper_pearson(hits, rows))


@pytest.mark.parametrize("name", SHARES)
def test_holds_the_value_of_the_metric(name, cases) -> None:
    for y, score, weights in cases(30):
        for cut in (0.3, 0.6):
            value = metrics.METRICS[name](y, score, weights, threshold=cut)
            if not np.isnan(value):
                low, high = decision_share_interval(
                    name, y, score, threshold=cut, weights=weights
                )
                assert low - 1e-9 <= value <= high + 1e-9
                assert high - low > 1e-3


def test_f1_is_the_transformed_jaccard_interval() -> None:
    low, high = decision_share_interval("jaccard", Y, FLAGGED, threshold=0.5)
    found = decision_share_interval("f1", Y, FLAGGED, threshold=0.5)
    assert found == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_equal_weights_are_no_weights_and_unequal_ones_widen() -> None:
    plain = decision_share_interval("recall", Y, FLAGGED, threshold=0.5)
    equal = decision_share_interval(
        "recall", Y, FLAGGED, threshold=0.5, weights=np.full(100, 9)
    )
    assert equal == pytest.approx(plain)
    uneven = np.random.default_rng(0).choice([1.0, 20.0], 100)
    low, high = decision_share_interval(
        "recall", Y, FLAGGED, threshold=0.5, weights=uneven
    )
    assert high - low > plain[1] - plain[0]


def test_clusters_of_copies_claim_no_more_than_clusters() -> None:
    copies = np.repeat(np.arange(100), 10)
    low, high = decision_share_interval(
        "recall", Y[copies], FLAGGED[copies], threshold=0.5, clusters=copies
    )
    plain = decision_share_interval("recall", Y, FLAGGED, threshold=0.5)
    naive = decision_share_interval("recall", Y[copies], FLAGGED[copies], threshold=0.5)
    assert high - low > plain[1] - plain[0] > 2 * (naive[1] - naive[0])


def test_clusters_without_an_error_still_have_a_width() -> None:
    y = np.repeat([1, 0], [40, 60])
    names = np.arange(100) // 10
    low, high = decision_share_interval("recall", y, y, threshold=0.5, clusters=names)
    assert (low, high) == pytest.approx(clopper_pearson(4, 4))


def test_no_rows_give_the_whole_range() -> None:
    assert decision_share_interval("precision", [0, 1], [0.1, 0.2], threshold=0.9) == (
        0.0,
        1.0,
    )


def test_clustered_intervals_cover() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        # 25 clusters of 8 positives; each cluster has its own chance, mean .7.
        chance = np.repeat(random.beta(3.5, 1.5, 25), 8)
        flagged = (random.random(200) < chance).astype(float)
        names = np.repeat(np.arange(25), 8)
        low, high = decision_share_interval(
            "recall", np.ones(200), flagged, threshold=0.5, clusters=names
        )
        held += low <= 0.7 <= high
    assert held / 400 >= 0.93 - 2 * np.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("by", ["rows", "clusters"])
def test_sums_of_fractional_weights_never_leave_0_to_1(name, by) -> None:
    random = np.random.default_rng(0)
    for rows in range(5, 60):
        y = random.random(rows) < 0.5
        weights = random.random(rows)
        clusters = random.integers(0, 6, rows) if by == "clusters" else None
        for score in (y, ~y):
            if name == "flag_rate" or not SHARES[name](y, score)[1].any():
                continue
            low, high = decision_share_interval(
                name,
                y,
                score.astype(float),
                threshold=0.5,
                weights=weights,
                clusters=clusters,
            )
            assert (low == 0) != (high == 1)
            assert high - low < 1


@pytest.mark.parametrize("inside", [0.0, 0.5])
@pytest.mark.parametrize("sizes", [[6] * 12, [30, 12, 8, 5, 4, 3, 3, 2, 2, 2, 1, 1]])
def test_recall_of_few_clusters_is_covered(sizes, inside) -> None:
    random = np.random.default_rng(11)
    unit = np.repeat(np.arange(12), sizes)
    tables, held = 400, 0
    y = np.ones(unit.size, int)
    truth = stats.norm.sf(-0.6)
    for _ in range(tables):
        common = np.sqrt(inside) * random.standard_normal(12)[unit]
        score = common + np.sqrt(1 - inside) * random.standard_normal(unit.size)
        low, high = decision_share_interval(
            "recall", y, score, threshold=-0.6, clusters=unit
        )
        held += low <= truth <= high
    assert held / tables >= 0.93 - 2.5 * np.sqrt(0.93 * 0.07 / tables)
