# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics import METRICS, interval
from equipoise.metrics.estimation import supported

SERVED = [name for name in METRICS if supported(name)]
OPTIONS = {"precision_at_k": {"k": 20}, "recall_at_k": {"k": 20}}


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    y = np.repeat([1, 0], [20, 180])
    return y, np.clip(random.normal(0.3, 0.15, 200) + 0.25 * y, 0.01, 0.99)


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize("how", ["plain", "weights", "clusters"])
def test_contract(name, how, rows) -> None:
    y, score = rows
    random = np.random.default_rng(1)
    more = {
        "plain": {},
        "weights": {"weights": random.choice([0.0, 1.0, 2.0], 200)},
        "clusters": {"clusters": np.arange(200) // 2},
    }[how]
    options = OPTIONS.get(name, {})
    found = interval(name, y, score, replicates=100, **more, **options)
    assert found.value == METRICS[name](y, score, more.get("weights"), **options)
    assert METRICS[name].low <= found.low < found.high <= METRICS[name].high
    assert found.low <= found.value <= found.high
    assert found.method
    assert not found.reason
    wider = interval(name, y, score, level=0.99, replicates=100, **more, **options)
    assert wider.high - wider.low > found.high - found.low
    assert wider.level == 0.99


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "recall", "mcc"])
def test_perfect_scores_have_a_width(name) -> None:
    for positives in (1, 2, 8, 12):
        y = np.repeat([1, 0], [positives, 100])
        found = interval(name, y, y.astype(float))
        assert found.value == pytest.approx(1)
        assert found.high == 1
        assert METRICS[name].low < found.low < 1
    # 12 of 12: the exact interval of a share begins at .735.
    assert interval(name, y, y.astype(float)).low > 0.4


def test_the_label_swap_mirrors_the_auroc(rows) -> None:
    y, score = rows
    found, mirrored = interval("roc_auc", y, score), interval("roc_auc", 1 - y, -score)
    assert (mirrored.low, mirrored.high) == pytest.approx((found.low, found.high))
    turned = interval("roc_auc", y, -score)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high))


def test_undefined_has_its_reason() -> None:
    assert interval("roc_auc", [1, 1], [0.1, 0.2]).reason == "no negatives"
    assert interval("precision", [0, 1], [0.1, 0.2]).reason == "nothing is flagged"
    found = interval("balanced_accuracy", [0, 1], [0.1, 0.9])
    assert found.defined
    infinite = interval("log_loss", [0, 1], [0.1, 0.0])
    assert infinite.value == math.inf
    assert math.isnan(infinite.low)
    assert infinite.reason


def test_the_bootstrap_repeats_by_seed(rows) -> None:
    y, score = rows
    first, again, other = (
        interval("partial_roc_auc", y, score, replicates=60, seed=s) for s in (1, 1, 2)
    )
    assert (first.low, first.high) == (again.low, again.high)
    assert (first.low, first.high) != (other.low, other.high)
    bare = interval(
        "partial_roc_auc", y, score, replicates=60, standardised=False, max_fpr=0.2
    )
    assert 0 <= bare.low < bare.value < bare.high <= 0.2


def test_what_is_not_served_says_so(rows) -> None:
    for name in ("calibration_error", "recall_at_precision"):
        with pytest.raises(UnsupportedError, match=name):
            interval(name, *rows)
    with pytest.raises(InputError, match="Leave the threshold out"):
        interval("roc_auc", *rows, threshold=0.5)
    with pytest.raises(InputError, match="clusters of shape"):
        interval("roc_auc", *rows, clusters=[1, 2])
    with pytest.raises(InputError, match="Did you mean"):
        interval("recal", *rows)
    with pytest.raises(InputError, match="level"):
        interval("recall", *rows, level=1.5)
