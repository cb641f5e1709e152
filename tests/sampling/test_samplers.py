# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError
from equipoise.sampling import make_sampler, sampler_names, sampler_options
from equipoise.sampling.samplers import SAMPLERS


def test_every_name_makes_its_own_sampler():
    assert [make_sampler(name).name for name in sampler_names()] == list(SAMPLERS)


def test_unknown_names_and_options_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'undersample'"):
        make_sampler("under_sample")
    with pytest.raises(InputError, match="Did you mean 'fresh'"):
        make_sampler("undersample", frsh=True)
    with pytest.raises(InputError, match="no options"):
        make_sampler("balanced", ratio=2.0)


def test_options_are_the_fields():
    assert sampler_options("rate") == {"rate": 0.25}
    assert sampler_options("natural") == {}
