# SPDX-License-Identifier: Apache-2.0
"""What `compare` gives back: shown, written and reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise._core.files import to_json, write_whole
from equipoise._core.layout import display_width
from equipoise.report import terminal
from equipoise.report.page import render
from equipoise.report.summary import summarise
from equipoise.report.tracking.mlflow import to_mlflow
from equipoise.report.tracking.tensorboard import to_tensorboard
from equipoise.trials.trial import TrialRecord

if TYPE_CHECKING:
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
        """Write `comparison.json` and `report.html` into a folder.

        The folder is made if it is absent.

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
        return [place / name for name in texts]

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
        return f"<Trial of {arms} on {self.facts['rows']:,} rows; {self.verdict}>"

    def screen(self) -> RenderableType:
        """Return one screen for a terminal."""
        return terminal.screen(self)

    def __str__(self) -> str:
        shown = (line for line, _ in terminal.lines(self, display_width()))
        return "\n".join(shown).rstrip("\n")
