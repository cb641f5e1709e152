# SPDX-License-Identifier: Apache-2.0
"""How often the intervals of `estimate_prevalence` hold the truth.

    python benchmarks/prevalence.py            # the full size, some minutes
    python benchmarks/prevalence.py --quick

Labelled scores, as out of fold, and unlabelled ones with another share of positives
are drawn from populations of several shapes. Printed is the share of intervals that
hold the true share, their median width over the truth, and beside it the coverage of
the interval that takes a calibration on the labelled rows as exact. The last column is
how often "more than the prevalence differs" is said, wrongly.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from equipoise._core.seeds import generator
from equipoise.decision import estimate_prevalence, fit_calibrator

Draw = Callable[[np.random.Generator, np.ndarray], np.ndarray]

SHAPES: dict[str, Draw] = {
    "normal, AUROC .76": lambda r, y: r.normal(y, 1.0),
    "normal, AUROC .92": lambda r, y: r.normal(2.0 * y, 1.0),
    "wider positives": lambda r, y: r.normal(1.5 * y, 1 + y),
    "skewed": lambda r, y: r.exponential(1.0, y.size) * (1 + 2.0 * y),
    "half hidden": lambda r, y: r.normal(3.0 * y * (r.random(y.size) < 0.5), 1.0),
}


def cell(
    shape: Draw, positives: int, before: float, now: float, draws: int, rows: int
) -> np.ndarray:
    """Return coverage, median relative width, coverage if exact, misfit told."""
    found = []
    for draw in range(draws):
        rng = generator(draw, "prevalence", positives, repr((before, now)))
        y = np.arange(round(positives / before)) < positives
        z = shape(rng, y.astype(float))
        label = rng.random(rows) < now
        new = shape(rng, label.astype(float))
        got = estimate_prevalence(new, before, labelled=(z, y))
        calibrator = fit_calibrator(z, y, method="platt")
        exact = estimate_prevalence(calibrator.apply(new), before).share
        found.append(
            [
                got.share.low <= now <= got.share.high,
                (got.share.high - got.share.low) / now,
                exact.low <= now <= exact.high,
                got.fit < 0.01,
            ]
        )
    table = np.array(found, float)
    return np.array(
        [table[:, 0].mean(), np.median(table[:, 1]), *table[:, 2:].mean(axis=0)]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells and draws")
    parser.add_argument("--draws", type=int, help="draws of each cell; 40 or 200")
    options = parser.parse_args()
    quick = options.quick
    draws = options.draws or (40 if quick else 200)
    print("positives  before   now     held  width/truth  held if exact  misfit told")
    worst, held = 1.0, []
    for positives in (30, 300) if quick else (30, 100, 1_000):
        for before in (0.5, 0.05) if quick else (0.5, 0.05, 0.005):
            for now in (0.005, 0.1) if quick else (0.001, 0.01, 0.05, 0.2):
                for name, shape in SHAPES.items():
                    if quick and name not in ("normal, AUROC .92", "skewed"):
                        continue
                    row = cell(shape, positives, before, now, draws, 5_000)
                    worst = min(worst, row[0])
                    held.append(row[0])
                    print(
                        f"{positives:9d}  {before:6g}  {now:5g}  {row[0]:7.3f}  "
                        f"{row[1]:11.2f}  {row[2]:13.3f}  {row[3]:11.3f}  {name}",
                        flush=True,
                    )
    # Of so many cells the lowest is below the truth by chance: see the draws.
    print(f"lowest coverage {worst:.3f} of {len(held)} cells, {draws} draws each")
    print(f"ratio prevalence_coverage {np.mean(held):.3f} bar 0.93")


if __name__ == "__main__":
    main()
