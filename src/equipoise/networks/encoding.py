# SPDX-License-Identifier: Apache-2.0
"""The encoding executed by TensorFlow: raw columns in, equal results out."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import sentence
from equipoise.encoding import calendar as calendar
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.features import (
    LARGEST,
    LARGEST_QUOTIENT,
    REACH,
    SMALLEST,
    SMALLEST_RESULT,
    THIRD,
    NumberFeature,
)
from equipoise.errors import InputError

DTYPES = {"number": "float64", "moment": "int64", "text": "string"}
"""The data type of each kind of raw column (see `Encoding.columns`)."""

RESERVED = {"self", "probability", "log_odds", "decision"}
"""No input is called so: the word of a method, and what exported models give."""


@keras.saving.register_keras_serializable(package="equipoise")
class EncodingLayer(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Encodes raw columns in the graph, exactly as `Encoding.transform` does.

    The layer is part of the model that a user deploys, so that the model takes what
    `Table.raw` gives and nobody repeats the encoding elsewhere. It holds plain
    operations and lookup tables: it travels in a `.keras` file and in a SavedModel.
    It is not compiled by XLA, which has no texts. Give `keras.Model.predict` a
    `tf.data.Dataset`, or call the model: arrays in memory are cast to float32 by
    Keras before any layer sees them, and large integers lose their last digits.

    The quotients' divisors are weights, not constants, because the graph optimiser
    may replace division by a constant with a product that rounds differently.

    Args:
        encoding: What `learn_encoding` gave, or its `to_dict()`.
        name: The layer's name. The default holds a hyphen, which no input has (see
            `input_names`), so it meets no column's name in a model.

    Raises:
        InputError: The encoding has no columns.

    Example:
        >>> from equipoise.encoding import learn_encoding
        >>> from equipoise.table import Column, Table
        >>> from equipoise.task import Task
        >>> age = Column("age", "numeric", np.array([20.0, 30.0, 40.0]))
        >>> table = Table((age,), np.array([0, 1, 0], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> layer = EncodingLayer(learn_encoding(table, np.arange(3)))
        >>> numbers, positions, codes = layer({"age": np.array([25.0, np.nan])})
        >>> positions.numpy().tolist(), codes.shape.as_list()
        ([[0.5], [1.0]], [2, 0])
    """

    def __init__(
        self,
        encoding: Encoding | Mapping[str, Any],
        name: str = "equipoise-encoding",
    ) -> None:
        # Without autocast=False Keras would round the raw float64 to float32.
        super().__init__(trainable=False, autocast=False, name=name)
        if not isinstance(encoding, Encoding):
            encoding = Encoding.from_dict(dict(encoding))
        if not encoding.columns:
            raise InputError(
                sentence("an encoding without columns", "one column or more")
            )
        self.encoding = encoding
        self.supports_jit = False
        self._add_weights(encoding.numbers)
        self._lookups = [_lookup(category.lookup) for category in encoding.categories]
        self._codes_of_places: dict[str, Any] = {}
        self.built = True

    def take_places(self, texts: Mapping[str, Sequence[str]]) -> None:
        """Take columns of texts as places in lists of texts, int64, from now on.

        For runtimes that look texts up once for all encodings of a model.

        Args:
            texts: By column, what the places 1, 2, ... stand for. The place 0 stands
                for all other texts.

        Example:
            >>> from equipoise.encoding.features import CategoryFeature
            >>> city = CategoryFeature("city", ("Bonn", "Rome"))
            >>> layer = EncodingLayer(Encoding((), (city,)))
            >>> layer.take_places({"city": ["", "Rome", "Oslo"]})
            >>> layer({"city": np.array([0, 1, 2, 3])})[2].numpy().ravel().tolist()
            [1, 0, 3, 1]
        """
        self._codes_of_places = {
            category.column: np.array(
                [1, *(category.lookup.get(t, 1) for t in texts[category.column])],
                np.int32,
            )
            for category in self.encoding.categories
        }

    def _add_weights(self, features: tuple[NumberFeature, ...]) -> None:
        most = max((len(feature.knots) for feature in features), default=2)
        knots = np.full((len(features), most), np.inf)
        for row, feature in zip(knots, features, strict=True):
            row[: len(feature.knots)] = feature.knots
        half_scale = [feature.half_scale or np.inf for feature in features]
        self._medians = self._weight("medians", [f.median for f in features])
        self._half_scales = self._weight("half_scales", half_scale)
        self._knots = self._weight("knots", knots)
        self._units = self._weight(
            "units", [calendar.MICROSECONDS_PER_DAY, calendar.MICROSECONDS_PER_HOUR]
        )

    def _weight(self, name: str, values: Any) -> Any:
        array = np.asarray(values, np.float64)
        return self.add_weight(
            name=name,
            shape=array.shape,
            dtype="float64",
            initializer=lambda shape, dtype: tf.constant(array, dtype),
            trainable=False,
            autocast=False,
        )

    def call(self, columns: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Encode raw columns.

        Args:
            columns: Name to `[rows]` or `[rows, 1]`: float64 numbers (NaN missing),
                int64 microseconds since 1970 (the smallest int64 missing), texts
                ("" missing). Odd ones are taken as `encoding_features` says: infinite
                numbers are missing, spaces around a text do not count. Each under the
                column's name or its input's name; further names are ignored.

        Returns:
            `numbers`, `positions` and `codes`, as in `Encoded`.
        """
        raw = self._raw(columns)
        rows = tf.shape(next(iter(raw.values())))[0]
        numbers, positions = self._numbers(raw, rows)
        codes = [
            self._codes(category.column, lookup, raw[category.column])
            for category, lookup in zip(
                self.encoding.categories, self._lookups, strict=True
            )
        ]
        return numbers, positions, _stack(codes, rows, tf.int32)

    def features(self, columns: Mapping[str, Any]) -> Any:
        """Return the numeric features before any scaling, for learners of their own.

        Args:
            columns: As `call` takes them.

        Returns:
            `[rows, features]` float64 in the order of `Encoding.numbers`, NaN where
            missing.
        """
        raw = self._raw(columns)
        values = [self._extract(raw, feature) for feature in self.encoding.numbers]
        return _stack(values, tf.shape(next(iter(raw.values())))[0], tf.float64)

    def _codes(self, column: str, lookup: Any, values: Any) -> Any:
        """Return the codes of texts, or of places in a list of them."""
        if values.dtype == tf.string:
            return lookup.lookup(stripped(values))
        return tf.gather(tf.constant(self._codes_of_places[column]), values)

    def _raw(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: _flat(columns, column, name, self.encoding.columns[column])
            for column, name in input_names(self.encoding).items()
        }

    def _numbers(self, raw: dict[str, Any], rows: Any) -> tuple[Any, Any]:
        features = self.encoding.numbers
        if not features:
            empty = tf.zeros([rows, 0], tf.float32)
            return empty, empty
        values = tf.stack([self._extract(raw, feature) for feature in features])
        missing = tf.math.is_nan(values)
        medians = tf.convert_to_tensor(self._medians)[:, None]
        x = tf.where(missing, medians, values)
        x = tf.where(tf.abs(x) < SMALLEST, tf.zeros_like(x), x)
        marks = [
            tf.cast(missing[j], tf.float32)
            for j, feature in enumerate(features)
            if feature.indicator
        ]
        scaled = tf.concat([self._scaled(x, medians), _rows(marks, rows)], axis=0)
        return tf.transpose(scaled), tf.transpose(self._positions(x))

    def _extract(self, raw: dict[str, Any], feature: NumberFeature) -> Any:
        column = raw[feature.column]
        if feature.origin == "value":
            return _plain_numbers(column)
        missing = column == calendar.MISSING_TIME
        moments = tf.where(missing, tf.zeros_like(column), column)
        units = tf.convert_to_tensor(self._units)
        value = _PART[feature.origin](moments, units[0], units[1])
        return tf.where(missing, tf.constant(np.nan, tf.float64), value)

    def _scaled(self, x: Any, medians: Any) -> Any:
        half_scales = tf.convert_to_tensor(self._half_scales)[:, None]
        z = (x * 0.5 - medians * 0.5) / half_scales
        z = tf.clip_by_value(z, -LARGEST_QUOTIENT, LARGEST_QUOTIENT)
        third = z * THIRD
        # The maximum changes nothing (the root is at least 1); it keeps the graph
        # optimiser from turning a quotient by a root into a reciprocal root, which
        # rounds differently.
        return _to_float32(z / tf.maximum(tf.sqrt(1.0 + third * third), 1.0))

    def _positions(self, x: Any) -> Any:
        knots = tf.convert_to_tensor(self._knots)
        last = tf.constant(self.encoding.knots, tf.int32)[:, None] - 2
        index = tf.searchsorted(knots, x, side="right") - 1
        index = tf.clip_by_value(index, 0, last)
        low = tf.gather(knots, index, batch_dims=1) * 0.5
        high = tf.gather(knots, index + 1, batch_dims=1) * 0.5
        fraction = (x * 0.5 - low) / (high - low)
        fraction = tf.clip_by_value(fraction, -REACH, 1.0 + REACH)
        return _to_float32(tf.cast(index, tf.float64) + fraction)

    def compute_output_spec(self, columns: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Return the shapes and types of the three results."""
        batch = next(iter(columns.values())).shape[0]
        d = len(self.encoding.numbers)
        indicators = len(self.encoding.indicators)
        return (
            keras.KerasTensor((batch, d + indicators), "float32"),
            keras.KerasTensor((batch, d), "float32"),
            keras.KerasTensor((batch, len(self.encoding.categories)), "int32"),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the name."""
        return {"name": self.name, "encoding": self.encoding.to_dict()}


def input_names(encoding: Encoding) -> dict[str, str]:
    """Return the name that each column has among a model's inputs.

    A SavedModel's argument is named by letters, digits and underscores, begins with
    a letter, and is no Python keyword; two of them differ by more than their case. An
    ONNX file's inputs have other names than its outputs. A column's name that is fit
    stays as it is.

    Example:
        >>> from equipoise.encoding import learn_encoding
        >>> from equipoise.table import Column, Table
        >>> from equipoise.task import Task
        >>> age = Column("age (years)", "numeric", np.array([20.0, 30.0]))
        >>> table = Table((age,), np.array([0, 1], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> input_names(learn_encoding(table, np.arange(2)))
        {'age (years)': 'column_age__years_'}
    """
    columns = list(encoding.columns)
    taken = {column.lower() for column in columns}
    names_taken: set[str] = set()
    names = {}
    for column in columns:
        name = column
        fit = re.fullmatch("[A-Za-z][A-Za-z0-9_]*", column) and not _reserved(column)
        if not fit or column.lower() in names_taken:
            plain = "column_" + re.sub("[^A-Za-z0-9]", "_", column)
            name, number = plain, 1
            while name.lower() in taken:
                number += 1
                name = f"{plain}_{number}"
            taken.add(name.lower())
        names_taken.add(name.lower())
        names[column] = name
    return names


def raw_inputs(
    encoding: Encoding, dtypes: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return one `keras.Input` per raw column, `[rows]`, by the input's name.

    Args:
        encoding: Whose columns they are.
        dtypes: The data types of inputs, by their names, where they are not those that
            `Table.raw` gives: "int64" for texts that are places in a list, see
            `EncodingLayer.take_places`.

    Example:
        >>> from equipoise.encoding import learn_encoding
        >>> from equipoise.table import Column, Table
        >>> from equipoise.task import Task
        >>> age = Column("age", "numeric", np.array([20.0, 30.0, 40.0]))
        >>> table = Table((age,), np.array([0, 1, 0], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> raw_inputs(learn_encoding(table, np.arange(3)))["age"].dtype
        'float64'
    """
    kinds, others = encoding.columns, dtypes or {}
    return {
        name: keras.Input((), dtype=others.get(name, DTYPES[kinds[column]]), name=name)
        for column, name in input_names(encoding).items()
    }


def _reserved(name: str) -> bool:
    return keyword.iskeyword(name) or name.lower() in RESERVED


def _flat(columns: Mapping[str, Any], column: str, name: str, kind: str) -> Any:
    values = tf.reshape(columns[column if column in columns else name], [-1])
    return values if kind == "text" else tf.cast(values, DTYPES[kind])


def stripped(texts: Any) -> Any:
    r"""Return texts without the spaces around them, as `str.strip` does.

    Args:
        texts: A tensor of UTF-8 texts.

    Example:
        >>> stripped(tf.constant([" a b\u00a0"])).numpy().tolist()
        [b'a b']
    """
    return tf.strings.regex_replace(texts, rf"\A{_SPACES}+|{_SPACES}+\z", "")


# What Python's `str.isspace` and Arrow's `utf8_trim_whitespace` take for a space.
_SPACES = (
    r"[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}"
    r"\x{205f}\x{3000}]"
)


def _plain_numbers(values: Any) -> Any:
    """Return `encoding_features.plain_numbers`."""
    size = tf.abs(values)
    plain = tf.where(size < SMALLEST, tf.zeros_like(values), values)
    return tf.where(size <= LARGEST, plain, tf.constant(np.nan, tf.float64))


def _lookup(codes_of: Mapping[str, int]) -> Any:
    keys = tf.constant(list(codes_of))
    codes = tf.constant(list(codes_of.values()), tf.int32)
    initializer = tf.lookup.KeyValueTensorInitializer(keys, codes)
    return tf.lookup.StaticHashTable(initializer, default_value=1)


def _stack(columns: list[Any], rows: Any, dtype: Any) -> Any:
    return tf.stack(columns, axis=1) if columns else tf.zeros([rows, 0], dtype)


def _rows(marks: list[Any], rows: Any) -> Any:
    return tf.stack(marks) if marks else tf.zeros([0, rows], tf.float32)


def _to_float32(values: Any) -> Any:
    tiny = tf.abs(values) < SMALLEST_RESULT
    return tf.cast(tf.where(tiny, tf.zeros_like(values), values), tf.float32)


def _days(microseconds: Any, per_day: Any, per_hour: Any) -> Any:
    return tf.cast(microseconds, tf.float64) / per_day


def _hour(microseconds: Any, per_day: Any, per_hour: Any) -> Any:
    of_day = tf.math.floormod(microseconds, calendar.MICROSECONDS_PER_DAY)
    return tf.cast(of_day, tf.float64) / per_hour


def _weekday(microseconds: Any, per_day: Any, per_hour: Any) -> Any:
    day = tf.math.floordiv(microseconds, calendar.MICROSECONDS_PER_DAY)
    return tf.cast(tf.math.floormod(day + 3, 7), tf.float64)


def _month(microseconds: Any, per_day: Any, per_hour: Any) -> Any:
    # The steps of encoding_calendar, on tensors; nothing is negative after the first.
    day = tf.math.floordiv(microseconds, calendar.MICROSECONDS_PER_DAY)
    of_era = tf.math.floormod(day + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    return tf.cast(tf.math.floormod(from_march + 2, 12) + 1, tf.float64)


_PART = {"days": _days, "hour": _hour, "weekday": _weekday, "month": _month}
