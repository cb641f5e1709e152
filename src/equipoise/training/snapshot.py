# SPDX-License-Identifier: Apache-2.0
"""All that changes while a population is trained, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from equipoise._core.checks import sentence
from equipoise._core.types import BoolArray, IntArray, Tensor, Tensors
from equipoise.errors import InputError
from equipoise.networks.parameters import Parameters
from equipoise.training.stopping import Patience


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state after an epoch.

    It is replaced as a whole, so whoever is interrupted finds a whole one. Only
    while an epoch runs is its state away (`moved`).

    Attributes:
        epoch: How many epochs have ended.
        active: The members that still learn, ascending.
        state: "weights", "m" and "v" of the active members, on the device.
        best: The best weights of the active members, on the device.
        kept: The best weights of the members that are done, in the common layout.
        patience: Who improved when.
        turned: `[members]` the epoch after which a warm start ended and the
            strategy's own loss began; 0 for a member that has no warm start, or is
            still in it.
    """

    epoch: int
    active: IntArray
    state: Mapping[str, Tensors]
    best: Tensors
    kept: Mapping[int, Parameters]
    patience: Patience
    turned: IntArray

    @classmethod
    def start(cls, weights: Mapping[str, npt.NDArray[Any]], dtype: str) -> Snapshot:
        """Return the state before the first epoch.

        Args:
            weights: First weights, name to `[members, ...]`.
            dtype: The floating type on the device.
        """
        first = {name: tf.constant(value, dtype) for name, value in weights.items()}
        zeros = {name: tf.zeros_like(value) for name, value in first.items()}
        count = len(next(iter(weights.values())))
        return cls(
            0,
            np.arange(count),
            {"weights": first, "m": zeros, "v": zeros},
            first,
            {},
            Patience.start(count),
            np.zeros(count, np.int64),
        )

    def after(
        self,
        state: Mapping[str, Tensors],
        values: npt.NDArray[np.float64],
        borne: int,
        warm: IntArray | None = None,
    ) -> Snapshot:
        """Return the state after one more epoch; members that are done leave.

        A warm start ends when it has had its epochs or its patience has run out. The
        member then goes on from its best weights with fresh moments, and stopping
        begins again: what is kept is an epoch of the strategy's own loss.

        Args:
            state: "weights", "m" and "v" after the epoch.
            values: `[active]`: what early stopping minimises.
            borne: Epochs without improvement that are borne.
            warm: `[members]` the epochs of a warm start, at most; 0 for none.
        """
        epoch = self.epoch + 1
        patience, improved = self.patience.after(epoch, self.active, values)
        if improved.all():
            best = state["weights"]
        elif improved.any():
            best = _chosen(improved, state["weights"], self.best)
        else:
            best = self.best
        turned = self.turned[self.active]
        done = epoch - np.maximum(patience.epoch[self.active], turned) >= borne
        most = np.zeros_like(turned) if warm is None else warm[self.active]
        first = (most > 0) & (turned == 0)
        whole = Snapshot(
            epoch, self.active, state, best, self.kept, patience, self.turned
        )
        turning = first & (done | (epoch >= most))
        if turning.any():
            whole = whole.turning(turning)
        done &= ~first
        return whole.without(done) if done.any() else whole

    def moved(self) -> tuple[Snapshot, dict[str, dict[str, Tensor]]]:
        """Return this without its state, and the state, which an epoch takes over.

        Whoever is interrupted then still has the best weights.
        """
        state = {kind: dict(arrays) for kind, arrays in self.state.items()}
        return replace(self, state={kind: {} for kind in state}), state

    def turning(self, which: BoolArray) -> Snapshot:
        """Return the state after the warm start of some members, `[active]`."""
        zeros = {name: tf.zeros_like(value) for name, value in self.best.items()}
        fresh = {"weights": self.best, "m": zeros, "v": zeros}
        turned, members = self.turned.copy(), self.active[which]
        turned[members] = self.epoch
        return replace(
            self,
            state={
                kind: _chosen(which, fresh[kind], arrays)
                for kind, arrays in self.state.items()
            },
            patience=self.patience.restarted(members),
            turned=turned,
        )

    def without(self, done: BoolArray) -> Snapshot:
        """Return the state after some members have left, `[active]`."""
        finished = dict(self.kept)
        leaving, staying = np.flatnonzero(done), np.flatnonzero(~done)
        gone = {
            name: value.numpy() for name, value in _take(self.best, leaving).items()
        }
        for i, member in enumerate(self.active[leaving]):
            finished[int(member)] = {name: value[i] for name, value in gone.items()}
        state = {kind: _take(arrays, staying) for kind, arrays in self.state.items()}
        best = _take(self.best, staying)
        active = self.active[staying]
        return replace(self, active=active, state=state, best=best, kept=finished)

    def finished(self) -> Snapshot:
        """Return the state after everyone has left."""
        return self.without(np.ones(len(self.active), np.bool_))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the whole state as NumPy arrays by name."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "epoch": np.asarray(self.epoch),
            "active": self.active,
            "patience.best": self.patience.best,
            "patience.epoch": self.patience.epoch,
            "turned": self.turned,
        }
        for kind, values in {**self.state, "best": self.best}.items():
            arrays |= {
                f"{kind}.{name}": value.numpy() for name, value in values.items()
            }
        for member, weights in self.kept.items():
            arrays |= {f"kept.{member}.{name}": v for name, v in weights.items()}
        return arrays

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], *, like: Snapshot | None = None
    ) -> Snapshot:
        """Rebuild a state from `to_arrays`.

        Args:
            arrays: What `to_arrays` gave.
            like: The state before the first epoch, whose members and shapes the
                arrays must have; None: they are not checked.

        Raises:
            InputError: The arrays are not those of such a state.
        """
        if like is not None and not _fits(arrays, like.to_arrays()):
            raise InputError(
                sentence("arrays of another state", "those that a state was saved as")
            )
        finished: dict[int, Parameters] = {}
        for key, value in arrays.items():
            if key.startswith("kept."):
                _, member, name = key.split(".", 2)
                finished.setdefault(int(member), {})[name] = value
        return cls(
            int(arrays["epoch"]),
            arrays["active"],
            {kind: _named(arrays, kind) for kind in ("weights", "m", "v")},
            _named(arrays, "best"),
            finished,
            Patience(arrays["patience.best"], arrays["patience.epoch"]),
            arrays["turned"],
        )


def _fits(
    arrays: Mapping[str, npt.NDArray[Any]], first: Mapping[str, npt.NDArray[Any]]
) -> bool:
    """Return whether arrays are a later state of members that began as `first`."""
    count = len(first["active"])
    running = {name for name in arrays if not name.startswith("kept.")}
    if running != set(first):
        return False
    active = arrays["active"]
    if active.dtype != first["active"].dtype or active.ndim != 1:
        return False
    if active.size and not 0 <= active.min() <= active.max() < count:
        return False
    gone = set(range(count)) - set(active.tolist())
    for name in running - {"epoch", "active"}:
        # Of a member that is done nothing is learned any more.
        learned = name.split(".")[0] in {"weights", "m", "v", "best"}
        rows = active.size if learned else count
        shape = (rows, *first[name].shape[1:])
        if arrays[name].shape != shape or arrays[name].dtype != first[name].dtype:
            return False
    weights = [name for name in first if name.startswith("weights.")]
    expected = {
        f"kept.{member}.{name.removeprefix('weights.')}": first[name].shape[1:]
        for member in gone
        for name in weights
    }
    stored = {name: arrays[name].shape for name in set(arrays) - running}
    return stored == expected and arrays["epoch"].shape == ()


def _take(arrays: Tensors, places: IntArray) -> Tensors:
    rows = tf.constant(places, tf.int32)
    return {name: tf.gather(value, rows) for name, value in arrays.items()}


def _chosen(improved: BoolArray, new: Tensors, old: Tensors) -> Tensors:
    result = {}
    for name, value in new.items():
        mask = improved.reshape(-1, *(1 for _ in value.shape[1:]))
        result[name] = tf.where(mask, value, old[name])
    return result


def _named(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Tensors:
    return {
        key.removeprefix(f"{prefix}."): tf.constant(value)
        for key, value in arrays.items()
        if key.startswith(f"{prefix}.")
    }
