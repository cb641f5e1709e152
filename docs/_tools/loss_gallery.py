# SPDX-License-Identifier: Apache-2.0
"""The gallery of losses: what each does to the probability and to the ranking.

    python docs/_tools/loss_gallery.py [--figures]

A population of known probabilities is fitted without a network: each level of the
log-odds has a score of its own. A loss of one example at a time is minimised level by
level, on a grid of scores. A loss over a set of examples is minimised over all levels
together by descent from the log-odds, as after a start with the cross-entropy. Written
are `docs/losses-gallery.csv` (the scores), a figure of each loss from these, and the
part of `docs/losses-gallery.md` between its marks. `--figures` draws from the scores
that are there and computes none.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
from figures import FAINT, FOLDER, INK, OTHER, PLAIN, styled

Floats = npt.NDArray[np.float64]
DOCS = Path(__file__).parents[1]
TABLE, PAGE = DOCS / "losses-gallery.csv", DOCS / "losses-gallery.md"
BEGIN, END = "<!-- gallery -->\n", "<!-- end of the gallery -->\n"

LOG_ODDS = np.linspace(-7.0, 4.0, 34)
"""A third apart; about one in eight is positive."""
MASS = np.exp(-0.5 * ((LOG_ODDS + 2.8) / 1.7) ** 2)
MASS = MASS / MASS.sum()
P = 1 / (1 + np.exp(-LOG_ODDS))
PRIOR = round(float(MASS @ P), 4)
GRID = np.linspace(-12.0, 12.0, 12_001)
STEPS, RATE = 600, 0.05
SHOWN = 0.1
"""The probability whose reading the description of a figure gives."""

OPTIONS: dict[str, dict[str, float]] = {
    "weighted_cross_entropy": {"class_weight": 9.0},
    "class_balanced": {"rows": 1000.0},
    "expected_cost": {"miss": 9.0},
}
"""Options that differ from the defaults; the prior is given to those that need it."""

WORDS: dict[str, str] = {
    "cross_entropy": "The logit is the log-odds. All others are measured by this one.",
    "focal": (
        "Examples that are right count less, so that all probabilities move towards "
        "one half. The order stays, and the link is exact."
    ),
    "logit_adjusted": (
        "The logit is the log-odds less those of the prior: a rare class reads as if "
        "it were common. A shift moves no order."
    ),
    "pairwise_auc": (
        "Positives should lead by the margin of one, and once they do, no more is "
        "asked. The order stays, and its ends lie closer together than the log-odds do."
    ),
    "auc_margin": (
        "The scores of each class gather around a mean, at the ends of the sigmoid; "
        "between the two there is a step, and beyond it little is told apart."
    ),
    "pairwise_hinge": (
        "Steps: the hinge ties levels that differ in probability. It is no consistent "
        "surrogate of the AUROC (Gao and Zhou 2015)."
    ),
    "pairwise_logistic": (
        "A start at the log-odds stays there: they are its minimum. Any other origin "
        "would do as well, so the value of a score says nothing."
    ),
    "partial_auc": (
        "Only the negatives of the highest scores count. The top is in order; below "
        "it nothing is, as nothing is asked."
    ),
    "average_precision": (
        "The precision at the highest positives counts most. The few at the top are "
        "pulled apart from all others, and among these little is told apart."
    ),
    "precision_at_recall": (
        "A start at the log-odds stays there: at its own threshold it weighs misses "
        "and false alarms as a cross-entropy would. So it can differ from one only if "
        "the model cannot fit the probabilities."
    ),
    "recall_at_precision": (
        "As the one before, nearly: with a score of its own for each level there is "
        "nothing to gain over the log-odds."
    ),
    "dice": (
        "Decisions: the scores run to both ends, with a step at half of the best F1. "
        "They would run on with more steps, and the sigmoid has long lost the order."
    ),
    "tversky": (
        "At its defaults it is the Dice loss. More for a false negative moves the "
        "step down."
    ),
    "soft_f_beta": (
        "At its default, beta of one, it is the Dice loss. A larger beta moves the "
        "step down."
    ),
    "weighted_cross_entropy": (
        "A positive counts nine times: the logit is the log-odds plus the log of "
        "nine. The order stays."
    ),
    "class_balanced": (
        "With few rows it is nearly a weight by inverse frequency, a shift as before."
    ),
    "balanced_softmax": "The logit-adjusted loss at its default.",
    "vector_scaling": (
        "The logit of the rare class has a smaller slope in the loss, so the score of "
        "a positive grows larger. The order stays."
    ),
    "ldam": (
        "Each class has a margin, the rare one the larger. With one score for each "
        "level that changes little; with networks that fit every example it changes "
        "more."
    ),
    "poly": (
        "Examples that are right count more: all probabilities move away from one "
        "half, the opposite of the focal loss."
    ),
    "asymmetric": (
        "Negatives fade much faster than positives, and those below the cutoff are "
        "done with. The order stays; the link is exact above the cutoff."
    ),
    "expected_cost": (
        "A decision and nothing else: every score runs to one of the ends (here those "
        "of the grid), and no order is left. The step is at one tenth, where a miss "
        "costs nine false alarms."
    ),
}
"""A loss -> what its figure shows."""


def options_of(name: str) -> dict[str, Any]:
    """Return the options of a loss in the gallery.

    Args:
        name: The loss' name.
    """
    from equipoise.losses.records import LOSS_RECORDS

    record = LOSS_RECORDS[name]
    defaults = {key: setting.default for key, setting in record.options.items()}
    prior = {"prior": PRIOR} if record.needs_prior else {}
    return {**defaults, **prior, **OPTIONS.get(name, {})}


def scores(name: str) -> Floats:
    """Return the score of each level at the minimum of a loss, `[levels]`."""
    from equipoise.losses import get

    spec, options = get(name), options_of(name)
    if spec.kind == "example":
        zeros, ones = np.zeros_like(GRID), np.ones_like(GRID)
        negative, positive = (
            np.asarray(spec.function(t, GRID, **options)) for t in (zeros, ones)
        )
        expected = P[:, None] * positive + (1 - P[:, None]) * negative
        return GRID[expected.argmin(axis=1)]
    return _descended(spec.function, options)


def _descended(function: Any, options: Mapping[str, Any]) -> Floats:
    """Return where Adam ends that begins at the log-odds."""
    import tensorflow as tf

    targets = np.repeat([1.0, 0.0], len(P))
    weights = np.concatenate([MASS * P, MASS * (1 - P)])

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def slope(z: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = function(targets, tf.concat([z, z], 0), weights, **options)
        return tape.gradient(value, z)

    z, mean, square = LOG_ODDS.copy(), np.zeros_like(P), np.zeros_like(P)
    for step in range(1, STEPS + 1):
        g = slope(tf.constant(z)).numpy()
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        root = np.sqrt(square / (1 - 0.999**step)) + 1e-9
        z = z - RATE * (mean / (1 - 0.9**step)) / root
    return z


def readings(name: str, z: Floats) -> Floats | None:
    """Return the probabilities that `loss.link` reads from scores, if it has a link."""
    from equipoise.errors import UnsupportedError
    from equipoise.losses import get

    spec = get(name)
    if spec.kind == "set":
        return None
    try:
        return np.asarray(spec.keras(**options_of(name)).link(z))
    except UnsupportedError:
        return None


def measured() -> dict[str, Floats]:
    """Return the scores of each loss."""
    from equipoise.losses import loss_names

    return {name: scores(name) for name in loss_names()}


def as_table(each: Mapping[str, Floats]) -> str:
    """Return the text of the table: a row for each loss, a column for each level."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["loss", *(f"{p:.6f}" for p in P)])
    for name, z in each.items():
        writer.writerow([name, *(f"{value:.4f}" for value in z)])
    return out.getvalue()


def stored() -> dict[str, Floats]:
    """Return the scores in the table."""
    rows = list(csv.reader(TABLE.read_text("utf-8").splitlines()))[1:]
    return {name: np.array(values, np.float64) for name, *values in rows}


def digest(name: str, z: Floats) -> str:
    """Return what a figure bears so that it can be told which numbers it shows.

    Args:
        name: The loss' name.
        z: Its scores.
    """
    text = ",".join([name, *(f"{value:.4f}" for value in z)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def figure_path(name: str) -> Path:
    """Return the path of a loss' figure."""
    return FOLDER / f"loss-{name.replace('_', '-')}.svg"


def draw(name: str, z: Floats) -> None:
    """Draw the figure of a loss: what its score is read as, and its order.

    Args:
        name: The loss' name.
        z: The score of each level.
    """
    with styled() as new_figure:
        figure = new_figure((6.4, 2.7))
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=FAINT, lw=3)
        naive = 1 / (1 + np.exp(-z))
        left.plot(P, naive, color=OTHER, label="sigmoid of the logit")
        read = readings(name, z)
        if read is not None:
            left.plot(P, read, ".", color=PLAIN, label="loss.link")
        left.set(xlabel="true probability", ylabel="read from the logit")
        left.set(xlim=(0, 1), ylim=(-0.02, 1.02))
        left.legend(loc="lower right", fontsize=8)
        right.plot(LOG_ODDS, z, color=PLAIN)
        right.set(xlabel="true log-odds", ylabel="logit")
        for axes in (left, right):
            axes.grid(True)
            axes.tick_params(color=INK)
        figure.savefig(
            figure_path(name),
            transparent=True,
            metadata={"Date": None, "Creator": None, "Description": digest(name, z)},
        )


def section(name: str, z: Floats) -> str:
    """Return the part of the page on a loss.

    Args:
        name: The loss' name.
        z: The score of each level.
    """
    from equipoise.losses import get

    read = readings(name, z)
    naive = 1 / (1 + np.exp(-z))
    alt = f"{name}: where the true probability is {SHOWN:g}, the sigmoid of the logit "
    alt += f"is {np.interp(SHOWN, P, naive):.2f}"
    if read is None:
        alt += ", and there is no link"
    else:
        alt += f" and loss.link reads {np.interp(SHOWN, P, read):.2f}"
    told = [f"`{key}={value:g}`" for key, value in OPTIONS.get(name, {}).items()]
    path = f"figures/{figure_path(name).name}"
    title = "### " + ", ".join([f"`{get(name).keras.__name__}`", *told])
    return f"{title}\n\n{WORDS[name]}\n\n![{alt}]({path})\n"


def gallery(each: Mapping[str, Floats]) -> str:
    """Return the part of the page between its marks."""
    return "\n".join(section(name, z) for name, z in each.items())


def with_gallery(page: str, each: Mapping[str, Floats]) -> str:
    """Return a page with the gallery renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{gallery(each)}\n{END}{after}"


def main() -> None:
    """Write the table, the figures and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", action="store_true")
    if not parser.parse_args().figures:
        TABLE.write_text(as_table(measured()), "utf-8")
    each = stored()
    for name, z in each.items():
        draw(name, z)
    PAGE.write_text(with_gallery(PAGE.read_text("utf-8"), each), "utf-8")


if __name__ == "__main__":
    main()
