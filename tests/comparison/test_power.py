"""The detectable difference against simulation and the noncentral t."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.comparison import detectable_difference
from equipoise.comparison.power import standardised_effect
from equipoise.errors import InputError


@pytest.mark.parametrize("df", [4, 24, 400])
def test_the_effect_has_the_asked_power_under_the_noncentral_t(df: int) -> None:
    effect = standardised_effect(df, level=0.95, power=0.8)
    bar = stats.t.ppf(0.975, df)
    assert stats.nct.sf(bar, df, effect) == pytest.approx(0.8, abs=2e-3)


def test_a_simulated_trial_sees_it_in_eighty_of_a_hundred() -> None:
    """Normal split differences whose mean has the variance the test assumes."""
    size = detectable_difference(0.05, repeats=2, folds=5, arms=4)
    rng = np.random.default_rng(0)
    factor = 1 / 10 + 0.25
    mean = size + np.sqrt(factor) * 0.05 * rng.standard_normal(20_000)
    sd = 0.05 * np.sqrt(rng.chisquare(9, 20_000) / 9)
    p = 2 * stats.t.sf(np.abs(mean) / (np.sqrt(factor) * sd), 9)
    assert np.mean(p <= 0.05 / 4) == pytest.approx(0.8, abs=0.01)


def test_more_repeats_see_more_and_more_arms_less() -> None:
    once = detectable_difference(0.05, 1, 5, arms=5)
    assert detectable_difference(0.05, 5, 5, arms=5) < once
    assert detectable_difference(0.05, 1, 5, arms=10) > once
    assert detectable_difference(0.0, 1, 5) == 0.0


def test_a_power_below_the_level_needs_no_difference() -> None:
    assert standardised_effect(10, level=0.5, power=0.3) == 0.0


@pytest.mark.parametrize("wrong", [{"sd": -1.0}, {"folds": 1}, {"repeats": 0}])
def test_arguments_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    given = {"sd": 0.1, "repeats": 1, "folds": 5, **wrong}
    with pytest.raises(InputError):
        detectable_difference(**given)  # type: ignore[arg-type]
