# SPDX-License-Identifier: Apache-2.0
"""The labels that scikit-learn hands to an estimator: classes, or a matrix.

By scikit-learn's rules a label is what it is: labels that differ by case or space are
two classes, and whole numbers name classes, however they look. A matrix holds a column
of 0 and 1 for each label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import is_missing, unmasked
from equipoise._core.checks import listing, sentence
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.errors import InputTypeError, TargetError
from equipoise.models.goal import Goal
from equipoise.reading.arrays import read_columns
from equipoise.reading.frames import is_frame, is_series, read_frame
from equipoise.reading.label_columns import CONSTANT_LABEL, label_values
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import require_rows_of_each
from equipoise.task import UNKNOWN_LABEL, Task

Y = "y"
WHOLE = np.dtype(np.int64)
MOST_LISTED = 8


@dataclass(frozen=True, eq=False)
class EstimatorLabels:
    """Labels as they were given to `fit`.

    Attributes:
        values: `[rows]` labels of any type, or `[rows, labels]` int8: 1, 0, or -1 if
            unknown.
        names: The labels' names if they are a matrix; else empty.
        dtype: What `predict` gives a matrix of.
    """

    values: npt.NDArray[Any]
    names: tuple[str, ...] = ()
    dtype: np.dtype[Any] = WHOLE

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: AnyArray) -> EstimatorLabels:
        """Return some of the rows.

        Args:
            rows: Positions or a mask.
        """
        return replace(self, values=self.values[rows])


@dataclass(frozen=True, eq=False)
class EstimatorTarget:
    """What is learned, and how its numbers become labels again.

    Attributes:
        task: The classes' names; of labels those that are learned.
        classes: `[classes]` the labels, ascending; `[labels, 2]` 0 and 1 for each
            label of a matrix, as scikit-learn has classes by output.
        positive: The label that is flagged; None unless there are two classes.
        columns: `[learned labels]` their places in the matrix; else empty.
        constants: `[labels]` the only value of each label that is not learned, -1 if
            it is learned; else empty.
        dtype: What `predict` gives a matrix of.
        notes: What the user should know.
    """

    task: Task
    classes: npt.NDArray[Any]
    positive: Any = None
    columns: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    constants: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    dtype: np.dtype[Any] = WHOLE
    notes: tuple[str, ...] = ()

    def all_labels(
        self, learned: AnyArray, absent: float, present: float
    ) -> npt.NDArray[Any]:
        """Return the columns of all labels of a matrix.

        Args:
            learned: `[rows, learned labels]`.
            absent: What a label has that no row has.
            present: What a label has that every row has.
        """
        every = np.where(self.constants == 1, present, absent).astype(learned.dtype)
        result = np.tile(every, (len(learned), 1))
        result[:, self.columns] = learned
        return result


def read_labels(y: Any, name: str) -> EstimatorLabels:
    """Return labels by scikit-learn's rules.

    Args:
        y: `[rows]` labels of any type, or `[rows, labels]` 0 and 1, or false and true;
            NaN or -1 if unknown. A data frame names the labels.
        name: The estimator's, for messages.

    Raises:
        ValueError: There are no labels, or one is missing, is measured rather than a
            class, or is neither 0 nor 1 in a matrix.
        TypeError: They are a sparse matrix.
    """
    from sklearn.utils import check_array, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets

    if y is None:
        # The words after the colon are those that scikit-learn asks for.
        reason = f"{name} requires y to be passed, but the target y is None"
        raise TargetError(sentence(f"no labels: {reason}", "one label for each row"))
    if hasattr(y, "tocsr"):
        raise InputTypeError(
            sentence("y as a sparse matrix", "a dense array", "Pass y.toarray().")
        )
    matrix = _matrix(y)
    if matrix is not None:
        return matrix
    values = y.to_numpy() if is_series(y) else unmasked(y, "labels")
    labels = check_array(
        column_or_1d(values, warn=True), ensure_2d=False, dtype=None, input_name="y"
    )
    if labels.dtype.kind == "O" and any(map(is_missing, labels)):
        raise TargetError(sentence("missing values in y", "a label for each row"))
    check_classification_targets(labels)
    return EstimatorLabels(np.asarray(labels))


def _matrix(y: Any) -> EstimatorLabels | None:
    """Return a matrix of labels; None if there is one column or none."""
    if is_frame(y):
        raw = read_frame(y, Y)
        if raw.data.num_columns < 2:
            return None
        kinds = {str(column.type) for column in raw.data.columns}
        numbers = {"bool", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64))}
        kind = kinds.pop() if len(kinds) == 1 and kinds <= numbers else "int64"
        return _from_raw(raw, np.dtype(kind))
    values = np.asarray(unmasked(y, "labels")) if not is_series(y) else None
    if values is None or values.ndim != 2 or values.shape[1] < 2:
        return None
    names = tuple(f"label_{j}" for j in range(values.shape[1]))
    plain = values.dtype.kind in "biuf"
    dtype = values.dtype if plain else WHOLE
    if plain:
        unknown = np.isnan(values) if values.dtype.kind == "f" else values != values
        whole = np.where(unknown, UNKNOWN_LABEL, values)
        if np.isin(whole, (UNKNOWN_LABEL, 0, 1)).all():
            return EstimatorLabels(whole.astype(np.int8), names, dtype)
    columns = dict(zip(names, values.T, strict=True))
    return _from_raw(read_columns(columns, Y), dtype)


def _from_raw(raw: Raw, dtype: np.dtype[Any]) -> EstimatorLabels:
    names = tuple(raw.data.column_names)
    return EstimatorLabels(label_values(raw, names, Notes()), names, dtype)


def target_of(
    labels: EstimatorLabels,
    weights: FloatArray | None,
    positive: Any,
    features: Sequence[str],
) -> tuple[EstimatorTarget, AnyArray]:
    """Return what is learned of labels, and its values as in `Table`.

    Args:
        labels: Of the rows that count.
        weights: `[rows]` above 0, or None for 1 each.
        positive: The class of two that is flagged; None for the rarer one.
        features: The names of the columns.

    Raises:
        TargetError: There is nothing to tell apart, or too many classes.
    """
    if labels.values.ndim == 2:
        return _labels_of(labels, positive, features)
    classes, codes = np.unique(labels.values, return_inverse=True)
    if len(classes) < 2:
        among = " among those of weight above 0" if weights is not None else ""
        raise TargetError(
            sentence(
                f"rows of one class only, {str(classes[0])!r}{among}",
                "rows of two classes",
            )
        )
    names = tuple(str(label) for label in classes)
    notes = _alike(names)
    if len(classes) > 2:
        _require_no_positive(positive, f"{len(classes)} classes")
        require_rows_of_each(names, len(codes), Y)
        task = Task("multiclass", names)
        return EstimatorTarget(task, classes, notes=notes), codes.astype(np.int64)
    counted = np.ones(len(codes)) if weights is None else weights
    totals = np.bincount(codes, counted, minlength=2)
    place = positive_of(positive, classes, totals.tolist())
    task = Task("binary", (names[1 - place], names[place]))
    target = EstimatorTarget(task, classes, classes[place], notes=notes)
    return target, (codes == place).astype(np.int8)


def _labels_of(
    labels: EstimatorLabels, positive: Any, features: Sequence[str]
) -> tuple[EstimatorTarget, AnyArray]:
    y = labels.values
    names = labels.names
    if both := [name for name in names if name in features]:
        raise TargetError(
            sentence(
                f"X and y that both have the column{'s'[: len(both) > 1]} "
                f"{listing(both)}",
                "features without the targets",
                "Rename the columns of y, if they are not the same as those of X.",
            )
        )
    _require_no_positive(positive, f"{y.shape[1]} labels")
    with_it, without = (y == 1).any(axis=0), (y == 0).any(axis=0)
    if unknown := [
        n for n, some in zip(names, with_it | without, strict=True) if not some
    ]:
        raise TargetError(
            sentence(
                f"the label{'s'[: len(unknown) > 1]} {listing(unknown)}, known in no "
                "row",
                "labels that are 0 or 1 in some rows",
                "Leave such columns out of y.",
            )
        )
    learned = with_it & without
    if not learned.any():
        raise TargetError(
            sentence(
                f"{y.shape[1]} labels, all the same in all rows",
                "a label that some rows have and others do not",
            )
        )
    columns = np.flatnonzero(learned)
    constants = np.where(learned, UNKNOWN_LABEL, with_it)
    target = EstimatorTarget(
        Task("multilabel", tuple(names[j] for j in columns)),
        np.tile(np.arange(2), (y.shape[1], 1)),
        columns=columns,
        constants=constants.astype(np.int64),
        dtype=labels.dtype,
        notes=_constant_notes(names, constants),
    )
    return target, np.ascontiguousarray(y[:, columns])


def _constant_notes(names: Sequence[str], constants: IntArray) -> tuple[str, ...]:
    notes = []
    for value in (0, 1):
        same = [n for n, c in zip(names, constants, strict=True) if c == value]
        if not same:
            continue
        several = len(same) > 1
        count = f"{len(same):,} labels, " if len(same) > MOST_LISTED else ""
        what = count or f"Label{'s'[:several]} "
        notes.append(
            f"{what}{listing(same, MOST_LISTED)} not learned{', each' * several} "
            f"because {CONSTANT_LABEL[value]}: {value} is predicted for every row."
        )
    return tuple(notes)


def _alike(names: Sequence[str]) -> tuple[str, ...]:
    """Say which classes differ by case or space only."""
    folded = [" ".join(name.split()).casefold() for name in names]
    times = Counter(folded)
    alike = [n for n, f in zip(names, folded, strict=True) if times[f] > 1]
    if not alike:
        return ()
    note = (
        f"The classes {listing(alike)} differ by case or spaces only. They are learned "
        "as different classes; write them alike if they are one."
    )
    return (note,)


def _require_no_positive(positive: Any, what: str) -> None:
    if positive is None:
        return
    raise TargetError(
        sentence(
            f"positive={positive!r} for {what}",
            "positive=None: no class is the positive one",
            "For one class against all others pass y == CLASS.",
        )
    )


def positive_of(
    positive: Any, classes: npt.NDArray[Any], totals: Sequence[float]
) -> int:
    """Return the number of the positive class.

    Args:
        positive: What the user gave; None for the rarer class, or for the second if
            both are equally frequent.
        classes: `[2]`, ascending.
        totals: The rows of each class, or their weight.

    Raises:
        TargetError: There is no such class.
    """
    if positive is None:
        return int(totals[1] <= totals[0])
    names = _plain(classes)
    if positive not in names:
        raise TargetError(
            sentence(f"positive={positive!r}", f"one of {listing(names)}")
        )
    return names.index(positive)


def goal_in_words(goal: Goal, target: EstimatorTarget) -> Goal:
    """Return a goal whose classes are called by their names.

    Args:
        goal: Whose floors, costs or objectives may be by label, for example by number.
        target: Whose classes have names.

    Example:
        >>> labels = EstimatorLabels(np.array([1, 2, 3, 1, 2, 3]))
        >>> target, _ = target_of(labels, None, None, ())
        >>> goal_in_words(Goal(floors={2: {"recall": 0.9}}), target).floors
        {'2': {'recall': 0.9}}
    """
    if target.task.kind == "multilabel":
        return goal
    names = {label: str(label) for label in _plain(target.classes)}
    costs = _renamed(goal.costs, names)
    if isinstance(goal.costs, Mapping):
        costs = {truth: _renamed(row, names) for truth, row in costs.items()}
    return replace(
        goal,
        objective=_renamed(goal.objective, names),
        costs=costs,
        floors=_renamed(goal.floors, names),
    )


def _renamed(values: Any, names: Mapping[Any, str]) -> Any:
    if not isinstance(values, Mapping):
        return values
    return {names.get(key, key): value for key, value in values.items()}


def _plain(classes: npt.NDArray[Any]) -> list[Any]:
    return [c.item() if isinstance(c, np.generic) else c for c in classes]
