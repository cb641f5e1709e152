# SPDX-License-Identifier: Apache-2.0
"""A network alone in a stack, which is to have the same bits as among others.

On processors without AVX-512, where TensorFlow does not use oneDNN, one small matrix
product goes through another kernel than several small ones do, and adds in another
order (`LaunchBatchMatMul` in TensorFlow's `matmul_op_impl.h`). There a lone network is
trained and scored as a stack of two equal ones, and every product that scores has the
same number of rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import tensorflow as tf

from equipoise._core.types import Tensor

_Tensors = TypeVar("_Tensors")

FEW_ROWS = 256
"""Rows that are scored at once on processors on which a product of few rows goes
through another kernel than one of many. With so many, a row has the same bits at each
place; with 512 it does not."""

_SHAPES = (32, 8, 24), (32, 24, 16), (16, 64, 8)


@functools.cache
def alone_differs() -> bool:
    """Return whether a product alone has other bits here than in a stack.

    It is measured once, also if it is first asked for while a function is traced.
    """
    random = np.random.default_rng(0)
    with tf.init_scope():
        for rows, inner, columns in _SHAPES:
            left, right = (
                tf.constant(random.normal(size=(2, *shape)), tf.float32)
                for shape in ((rows, inner), (inner, columns))
            )
            alone = tf.matmul(left[:1], right[:1])
            if not np.array_equal(alone, tf.matmul(left, right)[:1]):
                return True
    return False


def needs_company(members: int) -> bool:
    """Return whether a stack is to be doubled.

    Args:
        members: How many networks it has.
    """
    return members == 1 and alone_differs()


def rows_at_once(most: int) -> int:
    """Return how many rows are scored at once.

    Args:
        most: How many are if the processor does not mind.
    """
    return FEW_ROWS if alone_differs() else most


def doubled(tensors: _Tensors, axis: int = 0) -> _Tensors:
    """Return tensors with a second member equal to the only one.

    Args:
        tensors: A tensor, or dictionaries of tensors.
        axis: That of the members.

    Example:
        >>> doubled({"bias": tf.constant([[1.0, 2.0]])})["bias"].numpy().tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """
    return _mapped(lambda tensor: tf.repeat(tensor, 2, axis=axis), tensors)


def first_of(tensors: _Tensors) -> _Tensors:
    """Return the first member of tensors, `[1, ...]` each.

    Args:
        tensors: A tensor, or dictionaries of tensors, the members first.
    """
    return _mapped(lambda tensor: tensor[:1], tensors)


def _mapped(change: Callable[[Tensor], Tensor], tensors: _Tensors) -> _Tensors:
    mapped: _Tensors = tf.nest.map_structure(change, tensors)
    return mapped
