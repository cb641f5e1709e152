# SPDX-License-Identifier: Apache-2.0
"""Examples of a feed whose synthesis does more than blend them: targets, noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from equipoise._core.types import AnyArray, FloatArray, Tensor
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.graph_noise import GraphNoise
from equipoise.sampling.feeds.protocols import BatchSource
from equipoise.sampling.noise import Noise, normals
from equipoise.task import UNKNOWN_LABEL


def needs_more(feed: BatchSource) -> bool:
    """Return whether the synthesis of a feed does more than blend examples.

    Args:
        feed: What is drawn from what.
    """
    mixing = feed.mixing
    names = ("retargets", "relabels", "noisy")
    return any(getattr(mixing, name, False) for name in names)


@dataclass(eq=False)
class MadeBatches:
    """Arrays of an epoch, and the examples that a graph makes of them.

    Attributes:
        feed: What is drawn from what.
    """

    feed: BatchSource

    def __post_init__(self) -> None:
        near: Any = getattr(self.feed, "neighbours", None)
        self._noise: tuple[AnyArray, FloatArray] | None = None
        if near is not None and getattr(near, "widths", None) is not None:
            features = np.asarray(self.feed.parts()[0])
            scale = Noise(0, near.of, near.widths).deviations(features)
            self._noise = near.of, scale.reshape(len(scale), -1)
        self._labels = bool(getattr(self.feed.mixing, "relabels", False))

    @property
    def specs(self) -> tuple[Any, ...]:
        """The types of what `arrays` gives: batches of an epoch."""
        shape = (None, self.feed.batch)
        each = [tf.TensorSpec(shape, tf.int32)] * 2 + [tf.TensorSpec(shape)] * 2
        if self._labels:
            labels = self.feed.parts()[1].shape[1]
            each.append(tf.TensorSpec((*shape, labels), tf.int8))
        if self._noise is not None:
            each += [tf.TensorSpec(shape, tf.uint32)] * 2
        return tuple(each)

    def arrays(self, draw: Draw) -> tuple[AnyArray, ...]:
        """Return rows, partners, mixes and what else examples are made of.

        Args:
            draw: The rows of an epoch.
        """
        index, shape = draw.index, draw.index.shape
        none = np.zeros(shape, np.float32)
        partner = index if draw.partner is None else draw.partner
        each: list[AnyArray] = [index, partner, none if draw.mix is None else draw.mix]
        each.append(none if draw.share is None else draw.share)
        if self._labels:
            plain = np.asarray(self.feed.parts()[1])[index]
            plain = np.where(np.isnan(plain), UNKNOWN_LABEL, plain).astype(np.int8)
            each.append(plain if draw.labels is None else draw.labels)
        if self._noise is not None:
            seed = 0 if draw.noise is None else draw.noise.seed
            each.append(np.full(shape, seed, np.uint32))
            each.append(np.arange(index.size, dtype=np.uint32).reshape(shape))
        return tuple(each)

    def examples(self, tensors: tuple[Any, ...], *arrays: Tensor) -> tuple[Any, ...]:
        """Return features, targets and weights, if any, of some batches.

        Args:
            tensors: By row, as `feed.parts()`.
            *arrays: Batches of what `arrays` gave.
        """
        index, partner, mix, share, *more = arrays
        features, targets, *weights = (
            blended(values, index, partner, mix if place != 1 else share)
            for place, values in enumerate(tensors)
        )
        if self._labels:
            labels, *more = more
            targets = tf.cast(labels, tf.float32)
            targets = tf.where(labels == UNKNOWN_LABEL, np.float32(np.nan), targets)
        if self._noise is not None:
            features += self._noise_of(features, index, mix, *more)
        return (features, targets, *weights)

    def _noise_of(
        self, features: Tensor, index: Tensor, mix: Tensor, seed: Tensor, place: Tensor
    ) -> Tensor:
        of, scale = self._noise or (np.empty(0), np.empty((0, 0)))
        none = np.zeros((1, scale.shape[1]))
        wide = tf.constant(np.concatenate([scale, none]), features.dtype)
        group = tf.gather(tf.constant(np.where(of < 0, len(scale), of)), index)
        group = tf.where(mix > 0, group, tf.cast(len(scale), group.dtype))
        columns = tf.constant(np.arange(scale.shape[1]), tf.uint32)
        noise = normals(seed[..., None], place[..., None], columns, GraphNoise)
        noise = tf.cast(noise, features.dtype) * tf.gather(wide, group)
        return tf.reshape(noise, tf.shape(features))


def blended(values: Tensor, index: Tensor, partner: Tensor, mix: Tensor) -> Tensor:
    """Gather rows, and move each towards its partner by its mix.

    Args:
        values: `[rows, ...]`.
        index: `[batches, batch]` rows.
        partner: Likewise.
        mix: `[batches, batch]` from 0 to 1.
    """
    first, other = tf.gather(values, index), tf.gather(values, partner)
    share = tf.cast(mix, values.dtype)
    share = tf.reshape(share, tf.concat([tf.shape(share), [1] * (first.ndim - 2)], 0))
    return first + share * (other - first)
