# SPDX-License-Identifier: Apache-2.0
"""Which networks are trained together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise._core.types import AnyArray
from equipoise.jobs import Job
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.table.table import Table
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


@dataclass(frozen=True)
class Seat:
    """What the plan of groups must know of a member, before anything is encoded.

    Attributes:
        part: The number of its part.
        rows: How many rows it trains on.
        width: Logits per row.
        part_bytes: What the encoded rows of its part take.
    """

    part: int
    rows: int
    width: int
    part_bytes: int

    @classmethod
    def of(cls, job: Job, table: Table, common: Layout) -> Seat:
        """Return the seat of each network of a job.

        Args:
            job: What is to be fitted.
            table: The rows that it indexes.
            common: The layout of the table.
        """
        return cls(
            job.part,
            len(job.train_rows),
            table.task.width,
            part_bytes(table.labels(), common),
        )


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
    seats = [
        Seat(
            member.part.number,
            len(member.part.train),
            member.width,
            part_bytes(member.part.labels, common),
        )
        for member in members
    ]
    groups = []
    for group in seat_groups(seats, spec, common, settings):
        by_family = sorted(group.members, key=lambda place: members[place].family)
        groups.append(Group(tuple(by_family), group.bytes))
    return groups


def seat_groups(
    seats: Sequence[Seat],
    spec: NetworkSpec,
    common: Layout,
    settings: TrainingSettings,
) -> list[Group]:
    """Return the groups of members that are not made yet, each sorted by part.

    Args:
        seats: One for each member.
        spec: The network.
        common: The layout of the table.
        settings: How networks are trained.
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for place, seat in enumerate(seats):
        batch = settings.batch_for(seat.rows)
        alike.setdefault((batch, settings.steps_for(seat.rows)), []).append(place)
    groups = []
    for (batch, steps), places in alike.items():
        first = seats[places[0]]
        each = member_bytes(spec, common, settings, batch * steps, first.width)
        shared = first.part_bytes
        places.sort(key=lambda place: seats[place].part)
        for chosen in _packed(seats, places, each, shared, settings.memory_limit):
            parts = {seats[place].part for place in chosen}
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
    needed = item * batch * (2 * ramps + ARRAYS_PER_ACTIVATION * widths)
    # Beside activations and their slopes lie their roundings, of half the size.
    return needed + (4 * batch * widths if settings.precision == "bfloat16" else 0)


def part_bytes(labels: AnyArray, common: Layout) -> int:
    """Return about how many bytes the encoded rows of a part take.

    Args:
        labels: The targets of all rows.
        common: The layout of the table.
    """
    targets = labels[:1].size
    columns = common.dense + len(common.positions) + len(common.embedded) + targets
    return 4 * columns * len(labels)


def _packed(
    seats: Sequence[Seat],
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
        part = seats[place].part
        more = each + (0 if part in parts else shared)
        if groups[-1] and size + more > limit:
            groups.append([])
            parts, size = set(), 0
            more = each + shared
        groups[-1].append(place)
        parts.add(part)
        size += more
    return groups
