# SPDX-License-Identifier: Apache-2.0
"""A trial's 2,000 replicates of average precision and AUROC, against a plain loop.

The trial has three arms in five repeats of five folds. Its replicates are those of
`compare`: one draw of row weights for all arms and repeats (`RowWeights`), one sum per
group of scores (`WeightedRanking`). The loop draws rows within each class, as often,
and calls scikit-learn's two functions for each arm and repeat; its AUROC is over all
rows, which is less work than within folds. The loop is timed for a few replicates,
interleaved with ours, and scaled to the full number: each replicate costs the same.
The spread of both must agree.

    python benchmarks/bootstrap.py [--quick]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.evaluation.replicates import GROUPS
from equipoise.uncertainty import RowWeights, WeightedRanking

ROWS, SHARE, REPLICATES, BAR = 100_000, 0.01, 2_000, 30.0
ARMS, REPEATS, FOLDS = 3, 5, 5


def table(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, `[ARMS, REPEATS, ROWS]` scores and folds of binormal models."""
    random = np.random.default_rng(seed)
    y = np.zeros(ROWS, bool)
    y[: int(ROWS * SHARE)] = True
    random.shuffle(y)
    shared = random.normal(size=ROWS) + 1.5 * y
    score = shared + 0.1 * random.normal(size=(ARMS, REPEATS, ROWS))
    folds = np.stack([random.permutation(ROWS) % FOLDS for _ in range(REPEATS)])
    return y, score, folds


def trial(
    y: np.ndarray, score: np.ndarray, folds: np.ndarray, replicates: int, seed: int
) -> np.ndarray:
    """Return `[ARMS, replicates, 2]`, as a trial computes them."""
    rankings = [
        [
            WeightedRanking.of(s, y, folds=f, most=GROUPS)
            for s, f in zip(arm, folds, strict=True)
        ]
        for arm in score
    ]
    chunks = []
    for weights in RowWeights(y, None, replicates, seed):
        each = [[ranking(weights) for ranking in arm] for arm in rankings]
        values = [
            [[one["average_precision"], one["roc_auc"]] for one in arm] for arm in each
        ]
        chunks.append(np.mean(values, axis=1).transpose(0, 2, 1))
    return np.concatenate(chunks, axis=1)


def loop(y: np.ndarray, score: np.ndarray, times: int, seed: int) -> np.ndarray:
    """Return `[ARMS, times, 2]` replicates from scikit-learn."""
    random = np.random.default_rng(seed)
    classes = [np.flatnonzero(y == k) for k in (False, True)]
    values = np.empty((times, *score.shape[:2], 2))
    for b in range(times):
        rows = np.concatenate([random.choice(c, c.size) for c in classes])
        for arm, repeat in np.ndindex(score.shape[:2]):
            drawn = score[arm, repeat, rows]
            values[b, arm, repeat] = (
                average_precision_score(y[rows], drawn),
                roc_auc_score(y[rows], drawn),
            )
    return values.mean(axis=2).swapaxes(0, 1)


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute")
    rounds, times = (3, 8) if parser.parse_args().quick else (5, 20)
    y, score, folds = table(0)
    trial(y, score, folds, 10, 0)
    loop(y, score, 1, 0)
    ours, theirs, looped = [], [], []
    for turn in range(rounds):
        start = time.perf_counter()
        replicates = trial(y, score, folds, REPLICATES, turn)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        looped.append(loop(y, score, times, turn))
        theirs.append((time.perf_counter() - start) * REPLICATES / times)
    spread = np.concatenate(looped, axis=1)[0].std(axis=0)
    ours_spread = replicates[0].std(axis=0)
    print(
        f"{ROWS:,} rows, {SHARE:.1%} positives, {REPLICATES:,} replicates of {ARMS} "
        f"arms in {REPEATS} repeats"
    )
    print(f"ours: median {np.median(ours):.3f} s of {rounds}")
    print(
        f"loop: median {np.median(theirs):.1f} s, extrapolated from {times} "
        f"replicates in each of {rounds} turns"
    )
    print(
        f"standard deviation of average precision: ours {ours_spread[0]:.5f}, loop "
        f"{spread[0]:.5f}; of AUROC: ours {ours_spread[1]:.5f}, loop {spread[1]:.5f}"
    )
    ratio = np.median(theirs) / np.median(ours)
    print(f"ratio bootstrap {ratio:.1f} bar {BAR:.0f}")


if __name__ == "__main__":
    main()
