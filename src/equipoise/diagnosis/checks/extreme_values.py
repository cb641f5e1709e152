# SPDX-License-Identifier: Apache-2.0
"""EQP017: values that are infinite, or so far out that they set the scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, name_list, share

ENOUGH = 100_000
FLOAT32_MOST = float(np.finfo(np.float32).max)


def look(
    subject: Subject, *, squeezed: float = 0.01, central: float = 0.99
) -> Observation | NotApplicable | None:
    """Look for columns whose bulk would vanish under ordinary scaling.

    Args:
        subject: What is looked at.
        squeezed: A column counts where the central part of its values fills less
            than this share of its range.
        central: The share of values that is called central.
    """
    columns = [c for c in subject.table.columns if c.kind == "numeric"]
    if not columns:
        return NotApplicable("the table has no numeric column")
    infinite: dict[str, int] = {}
    far: dict[str, float] = {}
    for column in columns:
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

    A column that is constant but for a few values has a central width of zero; it
    is no matter of scale, and counts as 1.

    Example:
        >>> central_share(np.append(np.linspace(0, 1, 999), 1e6)) < 1e-5
        True
    """
    if not values.size:
        return 1.0
    if np.isin(values, (values.min(), values.max())).all():
        return 1.0  # two values, such as a rare flag, are no matter of scale
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
        "Check the far values for errors of unit or entry. Scaling by range or by "
        "standard deviation would flatten the rest; the encoding here uses quantiles.",
        {"infinite": infinite, "central_share_of_range": far},
    )


CHECK = Check("EQP017", "Extreme values", look)
