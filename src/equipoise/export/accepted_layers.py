# SPDX-License-Identifier: Apache-2.0
"""The first layers of an exported model: they check what it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from equipoise.encoding.features import LARGEST as LARGEST_NUMBER


class _Accepted(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """A layer that passes on what it accepts, and stops at anything else."""

    def __init__(self, name: str) -> None:
        super().__init__(trainable=False, autocast=False, name=name)
        self.supports_jit = False
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="equipoise")
class AcceptedColumns(_Accepted):
    """Raw columns as they are, once each holds what `FittedModel.read` accepts.

    Args:
        booleans: The columns, by the names of the inputs, that hold 0, 1 or NaN.
        name: The layer's name.

    Example:
        >>> import numpy as np
        >>> layer = AcceptedColumns(["paid"])
        >>> layer({"paid": np.array([1.0, np.nan])})["paid"].numpy().tolist()
        [1.0, nan]
    """

    def __init__(
        self, booleans: Sequence[str], name: str = "equipoise-columns"
    ) -> None:
        super().__init__(name)
        self.booleans = [str(column) for column in booleans]

    def call(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns.

        Raises:
            tf.errors.InvalidArgumentError: A boolean column holds another number.
        """
        checks = [
            tf.debugging.Assert(
                ~tf.reduce_any(refused_booleans(columns[name])),
                [
                    f"Received a number other than 0 and 1 in the column {name!r}; "
                    "accepted: 0, 1, or NaN for a missing value:",
                    columns[name],
                ],
            )
            for name in self.booleans
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return {name: tf.identity(values) for name, values in columns.items()}

    def compute_output_spec(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shapes and types of the columns."""
        return {
            name: keras.KerasTensor(values.shape, values.dtype)
            for name, values in columns.items()
        }

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {**super().get_config(), "booleans": self.booleans}


@keras.saving.register_keras_serializable(package="equipoise")
class AcceptedRows(_Accepted):
    """Rows for the user's own network as they are, once all numbers are finite.

    Example:
        >>> import numpy as np
        >>> AcceptedRows()(np.array([[1.0, 2.0]])).numpy().tolist()
        [[1.0, 2.0]]
    """

    def __init__(self, name: str = "equipoise-rows") -> None:
        super().__init__(name)

    def call(self, rows: Any) -> Any:
        """Return the rows.

        Raises:
            tf.errors.InvalidArgumentError: A number is NaN or infinite.
        """
        rows = tf.convert_to_tensor(rows)
        if not rows.dtype.is_floating:
            return rows
        check = tf.debugging.Assert(
            ~tf.reduce_any(refused_rows(rows)),
            ["Received rows with NaN or infinities; accepted: finite numbers."],
        )
        with tf.control_dependencies([] if check is None else [check]):
            return tf.identity(rows)

    def compute_output_spec(self, rows: Any) -> Any:
        """Return the shape and the type of the rows."""
        return keras.KerasTensor(rows.shape, rows.dtype)


def refused_booleans(values: Any) -> Any:
    """Return which numbers no boolean column has: other finite ones than 0 and 1.

    Args:
        values: `[rows]` float64; NaN and infinities are missing values.

    Example:
        >>> import numpy as np
        >>> refused_booleans(tf.constant([0.0, 1.0, 0.5, np.nan])).numpy().tolist()
        [False, False, True, False]
    """
    finite = tf.abs(values) <= LARGEST_NUMBER
    return finite & (values != 0.0) & (values != 1.0)


def refused_rows(rows: Any) -> Any:
    """Return which rows of floating-point numbers hold NaN or infinities, `[rows]`.

    Args:
        rows: `[rows, ...]` of a floating-point type.

    Example:
        >>> import numpy as np
        >>> refused_rows(tf.constant([[0.0, 1.0], [0.0, np.inf]])).numpy().tolist()
        [False, True]
    """
    # Not a negated comparison, which the graph optimiser turns round: NaN is lost.
    axes = list(range(1, len(rows.shape)))
    return tf.reduce_any(~tf.math.is_finite(rows), axis=axes)
