# SPDX-License-Identifier: Apache-2.0
"""What `compare` gives back: shown, written and reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise._core.checks import one_of
from equipoise._core.files import to_json, write_whole
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width
from equipoise.comparison.verdict import PairVerdict
from equipoise.diagnosis.words import inputs_in_words
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.jobs import Progress
from equipoise.models.goal import Goal
from equipoise.models.trial_file import TRIAL_FILE, save_trial
from equipoise.report import terminal
from equipoise.report.notebook import trial_card
from equipoise.report.page import render
from equipoise.report.plots import draw_plot, plot_rows
from equipoise.report.summary import summarise
from equipoise.report.summary_parts import versions
from equipoise.report.tracking.mlflow import to_mlflow
from equipoise.report.tracking.tensorboard import to_tensorboard
from equipoise.trials.basis import TrialBasis
from equipoise.trials.trial import TrialRecord
from equipoise.verbs.progress import shown_progress
from equipoise.verbs.trial_again import (
    ArmPairs,
    all_pairs,
    basis_for,
    evaluated_again,
    fold_rows,
    judged_again,
    one_pair,
    out_of_fold_columns,
    with_more_arms,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import RenderableType


class Trial(TrialRecord):
    """A finished trial.

    Attributes:
        facts: Rows, columns, classes: plain data.
        protocol: How the rows were split.
        strategies: The arms, in the order asked for.
        results: Every arm's metrics, cross-fitted decisions and differences.
        scores: The raw out-of-fold scores and the seconds.
        verdict: What can be said, per arm and overall; `str(verdict)` is the text.
        diagnosis: What was found wrong with the data.
        held_out: Every arm on a separate test file; None without one.
        objective: What the thresholds are best at.
        seconds: Wall time of the whole trial.
        notes: What the user should know.
        costs: `Costs(...)` or (cost of a false alarm, cost of a missed positive) if
            they set the threshold, else None.
        training: How networks were trained: the network's name, None for the user's
            own network, and the `TrainingSettings`.
        task: The classes, or labels.
        tuned: By tuned arm, the name of its strategy as it is and the verdict on the
            two.

    Example:
        >>> import equipoise as eq
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(rows=300, positives=60, seed=1).table
        >>> arms = ["prior", "logistic"]
        >>> trial = eq.compare(
        ...     table, strategies=arms, network="small", folds=2, repeats=1
        ... )
        >>> trial.names
        ('logistic', 'plain', 'prior')
        >>> print(trial["prior"].evaluation["roc_auc"].value)
        0.5
        >>> trial.verdict.arms["logistic"].outcome
        'cannot tell'
    """

    @classmethod
    def of(cls, record: TrialRecord) -> Trial:
        """Return a record as a trial.

        Args:
            record: What `trials.conclude` gave.
        """
        return cls(**vars(record))

    def write(self, folder: str | Path) -> list[Path]:
        """Write `comparison.json`, `report.html` and `trial.equipoise` into a folder.

        The folder is made if it is absent. The last file is what `equipoise.load`
        reads; it holds the targets and out-of-fold scores of all rows, and no column.

        Args:
            folder: The folder.

        Returns:
            The files written, each whole or not at all.

        Raises:
            OSError: The folder cannot be written.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        texts = {
            "comparison.json": to_json(self.to_dict()) + "\n",
            "report.html": self.report(),
        }
        for name, text in texts.items():
            write_whole(place / name, text.encode())
        written = [place / name for name in texts]
        if self.basis is None:  # one of another trial would be found by `load`
            (place / TRIAL_FILE).unlink(missing_ok=True)
        if isinstance(self.basis, TrialBasis):
            written.append(save_trial(self._stored_basis(), place / TRIAL_FILE))
        return written

    def _stored_basis(self) -> TrialBasis:
        """Return the basis as a file holds it, with the versions that computed it."""
        basis = basis_for(self, "a file")
        return replace(basis, versions=basis.versions or versions())

    def add(
        self,
        strategies: Iterable[Any] | str,
        source: Any = None,
        target: Any = None,
        *,
        test: Any = None,
        progress: Progress | bool | None = None,
    ) -> Trial:
        """Return the trial with further arms: only these are fitted.

        They see the same splits, so that they are compared as if they had been in the
        trial from the beginning; the figures of the other arms stay, but for what
        depends on the number of arms.

        Args:
            strategies: As in `compare`.
            source: The rows, as they were given to `compare`; needed by a loaded trial
                whose rows were no file, or whose file has moved. They are checked to be
                the same.
            target: As in `compare`.
            test: As in `compare`.
            progress: As in `compare`.

        Raises:
            InputError: The rows are others; or an arm has the name of another.
            UnsupportedError: The trial left kinds of positives out of training.

        Example:
            >>> import equipoise as eq
            >>> from equipoise.table.generators import gaussian_shift
            >>> table = gaussian_shift(rows=300, positives=60, seed=1).table
            >>> short = {"network": "linear", "folds": 2, "repeats": 1}
            >>> trial = eq.compare(table, strategies=["prior"], **short)
            >>> trial.add("logistic").names
            ('plain', 'logistic', 'prior')
        """
        with shown_progress(progress) as report:
            more = with_more_arms(self, strategies, source, target, test, report)
        return Trial.of(more)

    def difference(
        self, first: str, second: str, *, adjusted: bool = True
    ) -> PairVerdict:
        """Return whether one arm beats another, in the trial's metric.

        Args:
            first: An arm.
            second: Another; the difference is the first minus this one.
            adjusted: Whether the pair is one of all pairs that could have been asked
                for, with Holm's correction for their number (`pairs`); False if it was
                the only question before the trial.

        Raises:
            InputError: They are no two arms of the trial.
        """
        one_of(first, [name for name in self.names if name != second], "arm")
        if adjusted:
            return self.pairs()[first, second]
        return one_pair(self, first, second)

    def pairs(self) -> ArmPairs:
        """Return the verdict on every two arms, with Holm's correction.

        The test is that of the verdict against the baseline. One family of all pairs
        asks more than the verdict, so an arm that beats the baseline there need not do
        so here.
        """
        return all_pairs(self)

    def evaluate(
        self,
        name: str,
        *,
        goal: Goal | str | None = None,
        threshold: float | None = None,
        lower: float | None = None,
    ) -> Evaluation | TaskEvaluation:
        """Judge an arm's decisions for another goal, or at a threshold.

        Args:
            name: An arm.
            goal: What the decisions are for, for example `Goal(costs=(1, 20))`.
            threshold: Two classes: flag a row from this calibrated probability on.
            lower: Leave a row undecided from this one up to `threshold`.

        Returns:
            Every metric with its interval, from the out-of-fold scores.

        Raises:
            InputError: Neither or both of goal and threshold are given.
        """
        return evaluated_again(self, name, goal, threshold, lower)

    def judged(
        self,
        *,
        goal: Goal | str | None = None,
        metric: str | None = None,
        margin: float | None = None,
    ) -> Trial:
        """Return the trial of the same scores by another goal, metric or margin.

        Args:
            goal: As in `compare`; None for that of the trial.
            metric: As in `compare`; None for that of the trial.
            margin: As in `compare`; None for that of the trial.
        """
        return Trial.of(judged_again(self, goal, metric, margin))

    def plot(
        self,
        kind: str = "precision_recall",
        *,
        arms: Sequence[str] | str | None = None,
        of: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw a plot with Matplotlib.

        Args:
            kind: "precision_recall", "roc", "calibration", "differences", "confusion"
                or "learning_curve", which fits small models.
            arms: Which arms; by default the arm to take and the baseline, for
                "differences" all.
            of: Of several classes or labels: of which the curve is; the rarest by
                default.
            ax: Axes to draw into; new ones by default.

        Returns:
            The axes.

        Raises:
            InputError: There is no such plot, arm or class.
        """
        return draw_plot(self, kind, arms, of, ax)

    def plot_frame(
        self,
        kind: str = "precision_recall",
        *,
        arms: Sequence[str] | str | None = None,
        of: str | None = None,
        library: str | None = None,
    ) -> Any:
        """Return the numbers behind a plot as a data frame, one row per point.

        Args:
            kind: As in `plot`.
            arms: As in `plot`.
            of: As in `plot`.
            library: As in `frame`.
        """
        return make_frame(plot_rows(self, kind, arms, of), library)

    def folds(self, library: str | None = None) -> Any:
        """Return the metrics within each fold as a data frame.

        Args:
            library: As in `frame`.
        """
        return make_frame(fold_rows(self), library)

    def out_of_fold(self, library: str | None = None) -> Any:
        """Return the calibrated out-of-fold probabilities of all arms as a data frame.

        One row for each row of the table and repeat: "repeat", "row" (its position),
        "fold", "y", and one column per arm.

        Args:
            library: As in `frame`.
        """
        columns = out_of_fold_columns(self)
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
        return make_frame(rows, library)

    def summary(self) -> dict[str, Any]:
        """Return everything that a report shows, as plain data: aggregates, no rows."""
        return summarise(self)

    def report(self) -> str:
        """Return one standalone HTML page: the verdict, the evidence, a threshold."""
        return render(self.summary())

    def to_tensorboard(self, folder: str | Path) -> Path:
        """Write TensorBoard runs, one per strategy, into a new folder.

        Hyper-parameters, every metric with its interval, and precision-recall
        curves; needs the extra [tensorboard]. See `report.tracking.tensorboard`.
        """
        return to_tensorboard(self, folder)

    def to_mlflow(
        self, experiment: str = "equipoise", *, uri: str | None = None
    ) -> dict[str, str]:
        """Log one MLflow run per strategy, below one for the trial; no models.

        Needs the extra [mlflow]. See `report.tracking.mlflow`.

        Args:
            experiment: The experiment's name.
            uri: The tracking server; by default MLflow's own.

        Returns:
            Strategy -> the identifier of its run; the trial's own under "".
        """
        return to_mlflow(self, experiment, uri=uri)

    def __repr__(self) -> str:
        arms = ", ".join(strategy.name for strategy in self.strategies)
        rows = f"{self.facts['rows']:,} rows"
        if "input_shape" in self.facts:
            rows += f", {inputs_in_words(self.facts)}"
        return f"<Trial of {arms} on {rows}; {self.verdict}>"

    def _repr_html_(self) -> str:
        return trial_card(self)

    def screen(self) -> RenderableType:
        """Return one screen for a terminal."""
        return terminal.screen(self)

    def __str__(self) -> str:
        shown = (line for line, _ in terminal.lines(self, display_width()))
        return "\n".join(shown).rstrip("\n")
