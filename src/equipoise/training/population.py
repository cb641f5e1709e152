# SPDX-License-Identifier: Apache-2.0
"""A population: many networks trained as one program."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise._core.types import (
    AnyArray,
    BoolArray,
    FloatArray,
    Int32Array,
    IntArray,
    Tensor,
    Tensors,
)
from equipoise.errors import TrainingError
from equipoise.jobs import RowSupply
from equipoise.networks.alone import doubled, first_of, needs_company, rows_at_once
from equipoise.networks.layout import Layout, places
from equipoise.networks.parameters import Parameters, shapes, to_exact_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.sampling.noise import Noise
from equipoise.training import adam
from equipoise.training.devices import let_memory_grow
from equipoise.training.encoded_store import EncodedPart, EncodedStore
from equipoise.training.grouping import block_size
from equipoise.training.members import Member, stacked_weights
from equipoise.training.program import Signature, program
from equipoise.training.settings import LANES, ROWS_AHEAD, TrainingSettings
from equipoise.training.snapshot import Snapshot
from equipoise.training.stopping import stop_value

MOST_CHUNK = 1024
LEAST_CHUNK = 64

MOST_SMALL_ROWS = 2**16
"""Rows that sixteen bits can tell apart."""


@dataclass(frozen=True, eq=False)
class FittedMember:
    """What one member gave.

    Attributes:
        member: The member.
        log_odds: `[score rows, width]`, corrected.
        updates: How many updates it took.
        best_epoch: The epoch that was kept; 0 if none has ended.
        trained: How many epochs up to that one minimised the strategy's own loss,
            not the cross-entropy of a warm start; 0 if none did.
        parameters: In the exact layout of its part, if they were asked for.
    """

    member: Member
    log_odds: FloatArray
    updates: int
    best_epoch: int
    trained: int
    parameters: Parameters | None


@dataclass(eq=False)
class Population:
    """Networks with one recipe and one number of updates per epoch, in training.

    Attributes:
        members: The networks, sorted by family.
        spec: Their recipe, whose hidden layers they share. Their dropout and weight
            decay may be their own.
        common: The layout of the table.
        settings: How they are trained.
        forgiving: Whether a member that met a number that is not finite just improves
            no more, in place of an error: for candidates of a search.
        supply: Rows that take the place of others between epochs, or None.
        now: All that changes.
    """

    members: Sequence[Member]
    spec: NetworkSpec
    common: Layout
    settings: TrainingSettings
    forgiving: bool = False
    supply: RowSupply | None = None
    now: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        let_memory_grow()
        rows = len(self.members[0].part.train)
        self.batch = self.settings.batch_for(rows)
        self.steps = self.settings.steps_for(rows)
        self.task = self.members[0].task
        self._block = block_size(
            self.spec, self.common, self.settings, self.batch, self.task.width
        )
        self._chunk = _chunk(len(self.members[0].part.labels))
        self._sizes = np.array([m.step_size(self.spec) for m in self.members])
        epochs = self.settings.epochs
        self._warm = np.array([m.family.warm_epochs(epochs) for m in self.members])
        self._decays = np.array([m.spec.weight_decay for m in self.members])
        self._dropouts = np.array([m.spec.dropout for m in self.members])
        self._ahead: dict[int, tuple[int, AnyArray]] = {}
        self._placed: dict[int, int] = {}
        self._replaced: dict[int, IntArray] = {}
        self._place()
        starting = self._as_they_are(self._warm > 0)
        weights = stacked_weights(starting, self.spec, self.common)
        self.now = Snapshot.start(weights, self.settings.dtype)

    # ---- what is the same for the whole run

    def _place(self) -> None:
        """Put the rows of all parts on the device, and find each part's offset."""
        parts: dict[int, EncodedPart] = {m.part.number: m.part for m in self.members}
        rows = len(next(iter(parts.values())).labels)
        self._offset = {number: i * rows for i, number in enumerate(parts)}
        store = EncodedStore.of(list(parts.values()), self.common)
        targets = np.concatenate([part.labels for part in parts.values()])
        dtype = self.settings.dtype
        target_types = {"multiclass": "int32", "multilabel": "int8"}
        self.data = {
            "numbers": tf.constant(store.numbers, dtype),
            "positions": tf.constant(store.positions, dtype),
            "codes": tf.constant(store.codes),
            "targets": tf.constant(targets, target_types.get(self.task.kind, dtype)),
        }
        weighted, voted = self._place_weights(), self._place_votes(store.codes)
        kinds = [member.strategy.parts.synthesis_type for member in self.members]
        some = [kind for kind in kinds if kind is not None]
        noise_groups = self._place_noise(store)
        decayed = bool((self._decays != self.spec.weight_decay).any())
        rated = bool((self._sizes != self.spec.learning_rate).any())
        families = tuple(dict.fromkeys(member.family for member in self.members))
        signature = Signature(
            self.spec,
            tuple(shapes(self.spec, self.common, self.task.width).items()),
            (len(self.common.numbers), len(self.common.positions)),
            self.common.entries,
            families,
            any(member.neighbours is not None for member in self.members),
            dtype,
            store.codes.dtype.name,
            weighted,
            bool(rated or decayed or self._warm.any()),
            self.task.kind,
            decayed,
            bool((self._dropouts != self.spec.dropout).any()),
            voted,
            any(kind.retargets for kind in some),
            any(kind.relabels for kind in some),
            noise_groups,
            self.settings.precision,
        )
        self._program = program(signature)

    def _place_weights(self) -> bool:
        """Put row weights on the device, if any member has them; return whether.

        Jobs may weight the rows of one part differently, and so may samplers of labels.
        What differs is where a member's weights begin: so many places behind the rows
        of its part.
        """
        if not any(member.weighs_rows for member in self.members):
            return False
        keys = [(id(m.part), id(m.importance)) for m in self.members]
        firsts = dict(zip(reversed(keys), reversed(self.members), strict=True))
        distinct = list(dict.fromkeys(keys))
        rows = len(self.members[0].part.table)
        begins = {key: place * rows for place, key in enumerate(distinct)}
        self._shift = np.array(
            [
                begins[key] - self._offset[m.part.number]
                for key, m in zip(keys, self.members, strict=True)
            ],
            np.int32,
        )
        shares = np.concatenate([firsts[key].row_shares() for key in distinct])
        self.data["weights"] = tf.constant(shares, self.settings.dtype)
        return True

    def _place_votes(self, codes: AnyArray) -> bool:
        """Put the codes of what is made from each row on the device.

        Returns whether any member's made examples have categories of a vote, see
        `Neighbours.voters`. Where they begin is so many places behind the rows of the
        member's part.

        Args:
            codes: `[parts * rows, categories]` those of the rows.
        """
        keys = [
            None
            if m.neighbours is None or m.neighbours.voters is None
            else (m.part.number, id(m.neighbours))
            for m in self.members
        ]
        distinct = list(dict.fromkeys(key for key in keys if key is not None))
        if not distinct or not codes.shape[1]:
            return False
        firsts = dict(zip(reversed(keys), reversed(self.members), strict=True))
        rows, blocks = len(self.members[0].part.table), []
        begins: dict[Any, int] = {}
        for place, key in enumerate(distinct):
            first = self._offset[firsts[key].part.number]
            blocks.append(_votes(firsts[key], codes[first : first + rows]))
            begins[key] = place * rows
        self.data["votes"] = tf.constant(np.concatenate(blocks))
        self._voted = np.array([key is not None for key in keys])
        # Members without a vote gather what is there, and use nothing of it.
        self._votes_shift = np.array(
            [
                begins.get(key, 0) - self._offset[m.part.number]
                for key, m in zip(keys, self.members, strict=True)
            ],
            np.int32,
        )
        return True

    def _place_noise(self, store: EncodedStore) -> int:
        """Put what noise is made of on the device; return how many groups have one.

        Where a member's groups of rows begin is so many places behind the rows of its
        part. Members without noise have rows of the group behind the last.
        """
        noisy = [
            m.neighbours is not None and m.neighbours.widths is not None
            for m in self.members
        ]
        if not any(noisy):
            return 0
        keys = [
            (m.part.number, id(m.neighbours)) if noise else None
            for m, noise in zip(self.members, noisy, strict=True)
        ]
        firsts = dict(zip(reversed(keys), reversed(self.members), strict=True))
        rows = len(self.members[0].part.table)
        groups = max(
            len(m.neighbours.widths)
            for m in self.members
            if m.neighbours is not None and m.neighbours.widths is not None
        )
        blocks, begins, widths = [], {}, {}
        columns = {"numbers": store.numbers, "positions": store.positions}
        for place, (key, member) in enumerate(firsts.items()):
            of, near = member.noise_groups(), member.neighbours
            blocks.append(np.where(of < 0, groups, of).astype(np.int32))
            begins[key] = place * rows
            here = self._offset[member.part.number] + np.arange(rows)
            widths[key] = {
                name: np.zeros((groups + 1, values.shape[1]))
                for name, values in columns.items()
            }
            if key is not None and near is not None and near.widths is not None:
                noise = Noise(0, of, near.widths)
                for name, values in columns.items():
                    each = noise.deviations(values[here])
                    widths[key][name][: len(each)] = each
        self.data["noise_groups"] = tf.constant(np.concatenate(blocks))
        self._noise_shift = np.array(
            [
                begins[key] - self._offset[m.part.number]
                for key, m in zip(keys, self.members, strict=True)
            ],
            np.int32,
        )
        self._noise_widths = {
            name: np.stack([widths[key][name] for key in keys]) for name in columns
        }
        return groups

    # ---- training

    @property
    def done(self) -> bool:
        """Whether nobody learns any more."""
        return len(self.now.active) == 0 or self.now.epoch >= self.settings.epochs

    def run_epoch(self) -> None:
        """Train the active members for an epoch; those who are done leave.

        Raises:
            TrainingError: A member met a number that is not finite.
        """
        self._refresh()
        state = self._trained()
        values = self._stop_values(state["weights"])
        borne = self.settings.patience
        self.now = self.now.after(state, values, borne, self._warm)

    def _refresh(self) -> None:
        """Take new rows where a pass over those that are there has ended."""
        if self.supply is None:
            return
        due: dict[int, list[EncodedPart]] = {}
        for part in {m.number: m for m in self._parts_in_training()}.values():
            block = self.now.epoch // self.epochs_per_block(part)
            if block != self._placed.get(part.number, 0):
                due.setdefault(block, []).append(part)
        for block, parts in due.items():
            self._refill(self.supply, block, parts)

    def _parts_in_training(self) -> list[EncodedPart]:
        return [self.members[number].part for number in self.now.active]

    def epochs_per_block(self, part: EncodedPart) -> int:
        """Return after how many epochs a part's rows have been seen about once."""
        return max(1, round(len(part.train) / (self.steps * self.batch)))

    def _refill(
        self, supply: RowSupply, block: int, parts: Sequence[EncodedPart]
    ) -> None:
        """Put the rows of a block into the places of others, part by part.

        Whoever is interrupted meanwhile can still score: no row that is scored, or that
        training stops by, is replaced.
        """
        names = "numbers", "positions", "codes"
        # Taken out one by one, so that no array is held twice.
        store = EncodedStore(*(self.data.pop(name).numpy() for name in names))
        try:
            self._refill_store(store, supply, block, parts)
        finally:
            arrays = store.numbers, store.positions, store.codes
            del store
            for name, array in zip(names, arrays, strict=True):
                self.data[name] = tf.constant(array)

    def _refill_store(
        self,
        store: EncodedStore,
        supply: RowSupply,
        block: int,
        parts: Sequence[EncodedPart],
    ) -> None:
        came: list[list[IntArray]] = [[] for _ in parts]
        for pieces in supply.refill(block, [(part.train, part.stop) for part in parts]):
            for part, places_of, (at, rows) in zip(parts, came, pieces, strict=True):
                if len(at):
                    encoded = part.encode_others(rows)
                    there = at + self._offset[part.number]
                    store.put(there, encoded, part.exact, self.common)
                    places_of.append(at)
        for part, places_of in zip(parts, came, strict=True):
            now = np.concatenate([np.zeros(0, np.int64), *places_of])
            before = self._replaced.get(part.number, np.zeros(0, np.int64))
            back = np.setdiff1d(before, now)
            if len(back):
                there = back + self._offset[part.number]
                store.put(there, part.encode(back), part.exact, self.common)
            self._placed[part.number], self._replaced[part.number] = block, now

    def drop(self, members: npt.ArrayLike) -> None:
        """Let some members leave with their best weights so far.

        Args:
            members: Their numbers; those that have left already may be among them.
        """
        leaving = np.isin(self.now.active, members)
        if leaving.any():
            self.now = self.now.without(leaving)

    def finish(self) -> None:
        """Keep the best weights of everyone who still learns."""
        self.now = self.now.finished()

    def _trained(self) -> Mapping[str, Tensors]:
        """Return the state after one more epoch, block by block.

        The state before it is moved: it would double what an epoch needs.
        """
        active = self.now.active
        self.now, state = self.now.moved()
        if len(active) <= self._block:
            return self._epoch(state, active)
        count = range(0, len(active), self._block)
        blocks = [slice(first, first + self._block) for first in count]
        before = _divided(state, blocks)
        after = []
        for number, here in enumerate(blocks):
            after.append(self._epoch(before[number], active[here]))
        # Taken out of the blocks as they are joined, so that no state is held twice.
        return {
            kind: {
                name: tf.concat([block[kind].pop(name) for block in after], 0)
                for name in list(after[0][kind])
            }
            for kind in state
        }

    def _epoch(self, state: Any, which: IntArray) -> dict[str, dict[str, Tensor]]:
        """Return the state of some members after one more epoch."""
        alone = needs_company(len(which))
        if alone:
            state, which = doubled(state), np.repeat(which, 2)
        after = self._program.epoch(
            state, self.data, self._draws(which), self._columns(which)
        )
        return first_of(after) if alone else after

    @property
    def _starting(self) -> BoolArray:
        """Which members have a start with something else, and are still in it."""
        return np.asarray((self._warm > 0) & (self.now.turned == 0))

    def _as_they_are(self, starting: BoolArray) -> list[Member]:
        """Return the members as they learn: without class weights that are deferred.

        Args:
            starting: `[members]` which are in their start.
        """
        return [
            member.early if first and member.early is not None else member
            for member, first in zip(self.members, starting, strict=True)
        ]

    # ---- what a program takes

    def _draws(self, which: IntArray) -> Tensors:
        shape = (self.steps, len(which), self.batch)
        index = np.empty(shape, np.int32)
        mixed = self._program.signature.mixed
        signature = self._program.signature
        target_mix = np.zeros(shape if signature.retargeted else 0, self.settings.dtype)
        labels = np.zeros(
            (*shape, self.task.width) if signature.relabelled else 0, np.int8
        )
        seeds = np.zeros(len(which), np.uint32)
        partner = np.empty(shape if mixed else 0, np.int32)
        mix = np.zeros(shape if mixed else 0, self.settings.dtype)
        for place, number in enumerate(which):
            member = self.members[number]
            offset = self._offset[member.part.number]
            draw = member.draw(self._rows(int(number)), self.now.epoch)
            index[:, place] = draw.index + offset
            if mixed:
                other = draw.index if draw.partner is None else draw.partner
                partner[:, place] = other + offset
                if draw.mix is not None:
                    mix[:, place] = draw.mix
            if signature.retargeted and draw.share is not None:
                target_mix[:, place] = draw.share
            if signature.relabelled:
                plain = member.part.labels[draw.index]
                labels[:, place] = plain if draw.labels is None else draw.labels
            if draw.noise is not None:
                seeds[place] = draw.noise.seed
        first = self.now.epoch * self.steps
        corrections = adam.rates(first, self.steps)
        rates = self.spec.learning_rate * corrections
        draws: dict[str, Any] = {
            "index": tf.constant(index),
            "rates": tf.constant(rates, self.settings.dtype),
            "first": tf.constant(first, tf.int32),
        }
        if mixed:
            draws |= {"partner": tf.constant(partner), "mix": tf.constant(mix)}
        if signature.retargeted:
            draws["target_mix"] = tf.constant(target_mix)
        if signature.relabelled:
            draws["labels"] = tf.constant(labels)
        if signature.noise_groups:
            draws["noise_seed"] = tf.constant(seeds)
        if self._program.signature.rated:
            by_member = np.stack(
                [self._corrections(int(number)) for number in which], 1
            )
            draws["own_rates"] = tf.constant(
                by_member * self._sizes[which], self.settings.dtype
            )
        return draws

    def _corrections(self, number: int) -> FloatArray:
        """Return Adam's bias corrections of a member's epoch, `[steps]`."""
        epoch = self.now.epoch - int(self.now.turned[number])
        return adam.rates(epoch * self.steps, self.steps)

    def _rows(self, number: int) -> Int32Array:
        """Return the rows of a member's epoch, `[steps, batch]`."""
        epochs = max(1, ROWS_AHEAD // (self.steps * self.batch))
        first = self.now.epoch // epochs * epochs
        if self._ahead.get(number, (-1, None))[0] != first:
            member = self.members[number]
            ahead = member.rows(first, epochs, self.batch, self.steps)
            if len(member.part.train) <= MOST_SMALL_ROWS:
                ahead = ahead.astype(np.uint16)
            self._ahead[number] = (first, ahead)
        _, ahead = self._ahead[number]
        rows: Int32Array = ahead[self.now.epoch - first].astype(np.int32)
        return rows

    def _columns(self, which: IntArray) -> Tensors:
        """Return what differs by member."""
        now = self._as_they_are(self._starting)
        active = [now[number] for number in which]
        families = self._program.signature.families
        sizes = [sum(m.family == family for m in active) for family in families]
        dtype = self.settings.dtype
        options = []
        for family in families:
            rows = [m.options for m in active if m.family == family]
            options.append(
                tuple(
                    self._option([row[place] for row in rows], name in family.wide)
                    for place, name in enumerate(family.options)
                )
            )
        if self.task.kind == "binary":
            weights = {
                "negative": tf.constant([m.weights[0] for m in active], dtype),
                "positive": tf.constant([m.weights[1] for m in active], dtype),
            }
        else:
            weights = {"weights": tf.constant([m.weights for m in active], dtype)}
        columns = {
            **weights,
            "stream": tf.constant([_stream(m.seed) for m in active], tf.uint32),
            "bounds": tf.constant([0, *np.cumsum(sizes)], tf.int32),
            "warm": tf.constant(
                (self._warm[which] > 0) & (self.now.turned[which] == 0)
            ),
            "options": tuple(options),
        }
        if self._program.signature.voted:
            columns["voted"] = tf.constant(self._voted[which])
            columns["votes_shift"] = tf.constant(self._votes_shift[which])
        if self._program.signature.noise_groups:
            columns["noise_shift"] = tf.constant(self._noise_shift[which])
            columns["noise_last"] = self._last(active)
            for name, widths in self._noise_widths.items():
                columns[f"noise_{name}"] = tf.constant(widths[which], dtype)
        if self._program.signature.weighted:
            columns["shift"] = tf.constant(self._shift[which])
        if self._program.signature.rated:
            decay = 1.0 - self._sizes[which] * self._decays[which]
            columns["decay"] = tf.constant(decay, dtype)
        if self._program.signature.dropped:
            columns["dropout"] = tf.constant(self._dropouts[which], dtype)
        return columns

    def _option(self, values: Sequence[Any], wide: bool) -> Any:
        """Return an option of the members of a family, `[members]` or wider."""
        shape = (len(values), self.task.width) if wide else (len(values),)
        numbers = np.array(values, self.settings.dtype).reshape(shape)
        return tf.constant(numbers, self.settings.dtype)

    def _last(self, members: Sequence[Member]) -> Any:
        rows = [last_intervals(m.part.exact, self.common) for m in members]
        shape = (len(members), len(self.common.positions))
        return tf.constant(np.reshape(rows, shape), self.settings.dtype)

    # ---- scores

    def _stop_values(self, weights: Tensors) -> FloatArray:
        rows = [self.members[number].part.stop for number in self.now.active]
        logits = self.logits(weights, self.now.active, rows)
        values = np.empty(len(self.now.active))
        now = self._as_they_are(self._starting)
        for place, (number, logit) in enumerate(
            zip(self.now.active, logits, strict=True)
        ):
            member = now[number]
            if not np.isfinite(logit).all():
                if self.forgiving:
                    values[place] = np.nan
                    continue
                raise TrainingError(
                    sentence(
                        f"a logit that is not finite from {member.name} after epoch "
                        f"{self.now.epoch + 1}",
                        "finite numbers throughout",
                        "Try a smaller learning rate, or milder weights.",
                    )
                )
            part = member.part
            values[place] = stop_value(
                self.settings.metric,
                part.labels[part.stop],
                logit[:, 0] if self.task.kind == "binary" else logit,
                member.correction,
                None if part.weights is None else part.weights[part.stop],
                self.task,
            )
        return values

    def results(self, keep: bool) -> list[FittedMember]:
        """Return what each member gave. All members must be done.

        Args:
            keep: Whether the weights are wanted too.
        """
        everyone = range(len(self.members))
        scores = self.best_scores(everyone)
        members = self._corrected()
        return [
            FittedMember(
                members[i],
                scores[i],
                self._updates(i),
                int(self.now.patience.epoch[i]),
                self._trained_epochs(i),
                self._exact(i) if keep else None,
            )
            for i in everyone
        ]

    def best_scores(self, which: Sequence[int]) -> list[FloatArray]:
        """Return the corrected scores of some members at their best weights.

        Args:
            which: Their numbers; they may be in training.

        Returns:
            `[score rows, width]` of each.
        """
        place = {int(member): i for i, member in enumerate(self.now.active)}
        running = {name: value.numpy() for name, value in self.now.best.items()}
        best = [
            {name: value[place[i]] for name, value in running.items()}
            if i in place
            else self.now.kept[i]
            for i in which
        ]
        weights = {
            name: tf.constant(np.stack([each[name] for each in best]))
            for name in best[0]
        }
        rows = [self.members[i].part.score for i in which]
        logits = self.logits(weights, np.asarray(which), rows)
        members = self._corrected()
        return [
            members[i].final_correction.apply(logit)
            for i, logit in zip(which, logits, strict=True)
        ]

    def _corrected(self) -> list[Member]:
        """Return the members with the corrections of the weights that are kept.

        After the start of a member these are those of its start until an epoch with
        all that it learns by has ended better than none.
        """
        kept_from_start = self.now.patience.epoch <= self.now.turned
        starting = ((self._warm > 0) & kept_from_start) | self._starting
        return [
            member
            if member is now
            else dataclasses.replace(member, correction=now.correction)
            for member, now in zip(
                self.members, self._as_they_are(starting), strict=True
            )
        ]

    def _updates(self, member: int) -> int:
        best = int(self.now.patience.epoch[member])
        last = max(best, int(self.now.turned[member])) + self.settings.patience
        return min(self.now.epoch, last) * self.steps

    def _trained_epochs(self, member: int) -> int:
        turned, best = self.now.turned[member], self.now.patience.epoch[member]
        if self._warm[member] and not turned:
            return 0
        return max(0, int(best - turned))

    def _exact(self, member: int) -> Parameters:
        exact = self.members[member].part.exact
        return to_exact_layout(self.now.kept[member], self.spec, exact, self.common)

    def logits(
        self, weights: Tensors, which: IntArray, rows: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Return the raw logits of some members on rows of their own, `[rows, width]`.

        Rows are taken in chunks of one size, so that a member's numbers do not
        depend on how many rows another one has.

        Args:
            weights: Of these members.
            which: The members.
            rows: The rows of each, positions in the table.
        """
        members = [self.members[number] for number in which]
        most = max(len(at) for at in rows)
        padded = np.zeros(
            (len(members), -(-most // self._chunk) * self._chunk), np.int32
        )
        for place, (member, at) in enumerate(zip(members, rows, strict=True)):
            padded[place, : len(at)] = at + self._offset[member.part.number]
        last = self._last(members)
        side = block_size(
            self.spec, self.common, self.settings, self._chunk, self.task.width
        )
        blocks = [slice(i, i + side) for i in range(0, len(members), side)]
        chunks = range(0, padded.shape[1], self._chunk)
        scored = [
            np.concatenate(
                [
                    self._scored(
                        {name: value[block] for name, value in weights.items()},
                        last[block],
                        tf.constant(padded[block, i : i + self._chunk]),
                    )
                    for block in blocks
                ]
            )
            for i in chunks
        ]
        joined = np.concatenate(scored, axis=1).astype(np.float64)
        if joined.ndim == 2:
            joined = joined[..., None]
        return [joined[i, : len(at)] for i, at in enumerate(rows)]

    def _scored(self, weights: Tensors, last: Tensor, rows: Tensor) -> FloatArray:
        """Return the logits of a block of members, `[members, rows]` or wider."""
        members = len(rows)
        if needs_company(members):
            weights, last, rows = doubled(weights), doubled(last), doubled(rows)
        logits: FloatArray = self._program.logits(
            weights, self.data, last, rows
        ).numpy()
        return logits[:members]


def _votes(member: Member, codes: AnyArray) -> AnyArray:
    """Return the codes of what is made from each row of a part, `[rows, categories]`.

    Args:
        member: With neighbours of its training rows, and their voters.
        codes: `[rows, categories]` those of the rows.
    """
    votes, near, train = codes.copy(), member.neighbours, member.part.train
    if near is None or near.voters is None:
        return votes
    lines, made = near.of[near.of >= 0], train[near.of >= 0]
    for column in range(codes.shape[1]):
        votes[made, column] = codes[train[near.voters[lines, column]], column]
    return votes


def _divided(
    state: Mapping[str, dict[str, Tensor]], blocks: Sequence[slice]
) -> list[dict[str, dict[str, Tensor]]]:
    """Move a state into blocks of members.

    Each block has its own memory, which is free again once the block is trained. The
    slices of TensorFlow would share that of the whole.
    """
    divided: list[dict[str, dict[str, Tensor]]] = [
        {kind: {} for kind in state} for _ in blocks
    ]
    for kind, arrays in state.items():
        for name in list(arrays):
            whole = arrays.pop(name)
            members = np.arange(len(whole), dtype=np.int32)
            for block, here in zip(divided, blocks, strict=True):
                block[kind][name] = tf.gather(whole, members[here])
    return divided


def last_intervals(exact: Layout, common: Layout) -> npt.NDArray[np.float32]:
    """Return the number of the last interval of each embedded number, `[numbers]`."""
    last = np.zeros(len(common.positions), np.float32)
    last[places(exact.positions, common.positions)] = np.asarray(exact.knots) - 2
    return last


def _stream(seed: int) -> tuple[int, int]:
    """Return the shift and the odd factor of a member's dropout."""
    bits = derive(seed, "dropout")
    return bits & 0xFFFFFFFF, (bits >> 31) & 0xFFFFFFFF | 1


def _chunk(rows: int) -> int:
    """Return how many rows are scored at once, by the table and the processor alone."""
    eighth = -(-rows // (8 * LANES)) * LANES
    return rows_at_once(min(MOST_CHUNK, max(LEAST_CHUNK, eighth)))
