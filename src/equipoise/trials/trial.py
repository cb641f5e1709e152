# SPDX-License-Identifier: Apache-2.0
"""What a trial leaves: the leaderboard, the verdict, and plain data of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise._core.files import to_json, write_whole
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width
from equipoise.comparison.held_out import HeldOut
from equipoise.comparison.verdict import Verdict
from equipoise.decision.costs import Costs
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.evaluation.cross_validation import Arm, CrossValidated
from equipoise.evaluation.evaluation import Evaluation
from equipoise.metrics.estimate import Estimate
from equipoise.strategies.strategy import Strategy
from equipoise.trials.fold_scores import Scores
from equipoise.trials.protocol import Protocol

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADLINE = ("average_precision", "roc_auc", "brier")
DECISION = (
    "recall",
    "precision",
    "f1",
    "balanced_accuracy",
    "mcc",
    "g_mean",
    "flag_rate",
    "undecided",
    "cost",
)


@dataclass(frozen=True, eq=False)
class Trial:
    """A finished trial.

    Attributes:
        facts: Rows, columns, classes: plain data.
        protocol: How the rows were split.
        strategies: The arms, in the order asked for.
        results: Every arm's metrics, cross-fitted decisions and differences.
        scores: The raw out-of-fold scores and the seconds.
        conclusion: What can be said, per arm and in all.
        diagnosis: What was found wrong with the data.
        held_out: What a separate test file says of every arm; None without one.
        objective: What the thresholds are best at.
        seconds: Wall time of the whole trial.
        notes: What the user should know.
        costs: `Costs(...)` or (cost of a false alarm, cost of a missed positive) if
            they set the threshold, else None.
        training: How networks were trained: the network's name, None for a model of
            the user's, and the `TrainingSettings`.

    Example:
        >>> import equipoise as eq
        >>> from equipoise.table.generators import gaussian_shift
        >>> known = gaussian_shift(rows=300, positives=60, seed=1)
        >>> arms = ["prior", "logistic"]
        >>> trial = eq.compare(
        ...     known.table, strategies=arms, network="small", folds=2, repeats=1
        ... )
        >>> trial.names
        ('logistic', 'plain', 'prior')
        >>> print(trial["prior"].evaluation["roc_auc"].value)
        0.5
        >>> trial.conclusion.arms["logistic"].outcome
        'cannot tell'
    """

    facts: Mapping[str, Any]
    protocol: Protocol
    strategies: tuple[Strategy, ...]
    results: CrossValidated
    scores: Scores
    conclusion: Verdict
    diagnosis: Diagnosis
    held_out: HeldOut | None = None
    objective: str = "f1"
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    costs: Costs | tuple[float, float] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Arm:
        """Return what the trial says about one arm.

        Args:
            name: An arm's name, as in `names`.

        Raises:
            InputError: No arm has that name.
        """
        return self.results[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The arms from the highest average precision to the lowest."""

        def key(name: str) -> float:
            value = self.results.arms[name].evaluation["average_precision"].value
            return -value if value == value else float("inf")

        return tuple(sorted(self.results.arms, key=key))

    @property
    def failed(self) -> Mapping[str, str]:
        """By arm that gave no scores, why; no other attribute knows such an arm."""
        return self.scores.failed

    @property
    def test(self) -> Mapping[str, Evaluation]:
        """By arm, the evaluation on the separate test file; empty without one."""
        return {} if self.held_out is None else self.held_out.evaluations

    @property
    def best(self) -> Strategy:
        """The strategy to take: the first, or `plain` where nothing beats it."""
        by_name = {strategy.name: strategy for strategy in self.strategies}
        return by_name[self.conclusion.best]

    @property
    def verdict(self) -> str:
        """What the trial can say, in one or two sentences."""
        return self.conclusion.sentence

    def frame(self, library: str | None = None) -> Any:
        """Return the leaderboard as a data frame, one row per arm.

        If an arm failed, its row holds its name, the reason in the column "failed",
        and nothing else.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).

        Raises:
            MissingExtraError: The library is not installed.
        """
        rows = [_row(self, name) for name in self.names]
        if self.failed:
            empty = dict.fromkeys(rows[0])
            rows = [{**row, "failed": None} for row in rows]
            rows += [
                {**empty, "strategy": name, "failed": reason}
                for name, reason in self.failed.items()
            ]
        return make_frame(rows, library)

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data, ready for JSON."""
        return {
            "task": "binary",
            "source": self.facts["source"],
            "target": self.facts["target"],
            "positive_class": self.facts["positive_class"],
            "rows": self.facts["rows"],
            "positives": self.facts["positives"],
            "positive_cases": self.facts["positive_cases"],
            "prevalence": self.facts["prevalence"],
            "seed": self.protocol.seed,
            "splits": {
                "folds": self.protocol.folds,
                "repeats": self.scores.repeats,
                "by": self.protocol.by,
                "duplicates": self.protocol.duplicates,
                "stop_share": self.protocol.stop_share,
            },
            "training": {
                **self.training,
                "groups": [list(sizes) for sizes in self.scores.groups],
            },
            "estimand": self.results.estimand,
            "objective": self.objective,
            "strategies": [self._arm(name) for name in self.names],
            "failed": dict(self.failed),
            "best": self.conclusion.best,
            "best_average_precision": self.results.best.estimate.as_dict(),
            "verdict": self.verdict,
            "detectable_difference": self.conclusion.detectable_difference,
            "margin": self.conclusion.margin,
            "margin_basis": self.conclusion.margin_basis,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "diagnosis": self.diagnosis.to_dict(),
        }

    def _arm(self, name: str) -> dict[str, Any]:
        arm = self.results[name]
        strategy = next(s for s in self.strategies if s.name == name)
        metrics = {m: _interval(arm.evaluation[m]) for m in HEADLINE}
        data = {
            "name": name,
            "description": strategy.describe(),
            **metrics,
            "seconds": self.scores.seconds[name],
            "updates": self.scores.updates[name],
            "difference_to_plain": {
                metric: _interval(estimate)
                for metric, estimate in arm.differences.items()
            },
            "finding": self.conclusion.arms[name].as_dict()
            if name in self.conclusion.arms
            else None,
            "threshold": arm.evaluation.threshold,
            "lower": arm.evaluation.lower,
            "threshold_range": _pair(arm.evaluation.threshold_range),
            "confusion": None
            if arm.evaluation.confusion is None
            else arm.evaluation.confusion.as_dict(),
            "decision": {
                m: _interval(arm.evaluation[m]) for m in DECISION if m in arm.evaluation
            },
            "strategy": strategy.to_dict(),
        }
        if name in self.scores.blends:
            data["weights"] = dict(self.scores.blends[name])
        if self.held_out is not None:
            data["test"] = self.held_out.as_dict(name)
        return data

    def write(self, folder: str | Path) -> list[Path]:
        """Write `comparison.json` and `report.html` into a folder.

        The folder is made where it is absent.

        Args:
            folder: Where the files are written.

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
        """Return all that a report shows, as plain data: aggregates and no rows."""
        from equipoise.report.summary import summarise

        return summarise(self)

    def report(self) -> str:
        """Return one standalone HTML page: the verdict, the evidence, a threshold."""
        from equipoise.report.page import render

        return render(self.summary())

    def to_tensorboard(self, folder: str | Path) -> Path:
        """Write TensorBoard runs, one per strategy, into a new folder.

        Hyper-parameters, every metric with its interval, and precision-recall
        curves; needs the extra [tensorboard]. See `report.tracking.tensorboard`.
        """
        from equipoise.report.tracking.tensorboard import to_tensorboard

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
        from equipoise.report.tracking.mlflow import to_mlflow

        return to_mlflow(self, experiment, uri=uri)

    def __repr__(self) -> str:
        arms = ", ".join(strategy.name for strategy in self.strategies)
        return f"<Trial of {arms} on {self.facts['rows']:,} rows; {self.verdict}>"

    def screen(self) -> RenderableType:
        """Return one screen for a terminal."""
        from equipoise.report.terminal import screen

        return screen(self)

    def __str__(self) -> str:
        from equipoise.report.terminal import lines

        shown = (line for line, _ in lines(self, display_width()))
        return "\n".join(shown).rstrip("\n")


def _interval(estimate: Estimate) -> dict[str, Any]:
    data: dict[str, Any] = {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
    }
    return {**data, "reason": estimate.reason} if estimate.reason else data


def _pair(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [*ends]


def _row(trial: Trial, name: str) -> dict[str, Any]:
    arm = trial.results[name]
    row: dict[str, Any] = {"strategy": name}
    for metric in (*HEADLINE, "log_loss", *DECISION):
        if metric in arm.evaluation:
            estimate = arm.evaluation[metric]
            row[metric] = estimate.value
            row[f"{metric}_low"], row[f"{metric}_high"] = estimate.low, estimate.high
    row["threshold"] = arm.evaluation.threshold
    difference = arm.differences.get("average_precision")
    row["difference_to_plain"] = None if difference is None else difference.value
    row["seconds"] = trial.scores.seconds[name]
    return row
