# SPDX-License-Identifier: Apache-2.0
"""2,000 bootstrap replicates of average precision and AUROC, against a plain loop.

The loop draws rows within each class and calls scikit-learn's two functions on
them. It is timed for a few replicates, interleaved with ours, and scaled to the
full number: each replicate costs the same. The spread of both must agree.

    python benchmarks/bootstrap.py [--quick]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.uncertainty import bootstrap_ranking

ROWS, SHARE, REPLICATES, BAR = 100_000, 0.01, 2_000, 30.0


def table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores of a binormal model with AUROC about .86."""
    random = np.random.default_rng(seed)
    y = np.zeros(ROWS, np.int8)
    y[: int(ROWS * SHARE)] = 1
    random.shuffle(y)
    return y, random.normal(size=ROWS) + 1.5 * y


def loop(y: np.ndarray, score: np.ndarray, times: int, seed: int) -> np.ndarray:
    """Return `[times, 2]` replicates from scikit-learn."""
    random = np.random.default_rng(seed)
    classes = [np.flatnonzero(y == k) for k in (0, 1)]
    found = []
    for _ in range(times):
        rows = np.concatenate([random.choice(c, c.size) for c in classes])
        found.append(
            (
                average_precision_score(y[rows], score[rows]),
                roc_auc_score(y[rows], score[rows]),
            )
        )
    return np.array(found)


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    rounds, times = (3, 20) if parser.parse_args().quick else (7, 100)
    y, score = table(0)
    bootstrap_ranking(y, score, replicates=10)
    loop(y, score, 2, 0)
    ours, theirs, drawn = [], [], []
    for turn in range(rounds):
        start = time.perf_counter()
        replicates = bootstrap_ranking(y, score, replicates=REPLICATES, seed=turn)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        drawn.append(loop(y, score, times, turn))
        theirs.append((time.perf_counter() - start) * REPLICATES / times)
    spread = np.concatenate(drawn).std(axis=0)
    print(f"{ROWS:,} rows, {SHARE:.1%} positives, {REPLICATES:,} replicates")
    print(f"ours: median {np.median(ours):.3f} s of {rounds}")
    print(
        f"loop: median {np.median(theirs):.1f} s, extrapolated from {times} "
        f"replicates in each of {rounds} turns"
    )
    print(
        f"standard deviation of average precision: ours "
        f"{replicates.average_precision.std():.5f}, loop {spread[0]:.5f}; of AUROC: "
        f"ours {replicates.roc_auc.std():.5f}, loop {spread[1]:.5f}"
    )
    ratio = np.median(theirs) / np.median(ours)
    print(f"ratio bootstrap {ratio:.1f} bar {BAR:.0f}")


if __name__ == "__main__":
    main()
