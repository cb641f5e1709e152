# SPDX-License-Identifier: Apache-2.0
"""The verb `fit` behind scikit-learn's interface."""

from __future__ import annotations

import dataclasses
import warnings
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
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.errors import InputTypeError, TableWarning
from equipoise.learners.resampled.learner import resampled
from equipoise.models.goal import Goal, as_goal
from equipoise.strategies.classifier_object import classified, is_classifier_object
from equipoise.strategies.sampler_object import is_sampler_object
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings
from equipoise.verbs.estimator_input import (
    columns_of,
    possible_splits,
    read_groups,
    read_rows,
    read_weights,
    rows_like,
)
from equipoise.verbs.estimator_target import (
    EstimatorLabels,
    EstimatorTarget,
    goal_in_words,
    read_labels,
    target_of,
)
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel

LIKELIER = Goal(costs=(1, 1))
"""A threshold at probability 1/2, which scikit-learn expects of a classifier."""

LIKELIEST = Goal("accuracy")
"""The class of highest probability, which it expects if there are several."""

EXTREME = 1e6
"""Stands for thresholds that flag all or nothing, so that they stay finite."""


class EquipoiseClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A strategy for rare classes as a scikit-learn classifier.

    `fit` divides the rows into folds, fits one model per fold, calibrates their
    average on out-of-fold scores and chooses a decision rule there. `predict_proba`
    gives calibrated probabilities. `predict` and `decision_function` follow the
    decision rule. By default that is scikit-learn's convention, the likeliest class:
    honest probabilities of a rare class seldom exceed 1/2, so **name a `goal` to have
    the rule tuned**, for example "f1".

    There may be two classes, several, or a matrix of labels: 0 and 1, or NaN if a label
    is not known, which then weighs nothing. A label that no row has, or every row, is
    not learned: it is predicted as it is.

    Numbers, booleans, date-times, strings and categories are taken as they are, missing
    values too. A column's kind follows from its type: strings are categories.

    Args:
        strategy: What is done about the imbalance: "auto" (an average of networks,
            boosted and randomised trees and linear models), a name of
            `equipoise.catalogue()`, a `Strategy`, any object with `fit_resample`
            (trees learn from what it returns; see `equipoise.resampled`), a classifier
            that can be kept as plain numbers (see `equipoise.classified`), or several
            of these.
        goal: What the decision rule is to reach: a `Goal`, or the name of an
            objective such as "f1" or "balanced_accuracy"; None for the likeliest
            class, and for each label that is likelier than not. Costs and floors of
            several classes are named by the labels, or costs are a matrix in the order
            of `classes_`.
        positive: The class of two that is flagged; None for the rarer one of the fit.
        folds: Models that are fitted and averaged, 2 to 20; fewer if a class has
            fewer rows. One of several classes, or a label, with fewer rows than folds
            is trained on and not scored.
        repeats: How often the folds are drawn, 1 to 20; each repeat adds its models
            to the average. "auto": up to 3 times, while `minutes` lasts.
        minutes: The time budget of `repeats="auto"`.
        calibration: "auto", "none", "intercept", "temperature", "platt" or
            "isotonic"; of several classes or labels see `fit_class_calibrator`.
        network: The network of the network strategies: "default", "small" or
            "linear".
        epochs: Passes of a network over its rows, at most; it stops early.
        random_state: The same integer gives the same result; None, another each time.

    Attributes:
        classes_: `[classes]` the labels, ascending; `[labels, 2]` 0 and 1 for each
            label of a matrix.
        positive_class_: The label that the decision rule flags; None unless there are
            two classes.
        label_names_: The names of the labels of a matrix: its columns if it was a
            frame, else "label_0", "label_1", ...; None if it was no matrix.
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
        >>> groups = np.array(["usual", "rare", "rarest"])[y + (X[:, 0] > 1.5) * y]
        >>> model = EquipoiseClassifier("logistic", goal="macro_f1", random_state=0)
        >>> model.fit(X, groups).classes_.tolist()
        ['rare', 'rarest', 'usual']
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
            X: `[rows, features]`: an array, a list of rows, a data frame of any library
                that narwhals knows, or a SciPy sparse matrix, whose columns are held in
                full: of at most a thousand million values.
            y: `[rows]` labels of two classes or more; or `[rows, labels]` 0 and 1,
                NaN or -1 if unknown, as an array or a data frame.
            sample_weight: `[rows]` at least 0: how much each row counts, as so many
                copies of it. Rows of weight 0 are left out. None for 1 each.
            groups: `[rows]`: rows of one group are never divided between training
                and testing inside of `fit`. None for none.

        Returns:
            The estimator.

        Raises:
            ValueError: The data or an argument cannot be used.
            TypeError: Their type is wrong; y is sparse, for example.
            SplitError: A class of two has fewer than three rows; or no one of several
                classes or labels can be judged.

        Warns:
            TableWarning: Classes differ by case or space only, or labels are constant.
        """
        training = TrainingSettings(epochs=self.epochs)
        goal = None if self.goal is None else as_goal(self.goal, LIKELIER)
        state = check_random_state(self.random_state)
        raw = read_rows(self, X, reset=True)
        labels = read_labels(y, type(self).__name__)
        check_consistent_length(X, labels.values)
        weights = read_weights(sample_weight, len(labels))
        rows, target = self._table(columns_of(raw), labels, weights, groups)
        for note in target.notes:
            warnings.warn(note, TableWarning, stacklevel=2)
        seed = int(state.randint(np.iinfo(np.int32).max))
        # A number of any kind; `fit` checks whether it is supported.
        asked: Any = self.repeats
        repeats = int(asked) if isinstance(asked, Integral) else 1
        folds = integer(self.folds, "folds", 2, 20)
        splits = possible_splits(rows, folds, max(1, repeats), seed)
        model = fit(
            rows,
            strategy=_as_strategy(self.strategy),
            goal=_usual(target) if goal is None else goal_in_words(goal, target),
            folds=splits.folds,
            minutes=self.minutes,
            repeats=self.repeats,
            calibration=self.calibration,
            duplicates=splits.duplicates,
            network=self.network,
            training=training,
            weights=None if weights is None else weights[weights > 0],
            seed=seed,
            progress=False,
        )
        notes = target.notes + _notes(folds, splits.folds, splits.duplicates)
        self.model_ = dataclasses.replace(model, notes=(*model.notes, *notes))
        return self

    def _table(
        self,
        columns: tuple[Any, ...],
        labels: EstimatorLabels,
        weights: FloatArray | None,
        groups: Any,
    ) -> tuple[Table, EstimatorTarget]:
        """Return the rows that count as a table; learn the classes."""
        numbers = read_groups(groups, len(labels))
        if weights is not None:
            counts = weights > 0
            labels, weights = labels.take(counts), weights[counts]
            columns = tuple(column.take(counts) for column in columns)
            numbers = None if numbers is None else numbers[counts]
        names = {column.name for column in columns}
        target, y = target_of(labels, weights, self.positive, tuple(names))
        self.classes_, self.positive_class_ = target.classes, target.positive
        self.label_names_ = labels.names or None
        self._target = target
        table = Table(
            columns,
            y,
            target.task,
            target=", ".join(target.task.classes)
            if labels.names
            else next(t for t in _target_names() if t not in names),
            groups=numbers,
            source="X",
        )
        return table, target

    # ---- scores and decisions

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row by the decision rule, `[rows]`.

        Of a matrix of labels, `[rows, labels]` 0 and 1.

        scikit-learn has no third answer, so a row that the rule leaves undecided gets
        the other class of two, like a row that is not flagged; the cheapest of several
        classes; and no label. `decide` distinguishes such rows.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        model, rows = self._model(), self._rows(X)
        decided = model.decide(rows)
        if isinstance(model.rule, LabelRule):
            made = np.asarray(decided == 1).astype(self._target.dtype)
            return self._target.all_labels(made, 0, 1)
        if not isinstance(model.rule, ClassRule):
            return np.asarray(self.classes_[np.where(decided == 1, *self._places())])
        left = decided < 0
        if left.any():
            cheapest = model.rule.values(model.predict_proba(rows)).argmax(axis=1)
            decided = np.where(left, cheapest, decided)
        return np.asarray(self.classes_[decided])

    def decide(self, X: Any) -> npt.NDArray[np.signedinteger[Any]]:
        """Return 1 if a row is flagged, 0 if not, -1 if undecided, `[rows]`.

        Of several classes the place in `classes_` of the one that is decided, or -1; of
        a matrix of labels `[rows, labels]` 1, 0 and -1.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        model = self._model()
        decided = model.decide(self._rows(X))
        if isinstance(model.rule, LabelRule):
            return self._target.all_labels(decided, 0, 1)
        return decided

    def predict_proba(self, X: Any) -> FloatArray:
        """Return calibrated probabilities, `[rows, classes]`, ordered as `classes_`.

        Of a matrix of labels `[rows, labels]` how likely the row has each, as
        scikit-learn's `MLPClassifier` gives them; rows do not sum to 1.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        model = self._model()
        p = model.predict_proba(self._rows(X))
        if isinstance(model.rule, LabelRule):
            return self._target.all_labels(p, 0.0, 1.0)
        if isinstance(model.rule, ClassRule) or self._places()[0] == 1:
            return p
        return p[:, ::-1]

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of `predict_proba`; minus infinity for 0.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> FloatArray:
        """Return by how much a decision was reached, in the shape scikit-learn has.

        Of two classes `[rows]` calibrated log-odds of `classes_[1]` less the
        threshold: above 0 exactly if `predict` gives `classes_[1]`. Of several
        `[rows, classes]`, the largest of a row exactly for the class that `predict`
        gives: log probabilities plus log multipliers, or expected costs with a minus.
        Of a matrix of labels `[rows, labels]` log-odds less the threshold of each
        label: above 0 exactly if it is predicted.

        Args:
            X: `[rows, features]`, with the columns of the fit.
        """
        model, rows = self._model(), self._rows(X)
        if isinstance(model.rule, ClassRule):
            return _values_that_decide(model.rule, model.predict_proba(rows))
        z = np.clip(model.log_odds(rows), -EXTREME / 2, EXTREME / 2)
        if isinstance(model.rule, LabelRule):
            thresholds = np.array(
                [rule.threshold_log_odds for rule in model.rule.rules]
            )
            least = np.nextafter(np.clip(thresholds, -EXTREME, EXTREME), -np.inf)
            return self._target.all_labels(z - least, -EXTREME, EXTREME)
        cut = model.binary_rule.threshold_log_odds
        threshold = float(np.clip(cut, -EXTREME, EXTREME))
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
        """Return the places in `classes_` of the positive and of the other class."""
        positive = int(self.classes_[1] == self.positive_class_)
        return positive, 1 - positive

    # ---- scikit-learn's protocol

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags


def _usual(target: EstimatorTarget) -> Goal:
    """Return the goal that scikit-learn's convention is."""
    return LIKELIEST if target.task.kind == "multiclass" else LIKELIER


def _values_that_decide(rule: ClassRule, p: FloatArray) -> FloatArray:
    """Return values of which the largest is the decision, with floors as without."""
    values = rule.values(p)
    decided = rule.decide(p)
    rows = np.arange(len(p))
    most = values.argmax(axis=1)
    moved = (decided >= 0) & (decided != most)
    above = np.nextafter(values[rows, most], np.inf)
    values[rows[moved], decided[moved]] = above[moved]
    return values


def _as_strategy(strategy: Any) -> Any:
    """Return strategies, samplers among them wrapped."""
    if isinstance(strategy, str | Strategy):
        return strategy
    if is_sampler_object(strategy):
        return resampled(strategy)
    if is_classifier_object(strategy):
        return classified(strategy)
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


def _notes(asked: int, folds: int, duplicates: str) -> tuple[str, ...]:
    notes = []
    if folds != asked:
        notes.append(f"{folds} folds instead of {asked}: a class has few rows.")
    if duplicates == "ignore":
        notes.append(
            "Equal rows were not kept together and count as independent, because too "
            "few rows differ. The figures are too good, and the intervals too narrow."
        )
    return tuple(notes)
