# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from equipoise import losses
from equipoise.errors import InputError


@pytest.mark.parametrize("name", losses.loss_names())
def test_a_spec_is_whole(name):
    spec = losses.get(name)
    assert spec.name == name
    assert spec.function.__name__ == f"{name}_loss"
    assert issubclass(spec.keras, __import__("keras").losses.Loss)
    assert spec.keras.__name__ in losses.__all__
    assert spec.function.__name__ in losses.__all__


@pytest.mark.parametrize("name", losses.loss_names())
def test_the_class_has_the_defaults_of_the_function(name):
    spec = losses.get(name)
    parameters = inspect.signature(spec.keras.__init__).parameters
    for option, setting in spec.options.items():
        assert parameters[option].default == setting, option


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'pairwise_auc'"):
        losses.get("pairwise")


def test_names_are_known_without_tensorflow():
    code = (
        "import sys; from equipoise import losses; losses.loss_names(); "
        "print('tensorflow' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "False"
