# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError
from equipoise.synthesis import make_synthesis, synthesis_names, synthesis_options
from equipoise.synthesis.syntheses import SYNTHESES


def test_every_name_makes_its_own_synthesis():
    for name in synthesis_names():
        made = make_synthesis(name, **synthesis_options(name))
        assert made == SYNTHESES[name]()
        assert made.name == name
        assert made.describe()


def test_unknown_names_and_options_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'smote'"):
        make_synthesis("smot")
    with pytest.raises(InputError, match="Did you mean 'neighbours'"):
        make_synthesis("smote", neighbors=3)
