# SPDX-License-Identifier: Apache-2.0
"""The nearest neighbours of the positives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise.diagnosis.columns import pick
from equipoise.encoding.encoding import learn_encoding
from equipoise.table.table import Table

NEIGHBOURS = 5
MOST_ROWS = 50_000
MOST_QUERIES = 2_000
MOST_LEVELS = 50


@dataclass(frozen=True)
class Neighbourhood:
    """The nearest rows of some positives, among rows of both classes.

    Attributes:
        rows: `[queries]` table positions of the positives asked.
        neighbours: `[queries, 5]` table positions of their nearest rows.
        positive: `[queries, 5]` whether these are positive.
        prevalence: The share of positives among the rows that could be neighbours:
            what the share of positive neighbours would be by chance.
    """

    rows: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]
    positive: npt.NDArray[np.bool_]
    prevalence: float

    @property
    def purity(self) -> npt.NDArray[np.float64]:
        """`[queries]` the share of positives among the neighbours."""
        return np.asarray(self.positive.mean(1))

    @property
    def types(self) -> dict[str, float]:
        """Shares of safe, borderline, rare and outlying positives.

        Napierala & Stefanowski (2016): of 5 neighbours 4 or 5 are positive; 2 or 3;
        1; none.
        """
        number = self.positive.sum(1)
        return {
            "safe": float(np.mean(number >= 4)),
            "borderline": float(np.mean((number == 2) | (number == 3))),
            "rare": float(np.mean(number == 1)),
            "outlying": float(np.mean(number == 0)),
        }


def neighbourhood(
    table: Table, seed: int = 0, rows: npt.NDArray[np.int64] | None = None
) -> Neighbourhood:
    """Find the 5 nearest rows of at most 2,000 positives among at most 50,000 rows.

    Both classes are sub-sampled at the same rate, so that the mixture stays as it
    is. Distances are Euclidean over the encoding: numbers scaled by their quartiles
    and bounded, gaps as columns of their own, two different categories at distance 1.
    Equal rows are neighbours like any others; use `rows` to leave copies out.

    Args:
        table: At least 7 rows and 2 positives.
        seed: For the sub-samples.
        rows: Positions of the rows that count; None for all.
    """
    from sklearn.neighbors import NearestNeighbors

    random = generator(seed, "diagnosis", "neighbours")
    if rows is None:
        rows = _stratified(table.labels(), MOST_ROWS, random)
    else:
        rows = rows[_stratified(table.labels()[rows], MOST_ROWS, random)]
    points = distance_space(table, rows)
    y = table.labels()[rows]
    asked = pick(np.flatnonzero(y == 1), MOST_QUERIES, random)
    search = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(points)
    neighbours = search.kneighbors(points[asked], return_distance=False)
    pairs = zip(neighbours, asked, strict=True)
    nearest = np.stack([_without(rows_near, row) for rows_near, row in pairs])
    others = (int(y.sum()) - 1) / (len(y) - 1)
    return Neighbourhood(rows[asked], rows[nearest], y[nearest] == 1, others)


def distance_space(
    table: Table, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return `[rows, axes]` points whose Euclidean distance compares rows."""
    encoded = learn_encoding(table, rows).transform(table, rows)
    parts = [encoded.numbers]
    for codes in encoded.codes.T:
        capped = np.minimum(codes, MOST_LEVELS)
        # Two different one-hot vectors are sqrt(2) apart.
        parts.append(np.eye(int(capped.max()) + 1, dtype=np.float32)[capped] / 2**0.5)
    return np.concatenate(parts, axis=1)


def _stratified(
    y: npt.NDArray[np.int8], most: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    keep = min(1.0, most / len(y))
    parts = []
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        parts.append(pick(rows, max(2, round(len(rows) * keep)), random))
    return np.sort(np.concatenate(parts))


def _without(neighbours: npt.NDArray[np.int64], row: int) -> npt.NDArray[np.int64]:
    """Drop the row itself; if copies crowd it out, drop the last neighbour."""
    return np.asarray(neighbours[neighbours != row][:NEIGHBOURS])
