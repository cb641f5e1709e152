# SPDX-License-Identifier: Apache-2.0
"""A recipe is checked when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.networks.spec import NetworkSpec


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hidden": 64}, InputTypeError, "a tuple of widths"),
        ({"hidden": "64"}, InputTypeError, "a tuple of widths"),
        ({"hidden": (64, 0)}, InputError, "a hidden width=0"),
        ({"hidden": (6.5,)}, InputTypeError, "a hidden width=6.5"),
        ({"name": 3}, InputTypeError, "name=3"),
        ({"number_width": -1}, InputError, "number_width=-1"),
        ({"category_width": 0}, InputError, "category_width=0"),
        ({"one_hot": 1003}, InputError, "one_hot=1003"),
        ({"dropout": 1.0}, InputError, "dropout=1.0"),
        ({"copies": 0}, InputError, "copies=0"),
        ({"learning_rate": 0.0}, InputError, "learning_rate=0.0"),
        ({"weight_decay": -0.1}, InputError, "weight_decay=-0.1"),
    ],
)
def test_odd_values_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        NetworkSpec(**{"name": "x", **options})


def test_a_recipe_survives_plain_data() -> None:
    spec = NetworkSpec("x", hidden=[8, 4], number_width=2, dropout=0.1, copies=3)  # type: ignore[arg-type]  # lists are taken
    assert spec.hidden == (8, 4)
    assert NetworkSpec.from_dict(spec.to_dict()) == spec
    assert hash(NetworkSpec.from_dict(spec.to_dict())) == hash(spec)
