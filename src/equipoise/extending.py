# SPDX-License-Identifier: Apache-2.0
"""Pieces from outside the package: register one, and it works by its name everywhere.

See docs/extending.md for an example of each kind.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from equipoise._core.checks import listing, sentence
from equipoise._core.options import Setting, option
from equipoise.diagnosis.catalogue import CHECKS
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.errors import InputError, InputTypeError
from equipoise.losses.records import LOSS_RECORDS, LossRecord
from equipoise.metrics.registry import METRICS, Metric
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.catalogue import CATALOGUE
from equipoise.strategies.citations import SOURCES
from equipoise.strategies.learner_records import LEARNERS, LearnerRecord
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.syntheses import SYNTHESES
from equipoise.synthesis.synthesis import Synthesis
from equipoise.table.generators import gaussian_shift
from equipoise.weights.scheme import Scheme
from equipoise.weights.schemes import SCHEMES

__all__ = ["ACTIVE", "Registration", "Setting", "option", "register"]

Piece = (
    LossRecord
    | Scheme
    | LearnerRecord
    | Metric
    | Check
    | Strategy
    | type[Sampler]
    | type[Synthesis]
)
"""What can be registered."""


@dataclass(frozen=True, eq=False)
class Registration:
    """A piece that is registered; as a context manager, until the block ends.

    Attributes:
        kind: What it is, for example "loss".
        name: Its name, or the code of a check.
        remove: Takes the piece out of its list.
    """

    kind: str
    name: str
    remove: Callable[[], None]

    def undo(self) -> None:
        """Remove the piece; again does nothing."""
        if self in ACTIVE:
            ACTIVE.remove(self)
            self.remove()

    def __enter__(self) -> Registration:
        """Return the registration."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the piece."""
        self.undo()


ACTIVE: list[Registration] = []
"""The pieces that are registered now, in the order in which they were."""


def register(piece: Piece) -> Registration:
    """Add a piece of your own, which from then on works by its name everywhere.

    A `LossRecord`, `Scheme` or `LearnerRecord`, and a class of `Sampler` or
    `Synthesis`, can be named in a `Strategy`; a `Strategy` in `compare` and `fit`; a
    `Metric` in `metric`, and in each evaluation if it is one of decisions; a `Check`
    is made by `diagnose`. A model that needs a piece is loaded where the piece is
    registered, and says so elsewhere.

    The piece is held against the quick ones of the contract checks in
    `equipoise.testing`; run the others in your tests.

    Args:
        piece: What to add.

    Returns:
        The registration. It lasts as long as the process, or the block of a `with`.

    Raises:
        InputTypeError: It is no piece.
        InputError: Its name is taken or unusable, a source is missing, or an option
            belongs to another kind of piece.
        AssertionError: It breaks a contract.

    Example:
        >>> from equipoise.weights.scheme import Scheme
        >>> cube = Scheme("cube_root", lambda n: [(n[0] / k) ** (1 / 3) for k in n],
        ...               "by the cube root of the inverse frequency")
        >>> with register(cube):
        ...     weights = Strategy(weights="cube_root").class_weights([80, 10])
        >>> round(float(weights[1] / weights[0]), 6)
        2.0
    """
    if isinstance(piece, Check):
        return _register_check(piece)
    kind, registry, check = _kind_of(piece)
    name = piece.name
    _require_name(name, kind, registry)
    options = _options_of(piece)
    _require_options(options, kind)
    added = _require_sources(piece)
    registry[name] = piece
    SOURCES.update(added)

    def remove() -> None:
        registry.pop(name, None)
        _forget_programs()
        for key in added:
            SOURCES.pop(key, None)

    try:
        check(piece)
    except BaseException:
        remove()
        raise
    return _active(Registration(kind, name, remove))


def _forget_programs() -> None:
    """Let compiled training programs go, which know a loss by its name only."""
    engine = sys.modules.get("equipoise.training.program")
    if engine is not None:
        engine.program.cache_clear()


def _active(registration: Registration) -> Registration:
    ACTIVE.append(registration)
    return registration


def _kind_of(piece: Any) -> tuple[str, dict[str, Any], Callable[[Any], None]]:
    """Return what a piece is, where its kind is listed, and how it is checked."""
    for form, entry in _KINDS.items():
        if isinstance(piece, form) or (
            isinstance(piece, type) and issubclass(piece, form)
        ):
            return entry
    raise InputTypeError(
        sentence(
            f"the piece {piece!r}",
            "a LossRecord, Scheme, LearnerRecord, Metric, Check or Strategy, or a "
            "class of Sampler or Synthesis",
        )
    )


def _register_check(piece: Check) -> Registration:
    codes = [check.code for check in CHECKS]
    usable = re.fullmatch(r"[A-Z]{2,8}\d{3}", piece.code)
    if usable is None or piece.code.startswith("EQP") or piece.code in codes:
        raise InputError(
            sentence(
                f"a check of code {piece.code!r}",
                "two to eight capital letters other than EQP and three digits, as in "
                "'MY001', which no check has",
            )
        )
    seen = piece.examine(Subject(gaussian_shift(60, positives=20, seed=1).table))
    if not isinstance(seen, Observation | NotApplicable | None):
        raise InputTypeError(
            sentence(
                f"a check that returns {seen!r}",
                "an Observation, NotApplicable or None",
            )
        )
    CHECKS.append(piece)
    return _active(Registration("check", piece.code, lambda: CHECKS.remove(piece)))


def _require_name(name: Any, kind: str, registry: Mapping[str, Any]) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(
            sentence(
                f"a {kind} of the name {name!r}",
                "lower-case letters, digits and underscores, a letter first",
            )
        )
    if name in registry or name in _RESERVED:
        raise InputError(
            sentence(
                f"a {kind} of the name {name!r}, which exists",
                "a name that is not taken",
                f"Taken are {listing(registry, 40)}.",
            )
        )


def _options_of(piece: Any) -> set[str]:
    """Return the names of the options of a piece."""
    if isinstance(piece, type):
        return _fields_of(piece)
    if isinstance(piece, LossRecord):
        return {*piece.options, *piece.training}
    return {*piece.options} if isinstance(piece, Scheme | LearnerRecord) else set()


def _fields_of(piece: type[Any]) -> set[str]:
    """Return the fields of a class of samplers or syntheses, its options.

    Raises:
        InputTypeError: It is no dataclass, or a field has no range.
    """
    fields = dataclasses.fields(piece) if dataclasses.is_dataclass(piece) else None
    if fields is None or any("setting" not in each.metadata for each in fields):
        raise InputTypeError(
            sentence(
                f"the class {piece.__name__}",
                "a frozen dataclass whose fields are made by "
                "equipoise.extending.option(default, low, high)",
            )
        )
    return {each.name for each in fields}


def _require_options(options: set[str], kind: str) -> None:
    """Check that no option has the name of an option of another kind of piece.

    A strategy lists the options of all its parts together.
    """
    for other, registry, _ in _KINDS.values():
        if other in (kind, "strategy", "metric"):
            continue
        for piece in registry.values():
            shared = sorted(options & _options_of(piece))
            if shared:
                raise InputError(
                    sentence(
                        f"a {kind} with the option {shared[0]!r}",
                        f"another name: the {other} {piece.name!r} has this option",
                    )
                )


def _require_sources(piece: Any) -> dict[str, str]:
    """Return the BibTeX entries that a piece brings along, checked."""
    sources: Mapping[str, str] = getattr(piece, "sources", {})
    for key in getattr(piece, "citations", ()):
        entry = SOURCES.get(key) or sources.get(key, "")
        if not re.match(rf"@\w+\{{{re.escape(key)},", entry):
            raise InputError(
                sentence(
                    f"the citation {key!r} of {piece.name!r} without its source",
                    "in sources, by this key, the BibTeX entry, "
                    f"which begins '@article{{{key},'",
                )
            )
    return {key: entry for key, entry in sources.items() if key not in SOURCES}


def _check_loss(record: LossRecord) -> None:
    from equipoise import losses
    from equipoise.testing import loss_checks

    options: dict[str, Any] = {"prior": 0.2} if record.needs_prior else {}
    options |= {"rows": 1_000} if record.needs_rows else {}
    spec = losses.get(record.name)
    for check in (
        loss_checks.loss_has_its_shape,
        loss_checks.loss_is_finite,
        loss_checks.loss_prefers_the_right_order,
        loss_checks.loss_ignores_order,
    ):
        check(spec, options)
    Strategy(loss=record.name).describe([900, 100])


def _check_sampler(kind: type[Sampler]) -> None:
    from equipoise.testing.sampler_checks import check_sampler

    check_sampler(kind())


def _check_synthesis(kind: type[Synthesis]) -> None:
    from equipoise.testing.synthesis_checks import check_synthesis

    check_synthesis(kind())


def _check_scheme(scheme: Scheme) -> None:
    from equipoise.testing.scheme_checks import check_scheme

    check_scheme(scheme.name)


def _check_metric(metric: Metric) -> None:
    from equipoise.testing.metric_checks import check_metric

    check_metric(metric)


def _check_strategy(strategy: Strategy) -> None:
    from equipoise.testing.strategy_checks import check_strategy

    check_strategy(strategy)


def _check_learner(record: LearnerRecord) -> None:
    from equipoise.testing import learner_checks

    case = learner_checks.LearnerCase(record, record.load_learner()())
    for check in (
        learner_checks.learner_scores_every_row,
        learner_checks.learner_comes_back_from_its_state,
    ):
        check(case)
    Strategy(learner=record.name).describe([900, 100])


_RESERVED = ("blend", "sweep", "auto")

_KINDS: dict[type, tuple[str, dict[str, Any], Callable[[Any], None]]] = {
    LossRecord: ("loss", LOSS_RECORDS, _check_loss),
    Scheme: ("weight scheme", SCHEMES, _check_scheme),
    LearnerRecord: ("learner", LEARNERS, _check_learner),
    Metric: ("metric", METRICS, _check_metric),
    Strategy: ("strategy", CATALOGUE, _check_strategy),
    Sampler: ("sampler", SAMPLERS, _check_sampler),
    Synthesis: ("synthesis", SYNTHESES, _check_synthesis),
}
