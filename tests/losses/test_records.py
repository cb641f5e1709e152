# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import inspect

import pytest

from equipoise import losses
from equipoise.losses.records import LOSS_RECORDS, loss_names


@pytest.mark.parametrize("name", loss_names())
def test_facts_agree_with_the_function(name):
    """What a strategy believes of a loss is what its function takes."""
    objective, spec = LOSS_RECORDS[name], losses.get(name)
    parameters = inspect.signature(spec.function).parameters
    given = {k: p.default for k, p in parameters.items() if p.kind == p.KEYWORD_ONLY}
    assert ("prior" in given) == objective.needs_prior
    assert ("rows" in given) == objective.needs_rows
    given.pop("prior", None)
    given.pop("rows", None)
    assert given == {k: setting.default for k, setting in objective.options.items()}
    assert ("weights" in parameters) == (objective.kind == "set")
