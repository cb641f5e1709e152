# SPDX-License-Identifier: Apache-2.0
"""Exact rejection: rows of a stream are kept or thrown away as their labels pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import described, integer, listing, sentence
from equipoise._core.numerals import as_probability
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import Correction, prior_correction

_BLOCK = 1 << 12
_TOLERANCE = 1e-6
_FORMAT = 1

Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class RejectionReport:
    """What a rejection has kept, and what it has thrown away.

    Attributes:
        seen: `[classes]` rows that passed.
        kept: `[classes]` rows that were kept.
        target: `[classes]` the shares that were asked for.
        population: `[classes]` the shares of the stream, as they were declared or, if
            they were not, as they were counted.
        declared: Whether they were declared.
    """

    seen: IntArray
    kept: IntArray
    target: FloatArray
    population: FloatArray
    declared: bool

    @property
    def thrown_away(self) -> IntArray:
        """Rows of each class that were thrown away, `[classes]`."""
        return self.seen - self.kept

    @property
    def shares(self) -> FloatArray:
        """The share of each class among the rows kept; NaN if none was kept."""
        total = self.kept.sum()
        if not total:
            return np.full(len(self.kept), np.nan)
        return np.asarray(self.kept / total)

    def __str__(self) -> str:
        seen, rest = int(self.seen.sum()), int(self.thrown_away.sum())
        words = "declared" if self.declared else "counted"
        shares = ", ".join(as_probability(share, 3) for share in self.population)
        if not seen:
            return "No row has passed."
        return (
            f"{seen - rest:,} of {seen:,} rows kept, {rest:,} thrown away "
            f"({rest / seen:.1%}); by class "
            f"{', '.join(f'{n:,}' for n in self.thrown_away)}. Shares of the stream, "
            f"{words}: {shares}."
        )


class Rejection:
    """Keeps rows of a stream so that its classes have the shares that you name.

    A row of class c is kept with probability (t_c / p_c) / max_k (t_k / p_k), t being
    the target and p the shares of the stream, independent of everything else. The rows
    kept are then a random sample at the target: with n of them, the share of a class is
    within the binomial spread sqrt(t (1 - t) / n). No row is repeated. Memory is a
    number for each class.

    If the shares of the stream are not declared they are counted while it passes, each
    class with one row more than were seen. The first rows are so kept at shares that
    are not yet right; the error fades as 1 over the number of rows.

    For arrays whose labels are all known, a sampler draws the same shares and throws
    nothing away.

    Source: von Neumann (1951), "Various techniques used in connection with random
    digits", on the acceptance of draws in proportion to a ratio.

    Args:
        target: `[classes]` shares above 0 that sum to 1; or "balanced", if `population`
            or `classes` says how many classes there are.
        population: `[classes]` the shares of the stream; None to count them.
        classes: How many classes there are, for target="balanced" without a population;
            else as many as shares.
        seed: The seed of the draws.

    Raises:
        InputTypeError: The seed is not an integer.
        InputError: Shares are out of range, or of different lengths.

    Example:
        >>> stream = ((number, int(number % 10 == 0)) for number in range(10_000))
        >>> rejection = Rejection([0.5, 0.5], population=[0.9, 0.1])
        >>> rows = list(rejection.over(stream, label=lambda row: row[1]))
        >>> print(rejection.report())  # doctest: +NORMALIZE_WHITESPACE
        1,961 of 10,000 rows kept, 8,039 thrown away (80.4%); by class 8,039, 0. Shares
        of the stream, declared: 0.9, 0.1.
    """

    def __init__(
        self,
        target: npt.ArrayLike | str,
        population: npt.ArrayLike | None = None,
        *,
        classes: int | None = None,
        seed: int = 0,
    ) -> None:
        declared = None if population is None else _shares(population, "population")
        if isinstance(target, str):
            self.target = _balanced(target, declared, classes)
        else:
            self.target = _shares(target, "target")
        if declared is not None and len(declared) != len(self.target):
            raise InputError(
                sentence(
                    f"{len(self.target)} target shares and {len(declared)} of the "
                    "population",
                    "as many of each, one for each class",
                )
            )
        _require_as_many(len(self.target), classes)
        self.seed = integer(seed, "seed")
        self._declared = declared
        self._seen = np.zeros(len(self.target), np.int64)
        self._kept = np.zeros(len(self.target), np.int64)
        self._fixed = None if declared is None else self._ratios()
        self._uniform: tuple[int, FloatArray] = (-1, np.empty(0))

    def keep(self, label: int) -> bool:
        """Say whether the next row of the stream is kept.

        Args:
            label: Its class number.

        Raises:
            InputTypeError: The label is not an integer.
            InputError: It is no class.
        """
        which = integer(_plain(label), "label", 0, len(self.target) - 1)
        place = int(self._seen.sum())
        self._seen[which] += 1
        accepted = bool(self._draw(place) < self._rates()[which])
        self._kept[which] += accepted
        return accepted

    def accept(self, labels: npt.ArrayLike) -> BoolArray:
        """Say which of the next rows of the stream are kept, `[rows]`.

        Args:
            labels: `[rows]` their class numbers.

        Raises:
            InputTypeError: A label is not an integer.
            InputError: One is no class.
        """
        each = np.asarray(labels).ravel().tolist()
        return np.fromiter(map(self.keep, each), np.bool_, len(each))

    def over(
        self, stream: Iterable[Row], label: Callable[[Row], int] | None = None
    ) -> Iterator[Row]:
        """Yield the rows of a stream that are kept, one at a time.

        Args:
            stream: Rows in any form.
            label: Returns the class number of a row; by default its last element.
        """
        last: Callable[[Any], int] = itemgetter(-1)
        for row in stream:
            if self.keep(last(row) if label is None else label(row)):
                yield row

    def rates(self) -> FloatArray:
        """Return how probably a row of each class is kept now, `[classes]`."""
        return self._rates().copy()

    def report(self) -> RejectionReport:
        """Return what was kept and thrown away so far."""
        return RejectionReport(
            self._seen.copy(),
            self._kept.copy(),
            self.target.copy(),
            self._population(),
            self._declared is not None,
        )

    def correction(self) -> Correction:
        """Return how scores learned on the rows kept become the stream's.

        It is exact if the shares of the stream were declared, and as exact as the
        counts if they were not.
        """
        return prior_correction(self.target, self._population())

    def state(self) -> dict[str, Any]:
        """Return plain numbers from which `from_state` goes on in the same stream."""
        return {
            "format": _FORMAT,
            "target": self.target.tolist(),
            "population": None if self._declared is None else self._declared.tolist(),
            "seed": self.seed,
            "seen": self._seen.tolist(),
            "kept": self._kept.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Rejection:
        """Return the rejection of a state; the next row is the one after `seen`.

        Args:
            state: What `state` returned.

        Raises:
            InputError: It is no such state.
        """
        needs = {"format", "target", "population", "seed", "seen", "kept"}
        if set(state) != needs or state["format"] != _FORMAT:
            raise InputError(
                sentence(
                    f"a state of {listing(state)}", "what Rejection.state() returns"
                )
            )
        rejection = cls(state["target"], state["population"], seed=state["seed"])
        for name, counts in {"seen": rejection._seen, "kept": rejection._kept}.items():
            if np.shape(state[name]) != counts.shape:
                raise InputError(
                    sentence(
                        f"a state with {name!r} of shape {np.shape(state[name])}",
                        f"one number for each of {len(counts)} classes",
                    )
                )
            counts[:] = state[name]
        return rejection

    def _population(self) -> FloatArray:
        if self._declared is not None:
            return self._declared.copy()
        return np.asarray((self._seen + 1.0) / (self._seen.sum() + len(self._seen)))

    def _rates(self) -> FloatArray:
        return self._ratios() if self._fixed is None else self._fixed

    def _ratios(self) -> FloatArray:
        ratio = self.target / self._population()
        return np.asarray(ratio / ratio.max())

    def _draw(self, place: int) -> float:
        """Return the uniform number of a place of the stream."""
        number, within = divmod(place, _BLOCK)
        if self._uniform[0] != number:
            random = generator(self.seed, "rejection", number)
            self._uniform = number, random.random(_BLOCK)
        return float(self._uniform[1][within])


def _require_as_many(shares: int, classes: int | None) -> None:
    """Check that there are as many shares as classes, if it is said how many."""
    if classes is not None and integer(classes, "classes", 2) != shares:
        raise InputError(
            sentence(
                f"classes={classes} with shares of {shares} classes",
                "as many classes as shares",
                "Leave classes= out: the shares say how many there are.",
            )
        )


def _plain(label: Any) -> Any:
    """Return a label as a number of Python, if it is an array or tensor of one."""
    if hasattr(label, "numpy"):
        label = label.numpy()
    if isinstance(label, np.generic | np.ndarray) and np.ndim(label) == 0:
        label = label.item()
    whole = isinstance(label, bool) or (isinstance(label, float) and label.is_integer())
    return int(label) if whole else label


def _shares(values: npt.ArrayLike, what: str) -> FloatArray:
    try:
        shares = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            sentence(described(what, values), "one number for each class")
        ) from error
    right = shares.ndim == 1 and len(shares) > 1 and np.isfinite(shares).all()
    if not right or not (shares > 0).all() or abs(shares.sum() - 1) > _TOLERANCE:
        raise InputError(
            sentence(
                described(what, values),
                "shares above 0 of two classes or more, with a sum of 1",
            )
        )
    return np.asarray(shares / shares.sum())


def _balanced(
    target: str, declared: FloatArray | None, classes: int | None
) -> FloatArray:
    if target != "balanced":
        raise InputError(
            sentence(f"target={target!r}", "'balanced', or one share for each class")
        )
    if declared is None and classes is None:
        raise InputError(
            sentence(
                "target='balanced' without a number of classes",
                "classes=, or population=",
                "Pass classes=2 for two classes.",
            )
        )
    count = len(declared) if declared is not None else integer(classes, "classes", 2)
    return np.full(count, 1 / count)
