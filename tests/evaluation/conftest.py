"""Small trials that the tests of this folder share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest


@dataclass(frozen=True)
class Drawn:
    """Labels, stratified folds and out-of-fold scores of two arms."""

    y: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]
    scores: dict[str, npt.NDArray[np.float64]]


def draw(
    seed: int = 0,
    positives: int = 20,
    negatives: int = 80,
    repeats: int = 2,
    shift: float = 1.5,
) -> Drawn:
    """Draw a trial whose second arm is the worse one, each split on its own scale."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.repeat([0, 1], [negatives, positives]))
    folds = np.empty((repeats, y.size), np.int64)
    for fold in folds:
        for kind in (0, 1):
            rows = random.permutation(np.flatnonzero(y == kind))
            fold[rows] = np.arange(rows.size) % 5
    signal = shift * y + random.standard_normal(y.size)
    scores = {}
    for name, noise in (("plain", 0.3), ("noisy", 1.5)):
        each = signal + noise * random.standard_normal(folds.shape)
        scores[name] = (
            each
            - 2.0
            + 0.2
            * random.standard_normal((repeats, 5))[np.arange(repeats)[:, None], folds]
        )
    return Drawn(y, folds, scores)


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    return draw()


@pytest.fixture(scope="session")
def make_drawn():  # type: ignore[no-untyped-def]
    return draw
