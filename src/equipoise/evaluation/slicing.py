# SPDX-License-Identifier: Apache-2.0
"""The same metrics on parts of the rows, and which parts are too small to judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, sentence
from equipoise._core.numerals import significant
from equipoise._core.types import BoolArray
from equipoise.errors import InputError
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import FEW, evaluate
from equipoise.metrics.inputs import check_labels, check_probability


@dataclass(frozen=True, eq=False)
class Slice:
    """One part of the rows.

    Attributes:
        name: The value, or range of values, that the rows share.
        rows: How many rows.
        positives: How many of them are positive.
        evaluation: Its metrics; None if a class is absent.
        too_few: Why it cannot be judged; empty if it can.
    """

    name: str
    rows: int
    positives: int
    evaluation: Evaluation | None
    too_few: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the slice as plain data."""
        evaluation = self.evaluation
        return {
            "name": self.name,
            "rows": self.rows,
            "positives": self.positives,
            "too_few": self.too_few,
            "metrics": None if evaluation is None else evaluation.as_dict()["metrics"],
        }


def slices(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    by: npt.ArrayLike,
    *,
    threshold: float | None = None,
    most: int = 8,
    level: float = 0.95,
) -> list[Slice]:
    """Evaluate the rows apart by the values of a column.

    Numbers with more than `most` values are cut into quarters of the rows; of
    other values the `most` frequent are kept and the rest become "other". A slice
    with fewer than 8 rows of a class is given with its intervals, and marked: no
    conclusion should rest on it.

    Args:
        y: `[rows]` labels: 0 and 1.
        probability: `[rows]` probabilities of the positive class.
        by: `[rows]` values; NaN, None and "" are missing.
        threshold: The probability from which a row is flagged, or None.
        most: How many values are shown.
        level: Coverage of the intervals.

    Returns:
        The slices, the largest first; ranges in their order.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> y = [0, 1] * 20
        >>> parts = slices(y, np.tile([0.2, 0.7], 20), ["a"] * 30 + ["b"] * 10)
        >>> [(part.name, part.rows, part.too_few) for part in parts]
        [('a', 30, ''), ('b', 10, '5 positives: too few to judge')]
    """
    labels = check_labels(y)
    p = check_probability(probability, labels.size)
    values = np.asarray(by)
    integer(most, "most", 1)
    number(level, "level", 0, 1, open_ends=True)
    if threshold is not None:
        number(threshold, "threshold", 0, 1)
    if values.shape != labels.shape:
        raise InputError(
            sentence(f"values of shape {values.shape}", f"one per row, {labels.shape}")
        )
    return [
        _slice(name, rows, labels, p, threshold, level)
        for name, rows in _parts(values, most)
    ]


def _slice(
    name: str,
    rows: BoolArray,
    y: BoolArray,
    p: npt.NDArray[np.float64],
    threshold: float | None,
    level: float,
) -> Slice:
    labels = y[rows]
    positives = int(labels.sum())
    negatives = labels.size - positives
    few = ""
    if positives < FEW:
        few = f"{positives} positives: too few to judge"
    elif negatives < FEW:
        few = f"{negatives} negatives: too few to judge"
    evaluation = None
    if positives and negatives:
        evaluation = evaluate(labels, p[rows], threshold=threshold, level=level)
    return Slice(name, labels.size, positives, evaluation, few)


def _parts(values: npt.NDArray[Any], most: int) -> Iterator[tuple[str, BoolArray]]:
    missing = _missing(values)
    present = values[~missing]
    distinct, counts = np.unique(
        present.astype(str) if present.dtype == object else present, return_counts=True
    )
    if np.issubdtype(values.dtype, np.number) and distinct.size > most:
        yield from _quarters(values.astype(np.float64), ~missing)
    else:
        yield from _frequent(values, missing, distinct, counts, most)
    if missing.any():
        yield "missing", missing


def _quarters(
    values: npt.NDArray[np.float64], present: BoolArray
) -> Iterator[tuple[str, BoolArray]]:
    edges = np.unique(np.quantile(values[present], [0, 0.25, 0.5, 0.75, 1]))
    last = len(edges) - 2
    for k in range(len(edges) - 1):
        low, high = edges[k], edges[k + 1]
        inside = (values >= low) & ((values <= high) if k == last else (values < high))
        yield f"{significant(low, 4)} to {significant(high, 4)}", present & inside


def _frequent(
    values: npt.NDArray[Any],
    missing: BoolArray,
    distinct: npt.NDArray[Any],
    counts: npt.NDArray[np.int64],
    most: int,
) -> Iterator[tuple[str, BoolArray]]:
    texts = values.astype(str) if values.dtype == object else values
    order = np.argsort(-counts, kind="stable")
    shown = order if order.size <= most else order[: most - 1]
    rest = ~missing
    for k in shown:
        rows = ~missing & (texts == distinct[k])
        rest &= ~rows
        yield str(distinct[k]), rows
    if rest.any():
        yield "other", rest


def _missing(values: npt.NDArray[Any]) -> BoolArray:
    if np.issubdtype(values.dtype, np.floating):
        return np.asarray(np.isnan(values))
    if np.issubdtype(values.dtype, np.datetime64):
        return np.asarray(np.isnat(values))
    if values.dtype == object:
        # NaN is the one value that differs from itself.
        return np.array([v is None or v == "" or v != v for v in values], bool)
    if values.dtype.kind in "US":
        return np.asarray(values == "")
    return np.zeros(values.shape, bool)
