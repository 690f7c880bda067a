"""Semantic versions, by the rules of semver.org."""

import itertools

import pytest

from notarykit.plugin.host.semver import SemanticVersion

# The examples of sections 9 to 11 and of the regular expression's page, each lower than the next.
_ASCENDING = [
    "0.0.0", "0.0.4", "0.9.99", "1.0.0-0", "1.0.0-9", "1.0.0-10", "1.0.0--", "1.0.0-0A.is.legal", "1.0.0-alpha",
    "1.0.0-alpha.1", "1.0.0-alpha.1.0", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
    "1.0.0-rc.1", "1.0.0", "1.0.1", "1.0.10", "1.2.0", "1.10.0", "2.0.0-x-y-z.--", "2.0.0", "2.1.0", "2.1.1",
    "99999999999999999999999.999999999999999999.99999999999999999",
]  # fmt: skip
_SAME = [
    ("1.0.0", "1.0.0"), ("1.0.0+a", "1.0.0+b"), ("1.0.0", "1.0.0+21AF26D3---117B344092BD"), ("1.0.0-a+1", "1.0.0-a"),
    ("1.0.0-alpha+beta", "1.0.0-alpha"), ("1.0.0+0.build.1-rc.10000aaa-kk-0.1", "1.0.0"),
]  # fmt: skip
_NONE = [
    "", "1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "alpha", "alpha.beta",
    "1.0.0-alpha_beta", "1.0.0-alpha.", "1.0.0-alpha..", "01.1.1", "1.01.1", "1.1.01", "1.2.3.DEV", "1.2-SNAPSHOT",
    "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "-1.0.3-gamma+b7718", "+justmeta", "9.8.7+meta+meta",
    "9.8.7-whatever+meta+meta", "v1.0.0", "1.0.0 ", " 1.0.0", "1.0.0\n", "1.0.0-é", "\u0661.0.0", "1.0.0-\u0661",
    "1.0." + "9" * 260, "1.0.0-" + "a" * 260,
]  # fmt: skip


@pytest.mark.parametrize(("lower", "higher"), list(itertools.combinations(_ASCENDING, 2)))
def test_precedence(lower: str, higher: str) -> None:
    """A version is higher than every one that comes before it."""
    one, other = SemanticVersion(lower), SemanticVersion(higher)
    assert one < other
    assert other > one
    assert one <= other
    assert not one >= other
    assert one != other


@pytest.mark.parametrize(("one", "other"), _SAME)
def test_what_does_not_count(one: str, other: str) -> None:
    """Build metadata makes a version neither higher nor lower."""
    assert SemanticVersion(one) == SemanticVersion(other)
    assert SemanticVersion(one) <= SemanticVersion(other)
    assert hash(SemanticVersion(one)) == hash(SemanticVersion(other))


def test_other_things_are_other() -> None:
    """A version is no text."""
    assert SemanticVersion("1.0.0") != "1.0.0"


@pytest.mark.requirement("signature:plugin-semantic-version")
@pytest.mark.parametrize("text", _NONE)
def test_what_is_no_version(text: str) -> None:
    """Anything else is refused, escaped."""
    with pytest.raises(ValueError, match=r"is not a semantic version$") as caught:
        SemanticVersion(text)
    assert str(caught.value).startswith(repr(text))
