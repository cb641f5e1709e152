# SPDX-License-Identifier: Apache-2.0
"""Which parts of a strategy training left without effect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise.training.members import Member

LEAST = 1e-3
"""A blend with less than this share of the other example is that example itself."""


def idle_in_training(
    members: Sequence[Member], trained: Sequence[int], batch: int, steps: int
) -> tuple[str, ...]:
    """Return what had no effect on the networks of a job, one sentence each.

    Args:
        members: The networks, of one strategy on one part.
        trained: How many epochs of each minimised the strategy's own loss, up to the
            one that is kept.
        batch: Examples per update.
        steps: Updates per epoch.
    """
    sentences = [*members[0].strategy.idle_draws]
    loss = members[0].strategy.loss
    from_start = members[0].early is not None  # only class weights begin late
    if not from_start and not all(trained):
        which = "its networks" if not any(trained) else "some of its networks"
        sentences.append(
            f"loss={loss!r} was not reached in {which}: what is kept has minimised the "
            "cross-entropy that training starts with."
        )
    elif not from_start and members[0].family.warm_start and max(trained) == 1:
        sentences.append(
            f"loss={loss!r} had hardly any effect: its first epoch was the best on the "
            "rows that stop training, after a start with the cross-entropy."
        )
    synthesis = members[0].strategy.synthesis
    if synthesis is not None and not blends(members[0], batch, steps):
        sentences.append(f"synthesis={synthesis!r} has no effect: it made no example.")
    return tuple(sentences)


def blends(member: Member, batch: int, steps: int) -> bool:
    """Return whether a network is shown any example between two others.

    Its first epoch is looked at, by a draw that training makes too.

    Args:
        member: The network.
        batch: Examples per update.
        steps: Updates per epoch.
    """
    (rows,) = member.rows(0, 1, batch, steps)
    draw = member.draw(rows, 0)
    if draw.partner is None or draw.mix is None:
        return False
    if draw.noise is not None:
        return bool((draw.mix > 0).any())
    inside = np.minimum(draw.mix, 1 - draw.mix) > LEAST
    return bool((inside & (draw.partner != draw.index)).any())
