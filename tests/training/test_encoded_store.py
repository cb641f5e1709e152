# SPDX-License-Identifier: Apache-2.0
"""The rows of all parts, encoded once each."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import TrainingError
from equipoise.networks.forward import arranged
from equipoise.networks.layout import arrange, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.training.encoded_store import EncodedStore, encode_parts

SPEC = NetworkSpec("x", hidden=(8,), number_width=3)


def parts_of(table, jobs):
    common = common_layout(table, SPEC)
    return encode_parts(table, jobs, common), common


def test_a_part_s_encoding_is_learned_on_its_training_rows(table, jobs_for) -> None:
    jobs = jobs_for(table)
    parts, common = parts_of(table, jobs)
    for job, part in zip(jobs, parts, strict=True):
        alone = learn_encoding(table, job.train_rows)
        assert part.encoding == alone
        np.testing.assert_array_equal(
            part.encode().numbers, alone.transform(table).numbers
        )
    assert parts[0].encoding != parts[1].encoding
    whole = EncodedStore.of(parts, common)
    one = EncodedStore.of(parts[1:], common)
    for name in ("numbers", "positions", "codes"):
        both = getattr(whole, name)
        assert len(both) == 2 * len(table)
        np.testing.assert_array_equal(both[len(table) :], getattr(one, name))


def test_what_networks_are_shown_is_what_a_layout_arranges(table, jobs_for) -> None:
    """Columns of zeros and ones are made of the codes of a category."""
    parts, common = parts_of(table, jobs_for(table))
    store = EncodedStore.of(parts, common)
    assert store.codes.dtype == np.uint8
    dense, embedded = arranged(
        store.numbers, store.codes.astype(np.int32), common.entries
    )
    for place, part in enumerate(parts):
        here = slice(place * len(table), (place + 1) * len(table))
        inputs = arrange(part.encode(), part.exact, common)
        np.testing.assert_array_equal(dense[here], inputs.dense)
        np.testing.assert_array_equal(embedded[here], inputs.codes)
        np.testing.assert_array_equal(store.positions[here], inputs.positions)


def test_shares_are_one_on_average_in_each_class(table, jobs_for) -> None:
    weights = np.random.default_rng(0).uniform(0.1, 9.0, len(table)) * (1 + 3 * table.y)
    (job,) = jobs_for(table, folds=1)
    weighted = dataclasses.replace(job, row_weights=weights)
    (part,), _ = parts_of(table, [weighted])
    shares = part.shares()[part.train]
    for label in (0, 1):
        assert shares[part.train_labels == label].mean() == pytest.approx(1)
    totals = part.totals()
    assert sum(totals) == pytest.approx(weights[job.train_rows].sum())
    np.testing.assert_allclose(
        part.shares() * np.divide(totals, part.counts())[table.y], weights
    )
    (plain,), _ = parts_of(table, [job])
    assert plain.totals().tolist() == plain.counts().tolist()
    assert set(plain.shares()) == {1.0}


def test_infinite_numbers_are_named(table, jobs_for, monkeypatch) -> None:
    """An encoding clips what it reads, so only a fault of its own can make one."""
    from equipoise.encoding.encoding import Encoding

    transform = Encoding.transform

    def broken(self, table, rows=None):
        found = transform(self, table, rows)
        found.numbers[2, 1] = np.inf
        return found

    monkeypatch.setattr(Encoding, "transform", broken)
    with pytest.raises(TrainingError, match="not finite in 'b'"):
        parts_of(table, jobs_for(table, folds=1))[0][0].encode()
