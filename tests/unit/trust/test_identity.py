"""Trusted identities: their text form, and what of a certificate's subject they match."""

import contextlib
import re

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from notarykit.trust.identity import check_identities, matches, parse_identity, x509_identities

_C, _ST, _O, _OU, _CN, _L = "2.5.4.6", "2.5.4.8", "2.5.4.10", "2.5.4.11", "2.5.4.3", "2.5.4.7"
_BASE = {(_C, "US"): 1, (_ST, "WA"): 1, (_O, "wabbit"): 1}
_GOOD = "C=US, ST=WA, O=wabbit"


def _with(*attributes: tuple[str, str]) -> dict[tuple[str, str], int]:
    found = dict(_BASE)
    for attribute in attributes:
        found[attribute] = found.get(attribute, 0) + 1
    return found


def _subject(*rdns: dict[str, str]) -> x509.Name:
    """A subject of these relative distinguished names, each from dotted digits to values."""
    return x509.Name(
        [
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in rdn.items()]
            )
            for rdn in rdns
        ]
    )


_WABBIT = ({_C: "US"}, {_ST: "WA"}, {_O: "wabbit"})


@pytest.mark.parametrize(
    "text",
    [
        "C=US, ST=WA, O=wabbit",
        "C=US,ST=WA,O=wabbit",
        "C=US;ST=WA;O=wabbit",
        "C=US ; ST=WA , O=wabbit",
        "  C=US,  ST=WA,  O=wabbit  ",
        "C= US , ST =WA, O = wabbit",
        "O=wabbit, ST=WA, C=US",
        "C=US, S=WA, O=wabbit",
        "2.5.4.6=US, 2.5.4.8=WA, 2.5.4.10=wabbit",
    ],
)
def test_forms_of_one_name(text: str) -> None:
    """Order, blanks that are not escaped, the separator and the two names of the state make no difference."""
    assert parse_identity(text) == _BASE


@pytest.mark.requirement("trust:escapes")
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (r"a\, b", "a, b"),
        (r"a\;b", "a;b"),
        (r"a\\b", "a\\b"),
        (r"a\\", "a\\"),
        (r"\ a", " a"),
        (r"a\ ", "a "),
        (r"a\  ", "a "),
        (r"  \ a\   ", " a "),
        (r"\ ", " "),
        (r"\20a\20", " a "),
        (r"a\2Cb", "a,b"),
        (r"a\2cb", "a,b"),
        (r"a\2bb", "a+b"),
        (r"a\+b", "a+b"),
        (r"a\"b", 'a"b'),
        (r"a\<b\>c", "a<b>c"),
        (r"\#a", "#a"),
        (r"a#b", "a#b"),
        (r"a\=b", "a=b"),
        ("a=b", "a=b"),
        ("a  b", "a  b"),
        (r"a\C3\A9", "aé"),
        ("é", "é"),
        (r"\C3\A9 ", "é"),
        ("\ta", "\ta"),
        ("日本", "日本"),
    ],
)
def test_escapes(raw: str, value: str) -> None:
    """A backslash keeps a character or a blank at an edge, or starts the two digits of a byte."""
    assert parse_identity(f"C=US, ST=WA, O=wabbit, CN={raw}") == _with((_CN, value))
    assert parse_identity(f"CN={raw}, C=US, ST=WA, O=wabbit") == _with((_CN, value))


@pytest.mark.requirement("trust:escapes", "trust:identity-form", "trust:mandatory-attributes")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not of the form type=value"),
        (_GOOD + ",", "'' is not of the form type=value"),
        ("," + _GOOD, "'' is not of the form type=value"),
        ("C=US,, ST=WA, O=wabbit", "'' is not of the form type=value"),
        (_GOOD + ", wabbit", "'wabbit' is not of the form type=value"),
        (_GOOD + ", =a", "attribute type '' is not known"),
        (_GOOD + ", XX=a", "attribute type 'XX' is not known: use one of CN, SN, "),
        (_GOOD + ", cn=a", "attribute type 'cn' is not known"),
        (_GOOD + ", OID.2.5.4.3=a", "attribute type 'OID.2.5.4.3' is not known"),
        (_GOOD + ", 2.5.4.03=a", "attribute type '2.5.4.03' is not known"),
        (_GOOD + ", 3.5=a", "attribute type '3.5' is not known"),
        (_GOOD + ", 2=a", "attribute type '2' is not known"),
        ("c=US, ST=WA, O=wabbit", "attribute type 'c' is not known"),
        (_GOOD + ", CN=", "attribute CN has no value"),
        (_GOOD + ", CN=   ", "attribute CN has no value"),
        (_GOOD + ", CN=#0401", "attribute CN has a value in hexadecimal, which is not supported"),
        (_GOOD + ", CN=a+OU=b", "attribute CN: '+' is not supported"),
        (_GOOD + ", CN=a\\", "attribute CN: backslash before '' is no escape"),
        (_GOOD + ", CN=\\a", "attribute CN: backslash before 'a' is no escape"),
        (_GOOD + ", CN=\\4", "attribute CN: backslash before '4' is no escape"),
        (_GOOD + ", CN=\\4g", "attribute CN: backslash before '4' is no escape"),
        (_GOOD + ", CN=\\é", "attribute CN: backslash before 'é' is no escape"),
        (_GOOD + ", CN=\\ff", "attribute CN: the escaped bytes are not UTF-8"),
        (_GOOD + ", CN=\\C3", "attribute CN: the escaped bytes are not UTF-8"),
        ("ST=WA, O=wabbit", "the mandatory attribute C is missing: an identity needs C, ST and O"),
        ("C=US, O=wabbit", "the mandatory attribute ST is missing: an identity needs C, ST and O"),
        ("C=US, ST=WA", "the mandatory attribute O is missing: an identity needs C, ST and O"),
        ("C=US, ST=WA, OU=wabbit", "the mandatory attribute O is missing"),
        ("C=US\\, ST=WA, O=wabbit", "the mandatory attribute ST is missing"),
    ],
)
def test_malformed_names(text: str, message: str) -> None:
    """A name that is malformed or lacks a mandatory attribute is refused with the attribute at fault."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse_identity(text)


@pytest.mark.requirement("trust:identity-attributes")
@pytest.mark.parametrize(
    ("name", "oid"),
    [
        ("CN", "2.5.4.3"), ("SN", "2.5.4.4"), ("SERIALNUMBER", "2.5.4.5"), ("L", "2.5.4.7"), ("STREET", "2.5.4.9"),
        ("OU", "2.5.4.11"), ("TITLE", "2.5.4.12"), ("POSTALCODE", "2.5.4.17"), ("GN", "2.5.4.42"),
        ("UID", "0.9.2342.19200300.100.1.1"), ("DC", "0.9.2342.19200300.100.1.25"),
        ("emailAddress", "1.2.840.113549.1.9.1"), ("1.3.6.1.4.1.1", "1.3.6.1.4.1.1"), ("2.5.4.0", "2.5.4.0"),
    ],
)  # fmt: skip
def test_attribute_types(name: str, oid: str) -> None:
    """Each name stands for its registered identifier, and dotted digits for themselves."""
    assert parse_identity(f"{_GOOD}, {name}=v") == _with((oid, "v"))
    assert matches(parse_identity(f"{_GOOD}, {name}=v"), _subject(*_WABBIT, {oid: "v"}))


def test_repeated_attributes_are_counted() -> None:
    """An attribute that is named twice must be in the subject twice, with the same value or another."""
    two = parse_identity(_GOOD + ", OU=a, OU=b")
    same = parse_identity(_GOOD + ", OU=a, OU=a")
    assert two == _with((_OU, "a"), (_OU, "b"))
    assert same == _with((_OU, "a"), (_OU, "a"))
    subjects = {
        "a": _subject(*_WABBIT, {_OU: "a"}),
        "ab": _subject(*_WABBIT, {_OU: "a"}, {_OU: "b"}),
        "ba": _subject({_OU: "b"}, *_WABBIT, {_OU: "a"}),
        "aa": _subject(*_WABBIT, {_OU: "a"}, {_OU: "a"}),
        "aab": _subject(*_WABBIT, {_OU: "a"}, {_OU: "a"}, {_OU: "b"}),
    }
    assert [name for name, subject in subjects.items() if matches(two, subject)] == ["ab", "ba", "aab"]
    assert [name for name, subject in subjects.items() if matches(same, subject)] == ["aa", "aab"]


@pytest.mark.requirement("trust:identity-attributes")
@pytest.mark.parametrize(
    ("text", "does"),
    [
        (_GOOD, True),
        (_GOOD + ", CN=a", True),
        (_GOOD + ", CN=a, L=x", True),
        (_GOOD + ", CN=A", False),
        (_GOOD + ", CN=a ", True),
        (_GOOD + ", CN=a\\ ", False),
        (_GOOD + ", CN=b", False),
        (_GOOD + ", OU=a", False),
        ("C=us, ST=WA, O=wabbit", False),
        ("C=US, ST=WA, O=wabbit networks", False),
        ("C=US, ST=WA, O=wabb", False),
    ],
)
def test_matching(text: str, does: bool) -> None:
    """Every attribute of the identity is in the subject, equal letter by letter; the subject may have more."""
    subject = _subject(*_WABBIT, {_L: "x"}, {_CN: "a"})
    assert matches(parse_identity(text), subject) is does


def test_a_multi_valued_rdn() -> None:
    """The attributes of a relative distinguished name with several values count like all others."""
    subject = _subject({_C: "US"}, {_ST: "WA", _O: "wabbit"}, {_CN: "a", _OU: "b"})
    assert matches(parse_identity(_GOOD + ", OU=b, CN=a"), subject)
    assert not matches(parse_identity(_GOOD + ", OU=a"), subject)


def test_values_do_not_run_together() -> None:
    """A value with a separator in it is one value and never two attributes."""
    subject = _subject({_C: "US"}, {_ST: "WA"}, {_O: "wabbit, OU=admin"})
    assert not matches(parse_identity("C=US, ST=WA, O=wabbit, OU=admin"), subject)
    assert matches(parse_identity(r"C=US, ST=WA, O=wabbit\, OU=admin"), subject)


@pytest.mark.requirement("trust:mandatory-attributes")
@pytest.mark.parametrize("subject", [_subject(), _subject({_CN: "a"}), _subject({_C: "US"}, {_O: "wabbit"})])
def test_subjects_without_the_mandatory_attributes(subject: x509.Name) -> None:
    """A subject without country, state or organization matches no name."""
    assert not matches(parse_identity(_GOOD), subject)


@pytest.mark.requirement("trust:no-overlap")
@pytest.mark.parametrize(
    ("one", "two"),
    [
        (_GOOD, _GOOD),
        (_GOOD, _GOOD + ", OU=org1"),
        (_GOOD + ", OU=org1", _GOOD),
        (_GOOD, "O=wabbit;S=WA;C=US"),
        (_GOOD + ", OU=a", _GOOD + ", OU=a, OU=a"),
        (_GOOD + r", CN=\61", _GOOD + ", CN=a"),
    ],
)
def test_overlapping_identities(one: str, two: str) -> None:
    """Two names of which one asks for all that the other asks for are refused, and both are named."""
    one, two = f"x509.subject: {one}", f"x509.subject:{two}"
    with pytest.raises(ValueError, match=re.escape(f"identities {one!r} and {two!r} overlap")):
        check_identities([one, "other:x", two])


@pytest.mark.requirement("trust:no-overlap")
def test_identities_that_do_not_overlap() -> None:
    """Names that differ in a value, and identities for plugins, stand beside each other."""
    check_identities(
        [
            f"x509.subject: {_GOOD}, CN=a",
            f"x509.subject: {_GOOD}, CN=b",
            "x509.subject: C=US, ST=OR, O=wabbit",
            "com.example:same",
            "com.example:same",
        ]
    )
    check_identities(["*"])


@pytest.mark.requirement("trust:identity-form")
@pytest.mark.parametrize("identity", ["", "x509.subject", "x509.subject:", "x509.subject:  ", ":value", "C=US", "**"])
def test_identities_without_prefix_or_value(identity: str) -> None:
    """An identity that is not the wildcard has a prefix and a value."""
    with pytest.raises(ValueError, match=re.escape(f"identity {identity!r} is not of the form prefix:value")):
        check_identities([identity])


@pytest.mark.requirement("trust:identity-attributes")
@pytest.mark.parametrize("others", [["*"], [f"x509.subject:{_GOOD}"], ["com.example:a"]])
def test_the_wildcard_stands_alone(others: list[str]) -> None:
    """The wildcard beside another identity is refused, wherever it stands."""
    for identities in (["*", *others], [*others, "*"]):
        with pytest.raises(ValueError, match="stands for every identity and must stand alone"):
            check_identities(identities)


def test_malformed_names_are_named_whole() -> None:
    """The refusal of an identity quotes it and says what is wrong."""
    with pytest.raises(ValueError, match=r"^identity 'x509.subject: C=US': the mandatory attribute ST is missing"):
        check_identities(["x509.subject: C=US"])


def test_only_names_are_ours() -> None:
    """Of the identities only the distinguished names are matched against subjects."""
    identities = ("com.example:C=US, ST=WA, O=wabbit", f"x509.subject:{_GOOD}", "X509.subject:x", "x509.subject.cn:x")
    assert x509_identities(identities) == [_BASE]


def _escaped(value: str, how: list[bool]) -> str:
    """A value with everything escaped that must be, and what `how` says as bytes in hexadecimal."""
    parts = []
    for position, character in enumerate(value):
        is_edge = position in (0, len(value) - 1)
        if how[position % len(how)]:
            parts.append("".join(f"\\{byte:02x}" for byte in character.encode()))
        elif character in ',;+\\"<>' or (is_edge and character in " #"):
            parts.append("\\" + character)
        else:
            parts.append(character)
    return "".join(parts)


_VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
_NAMES = st.lists(st.tuples(st.sampled_from(["CN", "OU", "L", "DC", "1.2.3"]), _VALUES), max_size=5)


@pytest.mark.requirement("trust:escapes")
@given(_NAMES, st.lists(st.booleans(), min_size=1, max_size=7), st.sampled_from([",", ";", " , ", "; "]))
def test_what_is_escaped_comes_back(names: list[tuple[str, str]], how: list[bool], separator: str) -> None:
    """Any attributes, written with escapes, are read as the same attributes."""
    oids = {"CN": _CN, "OU": _OU, "L": _L, "DC": "0.9.2342.19200300.100.1.25", "1.2.3": "1.2.3"}
    text = separator.join([*(f"{name}={_escaped(value, how)}" for name, value in names), "C=US", "ST=WA", "O=wabbit"])
    assert parse_identity(text) == _with(*((oids[name], value) for name, value in names))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text brings another error than the refusal."""
    with contextlib.suppress(ValueError):
        assert parse_identity(text)
