# SPDX-License-Identifier: Apache-2.0
"""How often certified and estimated floors are broken, by simulation.

    python benchmarks/floors.py            # the full size, about ten minutes
    python benchmarks/floors.py --quick    # a tenth of the draws

Draws scored rows from populations whose precision and recall at any threshold
are known, asks for floors, and counts how often the population breaks them.
Writes docs/floors.md (--output elsewhere).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special

from equipoise._core.seeds import generator
from equipoise.decision import (
    certify_precision,
    certify_recall,
    choose_threshold,
    flags_needed,
    positives_needed,
)
from equipoise.errors import RefusedError

LEVEL = 0.95
PREVALENCES = (0.5, 0.05, 0.005)
POSITIVES = (12, 50, 200)
PRECISION = (0.5, 0.8, 0.9)
RECALL = (0.8, 0.9)
# Negatives below the top ones never matter to a precision of .5 or more: with ten
# of them to a positive, precision is under .1.
KEPT = 10


@dataclass(frozen=True)
class Shape:
    """A population: how scores are distributed within each class.

    Attributes:
        name: For the table.
        family: "normal", "t" (3 degrees of freedom) or "gamma".
        apart: How far the positives lie from the negatives.
        step: Scores are rounded down to multiples of it; 0 leaves them.
        junk: Share of the negatives that score above nearly everything.
    """

    name: str
    family: str = "normal"
    apart: float = 2.5
    step: float = 0.0
    junk: float = 0.0

    def survival(self, at: float, positive: bool) -> float:
        """Return P(score >= at) within a class."""
        x = at
        if self.step:  # the lowest multiple that is not below `at`
            x = self.step * math.floor(at / self.step)
            x += self.step * (x < at)
        plain = self._above(x, positive)
        if positive or not self.junk:
            return plain
        return (1 - self.junk) * plain + self.junk * self._above(x - 6, False)

    def draw(
        self, rng: np.random.Generator, count: int, positive: bool, most: int
    ) -> np.ndarray:
        """Draw the highest `most`, or a few more, of `count` scores."""
        odd = rng.binomial(count, 0.0 if positive else self.junk)
        rest = count - odd
        share = min(1.0, 1.5 * most / max(rest, 1))
        u = rng.random(rng.binomial(rest, share)) * share
        junk = self._inverse(rng.random(odd), False) + 6.0
        score = np.concatenate([self._inverse(u, positive), junk])
        return self.step * np.floor(score / self.step) if self.step else score

    def _above(self, x: float, positive: bool) -> float:
        if self.family == "gamma":
            shape = 1 + self.apart * positive
            return float(special.gammaincc(shape, max(x, 0.0)))
        y = x - self.apart * positive
        if self.family == "t":
            return float(special.stdtr(3, -y))
        return float(special.ndtr(-y))

    def _inverse(self, u: np.ndarray, positive: bool) -> np.ndarray:
        if self.family == "gamma":
            return special.gammainccinv(1 + self.apart * positive, u)
        if self.family == "t":
            return -special.stdtrit(3, u) + self.apart * positive
        return -special.ndtri(u) + self.apart * positive


SHAPES = (
    Shape("normal"),
    Shape("normal, far apart", apart=4.0),
    Shape("heavy tails", family="t", apart=4.0),
    Shape("skewed", family="gamma", apart=6.0),
    Shape("ties: steps of 1/2", apart=3.0, step=0.5),
    Shape("ties: five values", apart=4.0, step=2.0),
    Shape("top spoilt by junk", apart=4.0, junk=0.01),
    Shape("scores say nothing", apart=0.0),
)


@dataclass
class Cell:
    """What happened over the draws of one cell."""

    shape: str
    prevalence: float
    positives: int
    metric: str
    floor: float
    best: float
    draws: int = 0
    given: int = 0
    broken: int = 0
    recall: float = 0.0
    estimated_given: int = 0
    estimated_broken: int = 0

    def row(self) -> str:
        """Return the cell as a row of the table."""
        n, estimated = self.draws, max(self.estimated_given, 1)
        caught = f"{self.recall / self.given:.2f}" if self.given else "-"
        return (
            f"| {self.shape} | {self.prevalence:g} | {self.positives} "
            f"| {self.metric} {self.floor:g} | {self.given / n:.2f} "
            f"| {self.broken / n:.3f} | {caught} | {self.best:.2f} "
            f"| {self.estimated_broken / estimated:.2f} |"
        )


def truth(shape: Shape, prevalence: float, at: float) -> tuple[float, float]:
    """Return the population's precision and recall at a threshold."""
    recall = shape.survival(at, True) if at > -math.inf else 1.0
    alarms = shape.survival(at, False) if at > -math.inf else 1.0
    hit, alarm = prevalence * recall, (1 - prevalence) * alarms
    return (hit / (hit + alarm) if hit + alarm else math.nan), recall


def best_recall(shape: Shape, prevalence: float, metric: str, floor: float) -> float:
    """Return the recall of the best threshold with the floor, truth known."""
    if metric == "recall":
        return floor
    values = [truth(shape, prevalence, t) for t in np.linspace(-6, 25, 3_101)]
    return max((r for p, r in values if p >= floor), default=0.0)


def cells(shape: Shape, prevalence: float, positives: int) -> list[Cell]:
    """Return the empty cells of one population and size."""
    # A floor at the prevalence itself is where chance is the hardest to tell.
    precision = [("precision", max(f, 1.02 * prevalence)) for f in PRECISION]
    wishes = [*(("recall", f) for f in RECALL), *precision]
    return [
        Cell(
            shape.name,
            prevalence,
            positives,
            metric,
            floor,
            best_recall(shape, prevalence, metric, floor),
        )
        for metric, floor in wishes
    ]


def simulate(
    shape: Shape, prevalence: float, positives: int, draws: int, seed: int = 0
) -> list[Cell]:
    """Fill the cells of one population and size."""
    out = cells(shape, prevalence, positives)
    rng = generator(seed, shape.name, repr(prevalence), positives)
    rows = round(positives / prevalence)
    for _ in range(draws):
        k = int(rng.binomial(rows, prevalence))
        hit = shape.draw(rng, k, True, k)
        rest = shape.draw(rng, rows - k, False, KEPT * max(k, 10))
        score = np.concatenate([hit, rest])
        y = np.repeat([1, 0], [hit.size, rest.size])
        for cell in out:
            count(cell, shape, score, y)
    return out


def count(cell: Cell, shape: Shape, score: np.ndarray, y: np.ndarray) -> None:
    """Ask for one floor, certified and estimated, and note whether it is broken."""
    cell.draws += 1
    which = 0 if cell.metric == "precision" else 1
    certify = (certify_precision, certify_recall)[which]
    try:
        at = certify(score, y, cell.floor, level=LEVEL).threshold
    except RefusedError:
        pass
    else:
        real = truth(shape, cell.prevalence, at)
        cell.given += 1
        cell.broken += real[which] < cell.floor - 1e-9
        cell.recall += real[1]
    found = choose_threshold(score, y, objective=cell.metric, floor=cell.floor)
    if not found.reason:
        real = truth(shape, cell.prevalence, found.value)
        cell.estimated_given += 1
        cell.estimated_broken += real[which] < cell.floor - 1e-9


def every(draws: int) -> Iterator[Cell]:
    """Run all populations."""
    for shape in SHAPES:
        for prevalence in PREVALENCES:
            for positives in POSITIVES:
                yield from simulate(shape, prevalence, positives, draws)


def summary(done: list[Cell], metric: str) -> str:
    """Return one row of the small table."""
    mine = [c for c in done if c.metric == metric and "junk" not in c.shape]
    # Where the floor cannot be had at all, or hardly ever, a rate means little.
    guess = [
        c.estimated_broken / c.estimated_given
        for c in mine
        if c.estimated_given >= c.draws / 2 and c.best > 0
    ]
    return (
        f"| {metric} | {len(mine)} | {max(c.broken / c.draws for c in mine):.3f} "
        f"| {sum(c.given for c in mine) / sum(c.draws for c in mine):.2f} "
        f"| {min(guess):.2f} | {float(np.median(guess)):.2f} | {max(guess):.2f} |"
    )


def page(done: list[Cell], draws: int) -> str:
    """Write the page."""
    allowed = 1 - LEVEL
    # Three standard errors above the promise is what chance explains.
    noise = allowed + 3 * math.sqrt(allowed * LEVEL / draws)
    above = sum(c.broken / c.draws > noise for c in done)
    junk = max(c.broken / c.draws for c in done if "junk" in c.shape)
    sizes = (0.5, 0.7, 0.8, 0.9, 0.95)
    return PAGE.format(
        level=LEVEL,
        allowed=allowed,
        draws=draws,
        cells=len(done),
        summary="\n".join(summary(done, m) for m in ("precision", "recall")),
        noise=noise,
        above=above,
        junk=junk,
        sizes=" | ".join(f"{f:g}" for f in sizes),
        flags=" | ".join(str(flags_needed(f, LEVEL)) for f in sizes),
        positives=" | ".join(str(positives_needed(f, LEVEL)) for f in sizes),
        rows="\n".join(cell.row() for cell in done),
    )


PAGE = """\
# Floors on precision and recall: certified and estimated

**How often do new rows break a floor? A *certified* one at {level:g} may break in
{allowed:.2f} of repeated draws, and did so more often than chance explains in
{above} of {cells} simulated cells. An *estimated* one is a guess that often fails: the
last three columns say how often.** A certified floor comes from rows that nothing
has seen, by exact binomial tails. If there are too few rows for it, Equipoise
refuses, and says how many it takes. An estimated floor is the threshold that met
the floor on the rows that chose it.

Simulated: {draws:,} draws of scored rows in each of {cells} cells, from populations
whose precision and recall are known at every threshold.

| floor | cells | certified: most often broken | certified: given \
| estimated: broken, least | median | most |
|---|---|---|---|---|---|---|
{summary}

Cells above {noise:.3f} (the promise and three standard errors): {above}.

The certificate for precision assumes that scores, once low enough for precision to
have fallen below the floor, do not bring it back. The shape "top spoilt by junk",
which the small table leaves out, breaks this: 1 % of the negatives score above
nearly everything. Its most often broken cell stands at {junk:.3f}.

The fewest cases that a certificate at {level:g} takes, if none of them is wrong:

| floor | {sizes} |
|---|---|---|---|---|---|
| flagged cases, for precision | {flags} |
| positives, for recall | {positives} |

## All cells

- positives: expected number among the rows of one draw
- given: share of draws in which the floor was certified
- broken: share of draws in which it was certified and the population is below it
- recall: of the population at the certified threshold, mean if given
- best: the recall that a threshold with this floor can have
- estimated: share of the estimated floors that the population breaks

| scores | prevalence | positives | floor | given | broken | recall | best \
| estimated: broken |
|---|---|---|---|---|---|---|---|---|
{rows}

Made by `python benchmarks/floors.py`.
"""


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the draws")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parents[1] / "docs" / "floors.md",
    )
    arguments = parser.parse_args()
    draws = 100 if arguments.quick else 1_000
    begun = time.perf_counter()
    done = list(every(draws))
    text = page(done, draws)
    arguments.output.write_text(text, encoding="utf-8")
    print(text.split("## All cells")[0])
    print(f"{time.perf_counter() - begun:.0f} s; written to {arguments.output}")


if __name__ == "__main__":
    main()
