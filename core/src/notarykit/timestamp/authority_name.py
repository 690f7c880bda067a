"""Name of a timestamp authority, compared with those of its certificate (RFC 3161, section 2.4.2, `tsa`)."""

from collections import Counter

from cryptography.hazmat import asn1

from notarykit.keys.der import SEQUENCE
from notarykit.timestamp import syntax
from notarykit.timestamp.records import TimestampInfo
from notarykit.timestamp.syntax import elements_of, malformed, set_of

# The tags of GeneralName (RFC 5280, section 4.2.1.6), implicit but for [4].
_DIRECTORY_NAME = b"\xa4"
GENERAL_NAMES = (b"\xa0", b"\x81", b"\x82", b"\xa3", _DIRECTORY_NAME, b"\xa5", b"\x86", b"\x87", b"\x88")
_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
# UTF8String, PrintableString, TeletexString, IA5String, UniversalString, BMPString.
_TEXTS = {
    b"\x0c": "utf-8",
    b"\x13": "ascii",
    b"\x14": "latin-1",
    b"\x16": "ascii",
    b"\x1c": "utf-32-be",
    b"\x1e": "utf-16-be",
}

# One relative distinguished name, in any order: the type of each attribute, with its text, or its bytes and their tag.
_Rdn = Counter[tuple[str, str] | tuple[str, bytes, bytes]]


def is_by(info: TimestampInfo, certificate: bytes) -> bool:
    """Returns whether the authority's name, if the token has one, is the certificate's subject or an alternative name.

    Raises:
        TimestampError: The certificate is malformed.
    """
    if info.authority is None:
        return True
    with malformed("certificate"):
        return _has_name(asn1.decode_der(syntax.Certificate, certificate).tbs_certificate, info.authority)


def _has_name(certificate: syntax.TBSCertificate, name: bytes) -> bool:
    is_directory_name = name[:1] == _DIRECTORY_NAME
    folded = _folded(_content(name)) if is_directory_name else []
    if is_directory_name and folded == _folded(syntax.whole(certificate.subject)):
        return True
    for extension in certificate.extensions or ():
        if extension.extn_id.dotted_string == _SUBJECT_ALTERNATIVE_NAME:
            for alternative in elements_of(extension.extn_value, SEQUENCE):
                if syntax.whole(alternative) == name:
                    return True
                comparable = is_directory_name and alternative.tag_bytes == _DIRECTORY_NAME
                if comparable and folded == _folded(bytes(alternative.data)):
                    return True
    return False


def _content(name: bytes) -> bytes:
    (tlv,) = elements_of(bytes((SEQUENCE,)) + name[1:], SEQUENCE)
    return syntax.whole(tlv)


def _folded(name: bytes) -> list[_Rdn]:
    """Returns a Name for comparison: letters of either case alike, runs of spaces as one (RFC 5280, section 7.1)."""
    return [
        Counter(_attribute(member.parse(syntax.AttributeTypeAndValue)) for member in set_of(rdn))
        for rdn in elements_of(name, SEQUENCE)
    ]


def _attribute(attribute: syntax.AttributeTypeAndValue) -> tuple[str, str] | tuple[str, bytes, bytes]:
    oid, tag, content = attribute.type.dotted_string, attribute.value.tag_bytes, bytes(attribute.value.data)
    if tag not in _TEXTS:
        return oid, tag, content
    return oid, " ".join(content.decode(_TEXTS[tag]).split()).casefold()
