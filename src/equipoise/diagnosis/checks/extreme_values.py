# SPDX-License-Identifier: Apache-2.0
"""EQP017: values that are infinite, or so far out that they set the scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import NUMERIC_COLUMN
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, name_list, share

ENOUGH = 100_000
FLOAT32_MOST = float(np.finfo(np.float32).max)


def check_extreme_values(
    subject: Subject, *, squeezed: float = 0.01, central: float = 0.99
) -> Observation | None:
    """Look for columns whose ordinary values would vanish if they were scaled.

    Args:
        subject: The table that is checked.
        squeezed: A column is reported if the central part of its values fills less
            than this share of its range.
        central: The share of the values that counts as central.
    """
    infinite: dict[str, int] = {}
    far: dict[str, float] = {}
    for column in subject.table.columns:
        if column.kind != "numeric":
            continue
        values = column.values[~column.missing()]
        beyond = int(np.sum(np.abs(values) > FLOAT32_MOST))
        if beyond:
            infinite[column.name] = beyond
            continue
        part = central_share(values, central)
        if part < squeezed:
            far[column.name] = part
    if not infinite and not far:
        return None
    return _observation(infinite, far, central, squeezed)


def central_share(values: npt.NDArray[np.float64], central: float = 0.99) -> float:
    """Return the width of the central values over the whole range; 1 if it is 0.

    A column that is constant except for a few values has a central width of zero.
    That has nothing to do with scale, so it counts as 1.

    Example:
        >>> central_share(np.append(np.linspace(0, 1, 999), 1e6)) < 1e-5
        True
    """
    if not values.size:
        return 1.0
    if np.isin(values, (values.min(), values.max())).all():
        return 1.0  # two values, such as a rare flag, need no scaling
    tail = (1 - central) / 2
    # Every k-th value is enough for the quantiles; the ends need them all.
    few = values[:: max(1, len(values) // ENOUGH)]
    low, high = np.quantile(few, [tail, 1 - tail])
    whole = float(values.max() - values.min())
    return float(high - low) / whole if high > low else 1.0


def _observation(
    infinite: dict[str, int], far: dict[str, float], central: float, squeezed: float
) -> Observation:
    parts = []
    if infinite:
        cells = sum(infinite.values())
        parts.append(
            f"{name_list(infinite)} {'has' if len(infinite) == 1 else 'have'} "
            f"{count(cells, 'value')} that {'is' if cells == 1 else 'are'} infinite or "
            "too large for 32-bit numbers"
        )
    if far:
        worst = min(far, key=lambda name: far[name])
        listed = name_list(sorted(far, key=lambda name: far[name]))
        parts.append(
            f"the central {share(central)} of {listed} "
            f"{'fills' if len(far) == 1 else 'fill'} less than {share(squeezed)} of "
            f"the range ({worst!r}: {share(far[worst])})"
        )
    text = "; ".join(parts)
    return Observation(
        "warning" if infinite else "info",
        f"{text[0].upper()}{text[1:]}.",
        "Check the extreme values for wrong units and typing errors. Scaling by range "
        "or by standard deviation would flatten the rest; the encoding here uses "
        "quantiles.",
        {"infinite": infinite, "central_share_of_range": far},
    )


CHECK = Check(
    "EQP017",
    "Extreme values",
    check_extreme_values,
    needs=(NUMERIC_COLUMN,),
    scope="table",
)
