"""Key ids: parsing and formatting of PKCS#11 URIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.errors import PluginValidationError
from notarykit_pkcs11.key_id import KeyUri, format_uri, parse_uri

_WHERE = (
    "token", "manufacturer", "serial", "model", "slot-manufacturer", "slot-description",
    "library-manufacturer", "library-description", "library-version",
)  # fmt: skip
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def _shown(error: PluginValidationError) -> str:
    """Returns the error as shown, which no other error stands behind."""
    assert error.__context__ is None or error.__suppress_context__
    return error.one_line()


# Parsing


def test_every_attribute_is_parsed() -> None:
    """Each attribute of the standard is parsed, and the text is kept."""
    where = {name: f"the {name}" for name in _WHERE} | {"slot-id": "42", "library-version": "2.6"}
    path = ";".join(f"{name}={value.replace(' ', '%20')}" for name, value in where.items())
    text = (
        f"pkcs11:{path};object=build%20key;id=%01%ff;type=private"
        "?module-path=/usr/lib/a.so&module-name=a&pin-source=file:/etc/pin"
    )
    uri = parse_uri(text)
    assert uri == KeyUri(text, where, "build key", b"\x01\xff", "/usr/lib/a.so", "a", "file:/etc/pin")


def test_empty_uri_is_valid() -> None:
    """A URI without attributes is valid."""
    assert parse_uri("pkcs11:") == KeyUri("pkcs11:", {}, None, None, None, None, None)
    assert parse_uri("pkcs11:?") == KeyUri("pkcs11:?", {}, None, None, None, None, None)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("plain", "plain"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("%C3%a9", "é"),
        ("%3b%25%3D", ";%="),
        ("-._~:[]@!$'()*+,=&", "-._~:[]@!$'()*+,=&"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_label_is_percent_decoded(written: str, label: str) -> None:
    """%XX is one byte of UTF-8; a plus and a second equals sign stand for themselves."""
    assert parse_uri(f"pkcs11:object={written}").label == label


@pytest.mark.parametrize(
    ("written", "key_id"), [("%00", b"\0"), ("%FF%fe%00x", b"\xff\xfe\0x"), ("ab", b"ab"), ("", b"")]
)
def test_id_is_bytes(written: str, key_id: bytes) -> None:
    """An id is any bytes, including null bytes."""
    assert parse_uri(f"pkcs11:id={written}").id == key_id


def test_pin_program_follows_a_bar() -> None:
    """A program is named after a bar, encoded or not."""
    assert parse_uri("pkcs11:?pin-source=|/bin/pin%20tool").pin_source == "|/bin/pin tool"
    assert parse_uri("pkcs11:?pin-source=%7c/bin/pin").pin_source == "|/bin/pin"


# Refusals


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a PKCS#11 URI"),
        ("build", "is not a PKCS#11 URI"),
        ("pkcs12:object=x", "is not a PKCS#11 URI"),
        ("pkcs11:object", "'object' is not of the form name=value"),
        ("pkcs11:=x", "'=x' is not of the form"),
        ("pkcs11:object=x;", "'' is not of the form"),
        ("pkcs11:;object=x", "'' is not of the form"),
        ("pkcs11:object=x?module-name=a&", "'' is not of the form"),
        ("pkcs11:object=a b", "'object=a b' is not of the form"),
        ("pkcs11:object=é", "is not of the form"),
        ("pkcs11:object=%", "is not of the form"),
        ("pkcs11:object=%4", "is not of the form"),
        ("pkcs11:object=%zz", "is not of the form"),
        ("pkcs11:object=a\n", "is not of the form"),
        ("pkcs11:object=a#b", "is not of the form"),
        ("pkcs11:object=a;object=a", "duplicate attribute 'object'"),
        ("pkcs11:id=%01;object=a;id=%02", "duplicate attribute 'id'"),
        ("pkcs11:?module-name=a&module-name=b", "duplicate attribute 'module-name'"),
        ("pkcs11:colour=blue", "unknown attribute 'colour'"),
        ("pkcs11:Object=x", "unknown attribute 'Object'"),
        ("pkcs11:x-vendor=x", "unknown attribute 'x-vendor'"),
        ("pkcs11:module-name=a", "unknown attribute 'module-name'"),
        ("pkcs11:object=x?token=a", "unknown attribute 'token'"),
        ("pkcs11:object=x;type=cert", "its type is not private"),
        ("pkcs11:object=x;type=public", "its type is not private"),
        ("pkcs11:object=x;type=", "its type is not private"),
        ("pkcs11:slot-id=first", "slot-id is not a number"),
        ("pkcs11:slot-id=-1", "slot-id is not a number"),
        ("pkcs11:slot-id=", "slot-id is not a number"),
        ("pkcs11:object=a%00b", "'object' contains a null"),
        ("pkcs11:token=%00", "'token' contains a null"),
        ("pkcs11:?module-path=/a%00b", "'module-path' contains a null"),
        ("pkcs11:object=%ff", "'object' is not UTF-8"),
        ("pkcs11:serial=%c3", "'serial' is not UTF-8"),
        ("pkcs11:?pin-source=%ff", "'pin-source' is not UTF-8"),
    ],
)
def test_invalid_uri_is_refused(text: str, why: str) -> None:
    """A URI that violates RFC 7512 or has an unknown attribute is refused with the reason."""
    with pytest.raises(PluginValidationError) as caught:
        parse_uri(text)
    assert why in _shown(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:object=x?pin-value=swordfish",
        "pkcs11:object=x?pin-value=sword%66ish",
        "pkcs11:object=x?pin-value=swordfish with blanks",
        "pkcs11:object=x?module-name=a&pin-value=swordfish",
        "pkcs11:object=x?pin-value=",
        "pkcs11:object=x;pin-value=swordfish",
        "pkcs11:object=x;pin-value=swordfish é",
    ],
)
def test_pin_in_a_uri_is_refused_unseen(text: str) -> None:
    """A URI with a PIN is refused, and no part of the PIN is shown."""
    with pytest.raises(PluginValidationError) as caught:
        parse_uri(text)
    why = _shown(caught.value)
    assert "it must not contain a PIN" in why
    assert "sword" not in why


@pytest.mark.parametrize(
    ("text", "known"),
    [("pkcs11:colour=blue", "object, type, id"), ("pkcs11:?colour=blue", "pin-source, module-name, module-path")],
)
def test_refusal_has_advice(text: str, known: str) -> None:
    """The advice lists the known attributes, without the one for a PIN."""
    with pytest.raises(PluginValidationError) as caught:
        parse_uri(text)
    why = _shown(caught.value)
    assert why.endswith(known)
    assert "pin-value" not in why


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:object=x?module-name=a;pin-value=swordfish",
        "pkcs11:object=x??pin-value=swordfish",
        "pkcs11:object=x? pin-value=swordfish",
        "pkcs11:object=x?pin%2Dvalue=swordfish",
        "PKCS11:object=x?pin-value=swordfish",
        "object=x?pin-value=swordfish",
    ],
)
def test_pin_in_a_misspelt_uri_is_not_shown(text: str) -> None:
    """A PIN is not shown either where another part of the URI is wrong."""
    with pytest.raises(PluginValidationError) as caught:
        parse_uri(text)
    assert "swordfish" not in _shown(caught.value)


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("slot-id=007", "7"),
        ("library-version=2", "2.0"),
        ("library-version=3.10", "3.10"),
        ("library-version=2.06", "2.6"),
    ],
)
def test_numbers_are_normalised(written: str, normalised: str) -> None:
    """Numbers lose leading zeros, and a version without a minor part has 0 there."""
    assert list(parse_uri(f"pkcs11:{written}").token_attributes.values()) == [normalised]
    for wrong in ("x", "-1", "1.2.3", "1."):
        with pytest.raises(PluginValidationError) as caught:
            parse_uri(f"pkcs11:{written.partition('=')[0]}={wrong}")
        assert "is not a " in _shown(caught.value)


# Formatting


@given(
    st.dictionaries(st.sampled_from([name for name in _WHERE if name != "library-version"]), _TEXTS),
    st.none() | st.integers(min_value=0, max_value=2**64),
    _TEXTS,
    st.binary(max_size=40),
)
def test_formatted_uri_is_parsed_again(where: dict[str, str], slot: int | None, label: str, key_id: bytes) -> None:
    """A formatted URI is parsed to the same attributes, with any characters."""
    attributes = where if slot is None else {**where, "slot-id": str(slot)}
    uri = parse_uri(format_uri(attributes, label, key_id))
    assert uri.token_attributes == {name: value for name, value in attributes.items() if value}
    assert (uri.label, uri.id) == (label or None, key_id or None)
    assert uri.module_path is uri.module_name is uri.pin_source is None


def test_formatted_uri_has_canonical_form() -> None:
    """The URI of a key has the type private; that of a token has no type."""
    assert format_uri({"token": "a b", "serial": ""}) == "pkcs11:token=a%20b"
    assert format_uri({"token": "a;b"}, "x/y?", b"\x0a\xff") == (
        "pkcs11:token=a%3Bb;object=x%2Fy%3F;id=%0a%ff;type=private"
    )
