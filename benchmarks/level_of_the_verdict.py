# SPDX-License-Identifier: Apache-2.0
"""Does the verdict find what is not there, and does it find what is?

Every arm of a trial is a nearest-mean rule. Under no difference the arms are
exchangeable, in one of two ways: each has features of its own, of one law ("own
features"), or all share the features and each split's training adds noise of its
own ("noise of training"). Whatever is found then is false. With a difference, the
first arm is given better features, or no noise. "Nearly the same": the arms share
the features, and next to no noise.

Beside the verdict stand the tests that it could have rested on. A second table is of
the paired tests of two fixed models on one test set, a third of a trained rule against
an arm that says the same of every row.

    python benchmarks/level_of_the_verdict.py --quick
    python benchmarks/level_of_the_verdict.py --parts F     # 20 min, quiet machine
    python benchmarks/level_of_the_verdict.py --parts F --write

Each setting is kept as a file of the folder F: a run can go on after a stop, and
`--write` writes what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from equipoise.comparison import (
    RowsError,
    bayesian_correlated_t,
    delong_difference,
    judge,
    judge_differences,
    nadeau_bengio,
    resampled_difference,
)
from equipoise.evaluation import Arm, CrossValidated, cross_validated
from equipoise.uncertainty import holm

FloatArray = npt.NDArray[np.float64]

DOCUMENT = Path(__file__).parents[1] / "docs" / "level-of-the-verdict.md"
ARMS, FOLDS, OWN, ALPHA, MARGIN = 3, 5, 3, 0.05, 0.01
METRIC = "average_precision"
RIVALS = ("splits alone", "rows alone", "Bayes")
DRAWING = 2
"""Part of every seed: another number draws fresh tables."""


@dataclass(frozen=True)
class Setting:
    """One kind of trial.

    Attributes:
        positives: How many rows are positive.
        share: Their share.
        repeats: How often the rows are divided into folds.
        noise: Noise of training, where all arms share the features; None where
            each has its own.
        gain: What sets the first arm apart; 0 for nothing.
        law: Of the features: "normal", "skewed" (exponential), or "rounded" to whole
            numbers, so that scores are tied.
        folds: Into how many the rows are divided.
    """

    positives: int
    share: float
    repeats: int
    noise: float | None
    gain: float
    law: str = "normal"
    folds: int = FOLDS

    @property
    def words(self) -> str:
        """What it is, for the table."""
        kind = "own features" if self.noise is None else "noise of training"
        if self.noise is not None and self.noise < 0.1:
            kind = "nearly the same"
        kind += "" if self.law == "normal" else f", {self.law}"
        splits = f"{self.repeats} x {self.folds}"
        return f"{self.positives} | {self.share:.0%} | {splits} | {kind}"


SIZES = ((12, 0.05), (50, 0.5))
SETTINGS = (
    *(
        Setting(positives, share, 5, noise, gain)
        for gain in (0.0, 0.8)
        for noise in (None, 0.5)
        for positives, share in SIZES
    ),
    Setting(50, 0.5, 5, 0.02, 0.0),
    Setting(12, 0.05, 1, None, 0.0),
    Setting(50, 0.5, 1, None, 0.0),
    *(
        Setting(positives, share, 1, None, gain, folds=3)
        for gain in (0.0, 0.8)
        for positives, share in SIZES
    ),
    Setting(50, 0.05, 5, None, 0.0),
    Setting(50, 0.05, 5, None, 0.8),
    *(
        Setting(positives, share, 5, None, 0.0, law)
        for law in ("skewed", "rounded")
        for positives, share in SIZES
    ),
)
PAIRED = tuple(
    Setting(positives, share, 0, None, gain, law)
    for positives, share in ((8, 0.5), (12, 0.05), (50, 0.5), (50, 0.05))
    for law in ("normal", "skewed", "rounded")
    for gain in (0.0, 1.0)
)
TESTS = ("DeLong, AUROC", "jackknife, AP", "row weights, Brier")
QUICK = (SETTINGS[0], SETTINGS[4])


@dataclass(frozen=True)
class Constant:
    """A nearest-mean rule beside `prior`, and three arms like the rule.

    Attributes:
        positives: How many rows are positive.
        share: Their share.
        repeats: How often the rows are divided into folds.
        folds: Into how many.
        gain: How far apart the classes are; 0 for noise.
        hidden: The share of positives that look like negatives in every feature;
            None if all positives are moved.
    """

    positives: int
    share: float
    repeats: int
    folds: int
    gain: float
    hidden: float | None = None

    @property
    def words(self) -> str:
        """What it is, for the table."""
        kind = "noise" if not self.gain else "a weak signal"
        if self.hidden is not None:
            kind = f"{1 - self.hidden:.0%} of the positives are far out"
        splits = f"{self.repeats} x {self.folds}"
        return f"{self.positives} | {self.share:.2%} | {splits} | {kind}"


CONSTANTS = tuple(
    Constant(positives, share, repeats, folds, gain, hidden)
    for gain, hidden in ((0.0, None), (0.9, None), (5.0, 0.8))
    for positives, share, repeats, folds in (
        (9, 0.03, 1, 3),
        (12, 0.05, 1, 5),
        (12, 0.05, 5, 5),
        (24, 0.0024, 1, 3),
        (50, 0.5, 1, 3),
    )
)


def times(setting: Setting) -> int:
    """Return how many times as many trials a setting gets as the others.

    Test sets are cheap, the level counts most, and the verdict's first setting came
    out above 5 % in a run of 200 trials.
    """
    if not setting.repeats:
        return 4 if setting.gain else 10
    return 5 if setting == SETTINGS[0] else 1


def draw(setting: Setting, random: np.random.Generator) -> CrossValidated:
    """Draw a table and cross-validate every arm on the same splits."""
    negatives = round(setting.positives / setting.share) - setting.positives
    y = np.repeat([0, 1], [negatives, setting.positives])
    blocks = ARMS + 1 if setting.noise is None else 1
    x = features(setting.law, (blocks, y.size, OWN), random)
    x[:, y == 1] += 1.8 / np.sqrt(OWN)
    if setting.gain and setting.noise is None:
        x[1, y == 1] += setting.gain / np.sqrt(OWN)
    folds = np.empty((setting.repeats, y.size), np.int64)
    for fold in folds:
        for kind in (0, 1):
            rows = np.flatnonzero(y == kind)
            fold[rows] = random.permutation(rows.size) % setting.folds
    scores = {}
    for arm in range(ARMS + 1):
        own = x[arm if setting.noise is None else 0]
        noise = 0.0 if setting.gain and arm == 1 else setting.noise or 0.0
        scores["plain" if arm == 0 else f"arm {arm}"] = _scored(
            own, y, folds, noise, random
        )
    scores["prior"] = np.full(folds.shape, -3.0)
    return cross_validated(y, scores, folds, replicates=200)


def features(
    law: str, shape: tuple[int, ...], random: np.random.Generator
) -> FloatArray:
    """Return features of unit spread."""
    if law == "skewed":
        return random.standard_exponential(shape)
    drawn = random.standard_normal(shape)
    return np.round(drawn) if law == "rounded" else drawn


def _scored(
    x: FloatArray,
    y: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    noise: float,
    random: np.random.Generator,
) -> FloatArray:
    """Return out-of-fold scores of a nearest-mean rule, `[repeats, rows]`."""
    z = np.empty(folds.shape)
    for r, k in np.ndindex(len(folds), int(folds.max()) + 1):
        train = folds[r] != k
        w = x[train & (y == 1)].mean(0) - x[train & (y == 0)].mean(0)
        w = w + noise * np.linalg.norm(w) * random.standard_normal(OWN)
        z[r, ~train] = x[~train] @ w - 3.0
    return z


def rivals(results: CrossValidated, names: list[str]) -> dict[str, FloatArray]:
    """Return the p-values of the other tests, after Holm's correction.

    The Bayesian correlated t-test has no p-value and no correction: 1 minus the
    larger of its probabilities of *better* and *worse* stands in for one.
    """
    splits, rows, beliefs = [], [], []
    for name in names:
        differences = results.split_differences(name, METRIC)
        splits.append(nadeau_bengio(differences, results.test_share).p)
        belief = bayesian_correlated_t(differences, results.test_share, MARGIN)
        beliefs.append(1 - max(belief.better, belief.worse))
        arm = results[name]
        ratio = abs(arm.differences[METRIC].value) / max(arm.errors[METRIC], 1e-12)
        rows.append(float(2 * stats.t.sf(ratio, results.units - 1)))
    found = holm(splits), holm(rows), np.array(beliefs)
    return dict(zip(RIVALS, found, strict=True))


@dataclass
class Tally:
    """What the trials of a setting came to.

    Attributes:
        any_found: Trials in which some arm is called better or worse, by the
            verdict and by each rival.
        first_found: The same of the first arm.
        outcomes: Of the verdict over all arms of the kind, by outcome.
        gap: Sum of the first arm's difference.
        chance: Trials in which the arm that knows nothing reads AUROC .5.
    """

    any_found: FloatArray
    first_found: FloatArray
    outcomes: dict[str, int]
    gap: float = 0.0
    chance: int = 0


def simulate(setting: Setting, trials: int) -> Tally:
    """Run the trials of a setting."""
    outcomes = dict.fromkeys(("better", "worse", "equivalent", "cannot tell"), 0)
    tally = Tally(np.zeros(1 + len(RIVALS)), np.zeros(1 + len(RIVALS)), outcomes)
    for trial in range(trials):
        random = drawn(setting, trial)
        results = draw(setting, random)
        names = [n for n in results.arms if n.startswith("arm")]
        kept = {n: results.arms[n] for n in ("plain", *names)}
        found = judge(_only(results, kept), margin=MARGIN).arms
        told = [found[n].outcome in ("better", "worse") for n in names]
        p = rivals(results, names)
        tally.any_found += [any(told), *(p[r].min() <= ALPHA for r in RIVALS)]
        tally.first_found += [told[0], *(p[r][0] <= ALPHA for r in RIVALS)]
        for name in names[:1] if setting.gain else names:
            tally.outcomes[found[name].outcome] += 1
        tally.gap += found[names[0]].difference.value
        tally.chance += results["prior"].evaluation["roc_auc"].value == 0.5
    return tally


def drawn(setting: Setting, trial: int) -> np.random.Generator:
    """Return a trial's random numbers."""
    key = [setting.positives, round(1 / setting.share), setting.repeats]
    return np.random.default_rng(
        [DRAWING, trial, *key, setting.noise is None, len(setting.law)]
    )


def tested(setting: Setting, trials: int) -> FloatArray:
    """Return how often each of `TESTS` finds a difference of two fixed scores."""
    found = np.zeros(len(TESTS))
    negatives = round(setting.positives / setting.share) - setting.positives
    y = np.repeat([0, 1], [negatives, setting.positives])
    for trial in range(trials):
        signal, *own = features(setting.law, (3, y.size), drawn(setting, trial))
        one, other = (signal + 1.2 * y + 0.8 * part - 2 for part in own)
        one = one + setting.gain * y
        p = [
            delong_difference(y, one, other).p,
            *(
                resampled_difference(
                    y, one, other, metric=m, replicates=200, seed=trial
                ).p
                for m in (METRIC, "brier")
            ),
        ]
        found += np.array(p) <= ALPHA
    return found / trials


def against_prior(setting: Constant, trials: int) -> FloatArray:
    """Return how often a rule is told from `prior`, and by what else it would be.

    Returns:
        The shares of trials in which the verdict tells them apart; the interval of
        AUROC excludes .5; it does so and the verdict is open; and the test of the
        arms, with Holm's correction, would tell them apart.
    """
    found = np.zeros(4)
    for trial in range(trials):
        key = [DRAWING, trial, setting.positives, setting.repeats, setting.folds]
        results = _beside_prior(setting, np.random.default_rng(key))
        prior = judge(results).arms["prior"].outcome in ("better", "worse")
        area = results["plain"].evaluation["roc_auc"]
        apart = not area.low <= 0.5 <= area.high
        names = [name for name in results.arms if name != "plain"]
        base = results["plain"].evaluation[METRIC].value
        usual = judge_differences(
            {name: results.split_differences(name, METRIC) for name in names},
            results.test_share,
            rows={
                name: RowsError(
                    results[name].evaluation[METRIC].value - base,
                    results[name].errors[METRIC],
                    results.units - 1,
                )
                for name in names
            },
        ).arms["prior"]
        told = usual.outcome in ("better", "worse")
        found += [prior, apart, apart and not prior, told]
    return found / trials


def _beside_prior(setting: Constant, random: np.random.Generator) -> CrossValidated:
    negatives = round(setting.positives / setting.share) - setting.positives
    y = np.repeat([0, 1], [negatives, setting.positives])
    x = random.standard_normal((ARMS + 1, y.size, OWN))
    moved = np.flatnonzero(y)
    if setting.hidden is not None:
        moved = moved[random.random(moved.size) >= setting.hidden]
    x[:, moved] += setting.gain / np.sqrt(OWN)
    folds = np.empty((setting.repeats, y.size), np.int64)
    for fold in folds:
        for kind in (0, 1):
            rows = np.flatnonzero(y == kind)
            fold[rows] = random.permutation(rows.size) % setting.folds
    scores = {
        name: _scored(own, y, folds, 0.0, random)
        for name, own in zip(("plain", "a", "b", "c"), x, strict=True)
    }
    scores["prior"] = np.full(folds.shape, -3.0)
    return cross_validated(y, scores, folds, replicates=200)


def constant_line(setting: Constant, trials: int) -> str:
    """Return a line of the third table."""
    rates = " | ".join(f"{rate:.3f}" for rate in against_prior(setting, trials))
    return f"| {setting.words} | {rates} | {trials} |"


def paired_line(setting: Setting, trials: int) -> str:
    """Return a line of the second table."""
    rates = " | ".join(f"{rate:.3f}" for rate in tested(setting, trials))
    what = "some" if setting.gain else "none"
    words = f"{setting.positives} | {setting.share:.0%} | {setting.law}"
    return f"| {words} | {what} | {rates} | {trials} |"


def _only(results: CrossValidated, arms: dict[str, Arm]) -> CrossValidated:
    """Return the results of some arms."""
    return replace(results, arms=arms)


def kept(
    setting: Setting | Constant, trials: int, folder: Path, make: bool = True
) -> str:
    """Return a setting's line, from its file where there is one; else "" or made."""
    name = "_".join(map(str, (*astuple(setting), trials)))
    path = folder / f"{name}.json"
    if not path.exists():
        if not make:
            return ""
        if isinstance(setting, Constant):
            text = constant_line(setting, trials)
        elif setting.repeats:
            text = line(setting, simulate(setting, trials), trials)
        else:
            text = paired_line(setting, trials)
        path.write_text(json.dumps(text), encoding="utf-8")
    return str(json.loads(path.read_text(encoding="utf-8")))


def line(setting: Setting, tally: Tally, trials: int) -> str:
    """Return a line of the table."""
    shown = tally.first_found if setting.gain else tally.any_found
    rates = " | ".join(f"{rate:.3f}" for rate in shown / trials)
    total = sum(tally.outcomes.values())
    parts = " | ".join(f"{count / total:.2f}" for count in tally.outcomes.values())
    what = f"{tally.gap / trials:+.3f}" if setting.gain else "none"
    return (
        f"| {setting.words} | {what} | {rates} | {parts} | {tally.chance / trials:.0%} "
        f"| {trials} |"
    )


def uncertainty(trials: int) -> float:
    """Return how far a rate of `ALPHA` may come out by chance, at 95 %."""
    return 1.96 * math.sqrt(ALPHA * (1 - ALPHA) / trials)


def trials_of(text: str) -> int:
    """Return the trials of a line, its last column."""
    return int(text.strip("| ").split(" | ")[-1])


def level_known(lines: list[str]) -> str:
    """Say how well a rate is known by the trials of the lines without difference."""
    counts = sorted({trials_of(text) for text in lines if " none |" in text})
    return ", ".join(f"±{uncertainty(n):.3f} at {n:,} trials" for n in counts)


def above_level(paired: list[str]) -> str:
    """Say which tests find more than they may where there is no difference."""
    found = []
    for text in paired:
        positives, share, law, difference, *rates, _ = text.strip("| ").split(" | ")
        bar = ALPHA + uncertainty(trials_of(text))
        if difference == "none":
            found += [
                f"{test} ({positives} at {share}, {law}: {rate})"
                for test, rate in zip(TESTS, rates, strict=True)
                if float(rate) > bar
            ]
    return "; ".join(found) or "none"


def document(lines: list[str], paired: list[str], constants: list[str]) -> str:
    """Return the page of the docs."""
    columns = (
        "positives",
        "share",
        "splits",
        "arms differ by",
        "difference",
        "**verdict**",
        *RIVALS,
        "better",
        "worse",
        "equivalent",
        "cannot tell",
        "prior reads .5",
        "trials",
    )
    return "\n".join(
        [
            "# Level and power of the verdict",
            "",
            "**How often does a trial call an arm better that is not, and how often "
            "does it find one that is?** The first may happen in at most "
            f"{ALPHA:.0%} of trials. The column *verdict* says how often each did.",
            "",
            "Written by `python benchmarks/level_of_the_verdict.py --write`. A trial "
            f"holds {ARMS} arms against `plain`, by average precision, at a "
            f"family-wise level of {ALPHA:.0%} with Holm's correction and a margin of "
            f"{MARGIN} for *equivalent*.",
            "",
            "If there is no difference, the four columns of rates say in which "
            "share of trials *any* arm was called better or worse, which may be at "
            f"most {ALPHA:.0%} (known to {level_known(lines)}). If "
            "there is one, they say how often the arm that has it was found: the "
            "power. The next four are what the verdict said of the arms (of that arm "
            "alone, if there is a difference).",
            "",
            "The verdict tests the leaderboard's difference with the larger of two "
            "standard errors. *Splits alone* is the corrected resampled t-test of "
            "Nadeau and Bengio on the values within folds; *rows alone* resamples the "
            "rows, and ignores the noise of training. *Bayes* is the Bayesian "
            f"correlated t-test: a probability above {1 - ALPHA:.0%} that one arm is "
            f"better, or worse, by more than {MARGIN}; it does not correct for the "
            "number of arms, and promises no level.",
            "",
            "Which error to use was chosen by simulation with normal features and "
            "other random numbers; nothing was chosen with the skewed or the rounded "
            "ones.",
            "",
            f"| {' | '.join(columns)} |",
            "|" + "---|" * len(columns),
            *lines,
            "",
            "## Two fixed models on one test set",
            "",
            "The paired tests of a separate test file, at 5 %: DeLong's for AUROC, "
            "the delete-one jackknife for average precision (AP), and weights of rows "
            "for the Brier score, all with t quantiles. Two scores share a signal and "
            "have separate noise; if they differ, the first tells the classes "
            "apart better. Under no difference a rate is known to "
            f"{level_known(paired)}. Above {ALPHA:.0%} by more than that: "
            f"{above_level(paired)}. Settings that a run did not come to are left out "
            "of both tables.",
            "",
            f"| positives | share | scores | difference | {' | '.join(TESTS)} | test "
            "sets |",
            "|" + "---|" * (5 + len(TESTS)),
            *paired,
            "",
            "## Against an arm that says the same of every row",
            "",
            "A rule trained within the folds, beside `prior` and three arms like it. "
            "The average precision of `prior` is the share of positives and its AUROC "
            ".5, so only the error of the rule counts: the two are told apart if the "
            "interval of the rule's AUROC excludes .5, or that of its average "
            "precision, at a fifth of the error rate, the share of positives. This "
            "pair does not count in the correction for the number of arms. *Open* is "
            "the share of trials in which that interval excludes .5 and the verdict "
            "says *cannot tell* or *equivalent*. *By the test of the arms* is what "
            "the test of all other pairs would find, with Holm's correction for four "
            "arms. On noise whatever is found is false.",
            "",
            "| positives | share | splits | the rule learns from | **told apart** | "
            "AUROC interval apart | open | by the test of the arms | trials |",
            "|" + "---|" * 9,
            *constants,
            "",
        ]
    )


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two settings, few trials")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--parts", type=Path, help="where settings are kept")
    parser.add_argument("--write", action="store_true", help="write the docs")
    given = parser.parse_args()
    trials = 10 if given.quick else given.trials
    lines, tests, constants = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.parts or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for setting in QUICK if given.quick else SETTINGS:
            count = trials * times(setting)
            lines.append(kept(setting, count, folder, make=not given.write))
            print(lines[-1], flush=True)
        for setting in PAIRED[:2] if given.quick else PAIRED:
            count = trials * times(setting)
            tests.append(kept(setting, count, folder, make=not given.write))
            print(tests[-1], flush=True)
        for one in CONSTANTS[:1] if given.quick else CONSTANTS:
            constants.append(kept(one, trials, folder, make=not given.write))
            print(constants[-1], flush=True)
    if given.write and not given.quick:
        done = sorted(filter(None, lines), key=lambda text: " none |" not in text)
        others = sorted(filter(None, tests), key=lambda text: " none |" not in text)
        known = list(filter(None, constants))
        DOCUMENT.write_text(document(done, others, known), encoding="utf-8")


if __name__ == "__main__":
    main()
