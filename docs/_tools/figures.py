# SPDX-License-Identifier: Apache-2.0
"""The figures of the documentation, each drawn from the variables of its page.

`write_outputs.py` calls the function that a comment `<!-- figure: name -->` names,
after the page's blocks have run, and writes `docs/figures/name.svg`. The figure
`report` is a picture of a trial's report, taken by a browser: `report.png`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "figures"

# Readable on a light and on a dark page, and narrow enough for a telephone.
INK, FAINT = "#808080", "#80808055"
PLAIN, OTHER, BEST = "#009688", "#ff7043", "#7e8fd8"

Names = Mapping[str, Any]


def draw(name: str, names: Names) -> Path | None:
    """Draw a figure from a page's variables; None where these are not there.

    Raises:
        KeyError: There is no figure of that name.
    """
    if name == "report":
        return picture(names["trial"]) if "trial" in names else None
    needs, function = FIGURES[name]
    if any(need not in names for need in needs):
        return None
    with styled() as new_figure:
        figure = new_figure((5.2, 3.6))
        function(figure, names)
        path = FOLDER / f"{name}.svg"
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    return path


@contextmanager
def styled() -> Iterator[Callable[[tuple[float, float]], Any]]:
    """Give a function from a size in inches to a figure in the documents' style."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": "equipoise",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": FAINT,
        "legend.frameon": False,
    }
    with matplotlib.rc_context(settings):
        yield lambda size: Figure(figsize=size, layout="constrained")


def picture(trial: Any) -> Path | None:
    """Take a picture of the top of a trial's report; None without a browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return None
    path = FOLDER / "report.png"
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(trial.report(), "utf-8")
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
            "--window-size=900,760",
            f"--screenshot={path}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path


def weights(figure: Any, names: Names) -> None:
    """Draw the ratio of the weights against the share of positives."""
    class_weights = names["class_weights"]
    axes = figure.subplots()
    rows = 100_000
    positives = np.unique(np.geomspace(20, rows / 2, 80).astype(int))
    for name in ("balanced", "effective_number", "capped", "sqrt", "log"):
        pairs = [class_weights(name, [rows - int(n), int(n)]) for n in positives]
        axes.plot(positives / rows, [w1 / w0 for w0, w1 in pairs], label=name)
    axes.set(xscale="log", yscale="log", xlabel="share of positives in 100,000 rows")
    axes.set_ylabel("a positive counts as many negatives")
    axes.grid(True)
    axes.legend()


def learning_curve(figure: Any, names: Names) -> None:
    """Draw the measured sizes, and the band at the number asked about."""
    curve, best = names["curve"], names["best"]
    axes = figure.subplots()
    axes.plot(curve.sizes, curve.scores, "o-", color=PLAIN, label="measured")
    ends = [curve.positives, curve.factor * curve.positives]
    for x, estimate in zip(ends, (curve.now, curve.then), strict=True):
        axes.plot([x, x], [estimate.low, estimate.high], color=OTHER, lw=3)
        axes.plot(x, estimate.value, "D", color=OTHER)
    axes.plot(ends, [curve.now.value, curve.then.value], "--", color=OTHER)
    axes.plot([], [], "D-", color=OTHER, label="expected, with its 95 % band")
    axes.axhline(best, color=BEST, ls=":", label="best possible on these rows")
    axes.set(xscale="log", xlabel="positives to train on", ylabel="average precision")
    axes.set_ylim(0, None)
    marks = [*curve.sizes[:-1], *ends]
    axes.set_xticks(marks, [f"{mark:,.0f}" for mark in marks], minor=False)
    axes.minorticks_off()
    axes.grid(True)
    axes.legend(loc="lower right")


def sweep(figure: Any, names: Names) -> None:
    """Draw weighted networks as points, and the moved threshold as a line."""
    found = names["sweep"]
    axes = figure.subplots()
    moved, weighted = found["moved"], found["weighted"]
    axes.fill_between(
        _column(moved, "recall"),
        _column(moved, "precision_low"),
        _column(moved, "precision_high"),
        color=PLAIN,
        alpha=0.15,
        lw=0,
    )
    axes.plot(
        _column(moved, "recall"),
        _column(moved, "precision"),
        color=PLAIN,
        label="one network, threshold moved (95 % band)",
    )
    axes.plot(
        _column(weighted, "recall"),
        _column(weighted, "precision"),
        "o",
        color=OTHER,
        label="networks trained with weights 1 to 30",
    )
    for weight, row in zip(found["weights"], weighted, strict=True):
        axes.annotate(
            f"{weight:g}",
            (row["recall"], row["precision"]),
            (4, 5),
            textcoords="offset points",
        )
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    axes.grid(True)
    axes.legend()


def _column(rows: list[dict[str, float]], key: str) -> Any:
    return np.array([row[key] for row in rows])


def differences(figure: Any, names: Names) -> None:
    """Draw each arm's difference from `plain` with its corrected interval."""
    trial = names["everything"]
    arms = [name for name in reversed(trial.names) if name in trial.verdict.arms]
    arms = [name for name in arms if name != "prior"]
    figure.set_size_inches(5.2, 0.6 + 0.28 * len(arms))
    axes = figure.subplots()
    for place, name in enumerate(arms):
        judged = trial.verdict.arms[name]
        difference = judged.difference
        told = judged.outcome in ("better", "worse")
        color = OTHER if told else PLAIN
        axes.plot([difference.low, difference.high], [place, place], color=color, lw=2)
        axes.plot(difference.value, place, "o", color=color)
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(range(len(arms)), arms)
    axes.set_xlabel("average precision minus that of the plain network")
    axes.grid(True, axis="x")


FIGURES: dict[str, tuple[tuple[str, ...], Callable[[Any, Names], None]]] = {
    "weights": (("class_weights",), weights),
    "learning-curve": (("curve", "best"), learning_curve),
    "sweep": (("sweep",), sweep),
    "differences": (("everything",), differences),
}
