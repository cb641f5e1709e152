# SPDX-License-Identifier: Apache-2.0
"""Settings are checked."""

from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.training.settings import (
    TrainingSettings,
    require_float32,
    with_precision,
)


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
        ("precision", "bfloat61", InputError, "Did you mean 'bfloat16'"),
        ("precision", 16, InputTypeError, "float32"),
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


def test_the_precision_is_recorded_if_it_is_not_the_usual_one() -> None:
    settings = TrainingSettings(precision="bfloat16")
    assert settings.to_dict()["precision"] == "bfloat16"
    assert TrainingSettings.from_dict(settings.to_dict()) == settings
    assert "precision" not in TrainingSettings(precision="float32").to_dict()


def test_a_precision_is_put_into_settings() -> None:
    longer = TrainingSettings(epochs=300, precision="bfloat16")
    assert with_precision(longer, None) is longer
    assert with_precision(longer, "float32") == TrainingSettings(epochs=300)
    assert with_precision(None, None) is None
    with pytest.raises(InputError, match="precision='half'"):
        with_precision(None, "half")


def test_rounded_factors_are_refused_where_they_have_no_meaning() -> None:
    with pytest.raises(InputError, match="dtype='float64'"):
        TrainingSettings(dtype="float64", precision="bfloat16")
    require_float32(None, "heads")
    require_float32(TrainingSettings(), "heads")
    with pytest.raises(UnsupportedError, match="with heads"):
        require_float32(TrainingSettings(precision="bfloat16"), "heads")


def test_the_words_for_usual_settings_stay_those_of_earlier_versions() -> None:
    """A search is kept under a key that holds them."""
    usual = repr(TrainingSettings(epochs=7))
    assert usual == (
        "TrainingSettings(batch=None, epochs=7, patience=10, metric='log_loss', "
        "memory_limit=4294967296, dtype='float32', save_every=30.0, updates=200)"
    )
    half = repr(TrainingSettings(epochs=7, precision="bfloat16"))
    assert half == usual.replace("200)", "200, precision='bfloat16')")
    assert eval(half) == TrainingSettings(epochs=7, precision="bfloat16")
    whole = repr(TrainingSettings(epochs=7, fewer_rows=False))
    assert whole == usual.replace("200)", "200, fewer_rows=False)")
    assert eval(whole) == TrainingSettings(epochs=7, fewer_rows=False)
