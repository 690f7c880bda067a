"""Which of many identities is part of another: the same answers as setting each against all others, in less time."""

import time
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.trust.identity import check_identities
from notarykit.trust.overlap import find_overlap

_BAGS = st.lists(
    st.dictionaries(st.tuples(st.sampled_from(["C", "O", "CN"]), st.sampled_from("abc")), st.integers(1, 2), max_size=5)
    .map(Counter[tuple[str, str]])
    .filter(bool),
    max_size=12,
)


def _one_by_one(bags: Sequence[Counter[tuple[str, str]]]) -> tuple[int, int] | None:
    for later, bag in enumerate(bags):
        for earlier in range(later):
            if bag <= bags[earlier] or bags[earlier] <= bag:
                return earlier, later
    return None


@given(_BAGS)
@settings(max_examples=500)
def test_the_answer_of_setting_each_against_all_others(bags: list[Counter[tuple[str, str]]]) -> None:
    """Whatever the identities are, the overlap that is found is the one that comes first."""
    assert find_overlap(bags) == _one_by_one(bags)


@given(_BAGS, st.integers(0, 12))
def test_a_malformed_identity_among_them(bags: list[Counter[tuple[str, str]]], place: int) -> None:
    """What comes first is told: an overlap before the malformed identity, else that one."""
    texts = [
        "x509.subject: C=US, ST=WA, O=o" + "".join(f", {kind}={value}" for kind, value in bag.elements())
        for bag in bags
    ]
    before = _one_by_one(bags[:place])
    with pytest.raises(ValueError, match="overlap" if before else "is not of the form"):
        check_identities([*texts[:place], "malformed", *texts[place:]])


_GRID = [f"x509.subject: C=US, ST=WA, O=o{at % 100}, CN=c{at // 100}, OU=x" for at in range(10_000)]


@pytest.mark.parametrize(
    "identities",
    [
        [f"x509.subject: C=US, ST=WA, O=o{at}" for at in range(20_000)],
        [*_GRID, *(f"{text.removesuffix('x')}y, L=l" for text in _GRID)],
    ],
    ids=["a value of its own", "each value a hundred times"],
)
def test_many_identities(identities: list[str]) -> None:
    """Twenty thousand identities, which have two hundred million pairs, are checked in seconds."""
    begun = time.process_time()
    check_identities(identities)
    assert time.process_time() - begun < 10
