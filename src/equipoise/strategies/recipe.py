# SPDX-License-Identifier: Apache-2.0
"""What the parts of a strategy allow, and how they read together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise._core.numerals import exact, significant, written
from equipoise._core.options import Setting
from equipoise.errors import InputError, UnsupportedError
from equipoise.losses.records import LOSS_RECORDS
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.citations import bibtex
from equipoise.strategies.plans import PLANS, effective_sampling
from equipoise.synthesis.syntheses import SYNTHESES
from equipoise.weights.schemes import SCHEMES

if TYPE_CHECKING:
    from equipoise.strategies.strategy import Strategy

LEARNERS: dict[str, str] = {
    "network": "a network",
    "trees": "gradient-boosted trees",
    "extra_trees": "extremely randomised trees",
    "logistic": "a logistic regression",
    "prior": "the share of positives as everyone's probability",
}

LEARNER_SOURCES = {
    "trees": ("ke2017", "pedregosa2011"),
    "extra_trees": ("geurts2006", "pedregosa2011"),
    "logistic": ("pedregosa2011",),
}

NETWORK_OPTIONS = {
    "learning_rate": Setting(None, low=0, high=10, open_ends=True, optional=True)
}
"""Options of every strategy that trains networks."""


def check_names(strategy: Strategy) -> None:
    """Raise where a part's name is not known.

    Raises:
        InputTypeError: A name is not a text.
        InputError: A name is not known; the nearest one is suggested.
    """
    one_of(strategy.learner, LEARNERS, "learner")
    one_of(strategy.sampling, SAMPLERS, "sampling")
    one_of(strategy.loss, LOSS_RECORDS, "loss")
    if strategy.synthesis is not None:
        one_of(strategy.synthesis, SYNTHESES, "synthesis")
    if strategy.weights is not None:
        one_of(strategy.weights, SCHEMES, "weights")
    if strategy.plan is not None:
        one_of(strategy.plan, PLANS, "plan")


def check_harmony(strategy: Strategy) -> None:
    """Raise where parts contradict each other, or the learner serves one not.

    Refused is what would carry a remedy's name without its effect.

    Raises:
        InputError: Two parts contradict each other.
        UnsupportedError: The learner does not serve a part.
    """
    _check_learner(strategy)
    _check_synthesis(strategy)
    if LOSS_RECORDS[strategy.loss].kind == "set" and strategy.weights is not None:
        raise InputError(
            sentence(
                f"weights={strategy.weights!r} with loss={strategy.loss!r}",
                "weights=None with this loss",
                "It compares positives with negatives, so class weights cancel.",
            )
        )
    if strategy.loss == "logit_adjusted" and strategy.sampling == "balanced":
        raise InputError(
            sentence(
                "loss='logit_adjusted' with sampling='balanced'",
                "another sampling with this loss",
                "The log-odds of a prior of one half are 0: it would adjust nothing.",
            )
        )
    if strategy.plan == "under_bagging" and strategy.sampling != "natural":
        raise InputError(
            sentence(
                f"plan='under_bagging' with sampling={strategy.sampling!r}",
                "sampling='natural' with this plan",
                "The plan itself says which negatives each member sees.",
            )
        )


def _check_learner(strategy: Strategy) -> None:
    if strategy.learner == "network":
        return
    parts = {
        "sampling": (strategy.sampling, "natural"),
        "synthesis": (strategy.synthesis, None),
        "loss": (strategy.loss, "cross_entropy"),
        "plan": (strategy.plan, None),
    }
    if strategy.learner == "prior":
        parts["weights"] = (strategy.weights, None)
    for part, (value, served) in parts.items():
        if value != served:
            raise UnsupportedError(
                sentence(
                    f"{part}={value!r} with learner={strategy.learner!r}",
                    f"{part}={served!r} with this learner",
                    "Use learner='network' for it.",
                )
            )
    for name in NETWORK_OPTIONS:
        if name in strategy.settings:
            raise UnsupportedError(
                sentence(
                    f"{name}={strategy.settings[name]!r} with "
                    f"learner={strategy.learner!r}",
                    f"no {name} with this learner",
                    "It is the step size of Adam: use learner='network' for it.",
                )
            )


def _check_synthesis(strategy: Strategy) -> None:
    if strategy.synthesis is None:
        return
    kind = SYNTHESES[strategy.synthesis]
    drawn = effective_sampling(strategy)
    if kind.fills and not SAMPLERS[drawn].repeats_positives:
        able = [name for name, other in SAMPLERS.items() if other.repeats_positives]
        raise InputError(
            sentence(
                f"synthesis={strategy.synthesis!r} with {drawn} sampling",
                f"sampling as one of {listing(able)}",
                "It takes the place of repeated positives, and here none repeats.",
            )
        )
    if kind.soft and LOSS_RECORDS[strategy.loss].kind == "set":
        raise InputError(
            sentence(
                f"synthesis={strategy.synthesis!r} with loss={strategy.loss!r}",
                "a loss over single examples with this synthesis",
                "A blend is neither positive nor negative, so it forms no pair.",
            )
        )


def check_known(strategy: Strategy) -> None:
    """Raise where an option belongs to no part in use.

    Raises:
        InputError: An option is not known here; the nearest one is suggested.
    """
    known = strategy.defaults
    for name in strategy.settings:
        if name not in known:
            raise InputError(
                sentence(
                    f"the option {name!r} of a strategy",
                    f"{listing(known, 20)} with these parts" if known else "none here",
                    nearest(name, known),
                )
            )


def derived_name(strategy: Strategy) -> str:
    """Return the names of the parts that are not the default, joined by a plus."""
    parts = [strategy.plan, strategy.sampling, strategy.synthesis, strategy.weights]
    words = [part for part in parts if part not in (None, "natural")]
    if strategy.loss != "cross_entropy":
        words.append(strategy.loss)
    if strategy.learner != "network":
        words.insert(0, strategy.learner)
    return "+".join(str(word) for word in words) or "plain"


def describe(strategy: Strategy, negatives: int | None, positives: int | None) -> str:
    """Return one sentence that says what a strategy does."""
    counts = None
    if negatives is not None and positives is not None:
        counts = negatives, positives
    if strategy.learner == "prior":
        return f"{LEARNERS['prior'].capitalize()}."
    text = _head(strategy)
    text += _weighting(strategy, counts)
    text += _objective(strategy)
    return f"{text[0].upper()}{text[1:]}; {_return(strategy, counts)}."


def _head(strategy: Strategy) -> str:
    if strategy.learner != "network":
        return f"{LEARNERS[strategy.learner]} on all rows"
    text = LEARNERS["network"]
    if strategy.plan is not None:
        values = {**strategy.defaults, **strategy.settings, "learner": "network"}
        text = PLANS[strategy.plan].phrase.format(**written(values))
    text += f" on batches drawn {strategy.sampler().describe()}"
    synthesis = strategy.synthesizer()
    return text if synthesis is None else f"{text}, {synthesis.describe()}"


def _weighting(strategy: Strategy, counts: tuple[int, int] | None) -> str:
    if strategy.weights is None:
        return ""
    scheme = SCHEMES[strategy.weights]
    values = {name: strategy.option(name) for name in scheme.options}
    text = f", positives weighted {scheme.phrase.format(**written(values))}"
    if counts is not None:
        w0, w1 = strategy.class_weights(*counts)
        text += f" (here {significant(w1 / w0)} to 1)"
    return text


def _objective(strategy: Strategy) -> str:
    objective = LOSS_RECORDS[strategy.loss]
    values = {**strategy.defaults, **strategy.settings}
    return (
        f", minimising {objective.phrase.format(**written(values))}{at_rate(strategy)}"
    )


def at_rate(strategy: Strategy) -> str:
    """Say the learning rate, where a strategy names its own."""
    rate = strategy.option("learning_rate")
    return "" if rate is None else f" at a learning rate of {exact(float(rate))}"


def _return(strategy: Strategy, counts: tuple[int, int] | None) -> str:
    """Say how scores return to probabilities."""
    # Any unequal counts tell which kind of correction it is.
    found = strategy.correction(*(counts or (3, 1)))
    if found.kind == "calibrate":
        return f"scores need a calibrator, since {found.reason}"
    shift = ""
    if found.offset != 0:
        shift = (
            "by a known shift of the log-odds"
            if counts is None
            else f"by {found.offset:+.3f} on the log-odds"
        )
    if found.kind == "focal":
        then = f" and {shift}" if shift else ""
        return (
            f"scores return to probabilities through the focal loss' closed form{then}"
        )
    return f"scores return to probabilities {shift or 'as they are'}"


def citation(strategy: Strategy) -> str:
    """Return the sources of exactly the methods in use, as BibTeX."""
    return bibtex(citation_keys(strategy))


def citation_keys(strategy: Strategy) -> list[str]:
    """Return the keys of the sources of exactly the methods in use."""
    keys = list(LEARNER_SOURCES.get(strategy.learner, ()))
    if strategy.plan is not None:
        keys += PLANS[strategy.plan].citations
    if strategy.learner == "network":
        keys += strategy.sampler().citations
    if strategy.synthesis is not None:
        keys += SYNTHESES[strategy.synthesis].citations
    if strategy.weights is not None:
        keys += SCHEMES[strategy.weights].citations
    keys += LOSS_RECORDS[strategy.loss].citations
    return keys
