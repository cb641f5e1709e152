# SPDX-License-Identifier: Apache-2.0
"""Whether an exported model gives the same results, on rows that are no data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.numerals import exact, significant
from equipoise._core.seeds import generator
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.encoding.encoding import Encoding
from equipoise.errors import TrainingError
from equipoise.export.odd_rows import ODD_FIRST, as_read, odd_values
from equipoise.learners.user_model.input import ArrayRows
from equipoise.priors import probability
from equipoise.table.table import Column, Table, concatenate

if TYPE_CHECKING:
    from equipoise.learners.user_model.input import UserInput
    from equipoise.models.model import ModelRecord, ModelRows

ARRAY_INPUT = "x"
"""The input's name if the user's own network is exported."""

CHECKED_ROWS = 256
CHECKED_ARRAYS = 32
TOLERANCE = 1e-6
# The copy computes networks in float32 in another order of operations.
NETWORK_TOLERANCE = 1e-5
# Decisions are compared if the log-odds are further from a threshold than this.
CLEAR = 1e-3
UNSEEN = "un\u00a0seen"
"""A category that no table has."""

_EARLIEST, _LATEST = 0, 2_000_000_000_000_000
_EXTREMES = (np.nan, 0.0, 1e-310, 1e300, -1e300)


def silent(text: str) -> None:
    """Say nothing of what is done from now on."""
    del text


def encoding_of(model: ModelRecord) -> Encoding:
    """Return the encoding of a model's first part; the columns are the same in all."""
    scorer: Any = model.components[0].scorers[0]
    encoding: Encoding = scorer.encoding
    return encoding


def boolean_inputs(model: ModelRecord) -> list[str]:
    """Return the names of the inputs that are boolean columns."""
    from equipoise.networks.encoding import input_names

    if model.user_input is not None:
        return []
    names = input_names(encoding_of(model))
    return [
        names[column.name]
        for column in model.schema.columns
        if column.kind == "boolean" and column.name in names
    ]


def checked_columns(model: ModelRecord) -> dict[str, np.ndarray]:
    """Return the columns that an export is compared on, before they are read.

    Usual rows, extremes, and rows in which about half of the values are odd.

    Args:
        model: What `fit` or `load` gave, of models that learn from columns.

    Returns:
        Name to `[rows]`, as `Table.raw` writes them, strings as objects.
    """
    usual = [sample_rows(model, CHECKED_ROWS), extreme_rows(model)]
    usual.append(sample_rows(model, CHECKED_ROWS, seed=1))
    raw = concatenate(usual).raw()
    random = generator(0, "odd export rows")
    knots = knots_of(model)
    for column in model.schema.columns:
        values = raw[column.name]
        values = values.astype(object) if column.kind == "categorical" else values
        odd = odd_values(column, knots.get(column.name, ()))
        # Half of the rows, so that each odd value meets usual ones; the first come all.
        places = random.permutation(CHECKED_ROWS)[: CHECKED_ROWS // 2]
        first = min(ODD_FIRST, len(odd))
        chosen = [*range(first), *random.integers(0, len(odd), len(places) - first)]
        values[places - CHECKED_ROWS] = odd[chosen]
        raw[column.name] = values
    return raw


def knots_of(model: ModelRecord) -> dict[str, tuple[float, ...]]:
    """Return the training's quantiles of each column of numbers."""
    return {
        f.column: f.knots for f in encoding_of(model).numbers if f.origin == "value"
    }


def checked_inputs(model: ModelRecord) -> tuple[ModelRows, dict[str, Any]]:
    """Return the rows that an export is compared on, and the same as its inputs."""
    from equipoise.networks.encoding import input_names

    if model.user_input is not None:
        x = _sample_array(model.user_input)
        return ArrayRows(x), {ARRAY_INPUT: x}
    columns = checked_columns(model)
    names = input_names(encoding_of(model))
    raw = {names[name]: v for name, v in columns.items() if name in names}
    return as_read(columns, model.schema), raw


def _sample_array(user_input: UserInput) -> np.ndarray:
    """Return rows of noise, zeros and ones, as the user's network takes them."""
    random = generator(0, "export rows")
    shape = (CHECKED_ARRAYS, *user_input.shape)
    rows = random.normal(size=shape)
    if user_input.dtype != "float32":
        rows = random.integers(0, 2, shape).astype(np.float64)
    rows[0], rows[1] = 0.0, 1.0
    return rows.astype(user_input.dtype)


def require_same(
    model: ModelRecord, rows: ModelRows, outputs: Mapping[str, np.ndarray]
) -> None:
    """Check that an exported model gives the same results as the model.

    Args:
        model: The model.
        rows: What the model scores.
        outputs: "probability" and "decision" of the exported model: `[rows]` each; of
            several classes `[rows, classes]` and `[rows]`, of labels `[rows, labels]`
            each.

    Raises:
        TrainingError: Probabilities differ by more than `TOLERANCE` (for networks
            `NETWORK_TOLERANCE`), or decisions differ away from the thresholds.
    """
    expected, same = _expected(model, rows, outputs)
    gaps = np.abs(outputs["probability"] - expected)
    networks = any(c.strategy.learner_record.trains_networks for c in model.components)
    tolerance = NETWORK_TOLERANCE if networks or model.user_input else TOLERANCE
    # A NaN fails the first comparison too.
    if not (gaps <= tolerance).all() or not same.all():
        raise TrainingError(
            sentence(
                "an exported model whose probabilities differ by up to "
                f"{significant(float(gaps.max()), 2)} on {len(rows)} rows",
                f"differences up to {exact(tolerance)}",
                "Please report it; the model itself is sound and was not exported.",
            )
        )


def _expected(
    model: ModelRecord, rows: ModelRows, outputs: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model's probabilities, and where the decisions are right.

    Decisions next to a threshold may differ, by rounding. Those of several classes are
    held against the rule at the exported probabilities.
    """
    rule, decided = model.rule, outputs["decision"]
    z = model.log_odds(rows)
    if isinstance(rule, ClassRule):
        p, exported = model.task.probability(z), outputs["probability"]
        alike = np.abs(exported - p).max(initial=0.0) <= NETWORK_TOLERANCE
        return p, decided == rule.decide(exported if alike else p)
    if isinstance(rule, LabelRule):
        cuts = np.array([one.threshold_log_odds for one in rule.rules])
        near = np.abs(z - cuts) <= CLEAR
        return probability(z), (decided == rule.decide(probability(z))) | near
    near = np.abs(z - rule.threshold_log_odds) <= CLEAR
    if rule.lower_log_odds is not None:
        near |= np.abs(z - rule.lower_log_odds) <= CLEAR
    return probability(z), (decided == rule.decide(z, calibrated=True)) | near


def sample_rows(model: ModelRecord, rows: int, seed: int = 0) -> Table:
    """Return rows like those of the training, column by column, without its rows.

    Numbers are drawn between and around the training's quantiles, categories from
    its vocabulary; one value in ten is missing, and one category in ten unseen.

    Args:
        model: What `fit` or `load` gave, of models that learn from columns.
        rows: How many.
        seed: Of the draws.
    """
    random = generator(seed, "export rows")
    knots = knots_of(model)
    columns = tuple(
        _sample(column, knots.get(column.name, ()), rows, random)
        for column in model.schema.columns
    )
    return _like(model.schema, columns)


def extreme_rows(model: ModelRecord) -> Table:
    """Return rows of extreme values; the first is all missing."""
    columns = tuple(_extreme(column) for column in model.schema.columns)
    return _like(model.schema, columns)


def _like(schema: Table, columns: tuple[Column, ...]) -> Table:
    return dataclasses.replace(schema, columns=columns, y=None, groups=None, time=None)


def _extreme(column: Column) -> Column:
    rows = len(_EXTREMES)
    values: Any = np.array(_EXTREMES)
    if column.kind == "categorical":
        values = np.full(rows, -1, np.int32)
    elif column.kind == "datetime":
        ends = [_EARLIEST, _LATEST, -(2**60), 2**60]
        values = np.array(["NaT", *ends], "datetime64[us]")
    elif column.kind == "boolean":
        values = np.array([np.nan, 0.0, 1.0, 1.0, 0.0])
    return Column(column.name, column.kind, values, column.categories)


def _sample(
    column: Column, knots: Sequence[float], rows: int, random: np.random.Generator
) -> Column:
    missing = random.random(rows) < 0.1
    if column.kind == "categorical":
        categories = (*column.categories, UNSEEN)
        codes = random.integers(0, len(categories), rows)
        codes[random.random(rows) < 0.1] = len(categories) - 1
        values: Any = np.where(missing, -1, codes).astype(np.int32)
        return Column(column.name, column.kind, values, categories)
    if column.kind == "datetime":
        moments = random.integers(_EARLIEST, _LATEST, rows).astype("datetime64[us]")
        moments[missing] = np.datetime64("NaT")
        return Column(column.name, column.kind, moments)
    if column.kind == "boolean":
        values = random.integers(0, 2, rows).astype(np.float64)
    else:
        values = random.choice(np.clip(knots or (0.0, 1.0), -1e12, 1e12), rows)
        values = values + random.normal(0, 0.1, rows) * np.abs(values)
    return Column(column.name, column.kind, np.where(missing, np.nan, values))
