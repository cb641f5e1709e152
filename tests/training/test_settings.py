# SPDX-License-Identifier: Apache-2.0
"""Settings are checked."""

from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.training.settings import TrainingSettings


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("batch", 100, InputError, "Try batch=112"),
        ("batch", 8, InputError, "at least 16"),
        ("batch", 64.0, InputTypeError, "an integer"),
        ("epochs", 0, InputError, "from 1"),
        ("patience", 0, InputError, "at least 1"),
        ("metric", "recall", InputError, "metric='recall'"),
        ("memory_limit", 10, InputError, "memory_limit=10"),
        ("dtype", "float16", InputError, "float32"),
        ("save_every", -1.0, InputError, "save_every"),
        ("updates", 0, InputError, "updates"),
    ],
)
def test_what_is_refused(name, value, error, message) -> None:
    with pytest.raises(error, match=message):
        TrainingSettings(**{name: value})


def test_batches_are_whole_vectors_and_grow_with_the_rows() -> None:
    sizes = [TrainingSettings().batch_for(rows) for rows in (10, 900, 5_000, 10**6)]
    assert sizes == [32, 32, 256, 256]
    assert TrainingSettings(batch=48).batch_for(10**6) == 48


def test_an_epoch_is_a_pass_or_a_part_of_a_long_one() -> None:
    assert TrainingSettings(batch=64).steps_for(640) == 10
    assert TrainingSettings(batch=64).steps_for(641) == 11
    assert TrainingSettings(batch=64, updates=7).steps_for(641) == 7
    assert TrainingSettings().steps_for(10**6) == 200


def test_round_trip() -> None:
    settings = TrainingSettings(batch=64, patience=3, metric="average_precision")
    assert TrainingSettings.from_dict(settings.to_dict()) == settings
