# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from equipoise.errors import InputError
from equipoise.losses import LogitAdjusted, cross_entropy_loss, logit_adjusted_loss

TARGETS, LOGITS = np.array([1.0, 0, 0.4]), np.array([0.3, -2.0, 5.0])


@pytest.mark.parametrize(("prior", "tau"), [(0.01, 1.0), (0.2, 0.5), (0.9, 2.0)])
def test_it_is_the_cross_entropy_of_shifted_logits(prior, tau):
    found = logit_adjusted_loss(TARGETS, LOGITS, prior=prior, tau=tau)
    expected = cross_entropy_loss(TARGETS, LOGITS + tau * logit(prior))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_it_is_the_two_class_softmax_of_the_paper():
    """Menon et al., equation 10, with logits (0, z) and priors (1 - pi, pi)."""
    pi, z = 0.07, LOGITS
    both = np.stack([np.log(1 - pi) + 0 * z, z + np.log(pi)])
    expected = np.logaddexp(*both) - both[1]
    found = logit_adjusted_loss(np.ones(3), z, prior=pi)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_priors_of_each_member():
    priors = np.array([[0.1], [0.4]])
    found = logit_adjusted_loss(
        np.tile(TARGETS, (2, 1)), np.tile(LOGITS, (2, 1)), prior=priors
    )
    for i in range(2):
        alone = logit_adjusted_loss(TARGETS, LOGITS, prior=float(priors[i, 0]))
        np.testing.assert_allclose(found[i], alone)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_a_prior_lies_strictly_between(prior):
    with pytest.raises(InputError, match="prior"):
        LogitAdjusted(prior)
