# SPDX-License-Identifier: Apache-2.0
"""How scores are distributed in each class, as counts that can be stored.

With them the share of positives among unlabelled rows can be estimated without assuming
that a calibration is exact: the labelled rows are a sample, too. New rows are a mixture
of the two classes in unknown shares; the likelihood of all three samples is maximised
over the classes' distributions by the EM (Titterington, Smith and Makov 1985, chapter
4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise._core.types import FloatArray
from equipoise.decision.rows import (
    check_rows,
    check_score_column,
)
from equipoise.errors import InputError

FEWEST_CELLS, MOST_CELLS = 3, 12
"""Cells of the scores: one for so many rows of the rarer class, within these."""

ROWS_PER_CELL = 10
STEPS = 400


@dataclass(frozen=True)
class ClassScores:
    """Labelled rows in cells of their scores.

    Attributes:
        edges: Between the cells, increasing; one fewer than cells.
        positives: Rows of each cell that are positive.
        negatives: Rows of each cell that are negative.

    Example:
        >>> scores = ClassScores.of([-2.0, -1.0, 0.0, 1.0] * 20, [0, 0, 1, 1] * 20)
        >>> sum(scores.positives), sum(scores.negatives)
        (40.0, 40.0)
    """

    edges: tuple[float, ...]
    positives: tuple[float, ...]
    negatives: tuple[float, ...]

    @classmethod
    def of(
        cls,
        score: npt.ArrayLike,
        y: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> ClassScores:
        """Count labelled rows that the scores did not learn from.

        The edges are quantiles of the scores if both classes were equally frequent.

        Args:
            score: `[rows]`.
            y: `[rows]` of 0 and 1.
            weights: `[rows]` how much each row counts.

        Raises:
            InputError: A class is absent.
        """
        rows = check_rows(score, y, weights)
        if min(rows.positives, rows.negatives) <= 0:
            raise InputError(sentence("scores of one class", "rows of both classes"))
        fewer = min(float(rows.y.sum()), float((1 - rows.y).sum()))
        cells = int(np.clip(fewer // ROWS_PER_CELL, FEWEST_CELLS, MOST_CELLS))
        order = np.argsort(rows.score, kind="stable")
        s, up = rows.score[order], (rows.weights * rows.y)[order]
        down = (rows.weights * (1 - rows.y))[order]
        mass = np.cumsum(up) / rows.positives + np.cumsum(down) / rows.negatives
        at = np.searchsorted(mass / 2, np.arange(1, cells) / cells)
        edges = np.unique(s[np.minimum(at, s.size - 1)])
        cell = np.searchsorted(edges, s, side="left")
        counted = [
            np.bincount(cell, column, minlength=edges.size + 1) for column in (up, down)
        ]
        return cls(tuple(edges.tolist()), *(tuple(c.tolist()) for c in counted))

    def counts(self, score: npt.ArrayLike) -> FloatArray:
        """Return how many unlabelled rows lie in each cell.

        Args:
            score: `[rows]`.
        """
        cell = np.searchsorted(
            np.array(self.edges), check_score_column(score), side="left"
        )
        return np.bincount(cell, minlength=len(self.positives)).astype(np.float64)

    def profile(self, new: FloatArray, shares: FloatArray) -> FloatArray:
        """Return the log-likelihood of all samples at shares of positives.

        The most likely distributions of the classes are found for each share.

        Args:
            new: `[cells]` unlabelled rows.
            shares: `[shares]` in [0, 1].

        Returns:
            `[shares]`, up to a constant.
        """
        up, down = np.array(self.positives), np.array(self.negatives)
        q = np.asarray(shares, np.float64)[:, None]
        # A tenth of a row in each cell: what did not occur is not impossible.
        f1 = np.tile((up + 0.1) / (up + 0.1).sum(), (q.size, 1))
        f0 = np.tile((down + 0.1) / (down + 0.1).sum(), (q.size, 1))
        for _ in range(STEPS):
            mixed = np.maximum(q * f1 + (1 - q) * f0, 1e-300)
            positive = new * q * f1 / mixed
            f1, f0 = up + positive, down + new - positive
            f1 = f1 / f1.sum(axis=1, keepdims=True)
            f0 = f0 / f0.sum(axis=1, keepdims=True)
        mixed = q * f1 + (1 - q) * f0
        parts = ((up, f1), (down, f0), (new, mixed))
        return np.asarray(
            np.sum([_log_likelihood(count, share) for count, share in parts], axis=0)
        )

    def most(self, new: FloatArray) -> float:
        """Return the log-likelihood if the new rows had any distribution at all.

        Args:
            new: `[cells]` unlabelled rows.
        """
        samples = (np.array(self.positives), np.array(self.negatives), new)
        return float(sum(_log_likelihood(c, c / c.sum()) for c in samples))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: list(values) for name, values in vars(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassScores:
        """Rebuild the counts from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: The numbers make no cells.
        """
        edges = tuple(number(edge, "an edge") for edge in data["edges"])
        up, down = (
            tuple(number(count, "a count", 0) for count in data[name])
            for name in ("positives", "negatives")
        )
        sizes = len(edges) + 1 == len(up) == len(down)
        if not (sizes and (np.diff(edges) > 0).all() and sum(up) > 0 < sum(down)):
            raise InputError(
                sentence("edges and counts that make no cells", "increasing edges")
            )
        return cls(edges, up, down)


def _log_likelihood(count: FloatArray, share: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(count > 0, count * np.log(share), 0.0)
    return np.asarray(terms.sum(axis=-1))
