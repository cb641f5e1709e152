# SPDX-License-Identifier: Apache-2.0
"""A fitted model as scikit-learn's tools take one that only predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.models.model import ModelRecord


class InspectedModel(ModelRecord):
    """What `sklearn.inspection` asks of a classifier: that it is fitted, and its score.

    So `permutation_importance(model, X, y, scoring="average_precision")` and
    `partial_dependence(model, X, ["age"])` take a model of two or several classes. It
    cannot be fitted or cloned there: `EquipoiseClassifier` can.
    """

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes as `predict` gives them, in the order of `predict_proba`.

        Raises:
            AttributeError: The model gives labels.
        """
        if self.task.kind == "multilabel":
            raise AttributeError(
                sentence("classes_ of a model of labels", "one of two or more classes")
            )
        return self.label_values

    def fit(self, *_: Any, **__: Any) -> Any:
        """Raise: a fitted model only predicts.

        Args:
            *_: Ignored.
            **__: Ignored.

        Raises:
            UnsupportedError: Always.
        """
        raise UnsupportedError(
            sentence("fit of a model that is fitted", "equipoise.fit(X, y)")
        )

    def score(self, X: Any, y: Any) -> float:
        """Return the share of the rows whose class is predicted rightly.

        Args:
            X: Rows, as in `predict`.
            y: Their classes as the target of the training writes them.
        """
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator, ClassifierMixin

        class _Plain(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped
            """A classifier without anything, for its tags."""

        tags = _Plain().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags
