# SPDX-License-Identifier: Apache-2.0
"""SMOTE inside the draw, against imbalanced-learn's `SMOTE().fit_resample`.

Ours looks for the neighbours of each positive once, and then draws for each epoch
which rows to mix, and by how much; the batches are mixed as they are made, so no
synthetic row is ever stored. The peer looks for the same neighbours and returns a
larger table. Timed in turns, on one thread each: our search and that within the
peer; our search with the draw of an epoch, and all of `fit_resample`. Memory is what
NumPy holds at its peak, and what is left, beyond the table that was there before.

    python benchmarks/smote.py [--rows 100000] [--columns 30] [--turns 7] [--quick]
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from equipoise.sampling import Oversample, steps_per_epoch
from equipoise.sampling.draw import Draw
from equipoise.synthesis import Neighbours, Smote
from equipoise.synthesis.features import distance_features
from equipoise.synthesis.smote import nearest_others

BAR = 1
"""The search is no slower than the peer's."""
BATCH = 256


def table(rows: int, columns: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return normal columns and labels."""
    random = np.random.default_rng(0)
    y = (np.arange(rows) < round(rows * share)).astype(np.int8)
    x = random.normal(size=(rows, columns)) + y[:, None]
    order = random.permutation(rows)
    return x[order].astype(np.float32), y[order]


def drawn(x: np.ndarray, y: np.ndarray) -> tuple[Neighbours, Draw]:
    """Return the neighbours and what an epoch of the enlarged table would draw."""
    found = Smote().prepare(x, None, y, 0)
    negatives = int((y == 0).sum())
    steps = steps_per_epoch(2 * negatives, BATCH)
    draw = Oversample().draw(y, batch=BATCH, steps=steps, seed=0, epoch=0)
    return found, Smote().mix(draw, found, y, 0, 0)


class Timed(NearestNeighbors):  # type: ignore[misc]  # scikit-learn is untyped
    """The search of imbalanced-learn's SMOTE, with a clock.

    It takes any such object. It asks for one neighbour more, since each point is
    its own nearest.
    """

    spent = 0.0

    def fit(self, x: np.ndarray, y: None = None) -> Timed:
        """Store the points."""
        start = time.perf_counter()
        super().fit(x)
        Timed.spent += time.perf_counter() - start
        return self

    def kneighbors(self, *points: np.ndarray, **options: Any) -> Any:
        """Find the neighbours."""
        start = time.perf_counter()
        found = super().kneighbors(*points, **options)
        Timed.spent += time.perf_counter() - start
        return found


def resampled(x: np.ndarray, y: np.ndarray) -> Any:
    """Return the larger table."""
    search = Timed(n_neighbors=Smote().neighbours + 1)
    return SMOTE(k_neighbors=search, random_state=0).fit_resample(x, y)


def seconds(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def turn(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Return the seconds of both searches, and of both as a whole."""
    points = distance_features(x, None, y)
    search = seconds(lambda: nearest_others(points, Smote().neighbours))
    whole = seconds(lambda: drawn(x, y))
    Timed.spent = 0.0
    theirs = seconds(lambda: resampled(x, y))
    return search, Timed.spent, whole, theirs


def megabytes(run: Callable[[], object]) -> tuple[float, float]:
    """Return the memory of NumPy at its peak, and what the result holds."""
    tracemalloc.start()
    result = run()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return peak / 2**20, held / 2**20


def compare(rows: int, columns: int, share: float, turns: int) -> None:
    """Print times and memory of both."""
    x, y = table(rows, columns, share)
    with threadpool_limits(1):  # several wait for one another on a busy machine
        turn(x, y)  # imports
        times = np.median([turn(x, y) for _ in range(turns)], axis=0)
    ours, theirs = megabytes(lambda: drawn(x, y)), megabytes(lambda: resampled(x, y))
    print(f"{rows:,} x {columns} (float32, {x.nbytes / 2**20:.0f} MB), {share:.0%}")
    print(f"  {'':36}{'ours':>12}{'fit_resample':>14}")
    print(f"  {'search, ms':36}{times[0] * 1e3:12.1f}{times[1] * 1e3:14.1f}")
    print(f"  {'all that an epoch takes, ms':36}{times[2] * 1e3:12.1f}", end="")
    print(f"{times[3] * 1e3:14.1f}")
    print(f"  {'added memory at the peak, MB':36}{ours[0]:12.1f}{theirs[0]:14.1f}")
    print(f"  {'added memory that stays, MB':36}{ours[1]:12.1f}{theirs[1]:14.1f}")
    ratio = times[1] / times[0]
    print(f"ratio smote_search_{share:g} {ratio:.2f} bar {BAR}", flush=True)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="five turns")
    options = parser.parse_args()
    turns = 5 if options.quick else options.turns
    for share in (0.01, 0.1):
        compare(options.rows, options.columns, share, turns)


if __name__ == "__main__":
    main()
