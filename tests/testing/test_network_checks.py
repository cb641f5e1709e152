# SPDX-License-Identifier: Apache-2.0
"""A network that breaks a contract is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.networks import NetworkSpec, network
from equipoise.testing import check_network, network_checks


def test_networks_of_any_form_are_sound() -> None:
    check_network(NetworkSpec("wide", hidden=(5, 3), number_width=2, one_hot=2))
    check_network(network("linear"))


class Forgetful(NetworkSpec):
    """Forgets its dropout."""

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "dropout": 0.0}


def test_a_copy_that_differs_is_found() -> None:
    with pytest.raises(AssertionError, match="a round trip"):
        check_network(Forgetful("mine", dropout=0.5))


def test_parameters_without_a_seed_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = network_checks.initial
    monkeypatch.setattr(
        network_checks,
        "initial",
        lambda spec, layout, seed, bias: genuine(spec, layout, 0, bias),
    )
    with pytest.raises(AssertionError, match="another seed"):
        check_network(NetworkSpec("mine", hidden=(4,)))


def test_logits_that_are_not_finite_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = network_checks.initial
    monkeypatch.setattr(
        network_checks,
        "initial",
        lambda *args: {k: np.full_like(v, np.inf) for k, v in genuine(*args).items()},
    )
    with pytest.raises(AssertionError):
        check_network(NetworkSpec("mine", hidden=(4,)))
