# SPDX-License-Identifier: Apache-2.0
"""The case of the question: 8,982 against 380 to train on, 574 against 12 to test on.

    python benchmarks/question.py [--quick]

"I want recall without over-predicting the rare class. Is it futile without more data?"
Both tables come from `generators.gaussian_shift`, so the best possible score is known.
Prints what `diagnose`, `compare` and a precision floor say, and what is true.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import equipoise as eq
from equipoise.decision.floors import certify_precision, flags_needed
from equipoise.errors import RefusedError
from equipoise.metrics import average_precision, roc_auc
from equipoise.table.generators import gaussian_shift
from equipoise.uncertainty import interval

ARMS = ["prior", "logistic", "trees", "plain", "class_weight", "balanced_batches"]
FLOOR = 0.5
DRAWS = 2_000


def main() -> None:
    """Ask the question and print the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    train = gaussian_shift(rows=9_362, positives=380, auroc=0.85, seed=1)
    test = gaussian_shift(rows=586, positives=12, auroc=0.85, seed=2)
    print("== diagnose")
    print(eq.diagnose(train.table, test=test.table))
    print("\n== what a test set of 12 positives can show, with the best possible score")
    spread(test.table.prevalence, 60 if quick else DRAWS)
    for metric in ("roc_auc", "average_precision"):
        print(f"  {metric}: {interval(metric, test.table.y, test.log_odds)}")
    print("\n== compare")
    started = time.monotonic()
    trial = eq.compare(
        train.table,
        test=test.table,
        strategies=["logistic", "plain"] if quick else ARMS,
        folds=3 if quick else 5,
        repeats=1 if quick else "auto",
    )
    print(trial)
    print(f"({time.monotonic() - started:.0f} s)")
    best = average_precision(train.table.y, train.log_odds)
    print(f"best possible average precision on these rows: {best:.3f}")
    print(f"\n== a precision floor of {FLOOR}")
    floors(train, test)


def spread(prevalence: float, draws: int) -> None:
    """Print how far the test set's figures scatter over draws of such test sets."""
    found = []
    for seed in range(draws):
        other = gaussian_shift(rows=586, positives=12, auroc=0.85, seed=1_000 + seed)
        y, score = other.table.y, other.log_odds
        found.append((roc_auc(y, score), average_precision(y, score)))
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    print(f"  over {draws} draws of such a test set ({prevalence:.1%} positive):")
    print(f"  AUROC from {low[0]:.2f} to {high[0]:.2f}", end=", ")
    print(f"average precision from {low[1]:.2f} to {high[1]:.2f}")


def floors(train, test) -> None:
    """Print what can be promised: on the test set, on a third of the table."""
    third = np.arange(len(train.table)) % 3 == 0
    cases = {
        "the test set": (test.log_odds, test.table.y),
        "a third of the training rows": (train.log_odds[third], train.table.y[third]),
    }
    for name, (score, y) in cases.items():
        try:
            print(f"{name}: {certify_precision(score, y, FLOOR).describe()}")
        except RefusedError as refusal:
            print(f"{name}: refused. {refusal}")
    print(f"flags that could pass without an error at 95 %: {flags_needed(FLOOR)}")


if __name__ == "__main__":
    main()
