# SPDX-License-Identifier: Apache-2.0
"""A long tail of ten digits, and a convolutional network of one's own.

    python benchmarks/digits.py [--first 500] [--last 5] [--repeats 1] [--quick]

The digits 0 to 9 with 500 to 5 rows, each with the same factor fewer than the one
before, from mnist in the folder EQUIPOISE_DATA (by default `shared/data` beside the
checkout) or, if it is absent, from scikit-learn's small pictures, 150 to 5 rows.
`--quick` takes three folds of the small ones, 60 to 5 rows. Five strategies are
compared on the same folds by macro average precision; the recall of each digit follows.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

import equipoise as eq
from equipoise.errors import EquipoiseWarning

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
ARMS = ("plain", "class_weight", "balanced_batches", "logit_adjusted", "focal")
DIGITS = 10
SMALL = 150
Array = npt.NDArray[Any]


def pictures(quick: bool) -> tuple[Array, Array, str]:
    """Return pictures `[rows, height, width, 1]` from 0 to 1, digits, and a name."""
    path = DATA / "mnist.npz"
    if path.is_file() and not quick:
        with np.load(path) as held:
            x, y = held["x_train"], held["y_train"]
        return x[..., None].astype("float32") / 255, y.astype(np.int64), "mnist"
    if not quick:
        print(f"{path} is absent: scikit-learn's digits in its place")
    small = load_digits()
    x = small.images[..., None].astype("float32") / 16
    return x, small.target.astype(np.int64), "scikit-learn"


def long_tail(y: Array, first: int, last: int) -> Array:
    """Return rows of each digit: `first` of 0, down by one factor to `last` of 9."""
    counts = np.geomspace(first, last, DIGITS).round().astype(int)
    random = np.random.default_rng(0)
    parts = [
        random.permutation(np.flatnonzero(y == digit))[:count]
        for digit, count in enumerate(counts)
    ]
    return np.sort(np.concatenate(parts))


def build(shape: tuple[int, ...]) -> Any:
    """Return an uncompiled convolutional network with a logit for each digit."""
    import keras

    layers = [
        keras.layers.Conv2D(16, 3, activation="relu", padding="same"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, activation="relu", padding="same"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(DIGITS),
    ]
    return keras.Sequential([keras.Input(shape), *layers])


def main() -> None:
    """Compare the strategies and print what the trial says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=500)
    parser.add_argument("--last", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    x, y, name = pictures(args.quick)
    first = args.first if name == "mnist" else min(args.first, SMALL)
    rows = long_tail(y, 60 if args.quick else first, args.last)
    print(f"{name}: rows of each digit {np.bincount(y[rows]).tolist()}", flush=True)
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EquipoiseWarning)
        trial = eq.compare(
            (x[rows], y[rows]),
            model=lambda: build(x.shape[1:]),
            strategies=ARMS[:2] if args.quick else ARMS,
            folds=3 if args.quick else 5,
            repeats=args.repeats,
        )
    print(trial)
    print("\nrecall of each digit, from the most common to the rarest")
    for arm in trial.names:
        recalls = [e["recall"].value for e in trial[arm].by_class.values()]
        print(f"  {arm:17s}" + "".join(f"{recall:6.2f}" for recall in recalls))
    print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
