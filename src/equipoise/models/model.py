# SPDX-License-Identifier: Apache-2.0
"""A model that is ready to be used: raw rows in, honest probabilities out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, HashArray
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_scores import ClassScores
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.prevalence import (
    PrevalenceEstimate,
    at_prevalence,
    estimate_prevalence,
)
from equipoise.decision.rule import DecisionRule
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.errors import InputTypeError, UnsupportedError
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.jobs import Scorer
from equipoise.learners.user_model.input import ArrayRows, UserInput
from equipoise.models.goal import Goal, as_goal
from equipoise.models.other_goal import rule_for
from equipoise.priors import Link, probability, softmax
from equipoise.reading.read import read_features
from equipoise.strategies.strategy import Strategy
from equipoise.table.hashes import row_hashes
from equipoise.table.row_source import RowSource
from equipoise.table.table import Table
from equipoise.task import Task

ModelRows = RowSource | ArrayRows
"""What a model scores: rows with columns, or an array for the user's network."""

ModelRule = DecisionRule | ClassRule | LabelRule
"""Calibration and decision, for each kind of task."""

ModelBlock = Table | ArrayRows
"""What the fold models score at once."""


@dataclass(frozen=True, eq=False)
class Component:
    """One strategy's fitted models and its weight in the average.

    Attributes:
        strategy: What they are.
        weight: Their share of the average; the weights of a model sum to 1.
        scorers: The fold models; their probabilities are averaged.
        user_input: What they take if they are the user's own networks, else None.
        link: What turns their scores into probabilities, as `Task.link` says.
    """

    strategy: Strategy
    weight: float
    scorers: tuple[Scorer, ...]
    user_input: UserInput | None = None
    link: Link = "sigmoid"

    def probability(self, rows: ModelBlock) -> FloatArray:
        """Return the mean probability of the fold models, `[rows, width]`."""
        scores = self.log_odds(rows)
        return softmax(scores) if self.link == "softmax" else probability(scores)

    def log_odds(self, rows: ModelBlock) -> FloatArray:
        """Return the log-odds of that mean, always finite, `[rows, width]`.

        Of several classes it is the log of each one's mean probability.

        Args:
            rows: A `Table`, or `ArrayRows` for the user's own network.
        """
        return mean_log_odds(self.each(rows), self.link)

    def each(self, rows: ModelBlock) -> FloatArray:
        """Return the log-odds of every fold model, `[models, rows, width]`.

        Args:
            rows: A `Table`, or `ArrayRows` for the user's own network.
        """
        return np.stack([scorer.log_odds(rows) for scorer in self.scorers])


def hashes_of(rows: ModelRows) -> HashArray:
    """Return a number for each row; equal rows have equal numbers."""
    return np.concatenate(
        [
            block.hashes() if isinstance(block, ArrayRows) else row_hashes(block)
            for block in rows.blocks()
        ]
    )


def pooled(components: Sequence[Component], rows: ModelRows) -> FloatArray:
    """Return the weighted mean of the components' log-odds, `[rows]`.

    Rows with columns are scored in blocks, so that what they are encoded to stays
    small.
    """
    return pooled_scores(components, rows)[:, 0]  # the one view of two classes


def pooled_scores(components: Sequence[Component], rows: ModelRows) -> FloatArray:
    """Return the weighted mean of the components' scores, `[rows, width]`.

    As `pooled`, for several classes or labels.

    Args:
        components: What is averaged.
        rows: A table, or an array.
    """
    return np.concatenate([_pooled(components, block) for block in rows.blocks()])


def _pooled(components: Sequence[Component], rows: ModelBlock) -> FloatArray:
    return pool(
        {c.strategy.name: c.log_odds(rows) for c in components},
        {c.strategy.name: c.weight for c in components},
        components[0].link,
    )


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """A fitted model with its calibration, its decision rule and its evaluation.

    `equipoise.FittedModel` adds what a user does with it: evaluate, save, export.

    Attributes:
        schema: A table without rows: the columns that new data must have.
        components: What is averaged.
        rule: Calibration and decision: a `DecisionRule`; a `ClassRule` of several
            classes, a `LabelRule` of labels.
        evaluation: Its metrics, from out-of-fold scores: an `Evaluation`, or a
            `TaskEvaluation` of several classes or labels.
        facts: How it was made: plain data.
        seen: `[n]` uint64 hashes of every row that training, stopping, calibration
            or the choice of the threshold has seen, ascending.
        notes: What the user should know.
        user_input: What the user's own network takes; None if rows are tables.
        tested: `[repeats, seen]` int8: by row of `seen`, the fold whose models have not
            seen it, -1 if there is none; None if that is not known, as in older files.
    """

    schema: Table
    components: tuple[Component, ...]
    rule: ModelRule
    evaluation: Evaluation | TaskEvaluation
    facts: Mapping[str, Any]
    seen: npt.NDArray[np.uint64]
    notes: tuple[str, ...] = field(default=())
    user_input: UserInput | None = None
    tested: npt.NDArray[np.int8] | None = None

    def read(self, source: Any) -> Table:
        """Return new data as a table with this model's columns.

        Args:
            source: A path, a data frame, an array, a dict of columns or a `Table`.

        Raises:
            TableError: Columns are missing or have another type.
            InputTypeError: The model is the user's own network.
        """
        if self.user_input is not None:
            raise InputTypeError(sentence("your own network", "a model of columns"))
        if isinstance(source, Table) and self.task.kind != "binary":
            # Its classes may be more than the model's, which dropped or merged some.
            source = replace(source, y=None, task=self.task)
        return read_features(source, like=self.schema)

    def rows(self, source: Any) -> ModelRows:
        """Return new data as the fold models take it: a table, or an array.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
        """
        if self.user_input is None:
            return self.read(source)
        return ArrayRows(self.user_input.read(source))

    @property
    def task(self) -> Task:
        """The classes, or labels."""
        return self.schema.task

    @property
    def binary_rule(self) -> DecisionRule:
        """The rule of a model of two classes.

        Raises:
            UnsupportedError: The model has several classes or labels.
        """
        if isinstance(self.rule, DecisionRule):
            return self.rule
        raise self.of_several("a rule with one threshold")

    def of_several(self, what: str) -> UnsupportedError:
        """Return the error that a model of several classes or labels does not do it.

        Args:
            what: What was asked for, in words.
        """
        noun = "labels" if self.task.kind == "multilabel" else "classes"
        return UnsupportedError(
            sentence(
                f"a model of {len(self.task.classes)} {noun} for {what}",
                "a model of two classes",
                f"Fit one: pass one of its {noun} as "
                + ("target." if noun == "labels" else "positive=CLASS."),
            )
        )

    def log_odds(self, source: Any) -> FloatArray:
        """Return calibrated log-odds of the positive class, `[rows]`.

        Of several classes calibrated logits `[rows, classes]`, of labels log-odds
        `[rows, labels]`.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
        """
        return self.calibrated(self.raw_log_odds(source))

    def raw_log_odds(self, source: Any) -> FloatArray:
        """Return log-odds before calibration, `[rows]`; `[rows, width]` if several.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
        """
        pooling = pooled if self.task.kind == "binary" else pooled_scores
        return pooling(self.components, self.rows(source))

    def calibrated(self, scores: FloatArray) -> FloatArray:
        """Return calibrated scores.

        Args:
            scores: What `raw_log_odds` gave.
        """
        if isinstance(self.rule, ClassRule):
            return self.rule.calibrator.apply(scores)
        return self.rule.log_odds(scores)

    def decided(self, scores: FloatArray) -> npt.NDArray[np.signedinteger[Any]]:
        """Return what `decide` does, from scores before calibration.

        Args:
            scores: What `raw_log_odds` gave.
        """
        if isinstance(self.rule, DecisionRule):
            return self.rule.decide(self.calibrated(scores), calibrated=True)
        return self.rule.decide_scores(scores)

    def predict_proba(self, source: Any) -> FloatArray:
        """Return calibrated probabilities, `[rows, 2]`: negative, positive.

        Of several classes `[rows, classes]`, which sum to 1; of labels `[rows,
        labels]`: how likely the row has each.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.

        Raises:
            TableError: Columns are missing or have another type.
        """
        if not isinstance(self.rule, DecisionRule):
            return self.rule.probability(self.raw_log_odds(source))
        positive = probability(self.log_odds(source))
        return np.stack([1.0 - positive, positive], axis=1)

    def decide(
        self, source: Any, *, goal: Goal | None = None
    ) -> npt.NDArray[np.signedinteger[Any]]:
        """Return 1 if a row is flagged, 0 if not, -1 if undecided, `[rows]`.

        Of several classes the number of the class that is decided, from 0 in the order
        of `task.classes`; of labels `[rows, labels]` 1 for each that is decided.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
            goal: What these decisions are for, instead of the goal of `fit`: costs, as
                `Goal(costs=(1, 20))`. Other goals need labelled rows.

        Raises:
            TableError: Columns are missing or have another type.
            UnsupportedError: The goal has no costs.
        """
        if goal is not None:
            rule = rule_for(as_goal(goal, Goal()), self.rule, self.task)
            return replace(self, rule=rule).decide(source)
        return self.decided(self.raw_log_odds(source))

    def predict(self, source: Any) -> npt.NDArray[Any]:
        """Return each row's class as the target of the training writes it, `[rows]`.

        Numbers, booleans and strings are what they were, so that
        `(model.predict(X) == y).mean()` is the accuracy. A class that the target does
        not hold, such as several that are one together, is a string, and then all are.

        If the rule may leave rows undecided, such a row has "" among strings, else
        None in an array of objects. Of labels as `decide`: `[rows, labels]` 1, 0, and
        -1 if undecided.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
        """
        decided = self.decide(source)
        if self.task.kind == "multilabel":
            return decided
        values = self.label_values
        if isinstance(values[0], str):
            values = np.array([*values.tolist(), ""])
        elif self._may_abstain:
            values = np.array([*values.tolist(), None], object)
        return np.asarray(values[decided])

    @property
    def label_values(self) -> npt.NDArray[Any]:
        """What `predict` gives for each class, `[classes]`."""
        values = self.schema.label_values
        spelled = [values.get(name, name) for name in self.schema.classes]
        if any(isinstance(value, str) for value in spelled):
            spelled = [
                value if isinstance(value, str) else name
                for name, value in zip(self.schema.classes, spelled, strict=True)
            ]
        return np.array(spelled)

    @property
    def _may_abstain(self) -> bool:
        """Whether the rule may leave rows undecided."""
        if isinstance(self.rule, DecisionRule):
            return self.rule.lower_log_odds is not None
        return isinstance(self.rule, ClassRule) and self.rule.abstains

    def estimate_prevalence(
        self, source: Any, *, level: float = 0.95
    ) -> PrevalenceEstimate:
        """Estimate the share of positives among rows without labels.

        The interval allows for the draw of these rows and of the training rows, whose
        scores by class the model keeps. An older file of a model may lack them: then
        the calibration is taken as exact, and the result says so.

        Args:
            source: A path, a data frame, a dict of columns, an array or a `Table`.
            level: Of the interval.

        Raises:
            UnsupportedError: The model has several classes or labels.

        Example:
            >>> from equipoise import fit
            >>> from equipoise.table.generators import gaussian_shift
            >>> table = gaussian_shift(600, positives=200, auroc=0.9, seed=1).table
            >>> model = fit(table, strategy="logistic", repeats=1)
            >>> new = gaussian_shift(900, positives=90, auroc=0.9, seed=2).table
            >>> share = model.estimate_prevalence(new).share
            >>> share.low < 0.1 < share.high
            True
        """
        if not isinstance(self.rule, DecisionRule):
            raise self.of_several("an estimate of the share of positives")
        raw = self.raw_log_odds(source)
        base = self.rule.prevalence
        if "class_scores" not in self.facts:
            return estimate_prevalence(self.rule.log_odds(raw), base, level=level)
        labelled = ClassScores.from_dict(self.facts["class_scores"])
        return estimate_prevalence(raw, base, level=level, labelled=labelled)

    def at_prevalence(self, prevalence: float) -> Self:
        """Return this model for another share of positives.

        Probabilities are those of the new share, and the rule with them; see
        `equipoise.decision.at_prevalence`.

        Args:
            prevalence: The new share of positives, strictly between 0 and 1.

        Raises:
            UnsupportedError: The best threshold of the rule's objective depends on
                the prevalence; it must be chosen again. Or the model has several
                classes or labels.
        """
        if not isinstance(self.rule, DecisionRule):
            raise self.of_several("another share of positives")
        return replace(self, rule=at_prevalence(self.rule, prevalence))

    def seen_share(self, rows: ModelRows) -> float:
        """Return the share of rows that this model has seen.

        Args:
            rows: A `Table`, or an array.
        """
        return self.seen_rows(rows) / len(rows) if len(rows) else 0.0

    def seen_rows(self, rows: ModelRows) -> int:
        """Return how many rows equal one that this model has seen.

        Args:
            rows: A `Table`, or an array.
        """
        return int(np.isin(hashes_of(rows), self.seen).sum())
