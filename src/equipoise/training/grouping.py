# SPDX-License-Identifier: Apache-2.0
"""Which networks are trained together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.networks.layout import Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.training.members import Member
from equipoise.training.settings import ROWS_AHEAD, TrainingSettings

ARRAYS_PER_WEIGHT = 7
"""Weights, two moments, the best weights, the gradient, and two on their way."""

ARRAYS_PER_ACTIVATION = 6
"""Forward, backward, and what an update needs between them."""

BLOCK_BYTES = 2**25
"""What the updates of members side by side may make on their way, about."""


@dataclass(frozen=True)
class Group:
    """Networks that are trained as one program.

    Attributes:
        members: Their places in the list of all members, sorted by family.
        bytes: What they take, roughly.
    """

    members: tuple[int, ...]
    bytes: int


def plan_groups(
    members: Sequence[Member],
    spec: NetworkSpec,
    common: Layout,
    settings: TrainingSettings,
) -> list[Group]:
    """Return groups of about equal size within the memory limit.

    Members with equal numbers of updates per epoch go together, those of one part
    next to each other. The plan depends on its arguments alone, never on the free
    memory; which group a member is in does not change its numbers.
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for place, member in enumerate(members):
        rows = len(member.part.train)
        batch = settings.batch_for(rows)
        alike.setdefault((batch, settings.steps_for(rows)), []).append(place)
    groups = []
    for (batch, steps), places in alike.items():
        width = members[places[0]].width
        each = member_bytes(spec, common, settings, batch * steps, width)
        shared = part_bytes(members[places[0]], common)
        places.sort(key=lambda place: members[place].part.number)
        for chosen in _packed(members, places, each, shared, settings.memory_limit):
            parts = {members[place].part.number for place in chosen}
            chosen.sort(key=lambda place: members[place].family)
            size = len(chosen) * each + len(parts) * shared
            groups.append(Group(tuple(chosen), size))
    return groups


def block_size(
    spec: NetworkSpec,
    common: Layout,
    settings: TrainingSettings,
    batch: int,
    width: int = 1,
) -> int:
    """Return how many members are updated side by side.

    The others of a group wait for their turn within each epoch, so that what an
    update makes on its way stays small whatever the number of members.
    """
    each = _activation_bytes(spec, common, settings, batch, width)
    return max(1, BLOCK_BYTES // each)


def member_bytes(
    spec: NetworkSpec,
    common: Layout,
    settings: TrainingSettings,
    examples: int,
    width: int = 1,
) -> int:
    """Return about how many bytes a member takes on the device between updates.

    Args:
        spec: The network.
        common: The layout of the table.
        settings: How networks are trained.
        examples: Examples per epoch.
        width: Logits per row.
    """
    item = 8 if settings.dtype == "float64" else 4
    weights = sum(math.prod(shape) for shape in shapes(spec, common, width).values())
    draws = 4 * (3 * examples + max(ROWS_AHEAD, examples))
    return item * ARRAYS_PER_WEIGHT * weights + draws


def _activation_bytes(
    spec: NetworkSpec,
    common: Layout,
    settings: TrainingSettings,
    batch: int,
    width: int,
) -> int:
    """Return about how many bytes an update of one member needs on its way."""
    item = 8 if settings.dtype == "float64" else 4
    ramps = len(common.positions) * common.most_knots
    widths = common.width(spec) + sum(spec.hidden) + common.dense
    widths += 0 if width == 1 else width
    return item * batch * (2 * ramps + ARRAYS_PER_ACTIVATION * widths)


def part_bytes(member: Member, common: Layout) -> int:
    """Return about how many bytes the encoded rows of a part take."""
    targets = member.part.labels[:1].size
    columns = common.dense + len(common.positions) + len(common.embedded) + targets
    return 4 * columns * len(member.part.labels)


def _packed(
    members: Sequence[Member],
    places: Sequence[int],
    each: int,
    shared: int,
    limit: int,
) -> list[list[int]]:
    """Fill groups up to the limit; a group holds at least one member."""
    groups: list[list[int]] = [[]]
    parts: set[int] = set()
    size = 0
    for place in places:
        part = members[place].part.number
        more = each + (0 if part in parts else shared)
        if groups[-1] and size + more > limit:
            groups.append([])
            parts, size = set(), 0
            more = each + shared
        groups[-1].append(place)
        parts.add(part)
        size += more
    return groups
