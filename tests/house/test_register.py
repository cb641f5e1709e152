# SPDX-License-Identifier: Apache-2.0
"""Pieces from outside the package: one of each kind, at work everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from keras import ops

import equipoise as eq
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.errors import (
    BundleError,
    InputError,
    UnsupportedError,
)
from equipoise.extending import Setting, option
from equipoise.jobs import Job, Outcome
from equipoise.losses.records import LossRecord
from equipoise.metrics.confusion import Counts
from equipoise.metrics.decisions import decision_metric
from equipoise.metrics.registry import Metric
from equipoise.sampling.classes import Classes, interleaved
from equipoise.sampling.draw import Draw
from equipoise.sampling.sampler import Sampler
from equipoise.strategies.learner_records import LearnerRecord
from equipoise.synthesis.synthesis import Neighbours, Synthesis
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings
from equipoise.weights.scheme import Scheme

SOURCE = """@article{me2026,
  author = {Me},
  title = {A Squared Loss},
  journal = {Notes},
  year = {2026}
}"""


# ---- a loss


def squared_error_loss(targets: Any, logits: Any, *, scale: Any = 1.0) -> Any:
    """Return scale (t - p)^2, per example: the Brier score as a loss."""
    t = ops.cast(targets, logits.dtype)
    return ops.cast(scale, logits.dtype) * (t - ops.sigmoid(logits)) ** 2


LOSS = LossRecord(
    "squared_error",
    "example",
    "offset",
    "the squared error of probabilities, times {scale:g}",
    squared_error_loss,
    options={"scale": Setting(1.0, low=0, open_ends=True)},
    citations=("me2026",),
    sources={"me2026": SOURCE},
)

# ---- a sampler, a synthesis, a scheme


@dataclass(frozen=True)
class Quarter(Sampler):
    """Make every fourth example positive."""

    name: ClassVar[str] = "quarter"
    repeats_positives: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> np.ndarray:
        """Return a quarter for the positives."""
        return np.array([0.75, 0.25])

    def describe(self) -> str:
        """Return what it does."""
        return "with a quarter positive"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> np.ndarray:
        """Return the rows."""
        classes.require_both(self.name)
        return interleaved(classes, 1, 4, start=start, count=count, seed=seed)


@dataclass(frozen=True)
class Stretch(Synthesis):
    """Move positives towards other positives of their batch."""

    reach: float = option(0.5, 0, 1)

    name: ClassVar[str] = "stretch"
    fills: ClassVar[bool] = True

    def prepare(self, numbers: Any, codes: Any, labels: Any, seed: int) -> Neighbours:
        """Learn nothing."""
        return Neighbours.none(len(labels))

    def mix(
        self, draw: Draw, neighbours: Neighbours, labels: Any, seed: int, epoch: int
    ) -> Draw:
        """Return the draw, its positives with partners among themselves."""
        random = np.random.default_rng([seed, epoch])
        positive = np.asarray(labels)[draw.index] == 1
        partner = draw.index.copy()
        partner[positive] = random.permutation(draw.index[positive])
        mix = np.where(positive, random.uniform(0, self.reach, positive.shape), 0)
        return Draw(draw.index, partner, mix.astype(np.float32))

    def describe(self) -> str:
        """Return what it does."""
        return "positives moved towards others"


SCHEME = Scheme(
    "cube_root",
    lambda totals: [(totals[0] / total) ** (1 / 3) for total in totals],
    "by the cube root of the inverse frequency",
)

# ---- a metric and a finding


@decision_metric
def missed(c: Counts) -> Any:
    """Return FN / (TP + FN)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(c.fn, c.positives)


METRIC = Metric(
    "missed",
    "threshold",
    0.0,
    1.0,
    False,
    missed,
    ("rows", "positives"),
    "no positives",
    title="Missed",
    meaning="share of the positives that nobody sees",
    reported=True,
)


def look(subject: Subject) -> Observation | None:
    """Say so if there are fewer than 1,000 rows."""
    rows = len(subject.table)
    if rows >= 1000:
        return None
    return Observation("info", f"There are {rows} rows.", "Collect more.")


CHECK = Check("MY001", "Few rows", look)

# ---- a learner


@dataclass(frozen=True, eq=False)
class CentreScorer:
    """Scores rows along the line between the centres of the classes."""

    direction: np.ndarray
    middle: float

    def log_odds(self, table: Table) -> np.ndarray:
        """Return one score per row."""
        scores = numbers_of(table) @ self.direction - self.middle
        return np.asarray(scores)[:, None]

    def state(self) -> dict[str, Any]:
        """Return plain numbers."""
        return {"direction": self.direction, "middle": self.middle}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> CentreScorer:
        """Rebuild it."""
        return cls(np.asarray(state["direction"]), float(state["middle"]))


class CentreLearner:
    """Learns the centres of the classes."""

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Any = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job."""
        for job in jobs:
            job.require_no_weights("centres")
            part = table.take(job.train_rows)
            if part.labels().all() or not part.labels().any():
                raise InputError("Received one class. Accepted: both.")
            x, y = numbers_of(part), part.labels()
            high, low = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
            scorer = CentreScorer(high - low, float((high - low) @ (high + low) / 2))
            scores = scorer.log_odds(table.take(job.scored_rows))
            yield Outcome(job, scores, 0.0, scorer=scorer if keep else None)


def numbers_of(table: Table) -> np.ndarray:
    """Return the numeric columns, missing values as 0."""
    columns = [c.values for c in table.columns if c.kind == "numeric"]
    return np.nan_to_num(np.stack(columns, axis=1))


LEARNER = LearnerRecord(
    "centres",
    "the line between the centres of the classes",
    CentreLearner,
    CentreScorer,
    obstacle="distances are no log-odds",
)

PIECES: tuple[Any, ...] = (
    *(LOSS, Quarter, Stretch, SCHEME, METRIC, CHECK, LEARNER),
    eq.Strategy("centred", learner="prior"),
)
MIXED: dict[str, Any] = {
    "loss": "squared_error",
    "sampling": "quarter",
    "synthesis": "stretch",
    "weights": "cube_root",
    "options": {"scale": 4.0, "reach": 0.25},
}
QUICK = TrainingSettings(epochs=3)


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(0)
    y = (np.arange(240) % 4 == 0).astype(int)
    return eq.read_table(
        {"a": random.normal(size=240) + 2 * y, "b": random.normal(size=240), "y": y},
        "y",
    )


@pytest.fixture
def registered() -> Iterator[None]:
    with ExitStack() as stack:
        for piece in PIECES:
            stack.enter_context(eq.register(piece))
        yield


@pytest.fixture
def strategies(registered: None) -> list[Any]:
    return [eq.Strategy("mixed", **MIXED), eq.Strategy(learner="centres"), "centred"]


def test_strategies_know_what_the_pieces_are(strategies: list[Any]) -> None:
    mixed, centres, _ = strategies
    text = mixed.describe([750, 250])
    for words in ("a quarter positive", "moved towards", "cube root", "times 4"):
        assert words in text
    assert mixed.citation() == SOURCE
    assert mixed.correction([750, 250]).kind == "calibrate"
    plain = eq.Strategy(loss="squared_error", weights="cube_root")
    assert plain.correction([270, 10]).offset[0] == pytest.approx(-math.log(3))
    assert "centres of the classes on all rows" in centres.describe()
    assert "distances are no log-odds" in centres.describe()
    with pytest.raises(InputError, match="scale=-1"):
        eq.Strategy(loss="squared_error", options={"scale": -1})
    with pytest.raises(UnsupportedError, match="learner='centres'"):
        eq.Strategy(learner="centres", loss="focal")


def test_compare_and_the_report_hold_all_of_them(
    table: Table, strategies: list[Any]
) -> None:
    trial = eq.compare(
        table,
        strategies=strategies,
        folds=2,
        repeats=1,
        network="linear",
        training=QUICK,
    )
    assert set(trial.names) == {"plain", "mixed", "centres", "centred"}
    assert trial["centres"].evaluation["roc_auc"].value > 0.8
    estimate = trial["centres"].evaluation["missed"]
    recall = trial["centres"].evaluation["recall"]
    assert estimate.value == pytest.approx(1 - recall.value)
    assert estimate.low < estimate.value < estimate.high
    assert "MY001" in {finding.code for finding in trial.diagnosis.findings}
    page = trial.report()
    for words in ("quarter positive", "centres of the classes", "There are 240 rows"):
        assert words in page
    assert "share of the positives that nobody sees" in page
    assert "A Squared Loss" in page


def test_a_fitted_model_needs_its_pieces_where_it_is_loaded(
    table: Table, strategies: list[Any], tmp_path: Path
) -> None:
    model = eq.fit(
        table,
        strategy=strategies[:2],
        folds=2,
        repeats=1,
        network="linear",
        training=QUICK,
    )
    path = model.save(tmp_path / "mine.equipoise")
    again = eq.load(path)
    expected = model.predict_proba(table)
    np.testing.assert_array_equal(again.predict_proba(table), expected)
    assert "missed" in again.evaluation
    with pytest.raises(UnsupportedError, match="'centres'"):
        model.export(tmp_path / "folder")


@pytest.mark.parametrize("piece", PIECES[:5], ids=lambda piece: piece.name)
def test_without_it_a_strategy_is_unknown(piece: Any) -> None:
    with eq.register(piece) as registration, pytest.raises(InputError, match="exists"):
        eq.register(piece)
    assert registration.name == piece.name
    eq.register(piece).undo()


def test_a_bundle_says_which_piece_is_missing(table: Table, tmp_path: Path) -> None:
    with eq.register(LEARNER):
        model = eq.fit(table, strategy=eq.Strategy(learner="centres"), repeats=1)
        path = model.save(tmp_path / "mine.equipoise")
    with pytest.raises(BundleError, match=r"the learner 'centres'.*register"):
        eq.load(path)
    with eq.register(LEARNER):
        assert eq.load(path).components[0].strategy.learner == "centres"


def test_a_name_can_stand_for_another_loss_later(table: Table) -> None:
    """What was compiled for the first is not used for the second."""

    def scores(sign: float) -> np.ndarray:
        def tilted(targets: Any, logits: Any) -> Any:
            z = logits + sign * ops.cast(targets, logits.dtype)
            return ops.softplus(z) - ops.cast(targets, z.dtype) * z

        record = LossRecord("tilted", "example", "calibrate", "a tilted loss", tilted)
        with eq.register(record):
            trial = eq.compare(
                table,
                strategies=[eq.Strategy("tilted", loss="tilted")],
                folds=2,
                repeats=1,
                network="linear",
                training=QUICK,
            )
        return np.asarray(trial.scores.log_odds["tilted"])

    assert not np.array_equal(scores(0.0), scores(1.0))
