# SPDX-License-Identifier: Apache-2.0
"""EQP020: positives that fall into many small clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS, ENOUGH_TO_SEARCH
from equipoise.diagnosis.neighbours import NEIGHBOURS, Neighbourhood
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share


def check_small_disjuncts(
    subject: Subject, *, small: int = NEIGHBOURS, material: float = 0.2
) -> Observation | None:
    """Link positives that are neighbours, and count the clusters.

    Two positives are linked if one is among the 5 nearest rows, of either class, of
    the other. A cluster is a set of positives that are connected by links.

    Args:
        subject: The table that is checked.
        small: A cluster below this size is small.
        material: Silent if a smaller share of the positives lies in small ones.
    """
    sizes = clusters(subject.neighbourhood)
    scattered = float(sizes[sizes < small].sum() / sizes.sum())
    if scattered < material:
        return None
    alone = float(np.sum(sizes == 1) / sizes.sum())
    terms = subject.terms
    return Observation(
        "info",
        f"{share(scattered)} of the {terms.many} lie in clusters of fewer than "
        f"{small}, {share(alone)} without any {terms.neighbour}; the largest "
        f"cluster holds {share(float(sizes.max() / sizes.sum()))}.",
        f"{terms.whole} is several rare things, or is scattered. A model needs "
        "examples of each: collect more rows of the small clusters, add a column that "
        "says what they are, and prefer smooth models to those that carve out "
        "regions.",
        {
            "clusters": len(sizes),
            "share_in_small": scattered,
            "share_alone": alone,
            "largest": int(sizes.max()),
            "positives_asked": int(sizes.sum()),
        },
    )


def clusters(near: Neighbourhood) -> npt.NDArray[np.int64]:
    """Return the sizes of the clusters of positives, the largest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # Positives whose neighbours were not searched still link those that were.
    pairs = np.stack(
        [
            np.repeat(near.rows, near.positive.sum(1)),
            near.neighbours[near.positive],
        ]
    )
    nodes, place = np.unique(
        np.concatenate([near.rows, pairs.ravel()]), return_inverse=True
    )
    a, b = place[len(near.rows) :].reshape(2, -1)
    links = coo_array((np.ones(len(a)), (a, b)), shape=(len(nodes), len(nodes)))
    _, label = connected_components(links, directed=False)
    return np.sort(np.bincount(label))[::-1]


CHECK = Check(
    "EQP020",
    "Positives in small clusters",
    check_small_disjuncts,
    needs=(COLUMNS, ENOUGH_TO_SEARCH),
    deep=True,
    effort="models",
)
