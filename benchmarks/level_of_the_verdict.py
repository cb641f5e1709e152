# SPDX-License-Identifier: Apache-2.0
"""Which paired test may decide a trial: false findings, and power.

Every arm of a trial is a nearest-mean rule. Under no difference the arms are
exchangeable, in one of two ways: each has features of its own, of one law ("own
features"), or all share the features and each split's training adds noise of its
own ("noise of training"). Whatever a test finds then is false. With a difference,
the first arm is given better features, or no noise.

    python benchmarks/level_of_the_verdict.py [--quick] [--trials 400]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from equipoise.comparison import holm, nadeau_bengio
from equipoise.evaluation import CrossValidated, cross_validated

FloatArray = npt.NDArray[np.float64]

ARMS, FOLDS, REPEATS, OWN, ALPHA = 6, 5, 5, 3, 0.05
TESTS = ("corrected t over splits", "row weights", "row weights and repeats")


@dataclass(frozen=True)
class Setting:
    """One kind of trial.

    Attributes:
        positives: How many rows are positive.
        share: Their share.
        shared: Whether all arms see the same features, with noise of training.
        gain: What sets the first arm apart; 0 for nothing.
    """

    positives: int
    share: float
    shared: bool
    gain: float

    @property
    def words(self) -> str:
        """What it is, for the table."""
        kind = "noise of training" if self.shared else "own features"
        return f"{self.positives} | {self.share:.0%} | {kind}"


def draw(setting: Setting, random: np.random.Generator) -> CrossValidated:
    """Draw a table and cross-validate every arm on the same splits."""
    negatives = round(setting.positives / setting.share) - setting.positives
    y = np.repeat([0, 1], [negatives, setting.positives])
    blocks = 1 if setting.shared else ARMS + 1
    x = random.standard_normal((blocks, y.size, OWN))
    x[:, y == 1] += 1.8 / np.sqrt(OWN)
    if setting.gain and not setting.shared:
        x[1, y == 1] += setting.gain / np.sqrt(OWN)
    folds = np.empty((REPEATS, y.size), np.int64)
    for fold in folds:
        for kind in (0, 1):
            rows = np.flatnonzero(y == kind)
            fold[rows] = random.permutation(rows.size) % FOLDS
    scores = {}
    for arm in range(ARMS + 1):
        z = np.empty(folds.shape)
        noise = 0.5 * (setting.shared and not (setting.gain and arm == 1))
        own = x[0 if setting.shared else arm]
        for r, k in np.ndindex(REPEATS, FOLDS):
            train = folds[r] != k
            w = own[train & (y == 1)].mean(0) - own[train & (y == 0)].mean(0)
            w = w + noise * np.linalg.norm(w) * random.standard_normal(OWN)
            z[r, ~train] = own[~train] @ w - 3.0
        scores["plain" if arm == 0 else f"arm {arm}"] = z
    return cross_validated(y, scores, folds, replicates=256)


def p_values(results: CrossValidated) -> dict[str, FloatArray]:
    """Return each test's p-values of the arms, after Holm's correction."""
    metric = "average_precision"
    units = int(results.y.sum())
    found: dict[str, list[float]] = {name: [] for name in TESTS}
    for name, arm in results.arms.items():
        if name == results.baseline:
            continue
        splits = results.split_differences(name, metric)
        found[TESTS[0]].append(nadeau_bengio(splits, 1 / FOLDS).p)
        e = arm.differences[metric]
        se = (e.high - e.value) / stats.t.ppf(0.975, units - 1)
        repeats = np.nanmean(splits, axis=1)
        wider = np.hypot(se, repeats.std(ddof=1))
        found[TESTS[1]].append(2 * stats.t.sf(abs(e.value) / se, units - 1))
        found[TESTS[2]].append(2 * stats.t.sf(abs(e.value) / wider, units - 1))
    return {name: holm(p) for name, p in found.items()}


def simulate(setting: Setting, trials: int) -> str:
    """Return one line: for each test, any finding and the first arm found."""
    hits = {name: np.zeros(2) for name in TESTS}
    gap = 0.0
    for trial in range(trials):
        random = np.random.default_rng([trial, setting.positives, setting.shared])
        results = draw(setting, random)
        gap += results["arm 1"].differences["average_precision"].value / trials
        for name, p in p_values(results).items():
            hits[name] += (p.min() <= ALPHA, p[0] <= ALPHA)
    rate = {name: count / trials for name, count in hits.items()}
    shown = " | ".join(
        f"{(rate[name][0] if not setting.gain else rate[name][1]):.3f}"
        for name in TESTS
    )
    what = "false findings" if not setting.gain else f"power at {gap:+.3f}"
    return f"| {setting.words} | {what} | {shown} | {trials} |"


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two settings, 10 trials")
    parser.add_argument("--trials", type=int, default=400)
    given = parser.parse_args()
    sizes = ((12, 0.05),) if given.quick else ((12, 0.05), (50, 0.05), (50, 0.5))
    print(
        f"| positives | share | arms differ by | what | {' | '.join(TESTS)} | trials |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for positives, share in sizes:
        for shared in (False, True):
            for gain in (0.0, 0.8):
                setting = Setting(positives, share, shared, gain)
                print(
                    simulate(setting, 10 if given.quick else given.trials), flush=True
                )


if __name__ == "__main__":
    main()
