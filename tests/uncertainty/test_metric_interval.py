# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics import METRICS
from equipoise.uncertainty import clopper_pearson, interval
from equipoise.uncertainty.metric_interval import supported
from equipoise.uncertainty.row_weights import RowResampler
from equipoise.uncertainty.score_interval import Spread, effective_wilson
from equipoise.uncertainty.shares import SHARES

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


@pytest.mark.parametrize("weighted", [False, True])
def test_skill_is_a_straight_line_of_the_brier_score(rows, weighted) -> None:
    """1 - Brier / (prevalence (1 - prevalence)): the ends change places."""
    y, score = rows
    weights = np.random.default_rng(4).uniform(0.2, 3.0, 200) if weighted else None
    plain = interval("brier", y, score, weights=weights)
    skill = interval("brier_skill", y, score, weights=weights)
    share = np.average(y, weights=weights)
    least = share * (1 - share)
    assert plain.low < plain.value < plain.high
    assert skill.low == pytest.approx(1 - plain.high / least, abs=1e-12)
    assert skill.high == pytest.approx(1 - plain.low / least, abs=1e-12)
    assert skill.value == pytest.approx(1 - plain.value / least, abs=1e-12)


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


def test_precision_at_k_is_no_narrower_than_the_exact_interval_of_its_rows() -> None:
    # One wrong row of five: the effective size alone ends at .97, and covered .89.
    y = np.array([1, 1, 0, 1, 1] + [0] * 10)
    found = interval("precision_at_k", y, np.arange(15.0)[::-1], k=5, replicates=50)
    low, high = clopper_pearson(4, 5)
    assert found.value == 0.8
    assert found.low <= low
    assert found.high >= high


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


@pytest.fixture(scope="module")
def coverage():
    """The simulation of benchmarks/coverage.py, as a module."""
    path = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_simulation", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def held(cells, tables: int) -> None:
    """Check each cell against the bar, less three binomial standard errors."""
    slack = 3 * math.sqrt(0.93 * 0.07 / tables)
    for cell in cells:
        assert cell.coverage >= 0.93 - slack, cell
        assert cell.narrowest > 0, cell


def test_intervals_cover(coverage) -> None:
    # Small tables: thousands of them cost a second. The check inside also
    # compares each method with `interval`, row by row.
    found = []
    for number, (name, shape) in enumerate(coverage.shapes().items()):
        for n1, prevalence in ((8, 0.5), (12, 0.05), (50, 0.05)):
            random = np.random.default_rng([2, number, n1])
            place = (name, n1, prevalence)
            n0 = round(n1 * (1 - prevalence) / prevalence)
            found += coverage.ranking_cells(place, shape, n0, 600, 2, random)
            found += coverage.decision_cells(place, shape, n0, 600, random)
    held(found, 600)
    assert {cell.metric for cell in found} == set(coverage.METHODS)


@pytest.mark.parametrize("shape", ["binormal strong", "Student t(3)", "tied"])
def test_the_simulated_truth_is_that_of_a_large_table(coverage, shape) -> None:
    known = coverage.tied() if shape == "tied" else coverage.shapes()[shape]
    random = np.random.default_rng(0)
    t = coverage.draw(known, 4, 20_000, 380_000, random)
    for spread, true in zip(
        coverage.spreads(t), coverage.truth(known, 0.05), strict=True
    ):
        error = np.sqrt(np.mean(spread.variance) / 4)
        assert np.mean(spread.value) == pytest.approx(true, abs=4 * error)


@pytest.mark.slow
def test_every_cell_covers_at_full_size(coverage) -> None:
    cells = coverage.simulate(20_000)
    for cell in cells:
        assert cell.coverage >= coverage.FLOOR, cell
        assert cell.narrowest > 0, cell
    for metric in ("roc_auc", "average_precision"):
        mean = np.mean([c.coverage for c in cells if c.metric == metric])
        assert mean <= coverage.CEILING


RANKED = ("average_precision", "normalised_average_precision", "roc_auc")
TABLES = st.lists(
    st.tuples(st.booleans(), st.integers(-4, 4)), min_size=6, max_size=40
).filter(lambda rows: 2 <= sum(y for y, _ in rows) <= len(rows) - 2)


@given(TABLES, st.sampled_from(RANKED))
def test_rising_transforms_leave_ranking_intervals(rows, name) -> None:
    y = np.array([r[0] for r in rows])
    score = np.array([r[1] for r in rows], float)
    first = interval(name, y, score)
    for moved in (3 * score - 7, np.exp(score), np.arctan(score), score**3):
        again = interval(name, y, moved)
        assert (again.value, again.low, again.high) == pytest.approx(
            (first.value, first.low, first.high), abs=1e-12
        )


@given(TABLES, st.sampled_from([*SHARES, "g_mean", "mcc", "kappa", "brier", *RANKED]))
def test_rows_of_no_weight_are_not_there(rows, name) -> None:
    y = np.array([r[0] for r in rows])
    score = np.array([r[1] for r in rows], float)
    p = 1 / (1 + np.exp(-score))
    threshold = {} if name in ("brier", *RANKED) else {"threshold": 0.6}
    some = np.ones(y.size)
    alone = interval(name, y, p, weights=some, **threshold)
    more = interval(
        name,
        np.append(y, [True, False, True]),
        np.append(p, [0.05, 0.95, 0.5]),
        weights=np.append(some, [0.0, 0.0, 0.0]),
        **threshold,
    )
    assert (more.value, more.low, more.high) == pytest.approx(
        (alone.value, alone.low, alone.high), abs=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("name", RANKED)
def test_scores_that_are_all_tied_know_nothing(name: str) -> None:
    y = np.repeat([0, 1], [90, 10])
    found = interval(name, y, np.zeros(100))
    none = {"roc_auc": 0.5, "average_precision": 0.1}.get(name)
    assert found.low <= found.value <= found.high
    if none is not None:
        assert found.value == pytest.approx(none)
        assert found.low < none < found.high


@pytest.mark.parametrize("name", SERVED)
def test_one_positive_is_never_certain(name: str) -> None:
    y = np.append(np.zeros(40), 1)
    p = np.append(np.linspace(0.05, 0.6, 40), 0.9)
    options = {"k": 5} if name.endswith("_at_k") else {}
    found = interval(name, y, p, replicates=50, **options)
    assert found.high > found.low or math.isnan(found.low)
    assert bool(found.reason) == math.isnan(found.low)


@pytest.mark.parametrize("name", sorted({*SERVED} - {*OPTIONS, "partial_roc_auc"}))
def test_the_value_lies_inside_whatever_the_rows(name) -> None:
    random = np.random.default_rng(2)
    for k in range(60):
        rows = int(random.integers(4, 60))
        y = random.integers(0, 2, rows)
        score = [y, 1 - y, np.round(random.random(rows), 1), random.random(rows)][k % 4]
        kept = random.random(rows) > 0.1
        weights = random.random(rows) * kept if k % 3 else None
        clusters = random.integers(0, max(2, rows // 3), rows) if k % 5 == 0 else None
        found = interval(name, y, score, weights=weights, clusters=clusters)
        if found.defined and not math.isnan(found.low):
            assert found.low <= found.value <= found.high
            assert found.low < found.high


@pytest.mark.parametrize("name", OPTIONS)
def test_the_bootstrap_reads_the_rows_in_their_own_order(name, rows) -> None:
    # The variance is that of the metric over the resampler's own counts.
    y, score = rows
    options = OPTIONS[name]
    found = interval(name, y, score, replicates=50, seed=3, **options)
    counts = np.concatenate(list(RowResampler(y, replicates=50, seed=3)))
    drawn = [METRICS[name](y, score, many, **options) for many in counts]
    units = 20.0
    spread = Spread(METRICS[name](y, score, **options), np.var(drawn, ddof=1), units)
    low, high = map(float, effective_wilson(spread))
    if name == "precision_at_k":
        exact = clopper_pearson(found.value * options["k"], options["k"])
        low, high = min(low, exact[0]), max(high, exact[1])
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("level", [0.95, 0.999999])
@pytest.mark.parametrize("name", SERVED)
def test_an_interval_is_within_the_range_of_its_metric_or_says_why_not(
    name: str, level: float
) -> None:
    rng = np.random.default_rng(5)
    y = (np.arange(40) % 5 == 0).astype(int)
    p = np.clip(0.2 + 0.4 * y + rng.normal(size=40) * 0.15, 0.01, 0.99)
    one = np.arange(40) == 5
    samples: list[tuple[Any, Any, dict[str, Any]]] = [
        (y, p, {}),
        (y, np.full(40, 0.3), {}),
        (np.ones(9, int), p[:9], {}),
        (np.zeros(9, int), p[:9], {}),
        ([1], [0.3], {}),
        ([0, 1], [0.3, 0.6], {}),
        (one, p, {}),
        (~one, p, {}),
        (y, np.where(y == 1, 1 - 1e-16, 1e-300), {}),
        (y, p, {"clusters": np.zeros(40)}),
        (y, p, {"clusters": np.arange(40) % 2}),
        (y, p, {"clusters": y}),
        (y, p, {"weights": y * 1.0}),
        (y, p, {"weights": 1.0 - y}),
        (y, p, {"weights": np.zeros(40)}),
        (y, p, {"weights": one * 1.0}),
        (y, p, {"weights": np.where(y == 1, 1e-100, 1e30)}),
        (y, p, {"weights": np.full(40, 1e-100)}),
        (y, p, {"weights": 10.0 ** np.linspace(-30, 30, 40)}),
    ]
    for labels, scores, options in samples:
        estimate = interval(name, labels, scores, level=level, **options)
        if math.isnan(estimate.low):
            assert estimate.reason
        else:
            assert METRICS[name].low - 1e-9 <= estimate.low <= estimate.value
            assert estimate.value <= estimate.high <= METRICS[name].high + 1e-9


def test_why_an_error_is_unknown() -> None:
    y, p = [0, 0, 0, 1], [0.1, 0.2, 0.3, 0.6]
    assert (
        interval("log_loss", y, p).reason == "one row of a class: its error is unknown"
    )
    one = interval("log_loss", [0, 0, 1, 1], p, clusters=["a"] * 4)
    assert one.reason == "one cluster: its error is unknown"
    assert interval("log_loss", [0, 0, 1, 1], [0.0, 0.2, 0.0, 1]).reason == (
        "it is infinite"
    )
    assert interval("g_mean", [0, 0, 1, 1], p, clusters=["a"] * 4).reason == one.reason
