"""Identities in certificates and trust policies, and the verdict of the plugin."""

import contextlib

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from notarykit.errors import PluginValidationError
from notarykit.plugin import VerifySignatureRequest
from notarykit_identity.identities import Identity, identity_of, parse_trusted
from notarykit_identity.plugin import IdentityPlugin
from tests.support.ca import Changes, Extension, make_chain, name

_ISSUER, _SUBJECT = "https://issuer.example", "repo:acme/app:ref:refs/heads/main"
_IDENTITY = Identity(_ISSUER, _SUBJECT)
_CHECK = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
_ISSUER_V2, _ISSUER_V1 = "1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1"
_USER_NAME = "1.3.6.1.4.1.57264.1.7"


def _utf8(text: str) -> bytes:
    content = text.encode()
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    return b"\x0c" + (length if len(content) < 128 else bytes([0x80 + len(length)]) + length) + content


def _extension(oid: str, value: bytes) -> Extension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False


def _names(*names: x509.GeneralName, critical: bool = True) -> Extension:
    return x509.SubjectAlternativeName(names), critical


def _uri(text: str) -> Extension:
    return _names(x509.UniformResourceIdentifier(text))


def _leaf(*extensions: Extension, subject: x509.Name | None = None) -> bytes:
    chain = make_chain("EC-256", 2, leaf=Changes(put=extensions, subject=subject))
    return chain.ders[0]


_FULCIO = _extension(_ISSUER_V2, _utf8(_ISSUER))


@pytest.mark.parametrize(
    ("extensions", "identity"),
    [
        (
            [_FULCIO, _uri("https://github.com/acme/app/x@refs/heads/main")],
            "https://github.com/acme/app/x@refs/heads/main",
        ),
        ([_extension(_ISSUER_V1, _ISSUER.encode()), _uri("spiffe://acme/app")], "spiffe://acme/app"),
        ([_FULCIO, _extension(_ISSUER_V1, _ISSUER.encode()), _uri("https://a#b")], "https://a#b"),
        ([_FULCIO, _names(x509.RFC822Name("build@acme.example"))], "build@acme.example"),
        ([_FULCIO, _names(x509.OtherName(x509.ObjectIdentifier(_USER_NAME), _utf8("me!acme")))], "me!acme"),
        ([_uri(f"{_ISSUER}#{_SUBJECT}")], _SUBJECT),
        ([_uri(f"{_ISSUER}#auth0%7C4%201")], "auth0|4 1"),
    ],
)
def test_certificate_names_an_identity(extensions: list[Extension], identity: str) -> None:
    """Fulcio's extension has the issuer and the one name is the subject; elsewhere the one URI has both."""
    assert identity_of(_leaf(*extensions)) == Identity(_ISSUER, identity)


@pytest.mark.parametrize("size", [30, 127, 128, 255, 256, 300])
def test_issuer_of_any_length_is_read(size: int) -> None:
    """A length of more than one byte is a length."""
    issuer = f"https://issuer.example/{'a' * (size - 23)}"
    assert len(issuer) == size
    assert identity_of(_leaf(_extension(_ISSUER_V2, _utf8(issuer)), _uri("https://x"))).issuer == issuer


_BARE = x509.Name([])


@pytest.mark.parametrize(
    ("extensions", "subject", "reason"),
    [
        ([], None, "no subject alternative name"),
        ([_FULCIO], None, "no subject alternative name"),
        ([_names(x509.UniformResourceIdentifier("a"), x509.UniformResourceIdentifier("b"))], None, "2 subject alt"),
        ([_uri(_ISSUER)], None, "not of the form ISSUER#SUBJECT"),
        ([_uri(f"{_ISSUER}#a#b")], None, "not of the form ISSUER#SUBJECT"),
        ([_uri(f"{_ISSUER}#")], None, "empty"),
        ([_uri("#subject")], None, "empty"),
        ([_uri(f"{_ISSUER}#%61")], None, "escaped in another way"),
        ([_uri(f"{_ISSUER}#%7c")], None, "escaped in another way"),
        ([_uri(f"{_ISSUER}#%FF")], None, "codec"),
        ([_uri(f"{_ISSUER}#a%0Ab")], None, "no trust policy can name"),
        ([_uri(f"{_ISSUER}#a%20")], None, "no trust policy can name"),
        ([_uri(f"{_ISSUER}#%E2%80%8Ba")], None, "no trust policy can name"),
        ([_uri(f"{_ISSUER}, subject=a#b")], None, "no trust policy can name"),
        ([_extension(_ISSUER_V2, _utf8(f"{_ISSUER}, subject=a")), _uri("b")], None, "no trust policy can name"),
        ([_extension(_ISSUER_V2, _utf8(f"{_ISSUER} ")), _uri("https://a")], None, "no trust policy can name"),
        ([_names(x509.RFC822Name(f"{_ISSUER}#build@acme.example"))], None, "its name is no URI"),
        ([_names(x509.OtherName(x509.ObjectIdentifier(_USER_NAME), _utf8(_IDENTITY.uri)))], None, "its name is no URI"),
        ([_extension(_ISSUER_V1, b"\xff"), _uri("https://a")], None, "codec"),
        ([_FULCIO, _extension(_ISSUER_V1, b""), _uri("https://a")], None, "two issuers"),
        ([_extension(_ISSUER_V2, b"\x0c\x03ab"), _uri("https://a")], None, "not in DER"),
        ([_extension(_ISSUER_V2, b"\x0c\x80ab"), _uri("https://a")], None, "not in DER"),
        ([_extension(_ISSUER_V2, b"\x0c\x82\x00\x80" + b"a" * 128), _uri("https://a")], None, "not in DER"),
        ([_extension(_ISSUER_V2, b"\x13\x01a"), _uri("https://a")], None, "not a UTF8String"),
        ([_names(x509.DNSName("acme.example"))], None, "its name is no URI"),
        ([_FULCIO, _names(x509.DNSName("acme.example"))], None, "neither a URI"),
        ([_FULCIO, _names(x509.OtherName(x509.ObjectIdentifier("1.2.3"), _utf8("a")))], None, "neither a URI"),
        ([_FULCIO, _extension(_ISSUER_V1, b"https://other.example"), _uri("https://a")], None, "two issuers"),
        ([_extension(_ISSUER_V2, _ISSUER.encode()), _uri("https://a")], None, "not a UTF8String"),
        ([_extension(_ISSUER_V2, _utf8(_ISSUER) + b"x"), _uri("https://a")], None, "not in DER"),
        ([_extension(_ISSUER_V2, b"\x0c\x81\x03abc"), _uri("https://a")], None, "not in DER"),
        ([_extension(_ISSUER_V2, b"\x0c"), _uri("https://a")], None, "not a UTF8String"),
        ([_extension(_ISSUER_V2, b"\x0c\x00"), _uri("https://a")], None, "empty"),
        ([_FULCIO, _names(x509.UniformResourceIdentifier("https://a"), critical=False)], _BARE, "neither a subject"),
    ],
)
def test_certificate_without_one_clear_identity_has_none(
    extensions: list[Extension], subject: x509.Name | None, reason: str
) -> None:
    """What can be read in two ways, or in none, is no identity."""
    with pytest.raises(ValueError, match=reason):
        identity_of(_leaf(*extensions, subject=subject))


_SAN = "2.5.29.17"


@pytest.mark.parametrize("content", ["30028300", "300aa3083006800161810162", "3003870101", "3000", "", "30038801ff"])
def test_names_of_other_kinds_are_no_identity(content: str) -> None:
    """An X.400 address, an EDI party, half an IP address and what is no name at all end in the same error."""
    with pytest.raises(ValueError, match=r"\w"):
        identity_of(_leaf(_FULCIO, _extension(_SAN, bytes.fromhex(content))))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_the_extensions_hold_there_is_an_identity_or_a_reason(issuer: bytes, names: bytes) -> None:
    """Bytes that nobody would write raise nothing else."""
    leaf = _leaf(_extension(_ISSUER_V2, issuer), _extension(_SAN, names))
    with contextlib.suppress(ValueError):
        assert all(identity_of(leaf))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"]), min_size=1))
def test_uri_has_one_way_back(subject: str) -> None:
    """Every subject has one URI, in ASCII and without a second '#'."""
    uri = Identity(_ISSUER, subject).uri
    assert uri.isascii()
    assert uri.count("#") == 1
    assert " " not in uri


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"identity: issuer={_ISSUER}, subject={_SUBJECT}", _IDENTITY),
        (f"identity:issuer={_ISSUER},subject={_SUBJECT} ", _IDENTITY),
        (f"identity: issuer={_ISSUER}, subject=a, subject=b = c", Identity(_ISSUER, "a, subject=b = c")),
        ("x509.subject: C=US", None),
        ("identities: issuer=a, subject=b", None),
    ],
)
def test_trusted_identity_is_parsed(text: str, found: Identity | None) -> None:
    """The subject is all that follows; entries of other prefixes are others'."""
    assert parse_trusted(text) == found


@pytest.mark.parametrize(
    "value",
    [
        "",
        _ISSUER,
        f"issuer={_ISSUER}",
        f"subject={_SUBJECT}",
        f"subject={_SUBJECT}, issuer={_ISSUER}",
        f"issuer={_ISSUER} subject={_SUBJECT}",
        f"issuer=, subject={_SUBJECT}",
        f"issuer={_ISSUER}, subject= ",
        f"issuer={_ISSUER}, subject=a\nb",
        f"issuer={_ISSUER}, subject=a\u200b",
        f"issuer={_ISSUER},, subject=a",
        f"issuer={_ISSUER}, issuer={_ISSUER}, subject=a",
        f"issuer={_ISSUER}, audience=a, subject=b",
        f"issuer={_ISSUER}\\,a, subject=b",
        f"issuer ={_ISSUER}, subject=a",
        f"Issuer={_ISSUER}, subject={_SUBJECT}",
    ],
)
def test_malformed_trusted_identity_is_refused(value: str) -> None:
    """A slip in the policy is an error, and not an entry that matches nothing."""
    with pytest.raises(ValueError, match="is not of the form"):
        parse_trusted(f"identity: {value}")


def _verdict(trusted: list[str], leaf: bytes | None = None) -> tuple[bool, str]:
    der = _leaf(_uri(_IDENTITY.uri)) if leaf is None else leaf
    request = VerifySignatureRequest({}, ("com.example.unknown",), (der,), tuple(trusted), (_CHECK,))
    answer = IdentityPlugin().verify_signature(request)
    assert answer.processed_attributes == ()
    result = answer.verification_results[_CHECK]
    return result.success, result.reason


_LOOK_ALIKES = (
    "https://issuer.example:443",
    "https://issuer.example.",
    "https://Issuer.example",
    "HTTPS://issuer.example",
    "https://user@issuer.example",
    "https://issuer.example.evil.example",
    "https://issuer.exampl",
    "https://issuer.example?",
    "https://issuer%2Eexample",
    "https://\u0456ssuer.example",  # Cyrillic
    "http://issuer.example",
)


@pytest.mark.parametrize("issuer", [each for each in _LOOK_ALIKES if each.isascii()])
@pytest.mark.parametrize("is_fulcio", [False, True])
def test_certificate_of_a_look_alike_is_not_trusted(issuer: str, *, is_fulcio: bool) -> None:
    """An issuer that only seems to be the trusted one is another, in either kind of certificate."""
    other = Identity(issuer, _SUBJECT)
    leaf = _leaf(_extension(_ISSUER_V2, _utf8(issuer)), _uri(_SUBJECT)) if is_fulcio else _leaf(_uri(other.uri))
    assert identity_of(leaf) == other
    assert not _verdict([f"identity: {_IDENTITY}"], leaf)[0]


def test_verdict_compares_letter_by_letter() -> None:
    """Only the same issuer and subject are trusted; patterns, case and parts are not."""
    good = f"identity: {_IDENTITY}"
    assert _verdict([good]) == (True, "")
    assert _verdict(["x509.subject: C=US, ST=WA, O=other", good]) == (True, "")
    assert _verdict(["*"]) == (True, "")
    for trusted in (
        f"identity: issuer={_ISSUER}, subject=*",
        f"identity: issuer={_ISSUER}, subject=repo:acme/app:*",
        f"identity: issuer={_ISSUER}, subject={_SUBJECT.upper()}",
        f"identity: issuer={_ISSUER}/, subject={_SUBJECT}",
        f"identity: issuer={_ISSUER}, subject={_SUBJECT[:-1]}",
        "identity: issuer=*, subject=*",
        *(f"identity: issuer={issuer}, subject={_SUBJECT}" for issuer in _LOOK_ALIKES),
    ):
        success, reason = _verdict([trusted])
        assert not success
        assert str(_IDENTITY) in reason


def test_verdict_says_why() -> None:
    """No entry of ours, a malformed one beside a good one, and a certificate without an identity are failures."""
    assert "has no entry of the form" in _verdict(["x509.subject: C=US, ST=WA, O=wabbit-networks.io"])[1]
    success, reason = _verdict([f"identity: {_IDENTITY}", "identity: oops"])
    assert (success, "correct the trust policy" in reason) == (False, True)
    success, reason = _verdict([f"identity: {_IDENTITY}"], make_chain().ders[0])
    assert (success, "names no identity" in reason) == (False, True)
    assert _verdict(["*", f"identity: {_IDENTITY}"], make_chain().ders[0])[0] is False


def test_other_checks_are_refused() -> None:
    """The plugin does not answer for a check that it does not make."""
    request = VerifySignatureRequest({}, (), (b"",), ("*",), ("SIGNATURE_VERIFIER.REVOCATION_CHECK",))
    with pytest.raises(PluginValidationError, match="REVOCATION_CHECK"):
        IdentityPlugin().verify_signature(request)
    with pytest.raises(PluginValidationError, match="no certificate"):
        IdentityPlugin().verify_signature(request._replace(signature_verification=(_CHECK,), certificate_chain=()))


def test_fulcio_subject_with_a_separator_is_no_other_issuer() -> None:
    """With the extension, a '#' in the name separates nothing."""
    leaf = _leaf(_extension(_ISSUER_V2, _utf8("https://other.example")), _uri(_IDENTITY.uri), subject=name("x"))
    assert identity_of(leaf) == Identity("https://other.example", _IDENTITY.uri)
    assert not _verdict([f"identity: {_IDENTITY}"], leaf)[0]
