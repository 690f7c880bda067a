"""Identities: of certificates, and those that a trust policy names.

A certificate of Fulcio has its issuer in an extension and its subject as the one name of the SAN. One of another CA,
such as Vault, has both as one URI there: the issuer, `#`, and the subject, escaped as a URI's fragment.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from cryptography import x509

from notarykit.plugin import load_certificate

PREFIX = "identity"
FORM = "identity: issuer=https://…, subject=…"

# "Sigstore OID information": 1.1 has the bytes of the text, 1.8 its DER as UTF8String.
_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_OLD_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_USER_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
_UTF8_STRING = 0x0C
# RFC 3986, section 3.5, without the percent sign; "#" itself is escaped.
_IN_FRAGMENT = "!$&'()*+,;=:@/?-._~"
_TRUSTED = re.compile(r"\s*issuer=(?P<issuer>[^\s,]+)\s*,\s*subject=(?P<subject>\S(?:.*\S)?)\s*")


class Identity(NamedTuple):
    """Who vouches for whom.

    Attributes:
        issuer: Issuer of the identity token, such as `https://token.actions.githubusercontent.com`.
        subject: Workload that it names.
    """

    issuer: str
    subject: str

    def __str__(self) -> str:
        """Returns the form of a trust policy, without the prefix."""
        return f"issuer={self.issuer}, subject={self.subject}"

    @property
    def uri(self) -> str:
        """URI for the SAN of a certificate that has no extension for the issuer."""
        return f"{self.issuer}#{quote(self.subject, safe=_IN_FRAGMENT)}"


def parse_trusted(text: str) -> Identity | None:
    """Parses an entry of `trustedIdentities`; None for one of another prefix.

    Raises:
        ValueError: It has our prefix, and is malformed.
    """
    prefix, _, value = text.partition(":")
    if prefix != PREFIX:
        return None
    identity = _parse(value)
    if identity is None:
        raise ValueError(f"the trusted identity {text!r} is not of the form '{FORM}'")
    return identity


def _parse(text: str) -> Identity | None:
    match = _TRUSTED.fullmatch(text) if text.isprintable() else None
    return Identity(match["issuer"], match["subject"]) if match else None


def identity_of(der: bytes) -> Identity:
    """Returns the identity that a certificate names.

    Raises:
        ValueError: It names none, or more than one; the text says why.
    """
    certificate = load_certificate(der)
    try:
        issuer = _issuer_of(certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        is_bare = not list(certificate.subject)
    except x509.ExtensionNotFound:
        raise ValueError("it has no subject alternative name") from None
    except x509.DuplicateExtension:
        raise ValueError("it has an extension twice") from None
    except ValueError:
        raise
    except Exception:  # noqa: BLE001 - cryptography has exceptions of its own for kinds of names that it does not know
        raise ValueError("its names or extensions cannot be read") from None
    if len(names.value) != 1:
        raise ValueError(f"it has {len(names.value)} subject alternative names, not one")
    if is_bare and not names.critical:
        raise ValueError("it has neither a subject nor a critical subject alternative name")
    name = names.value[0]
    if issuer is None and not isinstance(name, x509.UniformResourceIdentifier):
        # Authorities that check the domain of an email address let the part before it be anything.
        raise ValueError("it has no extension for the issuer, and its name is no URI")
    identity = _split(_text_of(name)) if issuer is None else Identity(issuer, _text_of(name))
    if _parse(str(identity)) != identity:
        raise ValueError("its issuer or subject is empty, or has characters that no trust policy can name")
    return identity


def _split(uri: str) -> Identity:
    issuer, separator, subject = uri.partition("#")
    if not separator or "#" in subject:
        raise ValueError(f"it has no extension for the issuer, and its name {uri!r} is not of the form ISSUER#SUBJECT")
    identity = Identity(issuer, unquote(subject, errors="strict"))
    if identity.uri != uri:
        raise ValueError(f"its name {uri!r} is escaped in another way than the one that is compared")
    return identity


def _issuer_of(certificate: x509.Certificate) -> str | None:
    """Returns the issuer in the extension, or None."""
    found = {each.oid: each.value for each in certificate.extensions}
    texts = set()
    if (current := found.get(_ISSUER)) is not None:
        texts.add(_utf8_string(_bytes_of(current)))
    if (old := found.get(_OLD_ISSUER)) is not None:
        texts.add(_bytes_of(old).decode("utf-8"))
    if len(texts) > 1:
        raise ValueError("it names two issuers")
    return texts.pop() if texts else None


def _bytes_of(value: x509.ExtensionType) -> bytes:
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def _text_of(name: x509.GeneralName) -> str:
    if isinstance(name, x509.UniformResourceIdentifier | x509.RFC822Name):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id == _USER_NAME:
        return _utf8_string(name.value)
    raise ValueError("its subject alternative name is neither a URI nor an email address nor a user name")


def _utf8_string(der: bytes) -> str:
    """Returns the text of a UTF8String in DER (X.690, section 8.23)."""
    if len(der) < 2 or der[0] != _UTF8_STRING:  # noqa: PLR2004
        raise ValueError("an extension is not a UTF8String")
    count = der[1] - 0x80 if der[1] > 0x80 else 0  # noqa: PLR2004
    length = int.from_bytes(der[2 : 2 + count], "big") if count else der[1]
    text = der[2 + count :]
    if len(text) != length or (count and (length < 0x80 or der[2] == 0)):  # noqa: PLR2004
        raise ValueError("an extension is not in DER")
    return text.decode("utf-8")
