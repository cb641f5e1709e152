# SPDX-License-Identifier: Apache-2.0
"""Real data that is always at hand: scikit-learn's digits, made rare.

The images are those of the UCI "Optical Recognition of Handwritten Digits" test set,
8 x 8 pixels. A fixed draw (by digest, so it never changes) keeps a few positives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import one_of
from equipoise._core.seeds import derive
from equipoise.reading.source import Raw, Request


@dataclass(frozen=True)
class Example:
    """One question about the digits.

    Attributes:
        positive: The digit that is rare.
        negatives: The digits it is told from.
        positives: How many rows of the rare digit there are.
        target: The target's name.
    """

    positive: int
    negatives: tuple[int, ...]
    positives: int
    target: str


EXAMPLES = {
    # 178 zeros and 20 ones: nine to one.
    "example:digits": Example(1, (0,), 20, "is_one"),
    # 1,623 other digits and 40 eights: about forty to one.
    "example:digits-hard": Example(8, (0, 1, 2, 3, 4, 5, 6, 7, 9), 40, "is_eight"),
}


def read_example(name: str, request: Request) -> Raw:
    """Read an example; it has a target that need not be named.

    Args:
        name: "example:digits" (is it a 1 rather than a 0? 10% are) or
            "example:digits-hard" (is it an 8? one in 41 is).
        request: May name another target.

    Raises:
        InputError: There is no such example.
    """
    import pyarrow as pa
    from sklearn.datasets import load_digits

    one_of(name, EXAMPLES, "source")
    example = EXAMPLES[name]
    data, digit = load_digits(return_X_y=True)
    rare = np.flatnonzero(digit == example.positive)
    order = sorted(rare, key=lambda row: derive(0, "example:digits", int(row)))
    rows = np.sort(
        np.r_[
            np.flatnonzero(np.isin(digit, example.negatives)),
            order[: example.positives],
        ]
    )
    pixels = data[rows]
    columns = {
        f"pixel_{j // 8}_{j % 8}": pixels[:, j]
        for j in range(64)
        if pixels[:, j].min() < pixels[:, j].max()
    }
    columns[example.target] = (digit[rows] == example.positive).astype(np.int8)
    table = pa.table({key: pa.array(values) for key, values in columns.items()})
    return Raw(
        table,
        f"the example {name.removeprefix('example:')!r}",
        targets=request.targets or (example.target,),
    )
