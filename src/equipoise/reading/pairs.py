# SPDX-License-Identifier: Apache-2.0
"""Features and labels as two arguments, as scikit-learn takes them, and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import InputTypeError, TableError
from equipoise.reading.frames import is_frame
from equipoise.reading.paths import is_path


def paired(source: Any, target: Any) -> tuple[Any, Any]:
    """Return a source and its target, with labels that are arrays in the source.

    `(X, y)` as two arguments become one source, the pair. A `tf.data.Dataset` of
    features and labels becomes a pair of arrays, in the order of its elements.

    Args:
        source: As in `read_table`.
        target: The target's name or names; or the labels themselves: an array, a
            series, a frame or a list with one entry per row.

    Returns:
        The source and the target that `read_source` takes.

    Raises:
        InputTypeError: Labels stand beside a source that does not hold features.

    Example:
        >>> paired([[1.0], [2.0]], [0, 1])
        (([[1.0], [2.0]], [0, 1]), None)
        >>> paired("train.csv", "y")
        ('train.csv', 'y')
    """
    if is_dataset(source):
        source = from_dataset(source)
    if not _is_labels(source, target):
        return source, target
    if is_path(source) or isinstance(source, str | tuple) or hasattr(source, "task"):
        raise InputTypeError(
            sentence(
                f"labels of type {type(target).__name__} beside a source of type "
                f"{type(source).__name__}",
                "features and labels (X, y), or a source and the name of its target",
            )
        )
    return (source, target), None


def _is_labels(source: Any, target: Any) -> bool:
    """Return whether the second argument holds labels and not names of columns."""
    if target is None or isinstance(target, str | bytes | Mapping):
        return False
    if not isinstance(target, list | tuple):
        return (hasattr(target, "__len__") and np.ndim(target) > 0) or is_frame(target)
    if not all(isinstance(name, str) for name in target):
        return len(target) > 0
    if is_path(source) or isinstance(source, str | tuple):
        return False
    names = _names(source)
    if not set(target) <= names:
        return len(target) == _rows(source)
    return False


def _names(source: Any) -> set[str]:
    if isinstance(source, Mapping):
        return set(map(str, source))
    columns = getattr(source, "column_names", getattr(source, "columns", None))
    return set() if columns is None else {str(column) for column in columns}


def _rows(source: Any) -> int:
    if isinstance(source, Mapping):
        return len(next(iter(source.values()), ()))
    shape = getattr(source, "shape", None)
    return int(shape[0]) if shape else len(source) if hasattr(source, "__len__") else -1


def is_dataset(source: Any) -> bool:
    """Return whether a source is a `tf.data.Dataset`; TensorFlow is not loaded."""
    module = type(source).__module__
    return module.startswith("tensorflow") and hasattr(source, "element_spec")


def from_dataset(dataset: Any) -> tuple[Any, Any]:
    """Return the features and labels of a finite dataset, all rows in memory.

    Args:
        dataset: A `tf.data.Dataset` of `(x, y)`, batched or not; x is a tensor, or a
            dictionary of one column each.

    Raises:
        TableError: Its elements are other things, it is infinite, or it is empty.
    """
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2:
        count = len(spec) if isinstance(spec, tuple) else 1
        what = f"a dataset whose elements have {count} part{'s'[: count != 1]}"
        raise TableError(
            sentence(
                what,
                "elements (x, y): features and a label",
                "Leave weights out: dataset.map(lambda x, y, w: (x, y)), and pass them "
                "as weights=."
                if count == 3
                else "",
            )
        )
    if int(dataset.cardinality()) == -1:
        raise TableError(
            sentence(
                "a dataset that repeats without end",
                "a finite dataset",
                "Leave out repeat(), or cut it: dataset.take(steps).",
            )
        )
    batched = _is_batched(spec)
    features: list[Any] = []
    labels: list[Any] = []
    for x, y in dataset.as_numpy_iterator():
        features.append(x)
        labels.append(y)
    if not features:
        raise TableError(sentence("a dataset without elements", "at least one row"))
    join = np.concatenate if batched else np.stack
    if isinstance(features[0], Mapping):
        names = list(features[0])
        x = {name: _strings(join([row[name] for row in features])) for name in names}
        x = {name: _column(name, values) for name, values in x.items()}
    elif isinstance(features[0], tuple):
        raise TableError(
            sentence(
                f"a dataset of {len(features[0])} arrays of features",
                "one array of features, or a dictionary of columns",
            )
        )
    else:
        x = _strings(join(features))
    return x, _strings(join(labels))


def _is_batched(spec: Any) -> bool:
    """Return whether an element is a batch: features and labels of one length."""
    x, y = spec
    if isinstance(x, dict):
        x = next(iter(x.values()))
        ranks = x.shape.rank, y.shape.rank
        return bool(ranks[0] and ranks[1])
    if isinstance(x, tuple) or not y.shape.rank or not x.shape.rank:
        return False
    return bool(x.shape.rank > 1 and x.shape[0] == y.shape[0])


def _column(name: str, values: Any) -> Any:
    """Return a column of a dataset as one value per row."""
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise TableError(
            sentence(
                f"the column {name!r} of shape {values.shape} in a dataset",
                "one value per row",
            )
        )
    return values


def _strings(values: Any) -> Any:
    """Return TensorFlow's bytes as strings."""
    if values.dtype.kind in "OS":
        flat = [v.decode() if isinstance(v, bytes) else v for v in values.ravel()]
        return np.array(flat, object).reshape(values.shape)
    return values
