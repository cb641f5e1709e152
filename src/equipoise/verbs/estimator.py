# SPDX-License-Identifier: Apache-2.0
"""The verb `fit` behind scikit-learn's interface."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from equipoise._core.checks import integer, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputTypeError, TargetError
from equipoise.learners.resampled.learner import resampled
from equipoise.models.goal import Goal, as_goal
from equipoise.strategies.sampler_object import is_sampler_object
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import (
    Table,
)
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.verbs.estimator_input import (
    columns_of,
    positive_of,
    possible_splits,
    read_groups,
    read_labels,
    read_rows,
    read_weights,
    rows_like,
)
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel

LIKELIER = Goal(costs=(1, 1))
"""A threshold at probability 1/2, which scikit-learn expects of a classifier."""

EXTREME = 1e6
"""Stands for thresholds that flag all or nothing, so that they stay finite."""


class EquipoiseClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A strategy for a rare class as a scikit-learn classifier.

    `fit` divides the rows into folds, fits one model per fold, calibrates their
    average on out-of-fold scores and chooses a decision threshold there.
    `predict_proba` gives calibrated probabilities. `predict` and the sign of
    `decision_function` follow the decision rule. By default that is scikit-learn's
    convention, the likelier class: honest probabilities of a rare class seldom exceed
    1/2, so **name a `goal` to have the threshold tuned**, for example "f1".

    Numbers, booleans, date-times, strings and categories are taken as they are, missing
    values too. A column's kind follows from its type: strings are categories.

    Args:
        strategy: What is done about the imbalance: "auto" (an average of networks,
            two kinds of trees and a linear model), a name of `equipoise.catalogue()`,
            a `Strategy`, any object with `fit_resample` (trees learn from what it
            returns; see `equipoise.resampled`), or several of these.
        goal: What the decision rule is to reach: a `Goal`, or the name of an
            objective such as "f1" or "balanced_accuracy"; None for the likelier
            class, a threshold at probability 1/2.
        positive: The class that is flagged; None for the rarer one of the fit.
        folds: Models that are fitted and averaged, 2 to 20; fewer if a class has
            fewer rows.
        repeats: How often the folds are drawn, 1 to 20; each repeat adds its models
            to the average. "auto": up to 3 times, while `minutes` lasts.
        minutes: The time budget of `repeats="auto"`.
        calibration: "auto", "none", "intercept", "temperature", "platt" or
            "isotonic".
        network: The network of the network strategies: "default", "small" or
            "linear".
        epochs: Passes of a network over its rows, at most; it stops early.
        random_state: The same integer gives the same result; None, another each time.

    Attributes:
        classes_: `[2]` the labels, ascending.
        positive_class_: The label that the decision rule flags.
        n_features_in_: The number of columns.
        feature_names_in_: `[columns]` their names, if X was a frame with names.
        model_: The `FittedModel`: `model_.card()`, `model_.save(...)`,
            `model_.export(...)`, `model_.evaluation`, `model_.rule`.

    Example:
        >>> from sklearn.datasets import make_classification
        >>> X, y = make_classification(300, 5, weights=[0.9], random_state=0)
        >>> model = EquipoiseClassifier("logistic", random_state=0).fit(X, y)
        >>> model.predict_proba(X).shape, int(model.positive_class_)
        ((300, 2), 1)
    """

    def __init__(
        self,
        strategy: Any = "auto",
        *,
        goal: Goal | str | None = None,
        positive: Any = None,
        folds: int = 5,
        repeats: int | str = 1,
        minutes: float = 5.0,
        calibration: str = "auto",
        network: str = "default",
        epochs: int = 100,
        random_state: Any = None,
    ) -> None:
        self.strategy = strategy
        self.goal = goal
        self.positive = positive
        self.folds = folds
        self.repeats = repeats
        self.minutes = minutes
        self.calibration = calibration
        self.network = network
        self.epochs = epochs
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> Self:
        """Fit, calibrate and choose the decision rule.

        Args:
            X: `[rows, features]`: an array, a list of rows, or a data frame of any
                library that narwhals knows.
            y: `[rows]` labels of two classes.
            sample_weight: `[rows]` at least 0: how much each row counts, as so many
                copies of it. Rows of weight 0 are left out. None for 1 each.
            groups: `[rows]`: rows of one group are never divided between training
                and testing inside of `fit`. None for none.

        Returns:
            The estimator.

        Raises:
            ValueError: The data or an argument cannot be used.
            TypeError: Their type is wrong; X is sparse, for example.
            SplitError: A class has fewer than three rows.
        """
        training = TrainingSettings(epochs=self.epochs)
        goal = as_goal(self.goal, LIKELIER)
        state = check_random_state(self.random_state)
        raw = read_rows(self, X, reset=True)
        labels = read_labels(y, type(self).__name__)
        check_consistent_length(X, labels)
        weights = read_weights(sample_weight, len(labels))
        table = self._table(columns_of(raw), labels, weights, groups)
        seed = int(state.randint(np.iinfo(np.int32).max))
        rows = table if weights is None else table.take(weights > 0)
        # A number of any kind; `fit` checks whether it is supported.
        asked: Any = self.repeats
        repeats = int(asked) if isinstance(asked, Integral) else 1
        folds = integer(self.folds, "folds", 2, 20)
        splits = possible_splits(rows, folds, max(1, repeats), seed)
        model = fit(
            rows,
            strategy=_as_strategy(self.strategy),
            goal=goal,
            folds=splits.folds,
            minutes=self.minutes,
            repeats=self.repeats,
            calibration=self.calibration,
            duplicates=splits.duplicates,
            network=self.network,
            training=training,
            weights=None if weights is None else weights[weights > 0],
            seed=seed,
        )
        self.model_ = dataclasses.replace(
            model, notes=(*model.notes, *_notes(folds, splits.folds, splits.duplicates))
        )
        return self

    def _table(
        self,
        columns: tuple[Any, ...],
        labels: npt.NDArray[Any],
        weights: FloatArray | None,
        groups: Any,
    ) -> Table:
        """Return the rows as a table; learn the classes."""
        counted = np.ones(len(labels)) if weights is None else weights
        classes, codes = np.unique(labels, return_inverse=True)
        totals = np.bincount(codes, counted, minlength=2)
        if np.count_nonzero(totals) < 2:
            raise TargetError(
                sentence(
                    f"rows of one class only, {classes[int(np.argmax(totals))]!r}"
                    + (" among those of weight above 0" if weights is not None else ""),
                    "rows of two classes",
                )
            )
        place = positive_of(self.positive, classes, totals.tolist())
        self.classes_, self.positive_class_ = classes, classes[place]
        names = {column.name for column in columns}
        target = next(t for t in _target_names() if t not in names)
        return Table(
            columns,
            (codes == place).astype(np.int8),
            Task("binary", (str(classes[1 - place]), str(classes[place]))),
            target=target,
            groups=read_groups(groups, len(labels)),
            source="X",
        )

    # ---- scores and decisions

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row by the decision rule, `[rows]`.

        A row that the rule leaves undecided gets the other class, like a row that is
        not flagged: scikit-learn has no third answer. `decide` distinguishes them.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        flagged = self._model().decide(self._rows(X)) == 1
        return np.asarray(self.classes_[np.where(flagged, *self._places())])

    def decide(self, X: Any) -> npt.NDArray[np.int8]:
        """Return 1 if a row is flagged, 0 if not, -1 if undecided, `[rows]`.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        return self._model().decide(self._rows(X))

    def predict_proba(self, X: Any) -> FloatArray:
        """Return calibrated probabilities, `[rows, 2]`, in the order of `classes_`.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        both = self._model().predict_proba(self._rows(X))
        return both if self._places()[0] == 1 else both[:, ::-1]

    def decision_function(self, X: Any) -> FloatArray:
        """Return calibrated log-odds of `classes_[1]` less the threshold, `[rows]`.

        Above 0 exactly if `predict` gives `classes_[1]`.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        model = self._model()
        z = np.clip(model.log_odds(self._rows(X)), -EXTREME / 2, EXTREME / 2)
        threshold = float(np.clip(model.binary_rule.threshold, -EXTREME, EXTREME))
        if self._places()[0] == 0:
            return np.asarray(threshold - z)
        # Log-odds that equal the threshold are flagged: above the number before it.
        return np.asarray(z - np.nextafter(threshold, -np.inf))

    def _model(self) -> FittedModel:
        check_is_fitted(self)
        model: FittedModel = self.model_
        return model

    def _rows(self, X: Any) -> Table:
        return rows_like(read_rows(self, X, reset=False), self._model().schema)

    def _places(self) -> tuple[int, int]:
        """Return the places in `classes_` of the positive and the negative class."""
        positive = int(self.classes_[1] == self.positive_class_)
        return positive, 1 - positive

    # ---- scikit-learn's protocol

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _as_strategy(strategy: Any) -> Any:
    """Return strategies, samplers among them wrapped."""
    if isinstance(strategy, str | Strategy):
        return strategy
    if is_sampler_object(strategy):
        return resampled(strategy)
    if isinstance(strategy, Iterable):
        return [_as_strategy(one) for one in strategy]
    raise InputTypeError(
        sentence(
            f"strategy={strategy!r}",
            "'auto', a name, a Strategy, an object with fit_resample, or several",
        )
    )


def _target_names() -> Iterable[str]:
    yield "target"
    number = 2
    while True:
        yield f"target_{number}"
        number += 1


def _notes(asked: int, folds: int, duplicates: str) -> list[str]:
    notes = []
    if folds != asked:
        notes.append(f"{folds} folds instead of {asked}: a class has few rows.")
    if duplicates == "ignore":
        notes.append(
            "Equal rows were not kept together and count as independent, because too "
            "few rows differ. The figures are too good, and the intervals too narrow."
        )
    return notes
