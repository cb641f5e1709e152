# SPDX-License-Identifier: Apache-2.0
"""What a synthesis promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.sampling.balanced import Balanced
from equipoise.sampling.draw import Draw
from equipoise.synthesis.synthesis import Synthesis
from equipoise.testing.promises import require

_BATCH, _STEPS = 16, 25


def check_synthesis(synthesis: Synthesis) -> None:
    """Check a synthesis against every synthesis contract.

    Args:
        synthesis: The synthesis, its options set.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise.synthesis import Smote
        >>> check_synthesis(Smote(neighbours=3))
    """
    for check in SYNTHESIS_CHECKS:
        check(synthesis)


def synthesis_is_pure(synthesis: Synthesis) -> None:
    """The same arguments give the same draw; another seed or epoch another."""
    same = [_mixed(synthesis, seed=3, epoch=2) for _ in range(2)]
    require(_equal(*same), f"{synthesis}: the same draw for the same seed and epoch")
    for seed, epoch in ((4, 2), (3, 1)):
        other = _mixed(synthesis, seed=seed, epoch=epoch)
        differs = not _equal(same[0], other)
        require(differs, f"{synthesis}: another draw for seed {seed}, epoch {epoch}")


def synthesis_gives_partners_and_mixes(synthesis: Synthesis) -> None:
    """Partners are positions within the labels, mixes lie in [0, 1]."""
    for positives in (40, 6, 2):
        draw = _mixed(synthesis, positives=positives)
        if draw.partner is None or draw.mix is None:
            neither = draw.partner is None and draw.mix is None
            require(neither, f"{synthesis}: partners and mixes, or neither")
            continue
        shape = draw.index.shape
        same = draw.partner.shape == shape == draw.mix.shape
        require(same, f"{synthesis}: a partner and a mix for each example")
        types = draw.partner.dtype == np.int32, draw.mix.dtype == np.float32
        require(all(types), f"{synthesis}: int32 partners and float32 mixes")
        within = draw.partner.min() >= 0 and draw.partner.max() < _ROWS
        require(within, f"{synthesis}: partners within the labels")
        inside = draw.mix.min() >= 0 and draw.mix.max() <= 1
        require(inside, f"{synthesis}: mixes from 0 to 1")


def synthesis_leaves_the_draw(synthesis: Synthesis) -> None:
    """Which rows are drawn is for the sampler to say; or of which class they are."""
    labels = _labels(40, synthesis)
    draw, mixed = _drawn(labels, 0), _mixed(synthesis)
    if not synthesis.moves_starts:
        np.testing.assert_array_equal(draw.index, mixed.index)
    np.testing.assert_array_equal(labels[draw.index], labels[mixed.index])


def synthesis_declares_what_it_does(synthesis: Synthesis) -> None:
    """A draw has targets or noise of its own only if the class says so."""
    for positives in (40, 6):
        draw = _mixed(synthesis, positives=positives)
        pairs = {
            "retargets": draw.target_mix,
            "relabels": draw.labels,
            "noisy": draw.noise,
        }
        for name, value in pairs.items():
            honest = value is None or getattr(synthesis, name)
            require(honest, f"{synthesis}: `{name}` as what it gives says")


def synthesis_keeps_the_classes_apart(synthesis: Synthesis) -> None:
    """Unless it is soft, an example is made of two rows of one class."""
    if synthesis.soft:
        return
    for positives in (40, 6):
        labels = _labels(positives, synthesis)
        targets = _mixed(synthesis, positives=positives).targets(labels)
        hard = np.isin(targets, (0.0, 1.0)).all()
        require(hard, f"{synthesis}: targets of 0 and 1; declare `soft` otherwise")


def synthesis_fills_repeats_only(synthesis: Synthesis) -> None:
    """If it fills in for repeated positives, negatives stay as they are."""
    if not synthesis.fills:
        return
    draw, labels = _mixed(synthesis), _labels(40, synthesis)
    rare = labels if labels.ndim == 1 else labels[:, 0]
    if draw.mix is not None:
        untouched = not draw.mix[rare[draw.index] == 0].any()
        require(untouched, f"{synthesis}: negatives that are left as they are")


def synthesis_survives_a_lone_positive(synthesis: Synthesis) -> None:
    """One positive, which has no neighbour, is no error."""
    draw = _mixed(synthesis, positives=1)
    finite = np.isfinite(draw.targets(_labels(1, synthesis))).all()
    require(finite, f"{synthesis}: targets with a single positive")


def synthesis_leaves_the_global_stream(synthesis: Synthesis) -> None:
    """It neither draws from NumPy's global random numbers nor seeds them."""
    before = repr(np.random.get_state(legacy=True))
    _mixed(synthesis)
    same = repr(np.random.get_state(legacy=True)) == before
    require(same, f"{synthesis}: NumPy's global random numbers are left alone")


SYNTHESIS_CHECKS: tuple[Callable[[Synthesis], None], ...] = (
    synthesis_is_pure,
    synthesis_gives_partners_and_mixes,
    synthesis_leaves_the_draw,
    synthesis_declares_what_it_does,
    synthesis_keeps_the_classes_apart,
    synthesis_fills_repeats_only,
    synthesis_survives_a_lone_positive,
    synthesis_leaves_the_global_stream,
)
"""The contracts of a synthesis, each to be called alone: `check(synthesis)`."""

_ROWS = 200


def _labels(positives: int, synthesis: Synthesis) -> np.ndarray:
    """Return labels, of which 1 is rare; a matrix if it serves nothing else."""
    random = np.random.default_rng(0)
    labels = random.permutation((np.arange(_ROWS) < positives).astype(np.int8))
    if synthesis.tasks != ("multilabel",):
        return labels
    return np.stack([labels, np.ones(_ROWS, np.int8)], axis=1)


def _drawn(labels: np.ndarray, epoch: int) -> Draw:
    sampler = Balanced()
    return sampler.draw(labels, batch=_BATCH, steps=_STEPS, seed=0, epoch=epoch)


def _mixed(
    synthesis: Synthesis, positives: int = 40, seed: int = 0, epoch: int = 0
) -> Draw:
    labels = _labels(positives, synthesis)
    numbers = np.random.default_rng(1).normal(size=(_ROWS, 3)).astype(np.float32)
    codes = np.arange(_ROWS, dtype=np.int32)[:, None] % 4
    for array in (labels, numbers, codes):
        array.flags.writeable = False
    learned = synthesis.prepare(numbers, codes, labels, seed)
    return synthesis.mix(_drawn(labels, 0), learned, labels, seed, epoch)


def _equal(one: Draw, other: Draw) -> bool:
    pairs: tuple[tuple[Any, Any], ...] = (
        (one.partner, other.partner),
        (one.mix, other.mix),
    )
    return all(
        (left is None and right is None) or np.array_equal(left, right)
        for left, right in pairs
    )
