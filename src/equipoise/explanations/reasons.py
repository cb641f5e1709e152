# SPDX-License-Identifier: Apache-2.0
"""Which columns moved a row's score, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import fixed, significant
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.errors import InputError, UnsupportedError, printable
from equipoise.explanations.exact_shapley import exact_contributions, is_exact
from equipoise.explanations.fold_models import FoldModels
from equipoise.explanations.sampled_shapley import shapley_by_sampling
from equipoise.table.table import Column, Table, concatenate

METHODS_OF_REASONS = ("auto", "exact", "sampled")
BACKGROUND = 100
"""So many rows are taken to compare with, of more."""
LEAST_BACKGROUND = 10
"""With fewer rows to explain, rows to compare with must be given."""
NEAR_ENOUGH = 0.25
"""In log-odds: exact values of a mean of models are taken for those of the model if
they miss its scores by no more than this."""
SURE = 2.0
"""A column is a reason if it moved the score by more than so many standard errors."""
ROWS_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each column added to the score of each row.

    The score of a row is the `base`, that of the rows it is compared with, plus what
    its columns add: Shapley values, in log-odds. They say how the model came to its
    score, not what would happen if a value were changed in the world.

    Attributes:
        rows: The rows.
        outputs: The positive class; the classes, whose logits less their mean are
            explained; or the labels.
        contributions: `[rows, columns, outputs]`.
        errors: The same shape: standard errors; 0 if the method is exact.
        base: `[outputs]`.
        scores: `[rows, outputs]` the model's scores before calibration.
        gap: By how much `base` and contributions miss `scores` at most.
        shown: `[rows]` the output that `reasons` are about: the positive class, or the
            class with the highest score.
        exact: Whether the values were computed, not sampled.
        method: How, in words.
    """

    rows: Table
    outputs: tuple[str, ...]
    contributions: FloatArray
    errors: FloatArray
    base: FloatArray
    scores: FloatArray
    gap: float
    shown: IntArray
    exact: bool
    method: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.rows.names

    def reasons(
        self, most: int = 3, outputs: npt.ArrayLike | None = None
    ) -> list[tuple[str, ...]]:
        """Return for each row the columns that moved it most, as "age = 71 (+0.8)".

        Args:
            most: How many; the strings of a row without so many are empty. A column
                that moved the score by less than twice its standard error is none.
            outputs: `[rows]` about which output; None for `shown`.
        """
        of = self.shown if outputs is None else np.asarray(outputs)
        there = np.arange(len(self.rows))
        values = self.contributions[there, :, of]
        sure = np.abs(values) > SURE * self.errors[there, :, of]
        size = np.where(sure & (values != 0), np.abs(values), -1.0)
        order = np.argsort(-size, axis=1, kind="stable")[:, :most]
        made = []
        for row, places in enumerate(order.tolist()):
            texts = [
                f"{self.columns[k]} = {value_text(self.rows.columns[k], row)} "
                f"({fixed(float(values[row, k]), 2, signed=True)})"
                for k in places
                if size[row, k] > 0
            ]
            made.append((*texts, *[""] * (most - len(texts))))
        return made

    def frame(self, library: str | None = None) -> Any:
        """Return a data frame, one row per row, column and output.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).

        Raises:
            MissingExtraError: The library is not installed.
        """
        made = []
        for row in range(len(self.rows)):
            for place, column in enumerate(self.rows.columns):
                text = value_text(column, row)
                for k, output in enumerate(self.outputs):
                    made.append(
                        {
                            "row": row,
                            "column": column.name,
                            "value": text,
                            "class": output,
                            "contribution": float(self.contributions[row, place, k]),
                            "standard_error": float(self.errors[row, place, k]),
                        }
                    )
        return make_frame(made, library)

    def __str__(self) -> str:
        width = display_width()
        lines = [wrap(f"{self.method} Contributions in log-odds.", width)]
        reasons = self.reasons()[:ROWS_SHOWN]
        for row, texts in enumerate(reasons):
            output = self.outputs[int(self.shown[row])]
            score = fixed(float(self.scores[row, self.shown[row]]), 2, signed=True)
            why = "; ".join(text for text in texts if text) or "no column stands out"
            text = f"row {row}, {output}: {score}. {printable(why, lines=False)}"
            lines.append(wrap(text, width, rest="  "))
        more = len(self.rows) - len(reasons)
        return "\n".join([*lines, f"and {more:,} more rows"] if more else lines)


def value_text(column: Column, row: int) -> str:
    """Return one value in words, "missing" if it is.

    Args:
        column: The column.
        row: The position of the value.

    Example:
        >>> value_text(Column("x", "numeric", np.array([1.5, np.nan])), 1)
        'missing'
    """
    if column.missing()[row : row + 1].any():
        return "missing"
    value = column.values[row]
    if column.kind == "categorical":
        return column.categories[int(value)]
    if column.kind == "datetime":
        return str(value.astype("datetime64[s]")).replace("T", " ")
    return significant(float(value), 4)


def explain_scores(
    models: FoldModels,
    rows: Table,
    background: Table | None = None,
    *,
    method: str = "auto",
    draws: int = 20,
    seed: int = 0,
) -> Explanation:
    """Return what each column added to the score of each row.

    If all models are boosted trees, linear or constant, "exact" values are those of
    the mean of the models' log-odds. The score is the log-odds of the mean of the fold
    models' probabilities; by how much the two differ is said. "sampled" values are of
    the score itself: orders of the columns are drawn, and what boosted trees and lines
    add is computed, so that only the rest is sampled. "auto" is exact if that misses no
    score by more than .25.

    Args:
        models: What is explained.
        rows: The rows.
        background: The rows to compare with, of which 100 are drawn; None for the rows
            themselves.
        method: "auto", "exact" or "sampled".
        draws: Of orders, if values are sampled.
        seed: Of the draws.

    Raises:
        InputError: An argument is unknown; or there are few rows and no background.
        UnsupportedError: "exact" is asked for and a model does not allow it.

    Example:
        >>> from equipoise.explanations.fold_models import ModelPart
        >>> from equipoise.learners.prior import PriorScorer
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(50, positives=10, auroc=0.9, seed=1).table
        >>> models = FoldModels(table.task, (ModelPart("a", 1.0, (PriorScorer(0.0),)),))
        >>> explain_scores(models, table).reasons(1)[0]
        ('',)
    """
    one_of(method, METHODS_OF_REASONS, "method")
    rows, reference = _comparable(rows, background, seed)
    exact = [all(is_exact(s) for s in part.scorers) for part in models.parts]
    if method == "exact" and not all(exact):
        others = [
            part.name
            for part, sure in zip(models.parts, exact, strict=True)
            if not sure
        ]
        raise UnsupportedError(
            sentence(
                f"method='exact' for {', '.join(others)}",
                "boosted trees and linear models",
                "Pass method='sampled'.",
            )
        )
    names = rows.names
    center = _Centred(models, exact)
    values = np.zeros((len(rows), len(names), models.task.width))
    for part, sure in zip(models.parts, exact, strict=True):
        for scorer in part.scorers if sure else ():
            made = exact_contributions(scorer, rows, reference, names)
            values += made * (part.weight / len(part.scorers))
    values = center.centred(values)
    scores = center.scores(rows)
    base = center.certain(reference).mean(axis=0)
    gap = float(np.abs(base + values.sum(axis=1) - scores).max(initial=0.0))
    errors = np.zeros_like(values)
    sure = all(exact) and (
        method == "exact" or (method == "auto" and gap <= NEAR_ENOUGH)
    )
    if sure:
        text = "Exact Shapley values of the mean of the models' log-odds"
        text += f"; the model's score differs from it by up to {significant(gap, 2)}."
    else:
        sampled = shapley_by_sampling(
            center.rest, rows, reference, draws=draws, seed=seed
        )
        values, errors = values + sampled.values, sampled.errors
        base = base + sampled.base
        gap = float(np.abs(base + values.sum(axis=1) - scores).max(initial=0.0))
        largest = float(errors.max(initial=0.0))
        text = f"Shapley values sampled by {draws} orders of the columns and back"
        if any(exact):
            text += ", what trees and lines add computed exactly"
        text += f"; the largest standard error is {significant(largest, 2)}."
    task = models.task
    return Explanation(
        rows,
        (task.classes[1],) if task.kind == "binary" else task.classes,
        values,
        errors,
        base,
        scores,
        gap,
        np.argmax(scores, axis=1),
        sure,
        text + _compared(len(reference)),
    )


def _compared(count: int) -> str:
    return f" Rows are compared with {count:,} others."


def require_background(rows: Table) -> None:
    """Check that rows are enough to be compared with each other.

    Args:
        rows: The rows to explain.

    Raises:
        InputError: They are too few.
    """
    if len(rows) < LEAST_BACKGROUND:
        raise InputError(
            sentence(
                f"{len(rows)} rows and no background",
                f"{LEAST_BACKGROUND} rows or more, or background=",
                "Pass rows to compare with, such as those of the training, as "
                "background=.",
            )
        )


def _comparable(
    rows: Table, background: Table | None, seed: int
) -> tuple[Table, Table]:
    """Return the rows and those they are compared with, of equal categories."""
    if background is None:
        require_background(rows)
    other = rows if background is None else background
    if not len(other):
        raise InputError(sentence("a background without rows", "one row or more"))
    if len(other) > BACKGROUND:
        random = generator(seed, "background")
        other = other.take(random.choice(len(other), BACKGROUND, replace=False))
    both = concatenate([rows, other.select(rows.names)])
    return both.take(np.arange(len(rows))), both.take(np.arange(len(rows), len(both)))


@dataclass(frozen=True, eq=False)
class _Centred:
    """A model's scores, and the part of them that is exactly explained.

    Attributes:
        models: The models.
        exact: Which parts are.
    """

    models: FoldModels
    exact: Sequence[bool]

    def centred(self, scores: FloatArray) -> FloatArray:
        """Return scores without what all classes have in common, over the last axis."""
        if self.models.task.link != "softmax":
            return scores
        return np.asarray(scores - scores.mean(axis=-1, keepdims=True))

    def scores(self, rows: Table) -> FloatArray:
        """Return the model's scores, `[rows, outputs]`."""
        return self.centred(self.models.whole(rows)[0])

    def certain(self, rows: Table) -> FloatArray:
        """Return the mean log-odds of the exact parts, by their weights."""
        return self._both(rows)[1]

    def rest(self, rows: Table) -> FloatArray:
        """Return what the exact parts leave of the scores."""
        whole, certain = self._both(rows)
        return whole - certain

    def _both(self, rows: Table) -> tuple[FloatArray, FloatArray]:
        models, link = self.models, self.models.task.link
        scores: list[FloatArray] = []
        certain = np.zeros((len(rows), models.task.width))
        for part, sure in zip(models.parts, self.exact, strict=True):
            each = np.stack([scorer.log_odds(rows) for scorer in part.scorers])
            scores.append(mean_log_odds(each, link))
            if sure:
                certain += part.weight * each.mean(axis=0)
        whole = pool(
            {str(k): z for k, z in enumerate(scores)},
            {str(k): part.weight for k, part in enumerate(models.parts)},
            link,
        )
        return self.centred(whole), self.centred(certain)
