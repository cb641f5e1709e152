# SPDX-License-Identifier: Apache-2.0
"""Random cases that the metric tests share: ties, weights, skew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

Case = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def cases() -> Callable[[int], Iterator[Case]]:
    """A function that yields labels, probabilities and weights, both classes."""

    def make(number: int) -> Iterator[Case]:
        for seed in range(number):
            random = np.random.default_rng(seed)
            rows = int(random.integers(5, 200))
            y = (random.random(rows) < random.choice([0.5, 0.1, 0.02])).astype(int)
            y[:2] = (0, 1)
            score = random.random(rows) * 0.6 + 0.3 * y
            if seed % 3 == 0:  # ties
                score = np.round(score, 1)
            weights = random.choice([0.0, 0.5, 1.0, 2.0, 3.5], rows)
            weights[:2] = 1.0
            yield y, score, np.ones(rows) if seed % 2 else weights

    return make
