# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from equipoise.losses.records import LOSS_RECORDS
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.blended import BLEND, BLEND_RULES
from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.citations import SOURCES, bibtex
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.plans import PLANS
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.syntheses import SYNTHESES
from equipoise.weights.schemes import SCHEMES


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_is_whole_bibtex(key):
    text = SOURCES[key]
    assert re.match(rf"@(article|inproceedings|misc)\{{{key},\n", text)
    assert text.count("{") == text.count("}")
    for field in ("author", "title", "year"):
        assert re.search(rf"^  {field} = \{{", text, re.M)
    assert key[-4:] == re.search(r"year = \{(\d{4})\}", text)[1]


def test_every_source_is_used_and_every_key_has_one():
    parts = [
        *SAMPLERS.values(),
        *SYNTHESES.values(),
        *SCHEMES.values(),
        *LOSS_RECORDS.values(),
        *PLANS.values(),
        *LEARNERS.values(),
        BLEND,
    ]
    used = {key for part in parts for key in part.citations}
    used |= {key for keys in BLEND_RULES.values() for key in keys}
    assert used == set(SOURCES)


def keys(strategy):
    return re.findall(r"^@\w+\{(\w+),", strategy.citation(), re.M)


def test_exactly_the_methods_in_use_are_cited():
    entries = catalogue()
    assert keys(entries["plain"]) == []
    assert keys(entries["effective_number"]) == ["cui2019"]
    assert keys(entries["smote"]) == ["elkan2001", "chawla2002"]
    assert keys(entries["under_bagging"]) == ["barandela2003", "dalpozzolo2015"]
    both = Strategy(sampling="balanced", weights="fixed")
    assert keys(both) == ["elkan2001"]


def test_bibtex_keeps_order_and_drops_repeats():
    text = bibtex(["lin2017", "cui2019", "lin2017"])
    assert text == SOURCES["lin2017"] + "\n\n" + SOURCES["cui2019"]
