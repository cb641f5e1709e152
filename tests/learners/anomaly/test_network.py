# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.learners.anomaly.network import LEAST, DetectorNetwork

RANDOM = np.random.default_rng(0)


def network(kind: Any, *widths: int, copies: int = 2) -> DetectorNetwork:
    pairs = list(itertools.pairwise(widths))
    kernels = [RANDOM.normal(size=(copies, *pair)).astype("float32") for pair in pairs]
    biases = [RANDOM.normal(size=(copies, out)).astype("float32") for _, out in pairs]
    size = widths[-1] if kind == "distance" else 0
    return DetectorNetwork(
        kind,
        tuple(kernels),
        () if kind == "distance" else tuple(biases),
        RANDOM.normal(size=(copies, size)).astype("float32"),
    )


def by_hand(net: DetectorNetwork, row: np.ndarray) -> float:
    """One row, with sums written out."""
    total = 0.0
    for copy in range(net.copies):
        h = [float(v) for v in row]
        for layer, kernel in enumerate(net.kernels):
            if layer:
                leak = 0.01 if net.kind == "distance" else 0.0
                h = [v if v > 0 else leak * v for v in h]
            w = kernel[copy].astype(float)
            h = [sum(h[i] * w[i, j] for i in range(len(h))) for j in range(w.shape[1])]
            if net.biases:
                h = [v + float(net.biases[layer][copy][j]) for j, v in enumerate(h)]
        if net.kind == "deviation":
            total += h[0]
        elif net.kind == "distance":
            centre = net.centre[copy].astype(float)
            total += np.log(sum((v - c) ** 2 for v, c in zip(h, centre, strict=True)))
        else:
            total += np.log(
                np.mean([(v - x) ** 2 for v, x in zip(h, row, strict=True)])
            )
    return total / net.copies


NETWORKS = [
    ("reconstruction", 5, 4, 2, 4, 5),
    ("distance", 3, 6, 4),
    ("deviation", 4, 7, 1),
]


@pytest.mark.parametrize("shape", NETWORKS, ids=lambda shape: shape[0])
def test_scores_are_those_of_the_formula(shape: Any) -> None:
    net = network(*shape)
    x = RANDOM.normal(size=(9, shape[1]))
    expected = [by_hand(net, row) for row in x]
    np.testing.assert_allclose(net.scores(x), expected, rtol=1e-9)
    assert net.scores(x[:0]).shape == (0,)


def test_a_row_that_comes_out_as_it_went_in_has_a_finite_score() -> None:
    eye = np.eye(3, dtype="float32")[None]
    zeros = np.zeros((1, 3), "float32")
    net = DetectorNetwork("reconstruction", (eye,), (zeros,), zeros[:, :0])
    assert net.scores(np.ones((1, 3))).tolist() == [np.log(LEAST)]


@pytest.mark.parametrize("shape", NETWORKS, ids=lambda shape: shape[0])
def test_it_comes_back_from_its_state(shape: Any) -> None:
    net = network(*shape)
    again = DetectorNetwork.from_state(net.state())
    x = RANDOM.normal(size=(4, shape[1]))
    np.testing.assert_array_equal(again.scores(x), net.scores(x))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"kernel_1": np.zeros((2, 3, 4), "float32")},
        {"bias_1": np.full((2, 2), np.nan, "float32")},
        {"bias_0": np.zeros((2, 4))},
        {"centre": np.zeros((2, 1), "float32")},
        {"kind": "deviation"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_damaged_state_is_refused(change: dict[str, Any]) -> None:
    state = network(*NETWORKS[0]).state()
    with pytest.raises(InputError):
        DetectorNetwork.from_state({**state, **change})
    with pytest.raises(InputError, match="without layers"):
        DetectorNetwork.from_state({"kind": "distance"})
