# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise._core.options import Setting
from equipoise.errors import InputError, InputTypeError


@pytest.mark.parametrize(
    ("setting", "good", "bad", "error"),
    [
        (Setting(2.0, 0, 20), 20, 20.5, InputError),
        (Setting(0.5, 0, 1, open_ends=True), 0.1, 1.0, InputError),
        (Setting(3, 1, 9, whole=True), 9, 2.5, InputTypeError),
        (Setting(3, 1, 9, whole=True), 1, 0, InputError),
        (Setting(None, 0, 1, optional=True), None, 2, InputError),
        (Setting(1.0, 0), 1e9, None, InputTypeError),
        (Setting(1.0), -5, True, InputTypeError),
    ],
)
def test_what_is_accepted(setting, good, bad, error):
    setting.check(setting.default, "x")
    setting.check(good, "x")
    with pytest.raises(error, match="x="):
        setting.check(bad, "x")
