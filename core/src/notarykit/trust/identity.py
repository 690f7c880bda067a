"""Trusted identities: distinguished names out of a policy, matched against a certificate's subject.

Trust store and trust policy specification, "Trusted Identities Constraints". The text form is that of RFC 4514:
attributes are separated by commas or semicolons, and a backslash escapes a character or starts two hexadecimal digits.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

ANY = "*"
X509_SUBJECT = "x509.subject"

# Attribute type names (RFC 4514, section 3; RFC 4519; RFC 2985 for the e-mail address) and their object identifiers.
_TYPES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "POSTALCODE": "2.5.4.17",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "UID": "0.9.2342.19200300.100.1.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "emailAddress": "1.2.840.113549.1.9.1",
    "E": "1.2.840.113549.1.9.1",
}
# "Each identity MUST contain country (C), state or province (ST or S), and organization (O) RDNs."
_MANDATORY = {"2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.10": "O"}
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_ESCAPABLE = frozenset(' "#+,;<=>\\')

# Number of occurrences of each attribute, a pair of object identifier and value.
Attributes = Counter[tuple[str, str]]


def parse_identity(text: str) -> Attributes:
    """Parses the attributes of an identity that is a distinguished name.

    Raises:
        ValueError: It is malformed, or lacks one of C, ST and O.
    """
    attributes: Attributes = Counter(parse_name(text))
    missing = missing_of_identity(attributes)
    if missing:
        raise ValueError(f"the mandatory attribute {missing} is missing: an identity needs C, ST and O")
    return attributes


def missing_of_identity(attributes: Iterable[tuple[str, str]]) -> str:
    """Returns the first of C, ST and O that is not among the attributes, or an empty string."""
    present = {oid for oid, _ in attributes}
    return next((name for oid, name in _MANDATORY.items() if oid not in present), "")


def parse_name(text: str) -> list[tuple[str, str]]:
    """Parses the attributes of a distinguished name, in its order: object identifiers in dotted digits, and values.

    Raises:
        ValueError: It is malformed.
    """
    attributes = []
    for part in _split(text):
        name, equals, raw = part.partition("=")
        name = name.strip(" ")
        if not equals:
            raise ValueError(f"{part.strip()!r} is not of the form type=value")
        oid = _TYPES.get(name) or (name if _OID.fullmatch(name) else None)
        if oid is None:
            raise ValueError(f"attribute type {name!r} is not known: use one of {', '.join(_TYPES)} or dotted digits")
        value = _unescape(raw, name)
        if not value:
            raise ValueError(f"attribute {name} has no value")
        attributes.append((oid, value))
    return attributes


def _split(text: str) -> list[str]:
    """Splits a text at separators that are not escaped."""
    parts = []
    start = position = 0
    while position < len(text):
        if text[position] in ",;":
            parts.append(text[start:position])
            start = position + 1
        position += 2 if text[position] == "\\" else 1
    return [*parts, text[start:]]


def _unescape(raw: str, name: str) -> str:
    """Removes the escapes of a value, and the blanks around it that are not escaped (RFC 4514, section 3)."""
    raw = raw.lstrip(" ")
    if raw.startswith("#"):
        raise ValueError(f"attribute {name} has a value in hexadecimal, which is not supported")
    octets = bytearray()
    kept = 0  # the length up to which blanks at the end are escaped, and stay
    position = 0
    while position < len(raw):
        character = raw[position]
        if character == "+":
            raise ValueError(f"attribute {name}: '+' is not supported; write attributes of one RDN with commas")
        if character != "\\":
            octets += character.encode("utf-8")
            position += 1
            continue
        escaped = raw[position + 1 : position + 2]
        if escaped in _ESCAPABLE:
            octets += escaped.encode("ascii")
            position += 2
        elif _HEX_PAIR.fullmatch(pair := raw[position + 1 : position + 3]):
            octets.append(int(pair, 16))
            position += 3
        else:
            raise ValueError(f"attribute {name}: backslash before {escaped!r} is no escape")
        kept = len(octets)
    end = len(octets)
    while end > kept and octets[end - 1 : end] == b" ":
        end -= 1
    try:
        return octets[:end].decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"attribute {name}: the escaped bytes are not UTF-8") from None


def matches(identity: Attributes, subject: "x509.Name") -> bool:
    """Tells whether a subject has every attribute of an identity, and as often, compared letter by letter."""
    return not missing_of_subject(identity, subject)


def missing_of_subject(identity: Attributes, subject: "x509.Name") -> list[tuple[str, str]]:
    """Returns the attributes of an identity that a subject does not have, or less often."""
    present = attributes_of(subject)
    return [attribute for attribute, count in identity.items() if present.count(attribute) < count]


def attributes_of(subject: "x509.Name") -> list[tuple[str, str]]:
    """Returns the attributes of a subject that are texts, in its order: object identifiers and values."""
    return [(each.oid.dotted_string, each.value) for each in subject if isinstance(each.value, str)]


def type_name(oid: str) -> str:
    """Returns the name of an attribute type, or its object identifier if it has none."""
    return next((name for name, known in _TYPES.items() if known == oid), oid)


def check_identities(identities: Sequence[str]) -> None:
    """Refuses identities that are malformed, mixed with `*`, or overlapping.

    Raises:
        ValueError: One of them is; the text names it.
    """
    if ANY in identities and len(identities) > 1:
        raise ValueError(f"'{ANY}' stands for every identity and must stand alone")
    names: list[tuple[str, Attributes]] = []
    malformed: ValueError | None = None
    try:
        names.extend(_names(identities))
    except ValueError as error:
        malformed = error
    if len(names) > 1:
        from notarykit.trust.overlap import find_overlap

        overlap = find_overlap([attributes for _, attributes in names])
        if overlap is not None:
            other, identity = (names[at][0] for at in overlap)
            raise ValueError(f"identities {other!r} and {identity!r} overlap: keep the one that is meant")
    if malformed is not None:
        raise malformed


def _names(identities: Iterable[str]) -> Iterator[tuple[str, Attributes]]:
    """Yields each identity that is a distinguished name with its attributes, up to the first malformed identity."""
    for identity in identities:
        if identity == ANY:
            continue
        prefix, colon, value = identity.partition(":")
        if not (colon and prefix and value.strip()):
            raise ValueError(
                f"identity {identity!r} is not of the form prefix:value, such as 'x509.subject: C=…, ST=…, O=…'"
            )
        if prefix != X509_SUBJECT:  # for verification plugins
            continue
        try:
            yield identity, parse_identity(value)
        except ValueError as error:
            raise ValueError(f"identity {identity!r}: {error}") from None


@lru_cache(maxsize=8)  # the same few statements are applied to one signature after the other
def x509_identities(identities: tuple[str, ...]) -> list[Attributes]:
    """Returns the distinguished names among identities that `check_identities` has accepted."""
    return [
        parse_identity(identity.partition(":")[2])
        for identity in identities
        if identity.partition(":")[0] == X509_SUBJECT
    ]
