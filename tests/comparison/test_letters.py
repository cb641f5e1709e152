"""Letter groups: two arms share a letter exactly where they cannot be told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.comparison import letter_groups
from equipoise.errors import InputError


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.booleans(), min_size=n * n, max_size=n * n)
        )
    )
)
def test_letters_say_exactly_who_differs(drawn: tuple[int, list[bool]]) -> None:
    arms, flags = drawn
    upper = np.triu(np.array(flags).reshape(arms, arms), 1)
    differ = upper | upper.T
    letters = letter_groups(differ)
    for i, j in itertools.combinations(range(arms), 2):
        shared = set(letters[i]) & set(letters[j])
        assert bool(shared) != differ[i, j]
    assert all(letters)


def test_the_leader_has_the_letter_a() -> None:
    assert letter_groups(np.ones((3, 3)) - np.eye(3)) == ["a", "b", "c"]
    assert letter_groups(np.zeros((3, 3))) == ["a", "a", "a"]


def test_matrices_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        letter_groups(np.zeros((2, 3)))
    with pytest.raises(InputError, match="symmetric"):
        letter_groups([[0, 1], [0, 0]])
