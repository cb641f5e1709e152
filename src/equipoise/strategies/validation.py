# SPDX-License-Identifier: Apache-2.0
"""Which parts of a strategy go together. What has no effect is refused, not ignored."""

from __future__ import annotations

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import InputError, UnsupportedError
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.learner_records import DEFERRED, LEARNERS
from equipoise.strategies.parts import Parts


def require_compatible(parts: Parts) -> None:
    """Check that the parts are compatible and that the learner supports them.

    A remedy is refused if it would carry its name without its effect.

    Raises:
        InputTypeError: An option has the wrong type.
        InputError: Two parts contradict each other; or an option belongs to no part in
            use, or is out of range.
        UnsupportedError: The learner does not support a part or an option.
    """
    _require_served(parts)
    _require_plan(parts)
    _require_synthesis(parts)
    _require_loss(parts)
    if parts.plan is not None and parts.plan.samples and parts.sampling != "natural":
        raise InputError(
            sentence(
                f"plan={parts.plan.name!r} with sampling={parts.sampling!r}",
                "sampling='natural' with this plan",
                "The plan itself says which negatives each member sees.",
            )
        )
    _require_options(parts)
    deferred = parts.options.get(DEFERRED)
    if deferred is not None and parts.scheme is None:
        raise InputError(
            sentence(
                f"{DEFERRED}={deferred!r} without weights",
                "weights= with this option",
                "Try weights='effective_number', whose start it puts off.",
            )
        )


def _require_served(parts: Parts) -> None:
    """Check that the learner supports every part that is set."""
    learner = parts.learner
    synthesis = parts.synthesis_type
    in_use: dict[str, tuple[str | None, str | None]] = {
        "sampling": (parts.sampling, "natural"),
        "synthesis": (None if synthesis is None else synthesis.name, None),
        "loss": (parts.loss.name, "cross_entropy"),
        "plan": (None if parts.plan is None else parts.plan.name, None),
        "weights": (None if parts.scheme is None else parts.scheme.name, None),
    }
    for part, (value, without) in in_use.items():
        if value != without and part not in learner.parts:
            raise UnsupportedError(
                sentence(
                    f"{part}={value!r} with learner={learner.name!r}",
                    f"{part}={without!r} with this learner",
                    "Use learner='network' for it.",
                )
            )
    if parts.sampler_type.moves and not learner.draws_rows:
        raise UnsupportedError(
            sentence(
                f"sampling={parts.sampling!r} with learner={learner.name!r}",
                "another sampling with this learner",
                "Its shares change from pass to pass, and this learner takes its rows "
                "at once: use learner='network' for it.",
            )
        )
    for other in LEARNERS.values():
        for name in sorted({*other.options} - {*parts.settings}):
            if name in parts.chosen:
                raise UnsupportedError(
                    sentence(
                        f"{name}={parts.chosen[name]!r} with learner={learner.name!r}",
                        f"no {name} with this learner",
                        f"It is {other.options[name].meaning}: use "
                        f"learner={other.name!r} for it.",
                    )
                )


def _require_plan(parts: Parts) -> None:
    """Check that the learner can follow a plan, and that the plan leaves a part free.

    A plan that goes by rounds says itself which rows a model sees and how much each
    counts, and needs the probabilities of the models.
    """
    plan, learner = parts.plan, parts.learner
    if plan is None or not plan.rounds or not parts.by_rounds:
        return
    what = f"plan={plan.name!r} with learner={learner.name!r} and "
    if parts.scheme is not None:
        raise InputError(
            sentence(
                f"{what}weights={parts.scheme.name!r}",
                "weights=None with this plan",
                "The plan itself says how much each row counts.",
            )
        )
    if parts.sampling != "natural":
        raise InputError(
            sentence(
                f"{what}sampling={parts.sampling!r}",
                "sampling='natural' with this plan",
                "The plan itself says which rows its models learn from.",
            )
        )
    if parts.synthesis_type is not None:
        raise InputError(
            sentence(
                f"{what}synthesis={parts.synthesis_type.name!r}",
                "synthesis=None with this plan",
                "The plan itself says which rows its models learn from.",
            )
        )
    if parts.loss.link == "calibrate":
        raise InputError(
            sentence(
                f"{what}loss={parts.loss.name!r}",
                "a loss whose scores are probabilities with this plan",
                "Its rounds need to know how sure a model is.",
            )
        )


def _require_synthesis(parts: Parts) -> None:
    synthesis, sampler = parts.synthesis_type, parts.sampler_type
    if synthesis is None:
        return
    if synthesis.soft and not parts.learner.draws_rows:
        raise UnsupportedError(
            sentence(
                f"synthesis={synthesis.name!r} with learner={parts.learner.name!r}",
                "another synthesis with this learner",
                "It learns from rows of one class each, and a blend has two: use "
                "learner='network' for it.",
            )
        )
    if synthesis.fills and not sampler.repeats_positives:
        able = [name for name, kind in SAMPLERS.items() if kind.repeats_positives]
        raise InputError(
            sentence(
                f"synthesis={synthesis.name!r} with {sampler.name} sampling",
                f"sampling as one of {listing(able)}",
                "It replaces repeated positives, and this sampling repeats none.",
            )
        )
    if synthesis.soft and parts.loss.kind == "set":
        raise InputError(
            sentence(
                f"synthesis={synthesis.name!r} with loss={parts.loss.name!r}",
                "a loss over single examples with this synthesis",
                "A blend is neither positive nor negative, so it forms no pair.",
            )
        )


def _require_loss(parts: Parts) -> None:
    loss = parts.loss
    if loss.kind == "set" and parts.scheme is not None:
        raise InputError(
            sentence(
                f"weights={parts.scheme.name!r} with loss={loss.name!r}",
                "weights=None with this loss",
                "It compares positives with negatives, so class weights cancel.",
            )
        )
    idle = loss.needs_prior and loss.idle_if_even
    if idle and parts.sampler_type.always_even:
        raise InputError(
            sentence(
                f"loss={loss.name!r} with sampling={parts.sampler_type.name!r}",
                "another sampling with this loss",
                "The log-odds of a prior of one half are 0: it would adjust nothing.",
            )
        )


def _require_options(parts: Parts) -> None:
    """Check that every option belongs to a part and is in its range."""
    for name in parts.chosen:
        if name not in parts.settings:
            accepted = listing(parts.settings, 20) if parts.settings else "none"
            raise InputError(
                sentence(
                    f"the option {name!r} of a strategy",
                    f"{accepted} with these parts"
                    if parts.settings
                    else "none with these parts",
                    nearest(name, parts.settings),
                )
            )
    options = parts.options
    for name, setting in parts.settings.items():
        setting.check(options[name], name)
