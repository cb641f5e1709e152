# SPDX-License-Identifier: Apache-2.0
"""A search whose candidates Optuna proposes, one after the other, for each part."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise._core.extras import require_extra
from equipoise._core.options import Number, SearchRange
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray
from equipoise.errors import TrainingError
from equipoise.jobs import Job, Learner
from equipoise.learners.tuned.candidates import JudgedRows
from equipoise.learners.tuned.halving import SearchedPart
from equipoise.learners.tuned.inner import inner_job
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table

FIRST_TRIALS = 5
"""Candidates that are drawn at random, and never given up, before the others."""


def require_optuna() -> None:
    """Raise if Optuna is not installed.

    Raises:
        MissingExtraError: It is not; the message names the command.
    """
    require_extra("tune", ("optuna",), "a search over a learner without networks")


@dataclass(eq=False)
class Proposals:
    """The candidates of one part, as Optuna proposes them.

    Attributes:
        tuned: What is searched.
        part: The training part.
        values: The options of candidates 1, 2 and so on.
        scores: By candidate that was fitted on all folds, `[judged rows, width]`.
    """

    tuned: Tuned
    part: SearchedPart
    values: list[dict[str, Number]] = field(default_factory=list)
    scores: dict[int, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import optuna

        seed = derive(self.part.job.seed, "optuna") % 2**31
        self._study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=FIRST_TRIALS, multivariate=False
            ),
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=FIRST_TRIALS, n_warmup_steps=0
            ),
        )

    def ask(self) -> Any:
        """Return the next trial, with its values noted."""
        trial = self._study.ask()
        settings = self.tuned.base.parts.settings
        self.values.append(
            {
                name: _suggested(
                    trial, name, range_, name in settings and settings[name].whole
                )
                for name, range_ in self.tuned.space
            }
        )
        return trial

    def given_up(self, trial: Any) -> None:
        """Take that a candidate lags behind, or could not be fitted."""
        import optuna

        self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)

    def take(self, trial: Any, loss: float) -> None:
        """Take the loss of a candidate that was fitted on all folds."""
        self._study.tell(trial, loss)


def proposed_scores(
    table: Table,
    parts: Sequence[SearchedPart],
    tuned: Tuned,
    learner: Learner,
    report: Callable[[int, int], None],
) -> list[Proposals]:
    """Fit the candidates of every part, one candidate of all parts after the other.

    Args:
        table: The rows that the parts index.
        parts: The training parts.
        tuned: What is searched.
        learner: Who fits.
        report: Called with the number of candidates that are done, and of all.

    Returns:
        For each part its candidates and the scores of those that were fitted on all
        folds; 0 is the strategy as it is.
    """
    require_optuna()
    with _quiet():
        studies = [Proposals(tuned, part) for part in parts]
        nobody = [None] * len(parts)
        _fit_all(table, studies, [tuned.default] * len(parts), nobody, learner)
        for number in range(tuned.trials):
            trials = [study.ask() for study in studies]
            candidates = [tuned.candidate(study.values[-1]) for study in studies]
            _fit_all(table, studies, candidates, trials, learner)
            report(number + 1, tuned.trials)
    return studies


def _fit_all(
    table: Table,
    studies: Sequence[Proposals],
    candidates: Sequence[Strategy],
    trials: Sequence[Any],
    learner: Learner,
) -> None:
    """Fit a candidate of each part on its folds; give up those that lag behind."""
    open_ones = dict(enumerate(studies))
    scores: dict[int, list[FloatArray]] = {place: [] for place in open_ones}
    losses: dict[int, list[float]] = {place: [] for place in open_ones}
    for fold in range(len(studies[0].part.folds)):
        jobs = {
            place: inner_job(
                candidates[place],
                study.part.job,
                study.part.folds[fold],
                place * len(study.part.folds) + fold,
            )
            for place, study in open_ones.items()
        }
        for place, log_odds in _fitted(table, jobs, learner, trials).items():
            study, trial = studies[place], trials[place]
            if log_odds is None:
                study.given_up(trial)
                del open_ones[place]
                continue
            scores[place].append(log_odds)
            if trial is None:
                continue
            losses[place].append(
                _fold_loss(table, study, candidates[place], fold, log_odds)
            )
            trial.report(float(np.mean(losses[place])), fold)
            last = fold == len(study.part.folds) - 1
            if not last and trial.should_prune():
                study.given_up(trial)
                del open_ones[place]
    for place, study in open_ones.items():
        whole = np.concatenate(scores[place])
        number = 0 if trials[place] is None else len(study.values)
        study.scores[number] = whole
        if trials[place] is not None:
            study.take(trials[place], float(np.mean(losses[place])))


def _fitted(
    table: Table,
    jobs: Mapping[int, Job],
    learner: Learner,
    trials: Sequence[Any],
) -> dict[int, FloatArray | None]:
    """Return the scores of each job; None of a candidate that could not be trained."""
    result: dict[int, FloatArray | None] = {}
    for place, job in jobs.items():
        try:
            (outcome,) = learner.run(table, [job])
        except TrainingError:
            if trials[place] is None:  # the strategy as it is
                raise
            result[place] = None
            continue
        result[place] = outcome.log_odds
    return result


def _fold_loss(
    table: Table, study: Proposals, candidate: Strategy, fold: int, scores: FloatArray
) -> float:
    rows, job = study.part.folds[fold].scored, study.part.job
    judged = JudgedRows(
        np.asarray(table.labels()[rows]),
        table.task,
        None if job.row_weights is None else job.weights(rows),
    )
    return judged.mean(judged.losses(scores, study.part.correction(candidate)))


def _suggested(trial: Any, name: str, range_: SearchRange, whole: bool) -> Number:
    if range_.values:
        value: Number = trial.suggest_categorical(name, list(range_.values))
        return value
    if whole:
        low, high = round(range_.low), round(range_.high)
        number: Number = trial.suggest_int(name, low, high, log=range_.log)
        return number
    return float(
        f"{trial.suggest_float(name, range_.low, range_.high, log=range_.log):.3g}"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's lines about each study and trial off the screen."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
