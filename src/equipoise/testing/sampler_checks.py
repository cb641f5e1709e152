# SPDX-License-Identifier: Apache-2.0
"""What a sampler promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.sampling.sampler import Sampler
from equipoise.testing.promises import refuses, require

_TABLES = ((180, 20), (97, 3), (5, 40))
_BATCH = 7  # odd, and a divisor of nothing above


def check_sampler(sampler: Sampler) -> None:
    """Check a sampler against every sampler contract.

    Args:
        sampler: The sampler, its options set.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise.sampling import Rate
        >>> check_sampler(Rate(0.3))
    """
    for check in SAMPLER_CHECKS:
        check(sampler)


def sampler_is_pure(sampler: Sampler) -> None:
    """The same arguments give the same draw; another seed or epoch another."""
    labels = _labels(180, 20)
    one, again = (_drawn(sampler, labels, seed=3, epoch=2) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    for other in ({"seed": 4, "epoch": 2}, {"seed": 3, "epoch": 1}):
        differs = (one != _drawn(sampler, labels, **other)).any()
        require(differs, f"{sampler}: another draw for {other}")


def sampler_gives_positions(sampler: Sampler) -> None:
    """A draw is `[steps, batch]` int32 within the labels, nothing else."""
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        draw = sampler.draw(labels, batch=_BATCH, steps=11, seed=0, epoch=0)
        require(draw.index.shape == (11, _BATCH), f"{sampler}: [steps, batch]")
        require(draw.index.dtype == np.int32, f"{sampler}: int32")
        within = draw.index.min() >= 0 and draw.index.max() < len(labels)
        require(within, f"{sampler}: positions within the labels")
        untouched = np.array_equal(labels, _labels(negatives, positives))
        require(untouched, f"{sampler}: labels that are left as they were")


def sampler_leaves_the_global_stream(sampler: Sampler) -> None:
    """It neither draws from NumPy's global random numbers nor seeds them."""
    before = _global_state()
    _drawn(sampler, _labels(180, 20))
    same = _global_state() == before
    require(same, f"{sampler}: NumPy's global random numbers are left alone")


def sampler_keeps_its_prior(sampler: Sampler) -> None:
    """Positives come at the declared share, within the binomial bound.

    If the shares change at first, from the place on that `settles` names.
    """
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        first = _settled(sampler, len(labels), 2000)
        index = _drawn(sampler, labels, steps=2000, epoch=first)
        share = float(sampler.prior([negatives, positives])[1])
        observed = labels[index].mean()
        bound = 4.5 * math.sqrt(share * (1 - share) / index.size)
        require(
            abs(observed - share) <= bound,
            f"{sampler}: a share of {share:.4f} at {negatives}:{positives}, "
            f"not {observed:.4f}",
        )


def sampler_reaches_every_row(sampler: Sampler) -> None:
    """Every row is drawn in time, each row of a class about equally often.

    Unless it says why it leaves some out, as a bootstrap does.
    """
    if sampler.left_out():
        return
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        first = _settled(sampler, len(labels), 500)
        index = [
            _drawn(sampler, labels, steps=500, epoch=first + e).ravel()
            for e in range(3)
        ]
        counts = np.bincount(np.concatenate(index), minlength=len(labels))
        for label in (0, 1):
            ours = counts[labels == label]
            require(ours.min() > 0, f"{sampler}: every row of class {label}")
            bound = 5 * math.sqrt(ours.mean()) + 1
            even = (np.abs(ours - ours.mean()) <= bound).all()
            require(even, f"{sampler}: each row of a class equally often")


def sampler_refuses_bad_arguments(sampler: Sampler) -> None:
    """Sizes below 1, and labels that are no classes, are refused."""
    good: dict[str, Any] = {"batch": 2, "steps": 2, "seed": 0, "epoch": 0}
    for name, bad in (("batch", 0), ("steps", 0), ("epoch", -1), ("batch", 2.5)):
        wrong = {**good, name: bad}
        refuses(sampler.draw, [0, 1], **wrong)
    for labels in ([], [0, 2], [0, 1, 3], [0.5, 1.0], [[0, 2], [1, 0]]):
        refuses(sampler.draw, labels, **good)
    if "multiclass" not in sampler.tasks:
        refuses(sampler.draw, [0, 1, 2], **good)
    if "multilabel" not in sampler.tasks:
        refuses(sampler.draw, [[0, 1], [1, 1]], **good)


def sampler_keeps_its_prior_over_classes(sampler: Sampler) -> None:
    """If it serves several classes: each comes at its share, an absent one never."""
    if "multiclass" not in sampler.tasks:
        return
    for totals in ((90, 60, 12), (9, 0, 70, 21), (7, 6, 5, 3, 2, 30)):
        labels = np.repeat(np.arange(len(totals)), totals)
        labels = np.random.default_rng(0).permutation(labels)
        first = max(1, _settled(sampler, len(labels), 2000))
        draws = {"batch": _BATCH, "steps": 2000, "seed": 0, "epoch": first}
        index = sampler.draw(labels, **draws, classes=len(totals)).index
        observed = np.bincount(labels[index].ravel(), minlength=len(totals))
        shares = np.asarray(sampler.prior(totals))
        require(abs(shares.sum() - 1) < 1e-12, f"{sampler}: shares that sum to 1")
        bound = 4.5 * np.sqrt(shares * (1 - shares) / index.size)
        near = np.abs(observed / index.size - shares) <= bound
        require(near.all(), f"{sampler}: shares of {shares.round(4)} at {totals}")


def sampler_says_its_rates(sampler: Sampler) -> None:
    """If it serves labels: each row comes at the rate that `rates` says."""
    if "multilabel" not in sampler.tasks or sampler.left_out():
        return
    random = np.random.default_rng(3)
    labels = (random.random((150, 4)) < [0.5, 0.2, 0.1, 0.05]).astype(np.int8)
    draws = {"batch": _BATCH, "steps": 3000, "seed": 0, "epoch": 0}
    index = sampler.draw(labels, **draws).index
    observed = np.bincount(index.ravel(), minlength=150) / index.size * 150
    rates = sampler.rates(labels)
    require(abs(rates.mean() - 1) < 1e-9, f"{sampler}: rates of mean 1")
    bound = 4.5 * np.sqrt(rates * 150 / index.size) + 1e-9
    require((np.abs(observed - rates) <= bound).all(), f"{sampler}: its rates")


SAMPLER_CHECKS: tuple[Callable[[Sampler], None], ...] = (
    sampler_is_pure,
    sampler_gives_positions,
    sampler_leaves_the_global_stream,
    sampler_keeps_its_prior,
    sampler_reaches_every_row,
    sampler_refuses_bad_arguments,
    sampler_keeps_its_prior_over_classes,
    sampler_says_its_rates,
)
"""The contracts of a sampler, each to be called alone: `check(sampler)`."""


def _labels(negatives: int, positives: int) -> npt.NDArray[np.int8]:
    labels = np.repeat(np.array([0, 1], np.int8), [negatives, positives])
    return np.random.default_rng(0).permutation(labels)


def _settled(sampler: Sampler, rows: int, steps: int) -> int:
    """Return the first epoch in which the sampler's prior holds."""
    return -(-sampler.settles(rows) // (steps * _BATCH))


def _global_state() -> str:
    name, keys, *rest = np.random.get_state(legacy=True)
    return repr((name, np.asarray(keys).tolist(), rest))


def _drawn(
    sampler: Sampler,
    labels: npt.NDArray[np.int8],
    *,
    steps: int = 29,
    seed: int = 0,
    epoch: int = 0,
) -> npt.NDArray[np.int32]:
    draw = sampler.draw(labels, batch=_BATCH, steps=steps, seed=seed, epoch=epoch)
    return draw.index
