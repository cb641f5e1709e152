# SPDX-License-Identifier: Apache-2.0
"""The learner of plans that go by rounds.

All jobs advance together: a round is one run of the learner that the ensembles are
made of, with one job for each model that any of them asks for. So the networks of a
round are one program, whatever the number of splits and strategies.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.errors import UnsupportedError
from equipoise.jobs import Job, Learner, Outcome, Progress, RowSupply, Scorer
from equipoise.learners.rounds.combining import class_shares, finished, terms
from equipoise.learners.rounds.fits import Algorithm, Fit, RoundRows, Rounds
from equipoise.learners.rounds.made import table_with
from equipoise.learners.rounds.scorer import ensemble
from equipoise.learners.rounds.tree_sum import as_forest
from equipoise.priors import Correction, Link
from equipoise.strategies.by_task import absence_notes, require_enough, require_task
from equipoise.strategies.corrections import no_correction
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table, concatenate
from equipoise.training.settings import TrainingSettings
from equipoise.weights.scheme import check_totals

MOST_NOTES = 5
"""So many different notes of the models of an ensemble are passed on."""


@dataclass(frozen=True, eq=False)
class RoundsLearner:
    """Makes ensembles round after round, of models of another learner.

    Attributes:
        base: Who learns in each round.
        supply: Rows on disk, of which each model has a part of its own if its plan
            says so; None for none.
        ends_together: Whether no outcome comes before the last job is done: who wants
            each as soon as it can be had runs one job after the other.
    """

    base: Any
    supply: RowSupply | None = None
    ends_together: ClassVar[bool] = True

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        An ensemble learns from the training and the stop rows of a job: the model of a
        round is given both, those of them that the plan has chosen for it, and what it
        says of all of them makes the next round. `Outcome.updates` adds up over the
        models, `Outcome.best_epoch` counts those that are kept.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted model.
            progress: Called in each round.

        Raises:
            InputError: A training part lacks a class.
            UnsupportedError: A plan does not serve the target; or the models are to be
                kept and are networks of the user's own.
        """
        for job in jobs:
            require_task(job.strategy, table.task)
            if keep:
                self._require_kept(job.strategy)
        parts: dict[int, Encoding] = {}
        chains = [Chain.of(table, job, parts, keep) for job in jobs]
        started = time.monotonic()
        number = 0
        while any(chain.asked for chain in chains):
            self._round(table, [chain for chain in chains if chain.asked], progress)
            number += 1
            if progress is not None:
                going = sum(bool(chain.asked) for chain in chains)
                text = f"round {number}: {going} of {len(chains)} ensembles left"
                progress(text, 1 - going / len(chains) if going else 1.0)
        total = sum(chain.seconds for chain in chains)
        spent = time.monotonic() - started
        for chain in chains:
            share = chain.seconds / total if total else 1 / len(chains)
            yield chain.outcome(spent * share)

    def _require_kept(self, strategy: Strategy) -> None:
        if hasattr(self.base, "x"):
            raise UnsupportedError(
                sentence(
                    f"the strategy {strategy.name!r} with a model of your own, to be "
                    "kept",
                    "strategies without rounds",
                    "compare() serves it; fit() keeps what can be saved.",
                )
            )

    def _round(
        self, table: Table, chains: Sequence[Chain], progress: Progress | None
    ) -> None:
        """Fit what the ensembles ask for, and tell them what it says of their rows."""
        asked = [(chain, fit) for chain in chains for fit in chain.asked]
        outcomes: dict[int, Outcome] = {}
        by_limit: dict[int | None, list[int]] = {}
        for place, (chain, fit) in enumerate(asked):
            supply = self._supply_of(table, chain)
            if supply is not None and fit.part is not None:
                rows, job = chain.job_with_part(supply, fit, fit.part)
                (outcomes[place],) = self._learner(chain.epochs).run(
                    rows, [job], keep=chain.keep
                )
            elif fit.made is not None and len(fit.made.first):
                rows, job = chain.job_with_made(table, fit)
                (outcomes[place],) = self._learner(chain.epochs).run(
                    rows, [job], keep=chain.keep
                )
            else:
                by_limit.setdefault(chain.epochs, []).append(place)
        for epochs, places in by_limit.items():
            jobs = [asked[place][0].job(asked[place][1]) for place in places]
            keep = any(asked[place][0].keep for place in places)
            run = self._learner(epochs).run(table, jobs, keep=keep, progress=None)
            outcomes.update(zip(places, run, strict=True))
        for place, (chain, fit) in enumerate(asked):
            chain.tell(fit, outcomes.pop(place))
        for chain in chains:
            chain.advance()

    def _supply_of(self, table: Table, chain: Chain) -> RowSupply | None:
        """Return what replaces rows of the table; None if it may not, or is none."""
        supply = self.supply
        if supply is None or supply.table is not table:
            return None
        return supply if chain.whole.row_weights is None else None

    def _learner(self, epochs: int | None) -> Learner:
        """Return the learner of a round; networks have so many epochs at most."""
        base: Any = self.base
        if epochs is None:
            learner: Learner = base
            return learner
        settings = base.settings or TrainingSettings()
        limited = dataclasses.replace(settings, epochs=min(epochs, settings.epochs))
        learner = dataclasses.replace(base, settings=limited)
        return learner


@dataclass(eq=False)
class Chain:
    """One ensemble in the making.

    Attributes:
        job: The job.
        strategy: What is done in each round: the job's strategy without its plan.
        places: `[rows]` positions in the table of the rows that it learns from.
        algorithm: Says what each round learns from.
        table: All rows.
        keep: Whether the models are kept.
        encoding: What the columns are encoded by; None if there are none.
        epochs: The limit of each round's networks, or None.
        asked: What the next round fits; nothing at the end.
        seconds: What the fits took.
    """

    whole: Job
    strategy: Strategy
    places: IntArray
    algorithm: Algorithm
    table: Table
    keep: bool
    encoding: Encoding | None
    epochs: int | None
    asked: list[Fit] = field(default_factory=list)
    seconds: float = 0.0
    updates: int = 0
    fitted: list[tuple[Fit, Scorer | None]] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    groups: tuple[int, ...] = ()
    _total: Any = 0.0
    _counted: float = 0.0
    _models: int = 0
    _said: list[tuple[Fit, FloatArray, FloatArray]] = field(default_factory=list)
    _rounds: Rounds | None = None

    @classmethod
    def of(
        cls, table: Table, job: Job, parts: dict[int, Encoding], keep: bool
    ) -> Chain:
        """Start an ensemble.

        Args:
            table: All rows.
            job: What is to be fitted.
            parts: The encodings of parts that are known; others are added.
            keep: Whether its models are kept.
        """
        task, strategy = table.task, job.strategy
        totals = job.totals(table, job.train_rows)
        if task.kind == "binary":
            check_totals(totals)
        else:
            require_enough(task, totals)
        encoding = job.encoding
        if encoding is None and table.columns:
            if job.part not in parts:
                parts[job.part] = learn_encoding(table, job.train_rows)
            encoding = parts[job.part]
        places = np.concatenate([job.train_rows, job.stop_rows]).astype(np.int64)
        teaches = np.arange(len(places)) < len(job.train_rows)
        parts_of = strategy.parts
        plan, options = parts_of.plan, parts_of.options

        def features() -> Any:
            if encoding is None:
                raise UnsupportedError(
                    sentence(
                        f"the strategy {strategy.name!r} with a model of your own",
                        "plans that make no rows",
                        "Nearest neighbours of raw arrays, as of pixels, mean little.",
                    )
                )
            encoded = encoding.transform(table, places)
            return encoded.numbers, encoded.codes

        rows = RoundRows(
            table.labels()[places].astype(np.int64),
            teaches,
            len(task.classes),
            job.weights(places),
            features,
        )
        if plan is None:
            raise UnsupportedError(
                sentence(f"the strategy {strategy.name!r}", "a plan that has rounds")
            )
        seed = derive(job.seed, "rounds", plan.name)
        algorithm: Algorithm = plan.load_rounds()(rows, options, seed)
        # Only networks have that option.
        limit = options.get("epochs") if "epochs" in plan.network_options else None
        chain = cls(
            job,
            _without_plan(strategy),
            places,
            algorithm,
            table,
            keep,
            encoding,
            None if limit is None else int(limit),
        )
        chain._rounds = algorithm.rounds()
        chain.asked = next(chain._rounds, [])
        return chain

    # ---- a round

    def job(self, fit: Fit) -> Job:
        """Return the job of one model."""
        train, stop = self._sides(fit)
        weights = self.whole.row_weights
        if fit.weights is not None:
            weights = np.ones(len(self.table))
            weights[self.places[fit.places]] = fit.weights
        return Job(
            self.strategy,
            train,
            stop,
            np.concatenate([self.places, self.whole.scored_rows]),
            self._seed(fit),
            self.whole.part,
            weights,
            encoding=self.encoding,
        )

    def job_with_made(self, table: Table, fit: Fit) -> tuple[Table, Job]:
        """Return a table with the rows made for one model, and its job there."""
        made = fit.made
        if made is None or self.encoding is None:
            raise UnsupportedError(
                sentence("rows made of raw arrays", "rows with columns")
            )
        job = self.job(fit)
        categories = [category.column for category in self.encoding.categories]
        rows, extra = table_with(
            table, self.places, made, self.whole.train_rows, categories
        )
        weights = np.ones(len(table))
        if job.row_weights is not None:
            weights = job.row_weights
        return rows, dataclasses.replace(
            job,
            train_rows=np.concatenate([job.train_rows, extra]),
            row_weights=np.concatenate([weights, made.weights]),
        )

    def job_with_part(
        self, supply: RowSupply, fit: Fit, part: int
    ) -> tuple[Table, Job]:
        """Return a table with one model's part of the rows on disk, and its job there.

        Args:
            supply: Gives the part.
            fit: The model.
            part: Which of the parts it has, from 0.
        """
        job, whole = self.job(fit), self.whole
        replaced, rows = supply.shard(
            part, job.train_rows, whole.train_rows, whole.stop_rows
        )
        first = len(self.table)
        train = np.concatenate(
            [np.setdiff1d(job.train_rows, replaced), first + np.arange(len(rows))]
        )
        if self.table.groups is not None:
            rows = dataclasses.replace(rows, groups=self.table.groups[replaced])
        both = concatenate([self.table, rows])
        return both, dataclasses.replace(job, train_rows=train)

    def _sides(self, fit: Fit) -> tuple[IntArray, IntArray]:
        """Return which rows a model learns from, and by which it stops."""
        teaches = self.algorithm.rows.teaches[fit.places]
        train, stop = (
            self.places[fit.places[teaches]],
            self.places[fit.places[~teaches]],
        )
        if len(train) == len(self.whole.train_rows):
            train = self.whole.train_rows  # one object: the engine shares what it makes
        if not len(stop):
            stop = self.whole.stop_rows
        return train, stop

    def _seed(self, fit: Fit) -> int:
        place = len(self.fitted) + self.asked.index(fit)
        return derive(self.whole.seed, "rounds", place)

    def tell(self, fit: Fit, outcome: Outcome) -> None:
        """Take in what a model says.

        Args:
            fit: What was asked for.
            outcome: Of the job made of it; its rows are those to learn from, then
                those to score.
        """
        scores = outcome.log_odds
        if fit.shift is not None:
            scores = scores + fit.shift
        said = class_shares(scores)
        count = len(self.places)
        self._said.append((fit, class_shares(outcome.log_odds[:count]), said[count:]))
        self.fitted.append((fit, outcome.scorer if self.keep else None))
        self.seconds += outcome.seconds
        self.updates += outcome.updates
        self.notes.update(dict.fromkeys(outcome.notes))
        self.groups = self.groups or outcome.groups

    def advance(self) -> None:
        """Go on to the next round."""
        said, self._said = self._said, []
        rounds = self._rounds
        self.asked = []
        if rounds is None:
            return
        try:
            self.asked = rounds.send([of_rows for _, of_rows, _ in said])
        except StopIteration:
            self._rounds = None
        combination = self.algorithm.combines
        for fit, _, scored in said:
            if fit.share:
                self._total = self._total + fit.share * terms(scored, combination)
                self._counted += fit.share
                self._models += 1

    # ---- the end

    def outcome(self, seconds: float) -> Outcome:
        """Return the outcome of the job.

        Args:
            seconds: What it took.
        """
        combination = self.algorithm.combines
        task, job = self.table.task, self.whole
        scorer = None
        if self.keep:
            width = task.width
            scorer = as_forest(
                ensemble(
                    [model for _, model in self.fitted if model is not None],
                    [fit.share for fit, _ in self.fitted],
                    [
                        np.zeros(width) if fit.shift is None else fit.shift
                        for fit, _ in self.fitted
                    ],
                    combination,
                    task.link,
                )
            )
        absent = absence_notes(task, job.totals(self.table, job.train_rows))
        notes = dict.fromkeys((*self.algorithm.notes, *absent))
        notes.update(dict.fromkeys(list(self.notes)[:MOST_NOTES]))
        return Outcome(
            job,
            finished(self._total, self._counted, combination),
            seconds,
            self.updates,
            self._models,
            scorer,
            tuple(notes),
            self.groups,
        )


@dataclass(frozen=True, repr=False)
class RoundStrategy(Strategy):
    """What is done in each round: a strategy without its plan.

    The weights of the rows change from round to round, and what a model says is meant
    of the rows as they are weighted.
    """

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return the correction; of learners without a sampler there is none."""
        if self.learner_record.trains_networks:
            return super().correction(totals, link)
        return no_correction(totals, link)


def _without_plan(strategy: Strategy) -> Strategy:
    """Return what is done in each round."""
    fields = {
        each.name: getattr(strategy, each.name) for each in dataclasses.fields(Strategy)
    }
    bare = RoundStrategy(**{**fields, "plan": None, "options": ()})
    accepted = bare.parts.settings
    options = {
        name: value for name, value in strategy.settings.items() if name in accepted
    }
    return dataclasses.replace(bare, options=tuple(options.items()))
