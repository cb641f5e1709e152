# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import RobustScaler

from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.errors import InputError
from equipoise.table.table import Column, Table
from equipoise.task import Task


def table_of(*columns: Column) -> Table:
    rows = len(columns[0].values)
    return Table(
        columns, (np.arange(rows) % 2).astype(np.int8), Task("binary", ("no", "yes"))
    )


def numeric(values: object, name: str = "x") -> Column:
    return Column(name, "numeric", np.asarray(values, np.float64))


def category(texts: list[str | None], name: str = "c") -> Column:
    categories = tuple(dict.fromkeys(text for text in texts if text is not None))
    codes = [-1 if text is None else categories.index(text) for text in texts]
    return Column(name, "categorical", np.asarray(codes, np.int32), categories)


@pytest.fixture
def mixed() -> Table:
    rng = np.random.default_rng(5)
    n = 400
    skewed = rng.lognormal(3, 2, n)
    skewed[::17] = np.nan
    days = rng.integers(0, 900 * 86_400_000_000, n).astype("M8[us]")
    days[::50] = np.datetime64("NaT")
    return table_of(
        numeric(skewed, "skewed"),
        Column("flag", "boolean", rng.integers(0, 2, n).astype(np.float64)),
        category([["a", "b", None, "r"][k] for k in rng.choice(4, n)], "group"),
        Column("when", "datetime", days),
        numeric(rng.poisson(1, n), "count"),
    )


def test_numbers_equal_robust_scaler_and_smooth_clip(mixed: Table) -> None:
    train = np.arange(0, 400, 2)
    encoded = learn_encoding(mixed, train).transform(mixed)
    x = mixed["skewed"].values[:, None]
    z = RobustScaler().fit(x[train]).transform(x)[:, 0]
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    present = ~np.isnan(x[:, 0])
    np.testing.assert_allclose(encoded.numbers[present, 0], expected[present], 1e-6)
    assert np.all(encoded.numbers[~present, 0] == 0)


def test_positions_equal_interpolation_between_the_knots(mixed: Table) -> None:
    encoding = learn_encoding(mixed, np.arange(400))
    knots = np.asarray(encoding.numbers[0].knots)
    x = mixed["skewed"].values
    inside = ~np.isnan(x)
    expected = np.interp(x[inside], knots, np.arange(len(knots)))
    got = encoding.transform(mixed).positions[inside, 0]
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_knots_are_training_quantiles(mixed: Table) -> None:
    rows = np.arange(300)
    x = mixed["skewed"].values[rows]
    x = np.sort(x[~np.isnan(x)])
    knots = learn_encoding(mixed, rows).numbers[0].knots
    # The inverse of the empirical distribution, written out.
    shares = np.arange(49) / 48
    expected = x[np.maximum(np.ceil(shares * len(x)).astype(int) - 1, 0)]
    assert knots == tuple(np.unique(expected).tolist())


def test_few_distinct_values_are_all_knots(mixed: Table) -> None:
    feature = learn_encoding(mixed, np.arange(400)).numbers[-1]
    assert feature.knots == tuple(np.unique(mixed["count"].values).tolist())


def test_positions_continue_and_stop_outside() -> None:
    table = table_of(numeric([0.0, 1.0, 3.0, -0.5, -9e9, 4.0, 5.0, 1e300]))
    positions = learn_encoding(table, np.arange(3)).transform(table).positions[:, 0]
    assert positions.tolist() == [0, 1, 2, -0.5, -2, 2.5, 3, 4]


def test_boolean_has_two_knots_even_where_training_shows_one_value() -> None:
    flag = Column("flag", "boolean", np.array([0.0, 1.0, np.nan, 0.0]))
    encoding = learn_encoding(table_of(flag), np.arange(4))
    assert encoding.numbers[0].knots == (0.0, 1.0)
    encoded = encoding.transform(table_of(flag))
    assert encoded.positions[:, 0].tolist() == [0, 1, 0, 0]
    # Half the range is 1/2: z = (1 - 0) / (1/2) = 2.
    assert encoded.numbers[1, 0] == np.float32(2 / np.sqrt(1 + 4 / 9))
    assert encoded.numbers[:, 1].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("constant", [0.0, -7.5, 1e308])
def test_constant_column_says_nothing(constant: float) -> None:
    table = table_of(numeric([constant, constant, constant, 12.0, -1e300]))
    encoded = learn_encoding(table, np.arange(3)).transform(table)
    assert np.all(encoded.numbers == 0)
    assert np.ptp(encoded.positions) < 1


def test_column_missing_throughout_training() -> None:
    table = table_of(numeric([np.nan, np.nan, 1.0]), numeric([1.0, 2.0, 3.0], "z"))
    encoding = learn_encoding(table, np.arange(2))
    assert encoding.indicators == ()
    assert np.isfinite(encoding.transform(table).numbers).all()


def test_indicator_only_where_training_has_missing_values() -> None:
    table = table_of(numeric([1.0, 2.0, 3.0, np.nan]))
    without = learn_encoding(table, np.arange(3))
    assert without.indicators == ()
    late = without.transform(table)
    assert late.numbers[3].tolist() == [0.0]
    assert late.positions[3] == late.positions[1]
    assert learn_encoding(table, np.arange(4)).names == ("x", "x is missing")


def test_codes_by_frequency_rare_and_unseen_share_one() -> None:
    texts = ["b"] * 6 + ["a"] * 6 + ["z"] * 9 + ["rare"] * 4 + [None] * 3
    train = table_of(category(texts))
    encoding = learn_encoding(train, np.arange(len(texts)))
    assert encoding.categories[0].vocabulary == ("z", "a", "b")
    assert encoding.levels == (5,)
    later = table_of(category(["new", None, "b", "z", "rare", "a"]))
    assert encoding.transform(later).codes[:, 0].tolist() == [1, 0, 4, 2, 1, 3]


def test_vocabulary_is_capped_at_the_most_frequent() -> None:
    texts = [f"t{k:04d}" for k in range(1_001) for _ in range(6 if k == 1_000 else 5)]
    encoding = learn_encoding(table_of(category(texts)), np.arange(len(texts)))
    assert encoding.levels == (1_002,)
    assert encoding.categories[0].vocabulary[0] == "t1000"
    assert "t0999" not in encoding.categories[0].vocabulary


def test_moments_give_only_parts_that_vary() -> None:
    days = np.arange("2023-01-02", "2023-01-12", dtype="M8[D]").astype("M8[us]")
    encoding = learn_encoding(table_of(Column("when", "datetime", days)), np.arange(10))
    assert encoding.names == ("when:days", "when:weekday")
    positions = encoding.transform(table_of(Column("when", "datetime", days)))
    assert positions.positions[:, 1].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2]


def test_learning_ignores_other_rows_and_row_order(mixed: Table) -> None:
    rows = np.arange(150)
    encoding = learn_encoding(mixed, rows)
    assert encoding == learn_encoding(mixed.take(rows), np.arange(150))
    shuffled = np.random.default_rng(0).permutation(rows)
    assert encoding == learn_encoding(mixed, shuffled)
    assert hash(encoding) == hash(learn_encoding(mixed, shuffled))


def test_rows_and_masks_select_before_encoding(mixed: Table) -> None:
    encoding = learn_encoding(mixed, np.arange(200))
    rows = np.array([7, 3, 3, 399])
    whole, part = encoding.transform(mixed).take(rows), encoding.transform(mixed, rows)
    np.testing.assert_array_equal(whole.numbers, part.numbers)
    np.testing.assert_array_equal(whole.codes, part.codes)
    mask = np.zeros(400, bool)
    mask[5:9] = True
    assert len(encoding.transform(mixed, mask)) == 4


def test_round_trip_through_json_is_exact(mixed: Table) -> None:
    encoding = learn_encoding(mixed, np.arange(333))
    text = json.dumps(encoding.to_dict(), allow_nan=False)
    assert Encoding.from_dict(json.loads(text)) == encoding


def test_another_kind_of_column_is_an_error(mixed: Table) -> None:
    encoding = learn_encoding(mixed, np.arange(10))
    wrong = table_of(numeric([1.0], "skewed"), category(["1"], "flag"))
    with pytest.raises(InputError, match="categorical column 'flag'"):
        encoding.transform(wrong)
    with pytest.raises(InputError, match="skewed"):
        encoding.transform(table_of(category(["1"], "skew")))
    with pytest.raises(InputError, match="no training rows"):
        learn_encoding(mixed, np.array([], np.int64))


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(
    train=st.lists(finite | st.just(np.nan), min_size=1, max_size=60),
    later=st.lists(finite, min_size=1, max_size=20),
)
def test_no_finite_input_gives_a_number_that_is_not_finite(
    train: list[float], later: list[float]
) -> None:
    table = table_of(numeric(train + later))
    encoding = learn_encoding(table, np.arange(len(train)))
    encoded = encoding.transform(table)
    knots = np.asarray(encoding.numbers[0].knots)
    assert len(knots) >= 2
    assert np.all(np.diff(knots * 0.5) > 0)
    assert np.all(np.abs(encoded.numbers) <= 3)
    assert np.all(encoded.positions >= -2)
    assert np.all(encoded.positions <= len(knots) + 1)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=80, unique=True))
def test_numbers_and_positions_keep_the_order(values: list[float]) -> None:
    table = table_of(numeric(sorted(values)))
    encoded = learn_encoding(table, np.arange(0, len(values), 2)).transform(table)
    assert np.all(np.diff(encoded.numbers[:, 0]) >= 0)
    assert np.all(np.diff(encoded.positions[:, 0]) >= 0)
