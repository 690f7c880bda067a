"""What registries write into WWW-Authenticate."""

import contextlib
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.errors import AccessError
from notarykit.oci.registry.challenges import Challenge, parse_challenges

_BEARER = {"realm": "https://auth.example.com/token", "service": "registry.example.com", "scope": "repository:a:pull"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('Basic realm="registry"', [("basic", {"realm": "registry"})]),
        ("basic REALM=registry", [("basic", {"realm": "registry"})]),
        ('Basic realm="registry", charset="UTF-8"', [("basic", {"realm": "registry", "charset": "UTF-8"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:a:pull"',
            [("bearer", _BEARER)],
        ),
        (
            'Bearer  realm = "https://auth.example.com/token" , service ="registry.example.com" ',
            [("bearer", {"realm": "https://auth.example.com/token", "service": "registry.example.com"})],
        ),
        ('Basic realm="a", Bearer realm="b"', [("basic", {"realm": "a"}), ("bearer", {"realm": "b"})]),
        ("Negotiate", [("negotiate", {})]),
        ("Negotiate, Basic realm=a", [("negotiate", {}), ("basic", {"realm": "a"})]),
        ('NTLM,Negotiate,Bearer realm="b"', [("ntlm", {}), ("negotiate", {}), ("bearer", {"realm": "b"})]),
        ("Negotiate YWJj==, Basic realm=a", [("negotiate", {}), ("basic", {"realm": "a"})]),
        (r'Basic realm="say \"hi\", \\ you"', [("basic", {"realm": r'say "hi", \ you'})]),
        ('Basic realm="a,b=c, Bearer realm=d"', [("basic", {"realm": "a,b=c, Bearer realm=d"})]),
        ('Bearer realm=""', [("bearer", {"realm": ""})]),
        (", ,Basic realm=a", [("basic", {"realm": "a"})]),
        ("", []),
    ],
)
def test_challenges_are_parsed(text: str, wanted: list[tuple[str, Mapping[str, str]]]) -> None:
    """Schemes and names count in any case, values may be quoted, and several challenges may be in one field."""
    assert parse_challenges(text) == [Challenge(*each) for each in wanted]


_WORDS = st.text("abcXYZ019!#$%&'*+.^_`|~-", min_size=1, max_size=8)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)


@given(st.lists(st.tuples(_WORDS, st.dictionaries(_WORDS.map(str.lower), _VALUES, max_size=3)), max_size=3))
def test_well_formed_challenges_round_trip(challenges: list[tuple[str, dict[str, str]]]) -> None:
    """Any schemes with any parameters come back as they were written."""
    text = ", ".join(
        scheme + " " * bool(values) + ", ".join(f'{name}="{_escaped(value)}"' for name, value in values.items())
        for scheme, values in challenges
    )
    assert parse_challenges(text) == [Challenge(scheme.lower(), values) for scheme, values in challenges]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@given(st.text() | st.text(' \t,="\\abB/', max_size=60))
def test_arbitrary_text_is_parsed_without_failure(text: str) -> None:
    """Whatever a server writes, what comes out is schemes in lower case with texts for parameters, or a refusal."""
    with contextlib.suppress(AccessError):
        for scheme, parameters in parse_challenges(text):
            assert scheme
            assert scheme == scheme.lower()
            assert all(name == name.lower() and isinstance(value, str) for name, value in parameters.items())


@pytest.mark.parametrize(
    "text",
    [
        "a " * 30_000, "a," * 30_000, "a" * 60_000, " " * 60_000, "," * 60_000, 'a b="' + "\\" * 60_000,
        "a b=" + '"' * 60_000, "a " + 'b="c",' * 10_000, "a " + "b = " * 15_000, "a b=" + "c" * 60_000 + "=",
        ("a" + " " * 100) * 600, "a " + "=" * 60_000, "a " + "b=c=" * 15_000,
    ],
)  # fmt: skip
def test_long_header_is_parsed_quickly(text: str) -> None:
    """The longest field that is read is understood, or not, in a moment."""
    begin = time.process_time()
    with contextlib.suppress(AccessError):
        parse_challenges(text)
    assert time.process_time() - begin < 1


def test_challenges_are_limited_to_16() -> None:
    """Sixteen are read, and a seventeenth is one too many."""
    assert len(parse_challenges(", ".join(["Basic realm=a"] * 16))) == 16
    with pytest.raises(AccessError, match="more than 16 authentication challenges"):
        parse_challenges(", ".join(["Basic realm=a"] * 17))
