# SPDX-License-Identifier: Apache-2.0
"""What a tabular network is made of: names and numbers, no TensorFlow."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import integer, number, sentence
from equipoise.errors import InputTypeError


@dataclass(frozen=True)
class NetworkSpec:
    """The recipe of a network on encoded rows.

    Attributes:
        name: What it is called.
        hidden: The width of each hidden layer; none is a linear model.
        number_width: The width of the piecewise-linear embedding of each number;
            0 leaves numbers as the encoding scales them.
        category_width: The width of the embedding of a categorical column.
        one_hot: Categorical columns of at most so many codes enter as one-hot
            columns instead.
        dropout: The share of hidden units that is dropped in training, in [0, 1).
        copies: How many networks with seeds of their own are averaged.
        learning_rate: The step size of Adam, if the strategy names none.
        weight_decay: How fast weights shrink, per unit of step size (Loshchilov
            and Hutter 2019, decoupled); biases and embeddings do not.

    Raises:
        InputTypeError: A value has the wrong type.
        InputError: A value is out of range.

    Example:
        >>> NetworkSpec("tiny", hidden=(8,)).hidden
        (8,)
    """

    name: str
    hidden: tuple[int, ...] = (64, 64)
    number_width: int = 0
    category_width: int = 8
    one_hot: int = 16
    dropout: float = 0.0
    copies: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InputTypeError(sentence(f"name={self.name!r}", "a string"))
        if not isinstance(self.hidden, tuple | list):
            raise InputTypeError(
                sentence(
                    f"hidden={self.hidden!r}", "a tuple of widths", "Try (64, 64)."
                )
            )
        widths = tuple(integer(w, "a hidden width", 1, 65_536) for w in self.hidden)
        object.__setattr__(self, "hidden", widths)
        integer(self.number_width, "number_width", 0, 1024)
        integer(self.category_width, "category_width", 1, 1024)
        integer(self.one_hot, "one_hot", 0, 1002)
        number(self.dropout, "dropout", 0, 0.99)
        integer(self.copies, "copies", 1, 1000)
        number(self.learning_rate, "learning_rate", 0, 10, open_ends=True)
        number(self.weight_decay, "weight_decay", 0, 10)

    def changed(
        self,
        *,
        width: int | None = None,
        depth: int | None = None,
        dropout: float | None = None,
        weight_decay: float | None = None,
    ) -> NetworkSpec:
        """Return the recipe with what a strategy names; None leaves a value alone.

        Args:
            width: The units of each hidden layer. Without `depth`, a linear network
                stays one.
            depth: The number of hidden layers. Without `width`, each has as many units
                as the first one had, or 64.
            dropout: As in `NetworkSpec`.
            weight_decay: As in `NetworkSpec`.

        Example:
            >>> NetworkSpec("x", hidden=(64, 32)).changed(depth=3).hidden
            (64, 64, 64)
        """
        hidden = self.hidden
        if width is not None or depth is not None:
            units = width or (hidden[0] if hidden else 64)
            hidden = (units,) * (len(hidden) if depth is None else depth)
        return dataclasses.replace(
            self,
            hidden=hidden,
            dropout=self.dropout if dropout is None else dropout,
            weight_decay=self.weight_decay if weight_decay is None else weight_decay,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain data."""
        return dataclasses.asdict(self) | {"hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkSpec:
        """Rebuild a recipe from `to_dict`."""
        return cls(**{**values, "hidden": tuple(values["hidden"])})
