# SPDX-License-Identifier: Apache-2.0
"""Places in the common and the exact layout."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import InputError
from equipoise.networks.layout import Layout, arrange, common_layout, exact_layout
from equipoise.networks.parameters import (
    initial,
    shapes,
    to_common_layout,
    to_exact_layout,
)
from equipoise.networks.spec import NetworkSpec
from equipoise.table.table import Column, Table
from equipoise.task import Task

SPEC = NetworkSpec("x", hidden=(5,), number_width=3, category_width=2, one_hot=4)


@pytest.fixture
def table() -> Table:
    random = np.random.default_rng(0)
    rows = 400
    holed = random.normal(size=rows)
    holed[:3] = np.nan
    columns = (
        Column("holed", "numeric", holed),
        Column("flag", "boolean", random.integers(0, 2, rows).astype(float)),
        Column("when", "datetime", random.integers(0, 10**15, rows).astype("M8[us]")),
        Column(
            "few",
            "categorical",
            random.integers(0, 2, rows).astype(np.int32),
            ("x", "y"),
        ),
        Column(
            "many",
            "categorical",
            random.integers(-1, 40, rows).astype(np.int32),
            tuple(map(str, range(40))),
        ),
    )
    return Table(
        columns, random.integers(0, 2, rows).astype(np.int8), Task("binary", ("n", "p"))
    )


@pytest.mark.parametrize("start", [0, 3, 200])
def test_every_part_fits_and_gives_the_same_network(table, start) -> None:
    """A network in the common layout computes what it computes in its own."""
    import tensorflow as tf

    from equipoise.networks.forward import forward

    common = common_layout(table, SPEC)
    encoding = learn_encoding(table, np.arange(start, start + 150))
    exact = exact_layout(encoding, common)
    assert set(exact.numbers) <= set(common.numbers)
    encoded = encoding.transform(table)
    weights = initial(SPEC, exact, 0, -1.0)
    wide = to_common_layout(weights, SPEC, exact, common)
    for name, value in to_exact_layout(wide, SPEC, exact, common).items():
        np.testing.assert_array_equal(value, weights[name])

    def logits(layout, arrays, last):
        inputs = arrange(encoded, exact, layout)
        return forward(
            SPEC,
            {name: tf.constant(value[None]) for name, value in arrays.items()},
            inputs.dense[None],
            inputs.positions[None],
            inputs.codes[None],
            tf.constant(np.asarray(last, np.float32)[None]),
        ).numpy()

    own = dict(zip(exact.positions, exact.knots, strict=True))
    places = [own.get(name, 2) - 2 for name in common.positions]
    np.testing.assert_allclose(
        logits(common, wide, places),
        logits(exact, weights, np.asarray(exact.knots) - 2),
        atol=1e-5,
    )


def test_the_common_layout_depends_on_the_table_alone(table) -> None:
    assert common_layout(table, SPEC) == common_layout(table, SPEC)
    layout = common_layout(table, SPEC)
    assert Layout.from_dict(layout.to_dict()) == layout
    assert [c.embedded for c in layout.categories] == [False, True]
    assert layout.dense == len(layout.numbers) + layout.one_hot[0].levels
    assert shapes(SPEC, layout)["kernel_0"] == (layout.width(SPEC), 5)


def named_alike(rows: int = 300) -> Table:
    """A column that is named as the indicator of another, and one as a part of one."""
    random = np.random.default_rng(1)
    holed = random.normal(size=rows)
    holed[200:] = np.nan
    moments = random.integers(0, 10**15, rows).astype("M8[us]")
    columns = (
        Column("a", "numeric", holed),
        Column("a is missing", "numeric", random.normal(size=rows)),
        Column("when:hour", "numeric", random.normal(size=rows)),
        Column("when", "datetime", moments),
    )
    return Table(
        columns, random.integers(0, 2, rows).astype(np.int8), Task("binary", ("n", "p"))
    )


@pytest.mark.parametrize("rows", [np.arange(300), np.arange(200)], ids=["gaps", "none"])
def test_features_that_are_named_alike_keep_their_places(rows) -> None:
    table = named_alike()
    common = common_layout(table, SPEC)
    encoding = learn_encoding(table, rows)
    exact = exact_layout(encoding, common)
    encoded = encoding.transform(table)
    inputs = arrange(encoded, exact, common)
    features = len(encoding.numbers)
    np.testing.assert_array_equal(
        inputs.dense[:, :features], encoded.numbers[:, :features]
    )
    np.testing.assert_array_equal(inputs.positions, encoded.positions)
    gaps = inputs.dense[:, features:].sum(axis=1)
    np.testing.assert_array_equal(gaps, encoded.numbers[:, features:].sum(axis=1))
    weights = initial(SPEC, exact, 0, -1.0)
    wide = to_common_layout(weights, SPEC, exact, common)
    for name, value in to_exact_layout(wide, SPEC, exact, common).items():
        np.testing.assert_array_equal(value, weights[name])
    loaded = Layout.from_dict(exact.to_dict())
    assert loaded == exact_layout(encoding, loaded)
    np.testing.assert_array_equal(
        arrange(encoded, loaded, loaded).dense, encoded.numbers
    )


def test_features_that_cannot_be_told_apart_are_refused() -> None:
    table = named_alike()
    moments = table["when"].values.copy()
    moments[:200] = moments[0]  # no hours to learn from
    columns = (*table.columns[:3], Column("when", "datetime", moments))
    table = dataclasses.replace(table, columns=columns)
    common = common_layout(table, SPEC)
    encoding = learn_encoding(table, np.arange(200))
    exact = exact_layout(encoding, common)
    with pytest.raises(InputError, match="'when:hour'"):
        arrange(encoding.transform(table), exact, common)


def test_a_network_that_embeds_nothing_has_no_positions(table) -> None:
    plain = common_layout(table, NetworkSpec("small"))
    assert plain.positions == ()
    assert "steps" not in shapes(NetworkSpec("small"), plain)


def test_training_rows_lie_between_their_knots() -> None:
    """The engine embeds them by products that do not extrapolate."""
    random = np.random.default_rng(3)
    values = [
        random.standard_t(1, 500),
        random.integers(0, 5, 500).astype(float),
        np.where(random.random(500) < 0.3, np.nan, random.lognormal(0, 5, 500)),
        np.full(500, 3.0),
    ]
    columns = [Column(f"x{i}", "numeric", v) for i, v in enumerate(values)]
    columns.append(Column("b", "boolean", (random.random(500) < 0.5).astype(float)))
    table = Table(
        tuple(columns),
        (random.random(500) < 0.2).astype(np.int8),
        Task("binary", ("0", "1")),
    )
    rows = np.sort(random.permutation(500)[:300])
    encoding = learn_encoding(table, rows)
    positions = encoding.transform(table).positions
    assert (positions[rows] >= 0).all()
    assert (positions[rows] <= np.asarray(encoding.knots) - 1).all()
    assert (positions < 0).any()
