# SPDX-License-Identifier: Apache-2.0
"""A remedy as a record of names and numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise._core.options import Number, Options, defaults_of
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, InputTypeError, printable
from equipoise.losses.records import LossRecord
from equipoise.priors import Correction, Link
from equipoise.sampling.by_group import KEY, ByGroup
from equipoise.sampling.named import NamedShares, as_parts
from equipoise.sampling.sampler import Sampler
from equipoise.strategies import wording
from equipoise.strategies.citations import bibtex
from equipoise.strategies.corrections import correction, weighs_rows
from equipoise.strategies.learner_records import LEARNERS, LearnerRecord
from equipoise.strategies.parts import Parts, resolve
from equipoise.strategies.validation import require_compatible
from equipoise.synthesis.synthesis import Synthesis
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.weights.by_class import NumbersByClass
from equipoise.weights.named import NamedWeights


@dataclass(frozen=True, repr=False)
class Strategy:
    """What is done about the imbalance: a frozen, printable, hashable record.

    A strategy holds names and numbers only. `describe` says what it does,
    `correction` how its scores become the population's probabilities, `citation`
    whose ideas it uses.

    Attributes:
        name: Its name in leaderboards; derived from the rest if empty.
        learner: Who learns: "network", "trees", "extra_trees", "tree", "logistic",
            "lightgbm", "xgboost", "catboost" or "prior", or a detector
            ("isolation_forest", "autoencoder", "deep_sad", "dev_net"); an average of
            strategies, such as `auto`, has "blend".
        sampling: Which examples are drawn into a batch, see
            `equipoise.sampling.sampler_names`; or the share of every batch by the names
            of classes, such as `{"POX": 0.2}`, the others sharing out the rest in their
            natural ratios (of labels, quotas: see `equipoise.sampling.Proportions`); or
            a sampler such as `Quotas(0.3)`, whose name and options are kept; or
            `ByGroup("site")` for the groups of a column. Learners without batches are
            given rows that are drawn once.
        synthesis: What is put between examples: None, "smote" or "mixup".
        weights: How much each example counts: None, a name of
            `equipoise.weights.scheme_names`, or weights by the names of classes or
            labels, such as `{"POX": 20}`; those without a name count 1.
        loss: What is minimised, see `equipoise.losses.loss_names`.
        plan: None for one model; "bagging" for the average of models that each
            have their own bootstrap sample, or, if another sampling is named,
            their own draws of that; "under_bagging" for the average of models that
            each have all positives and their own part of the negatives; or an
            ensemble that is made round after round: "easy_ensemble",
            "balance_cascade", "self_paced", "adaboost", "rusboost", "smoteboost".
        options: The numbers of these parts by name, for example `{"gamma": 2.0}`;
            stored as a sorted tuple of pairs. With the learner "network" also
            `learning_rate`, the step size of Adam, `weight_decay`, `dropout`, and the
            `width` and `depth` of the hidden layers; without them the network's own;
            and `deferred`, the share of the epochs, at most, before class weights
            count.

    Raises:
        InputTypeError: A value has the wrong type.
        InputError: A name is unknown, an option belongs to no part in use or is
            out of range, or two parts contradict each other.
        UnsupportedError: The learner does not support a part.

    Example:
        >>> mine = Strategy(weights="effective_number", loss="focal",
        ...                 options={"gamma": 1.0})
        >>> mine
        Strategy('effective_number+focal', weights='effective_number', loss='focal',
        gamma=1.0)
        >>> mine.correction([900, 100]).kind
        'focal'
        >>> Strategy("slow", weights="sqrt", options={"learning_rate": 3e-4})
        Strategy('slow', weights='sqrt', learning_rate=0.0003)
        >>> Strategy("heavy", weights={"POX": 20, "ERL": 5})
        Strategy('heavy', weights={'ERL': 5.0, 'POX': 20.0})
        >>> Strategy("more", sampling={"POX": 0.2})
        Strategy('more', sampling={'POX': 0.2})
    """

    name: str = ""
    learner: str = "network"
    sampling: str | Mapping[Any, float] | NamedShares | ByGroup | Sampler = "natural"
    synthesis: str | None = None
    weights: str | Mapping[Any, float] | NamedWeights | None = None
    loss: str = "cross_entropy"
    plan: str | None = None
    options: Options | Iterable[tuple[str, Number]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _pairs(self.options))
        if isinstance(self.sampling, Sampler):
            self._keep_sampler(self.sampling)
        if isinstance(self.sampling, Mapping):
            object.__setattr__(self, "sampling", _read_sampling(self.sampling))
        if isinstance(self.weights, Mapping):
            object.__setattr__(self, "weights", NamedWeights.read(self.weights))
        require_compatible(self.parts)
        if not isinstance(self.name, str):
            raise InputTypeError(sentence(f"name={self.name!r}", "a string"))
        if printable(self.name, lines=False) != self.name:
            raise InputError(
                sentence(
                    f"name={self.name!r}",
                    "a name without control or zero-width characters",
                )
            )
        name = self.name or wording.derived_name(self.parts)
        object.__setattr__(self, "name", name)

    def _keep_sampler(self, sampler: Sampler) -> None:
        """Keep the name and the options of a sampler in its place."""
        name, options = as_parts(sampler)
        for option, value in {**defaults_of(sampler.settings()), **options}.items():
            if self.settings.get(option, value) != value:
                raise InputError(
                    sentence(
                        f"{option}={self.settings[option]!r} with sampling={sampler!r}",
                        "an option once",
                    )
                )
        object.__setattr__(self, "sampling", name)
        object.__setattr__(self, "options", _pairs({**self.settings, **options}))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields; whoever reads them looks the parts up again."""
        return {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }

    def __repr__(self) -> str:
        parts = [repr(self.name)]
        parts += [
            f"{field.name}={value!r}"
            for field in dataclasses.fields(self)
            if field.name not in ("name", "options")
            and (value := getattr(self, field.name)) != field.default
        ]
        parts += [f"{name}={value!r}" for name, value in self.settings.items()]
        return f"Strategy({', '.join(parts)})"

    # ---- the parts

    @property
    def learner_record(self) -> LearnerRecord:
        """What is known of the learner without loading it."""
        return LEARNERS[one_of(self.learner, LEARNERS, "learner")]

    @cached_property
    def parts(self) -> Parts:
        """The records behind the names, looked up once."""
        return resolve(
            self.learner_record,
            sampling=cast("str | NamedShares | ByGroup", self.sampling),
            synthesis=self.synthesis,
            weights=self._weights,
            loss=self.loss,
            plan=self.plan,
            options=self.settings,
        )

    @property
    def _weights(self) -> str | NamedWeights | None:
        """The weights, once those by name have been read."""
        return cast("str | NamedWeights | None", self.weights)

    def with_classes(self, task: Task) -> Self:
        """Return the strategy for a table: weights and shares by name know its classes.

        `compare` and `fit` call it. A strategy without weights or shares by name is
        returned as it is.

        Args:
            task: The table's.

        Raises:
            InputError: There is a weight or a share of a class that the table does not
                have, or shares that do not sum to 1 for all its classes.

        Example:
            >>> from equipoise.task import Task
            >>> heavy = Strategy(weights={"POX": 20})
            >>> heavy = heavy.with_classes(Task("multiclass", ("CYT", "MIT", "POX")))
            >>> heavy.class_weights([60, 38, 2]).round(2).tolist()
            [0.72, 0.72, 14.49]
        """
        named: dict[str, Any] = {
            part: value.of(task)
            for part in ("sampling", "weights")
            if isinstance(value := getattr(self, part), NumbersByClass)
        }
        return dataclasses.replace(self, **named) if named else self

    def with_table(self, table: Table) -> Self:
        """Return the strategy for the rows of a trial: `with_classes`, and the groups.

        `compare` and `fit` call it.

        Args:
            table: The rows.

        Raises:
            InputError: As `with_classes`; or rows are to be drawn by a column that the
                table does not have, or by shares of groups that it does not have.
        """
        bound = self.with_classes(table.task)
        if not isinstance(bound.sampling, ByGroup):
            return bound
        return dataclasses.replace(bound, sampling=bound.sampling.of(table))

    def with_store(self, task: Task, columns: Sequence[str], group: str | None) -> Self:
        """Return the strategy for rows that are larger than memory: `with_classes`.

        Args:
            task: That of the rows.
            columns: The features, which are all that is stored of a row.
            group: The column of `group=`, or None.

        Raises:
            InputError: As `with_classes`; or rows are to be drawn by a column that is
                not stored, or by shares of groups, whose names are not.
        """
        for by_group in self.draws_by:
            by_group.require_stored(columns, group)
        return self.with_classes(task)

    def drawing(self, table: Table, rows: npt.ArrayLike) -> Self:
        """Return the strategy with the groups of its training rows, if it draws by any.

        Args:
            table: All rows.
            rows: Positions of the training rows.

        Raises:
            InputError: The table has no such groups.
        """
        if not isinstance(self.sampling, ByGroup):
            return self
        return dataclasses.replace(self, sampling=self.sampling.drawing(table, rows))

    @property
    def draw_notes(self) -> tuple[str, ...]:
        """What the user should know of the draws by groups, after `drawing`."""
        by_group = self.parts.by_group
        return () if by_group is None else by_group.sampler().notes

    @property
    def idle_draws(self) -> tuple[str, ...]:
        """What has no effect in the draws by groups, after `drawing`."""
        by_group = self.parts.by_group
        return () if by_group is None else by_group.sampler().idle

    @property
    def draws_by(self) -> tuple[ByGroup, ...]:
        """By which groups its rows are drawn: one at most, more in an average."""
        return (self.sampling,) if isinstance(self.sampling, ByGroup) else ()

    @property
    def resamples(self) -> bool:
        """Whether a sampler object makes the rows that it learns from."""
        return False

    @property
    def settings(self) -> dict[str, Number]:
        """The options that differ from the defaults or were named, by name."""
        return dict(_pairs(self.options))

    def option(self, name: str, default: Number = None) -> Number:
        """Return an option: as set, else the part's own default, else `default`.

        Args:
            name: The option's name.
            default: What to return if no part in use has such an option.

        Example:
            >>> Strategy(loss="focal").option("gamma")
            2.0
        """
        return self.parts.options.get(name, default)

    @property
    def defaults(self) -> dict[str, Number]:
        """The options of all parts in use, with the parts' own defaults."""
        return defaults_of(self.parts.settings)

    @property
    def loss_record(self) -> LossRecord:
        """What is known of the loss without TensorFlow."""
        return self.parts.loss

    @property
    def members(self) -> int:
        """How many models there are, at most; 1 without a plan."""
        return self.parts.members

    def sampler(self) -> Sampler:
        """Return the sampler, with its options set.

        Example:
            >>> Strategy(sampling="rate", options={"rate": 0.1}).sampler()
            Rate(rate=0.1)
        """
        return self.parts.sampler()

    def synthesizer(self) -> Synthesis | None:
        """Return the synthesis, with its options set; None without one."""
        return self.parts.synthesis()

    @property
    def takes_new_rows(self) -> bool:
        """Whether others may take the place of its training rows between epochs.

        Not if rows are made of others, as by SMOTE, which are neighbours; nor if they
        are drawn by groups, of which others come from other ones.
        """
        return self.synthesizer() is None and not self.draws_by

    def class_weights(self, totals: npt.ArrayLike) -> FloatArray:
        """Return how much an example of each class counts.

        An example between two classes, with target t, counts w0 + t (w1 - w0), and
        one between several the sum of t_c w_c.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight: (negatives, positives) for two classes; or `[labels, 2]`
                without and with each label.

        Returns:
            Shaped as the totals, with mean 1 over the training rows, for each label if
            they are labels; ones without weights, and for a class of several, or a
            label, that is absent.

        Raises:
            InputError: A class is empty.

        Example:
            >>> Strategy(weights="balanced").class_weights([90, 10]).tolist()
            [0.5555555555555556, 5.0]
        """
        return self.parts.class_weights(totals)

    def drawn_prior(self, totals: npt.ArrayLike) -> FloatArray:
        """Return the share of each class among the drawn examples.

        If rows have weights, examples are weighted until this is also the share
        of the weight that positives have. A sampler counts whole rows; to round its
        counts changes what a network is shown, and its correction with it. Labels
        have their natural shares, since their rows are weighted until they stand for
        all rows: see `importance`.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight: (negatives, positives) for two classes; or `[labels, 2]`
                without and with each label.

        Returns:
            Shaped as the totals; 0 for an absent class.

        Example:
            >>> Strategy().drawn_prior([89.7, 10.2]).tolist()
            [0.9, 0.1]
        """
        return self.parts.drawn_prior(totals)

    def importance(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> FloatArray | None:
        """Return weights that make a loss over drawn rows that over all rows.

        Whoever draws the rows of a label matrix changes the share of every label, by
        an amount that depends on the row's other labels, so that no shift of each
        label's log-odds leads back (they are wrong by up to .33). One over the rate at
        which each row is drawn does: the correction has nothing left to undo. Rows
        that are drawn by groups weigh so if `ByGroup(weighted=True)` asks for it.

        Args:
            labels: `[rows, labels]` of the training rows: 1, 0, and NaN or -1 if a
                label is not known; or `[rows]` class numbers.
            classes: How many labels there are.

        Returns:
            `[rows]` above 0, their mean over the drawn rows 1; None if there is nothing
            to weigh: the rows have classes, are drawn as often as they occur, or are
            not drawn at all.

        Example:
            >>> labels = [[1, 0], [1, 0], [1, 0], [1, 1]]
            >>> Strategy(sampling="balanced").importance(labels).tolist()
            [1.5, 1.5, 1.5, 0.5]
            >>> Strategy().importance(labels) is None
            True
        """
        kind = "multilabel" if np.ndim(labels) == 2 else "multiclass"
        if not weighs_rows(self.parts, kind):
            return None
        return self.sampler().importance(labels, classes)

    def loss_options(self, totals: npt.ArrayLike) -> dict[str, Any]:
        """Return all keyword arguments of the loss' function.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight: (negatives, positives) for two classes; or `[labels, 2]`
                without and with each label.

        Returns:
            Numbers by name. "prior" is the share of positives of two classes; of
            several classes `[classes]` their shares, and of labels `[labels]` the
            share with each, as tuples.

        Example:
            >>> Strategy(loss="logit_adjusted").loss_options([900, 100])
            {'tau': 1.0, 'prior': 0.1}
        """
        return self.parts.loss_options(totals)

    # ---- what it means

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return how raw logits become the population's log-odds.

        The shifts of class weights, of drawing at another prior, and of the loss
        add up. Each member of a plan has the same correction. The score of class c is
        shifted by -log w_c - log r_c, where w_c is its weight and r_c the rate at which
        it is drawn; that of a label by -log(w_1 / w_0), once its rows are weighted by
        `importance`.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight: (negatives, positives) for two classes; or `[labels, 2]`
                without and with each label.
            link: "softmax" for one score per class, also of two classes; by default two
                classes have one score.

        Returns:
            Its offset is `[width]`: one number for two classes, one for each of several
            classes or labels. An absent class is shifted as the first that is present.

        Raises:
            InputError: One of two classes is empty.
            UnsupportedError: The loss has no correction for so many classes.

        Example:
            >>> correction = Strategy(weights="balanced").correction([900, 100])
            >>> [round(offset, 3) for offset in correction.offset]
            [-2.197]
            >>> correction = Strategy(weights="balanced").correction([60, 30, 10])
            >>> [round(offset, 3) for offset in correction.offset]
            [0.0, -0.693, -1.792]
        """
        return correction(self.parts, totals, link)

    def describe(self, totals: npt.ArrayLike | None = None) -> str:
        """Return one sentence that says what it does.

        Args:
            totals: `[classes]` the number of training rows of each class, or
                `[labels, 2]` without and with each label, with which weights and
                correction are given in numbers; or None.

        Example:
            >>> print(Strategy(loss="focal").describe())
            A network on batches drawn at their natural frequency, minimising the
            focal loss at gamma 2; scores return to probabilities through the focal
            loss' closed form.
        """
        return wording.description(self.parts, totals)

    def citation(self) -> str:
        """Return the sources of exactly the methods in use, as BibTeX.

        Empty if nothing is used that has a source of its own.

        Example:
            >>> print(Strategy(loss="focal").citation().splitlines()[0])
            @inproceedings{lin2017,
        """
        return bibtex(self.parts.citations)

    # ---- plain data

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data.

        Example:
            >>> Strategy(loss="focal").to_dict()["loss"]
            'focal'
        """
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for part in ("sampling", "weights"):
            if isinstance(values[part], NumbersByClass | ByGroup):
                values[part] = values[part].to_dict()
        return {**values, "options": self.settings}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Strategy:
        """Rebuild a strategy from `to_dict`; fields may be absent.

        Args:
            values: What `to_dict` gave.

        Raises:
            InputError: A field is unknown, or a value is not accepted.

        Example:
            >>> Strategy.from_dict({"weights": "sqrt"}).name
            'sqrt'
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in fields:
                raise InputError(
                    sentence(
                        f"the field {name!r} of a strategy",
                        listing(fields, 20),
                        nearest(str(name), fields),
                    )
                )
        return cls(**values)


def _read_sampling(values: Mapping[Any, Any]) -> NamedShares | ByGroup:
    """Return shares of classes, or groups, from a mapping."""
    if isinstance(values.get(KEY), Mapping):
        return ByGroup.read(values)
    return NamedShares.read(values)


def _pairs(
    options: Options | Iterable[tuple[str, Number]],
) -> tuple[tuple[str, Number], ...]:
    """Return options as pairs sorted by name; NumPy scalars become plain ones."""
    try:
        values = dict(options)
    except (TypeError, ValueError):
        raise InputTypeError(
            sentence(f"options={options!r}", "a mapping of names to numbers")
        ) from None
    for name, value in values.items():
        # NumPy's scalars compare equal to plain ones but do not write as JSON
        plain: Any = value.item() if isinstance(value, np.generic) else value
        if not isinstance(name, str) or not isinstance(plain, Number):
            raise InputTypeError(
                sentence(
                    f"the option {name!r}={value!r}",
                    "a name and a number, a string, True, False or None",
                )
            )
        values[name] = plain
    return tuple(sorted(values.items()))
