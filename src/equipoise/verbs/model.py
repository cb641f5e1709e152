# SPDX-License-Identifier: Apache-2.0
"""A model that is ready to be used: raw rows in, honest probabilities out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import BundleError
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.explanations.importance import Importance
from equipoise.explanations.partial import PartialDependence
from equipoise.explanations.reasons import Explanation
from equipoise.export import export
from equipoise.export.keras import keras_model
from equipoise.models.card import card
from equipoise.models.container import read_bundle
from equipoise.models.explaining import (
    explain_model,
    model_dependence,
    model_importance,
)
from equipoise.models.storage import from_parts, read_model, save, to_parts
from equipoise.models.trial_file import TRIAL_FILE, basis_of, is_trial
from equipoise.report.notebook import model_card_html
from equipoise.verbs.evaluate import evaluate_model
from equipoise.verbs.inspected import InspectedModel
from equipoise.verbs.predict import Predicted, predict_file
from equipoise.verbs.predict_task import PredictedTask
from equipoise.verbs.trial import Trial


class FittedModel(InspectedModel):
    """A fitted model with its calibration, its decision rule and its card.

    Attributes:
        schema: A table without rows: the columns that new data must have.
        components: What is averaged.
        rule: Calibration and decision: a `DecisionRule`; a `ClassRule` of several
            classes, a `LabelRule` of labels.
        evaluation: Its metrics, from out-of-fold scores.
        facts: How it was made: plain data.
        seen: `[n]` uint64 hashes of every row that training, stopping, calibration
            or the choice of the threshold has seen, ascending.
        notes: What the user should know.
        user_input: What the user's own network takes; None if rows are tables.

    Example:
        >>> import equipoise as eq
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
        >>> model = eq.fit(table, strategy="logistic", repeats=1)
        >>> model.predict_proba(table).shape, model.decide(table).shape
        ((300, 2), (300,))
        >>> model.evaluation["average_precision"].value > 0.6
        True
    """

    def evaluate(
        self,
        source: Any,
        target: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Evaluation | TaskEvaluation:
        """Evaluate on new labelled rows, see `equipoise.evaluate`.

        Args:
            source: A path (read in blocks), a data frame, `(X, y)`, or a `Table`.
            target: The target's name in the source, if it is another; of several
                labels all names, in the order of the model's.
            **options: `level`, `seed`, `slices` and `unlabelled`, as `evaluate_model`
                takes them.
        """
        return evaluate_model(self, source, target, **options)

    def predict_file(
        self,
        source: str | os.PathLike[str],
        out: str | os.PathLike[str],
        *,
        keep: Sequence[str] = (),
        explain: bool = False,
        background: Any = None,
    ) -> Predicted | PredictedTask:
        """Score a file of any size in blocks, see `verbs.predict.predict_file`.

        Args:
            source: A file with the model's columns, as for `predict_file`.
            out: The file to write: .csv or .parquet.
            keep: Columns of the source to copy.
            explain: Whether each row gets the columns that moved its score most.
            background: Rows to compare with, for these.
        """
        return predict_file(
            self, source, out, keep=keep, explain=explain, background=background
        )

    def importance(
        self,
        source: Any,
        target: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Importance:
        """Return how much the ranking depends on each column, see `model_importance`.

        Args:
            source: Labelled rows: those of the training, which the models of the folds
                that left them out score, or new ones.
            target: The target's name in the source, if it is another.
            **options: `metric`, `permutations`, `together`, `weights`, `level`, `seed`
                and `progress`, as in `equipoise.explanations.permutation_importance`.

        Raises:
            InputError: Every model has seen the rows, or an option is out of range.
            UnsupportedError: The model is your own network.

        Example:
            >>> import equipoise as eq
            >>> from equipoise.table.generators import gaussian_shift
            >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
            >>> model = eq.fit(table, strategy="logistic", repeats=3)
            >>> made = model.importance(table)
            >>> made.basis, made.columns[0].finding
            ('out of fold', 'matters')
        """
        return model_importance(self, source, target, **options)

    def partial_dependence(
        self, column: str, source: Any, **options: Any
    ) -> PartialDependence:
        """Return what the model says if all rows had one value of a column.

        The probabilities are calibrated; see `equipoise.explanations.
        partial_dependence`.

        Args:
            column: The column's name.
            source: The rows, as `predict_proba` takes them.
            **options: `points`, `clusters`, `weights`, `level` and `seed`.

        Raises:
            InputError: The column is unknown, or an option is out of range.
            UnsupportedError: The model is your own network.

        Example:
            >>> import equipoise as eq
            >>> from equipoise.table.generators import gaussian_shift
            >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
            >>> model = eq.fit(table, strategy="logistic", repeats=1)
            >>> made = model.partial_dependence(table.names[0], table, points=5)
            >>> len(made.values), made.outputs
            (5, ('1',))
        """
        return model_dependence(self, column, source, **options)

    def explain(
        self,
        source: Any,
        background: Any = None,
        *,
        method: str = "auto",
        draws: int = 20,
        seed: int = 0,
    ) -> Explanation:
        """Return what each column added to the score of each row, in log-odds.

        Shapley values: exact for boosted trees and linear models, else sampled, with
        their standard errors; see `equipoise.explanations.explain_scores`.

        Args:
            source: The rows, as `predict_proba` takes them.
            background: The rows to compare with, such as those of the training; None
                for the rows themselves.
            method: "auto", "exact" or "sampled".
            draws: Of orders of the columns, if values are sampled.
            seed: Of the draws.

        Raises:
            InputError: There are few rows and no background.
            UnsupportedError: The model is your own network, or "exact" is not possible.

        Example:
            >>> import equipoise as eq
            >>> from equipoise.table.generators import gaussian_shift
            >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
            >>> model = eq.fit(table, strategy="logistic", repeats=1)
            >>> made = model.explain(table.take([0, 1]), table, method="exact")
            >>> len(made.reasons()), made.exact, made.outputs
            (2, True, ('1',))
        """
        options = {"method": method, "draws": draws, "seed": seed}
        return explain_model(self, source, background, **options)

    def card(self) -> str:
        """Return what this model is, how good, and how to use it, in words."""
        return card(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the model as one file, see `equipoise.models.storage.save`.

        Args:
            path: The file; its name must end in ".equipoise".
        """
        return save(self, path)

    @cached_property
    def keras_model(self) -> Any:
        """This model as a `keras.Model` on raw columns; see `export.keras`.

        Raises:
            UnsupportedError: A learner in the average is not a Keras layer.
        """
        return keras_model(self)

    def export(
        self, path: str | os.PathLike[str], *, format: str | None = None
    ) -> Path:
        """Write a SavedModel or ONNX on raw columns, see `export.keras.export`.

        Args:
            path: A new folder, or a file whose name ends in ".onnx".
            format: "saved_model" or "onnx"; None: by the name's ending.
        """
        return export(self, path, format=format)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the model as the parts that `save` writes: plain bytes.

        What was compiled for it stays behind, and each number is checked on the way
        back.
        """
        return FittedModel.of_parts, (to_parts(self),)

    @classmethod
    def of_parts(cls, parts: Mapping[str, bytes]) -> FittedModel:
        """Return the model that `save` wrote as named parts.

        Args:
            parts: Part -> its bytes.

        Raises:
            BundleError: A part cannot be used; it is named.
        """
        return from_parts(parts, cls)

    def __repr__(self) -> str:
        parts = ", ".join(f"{c.weight:.2f} {c.strategy.name}" for c in self.components)
        shown = f"target {self.schema.target!r}"
        if self.user_input is not None:
            shape = "x".join(map(str, self.user_input.shape))
            shown = f"inputs of shape {shape}; {shown}"
        return f"<FittedModel {parts}; {shown}>"

    def _repr_html_(self) -> str:
        return model_card_html(self, repr(self)[1:-1])


def load(path: str | os.PathLike[str]) -> Any:
    """Load a model or a trial; every byte is checked before anything is used.

    A trial is the folder that `Trial.write` has written, or the file
    `trial.equipoise` in it. It is concluded again from its scores, with the same
    numbers; `Trial.add` fits further arms.

    The user's own network is loaded by Keras in safe mode, after a check of its
    sizes; custom layers are those that `keras.saving.custom_object_scope` gives.

    Args:
        path: A file that `save` has written, or the folder of a trial.

    Returns:
        The `FittedModel`, whose scores are bit for bit those of the one that was saved;
        or the `Trial`.

    Raises:
        BundleError: The file is damaged, altered, or not a bundle; the part is named.
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> import equipoise as eq
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
        >>> model = eq.fit(table, strategy="logistic", repeats=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = model.save(f"{folder}/shift.equipoise")
        ...     again = load(path)
        >>> bool((again.log_odds(table) == model.log_odds(table)).all())
        True
    """
    place = Path(path)
    if place.is_dir():
        place = trial_in(place)
    parts = read_bundle(place)
    if is_trial(parts):
        return Trial.of(basis_of(parts).conclude())
    return from_parts(parts, FittedModel)


def load_model(path: str | os.PathLike[str]) -> FittedModel:
    """Load a model, as `load` does.

    Args:
        path: A file that `save` has written.

    Raises:
        BundleError: The file is damaged, altered, or holds no model.
        OSError: The file cannot be read.
    """
    return read_model(path, FittedModel)


def load_trial(path: str | os.PathLike[str]) -> Trial:
    """Load a trial, as `load` does.

    Args:
        path: The folder of a trial, or its file.

    Raises:
        BundleError: The file is damaged, altered, or holds no trial.
        OSError: The file cannot be read.
    """
    place = Path(path)
    if not place.is_dir() and place.name != TRIAL_FILE:
        raise BundleError(
            sentence(
                f"{str(place)!r}, which is no folder of a trial",
                "the folder of a finished trial",
                "Pass the folder that --out named, or Trial.write.",
            )
        )
    place = trial_in(place) if place.is_dir() else place
    return Trial.of(basis_of(read_bundle(place)).conclude())


def trial_in(folder: Path) -> Path:
    """Return the file of the trial of a folder.

    Args:
        folder: An existing folder.

    Raises:
        BundleError: There is none.
    """
    path = folder / TRIAL_FILE
    if path.exists():
        return path
    older = (folder / "comparison.json").exists()
    raise BundleError(
        sentence(
            f"the folder {str(folder)!r} without {TRIAL_FILE}",
            "the folder of a finished trial",
            "An earlier version wrote it: compare again to write one."
            if older
            else "Pass the folder that --out named, or Trial.write.",
        )
    )
