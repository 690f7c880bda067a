"""JWS envelopes: every refusal that the specification demands, and everything that an honest signer may write."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from notarykit.envelope.attributes import ExtendedAttribute, SignedAttributes
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.jws import assemble, parse
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import key_spec
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import (
    ABSENT,
    AGENT,
    AUTHENTIC_TIME,
    EXPIRY,
    JWS,
    PAYLOAD,
    PAYLOAD_TYPE,
    PLUGIN,
    SCHEME,
    TIME,
    TIMESTAMP,
    build_jws,
    from_url64,
    jws_header,
    sign_envelope,
    url64,
)  # fmt: skip
from tests.unit.envelope.messages import one_line

_CHAIN = make_chain()
_GOOD = build_jws(_CHAIN, jws_header(_CHAIN))


def _with(changes: dict[str, Any]) -> UnverifiedEnvelope:
    """The envelope whose protected header has the changes; its signature holds."""
    envelope = parse(build_jws(_CHAIN, jws_header(_CHAIN, changes)))
    check_integrity(envelope)
    return envelope


@pytest.mark.requirement("jws:signing-input")
@pytest.mark.parametrize("spec", SPECS)
def test_valid_envelope_is_parsed(spec: str) -> None:
    """Each part of an envelope comes out as it was put in, for each algorithm."""
    chain = make_chain(spec)
    envelope = build_jws(chain, jws_header(chain))
    members = json.loads(envelope)
    parsed = parse(envelope)
    time = datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
    expected = SignedAttributes(key_spec(spec), PAYLOAD_TYPE, "notary.x509", time, None, None)
    assert parsed == UnverifiedEnvelope(
        JWS, PAYLOAD, expected, chain.ders, from_url64(members["signature"]),
        f"{members['protected']}.{members['payload']}".encode(), None, "tests/1.0",
    )  # fmt: skip


@pytest.mark.requirement("jws:flattened")
@pytest.mark.parametrize(
    "envelope",
    [
        b"", b"{", b"[]", b"null", b'""', _GOOD + _GOOD, b"\xff" + _GOOD, _GOOD.decode().encode("utf-16"),
        b"a.b.c", _GOOD[:-1] + b',"payload":""}', _GOOD[:-1] + b',"p\\u0061yload":""}',
    ],
)  # fmt: skip
def test_malformed_document_is_refused(envelope: bytes) -> None:
    """What is not one JSON object with each member once is refused, and so is the compact form."""
    with pytest.raises(EnvelopeError, match=one_line("JWS")):
        parse(envelope)


@pytest.mark.parametrize("member", ["payload", "protected", "header", "signature"])
def test_missing_top_member_is_refused(member: str) -> None:
    """Each of the four members is required, with its own type, and not empty."""
    for value in (ABSENT, None, "", 1, []):
        with pytest.raises(EnvelopeError, match=one_line("JWS", repr(member))):
            parse(build_jws(_CHAIN, jws_header(_CHAIN), top={member: value}))


@pytest.mark.requirement("jws:no-other-top-members", "jws:flattened")
@pytest.mark.parametrize("member", ["signatures", "Payload", "kid", "", "io.cncf.notary.timestampSignature"])
def test_additional_top_member_is_refused(member: str) -> None:
    """No additional member on top is supported, the general form with several signatures included."""
    with pytest.raises(EnvelopeError, match=one_line("JWS", repr(member))):
        parse(build_jws(_CHAIN, jws_header(_CHAIN), top={member: []}))


@pytest.mark.requirement("jws:signing-input")
@pytest.mark.parametrize("member", ["payload", "protected", "signature"])
@pytest.mark.parametrize("form", ["padding", "line end", "space", "standard", "foreign", "one digit more", "non-ASCII"])
def test_other_forms_of_base64url_are_refused(member: str, form: str) -> None:
    """Padding, white space, the other alphabet and foreign characters are refused in each encoded member."""
    text = json.loads(_GOOD)[member]
    other = {
        "padding": text + "=" * (-len(text) % 4 or 4), "line end": text + "\n", "space": " " + text,
        "standard": "+/+/" + text, "foreign": text[:8] + "~!~!" + text[8:],
        "one digit more": text + "A" * (1 + -len(text) % 4),
        "non-ASCII": text + "é",
    }[form]  # fmt: skip
    with pytest.raises(EnvelopeError, match=one_line("JWS", "base64url")):
        parse(build_jws(_CHAIN, jws_header(_CHAIN), top={member: other}))


def test_stray_bits_of_base64url_are_refused() -> None:
    """Bits behind the last byte must be zero: otherwise two texts would mean the same signature."""
    signature = json.loads(_GOOD)["signature"]
    assert len(signature) % 4 == 2
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]
    assert base64.urlsafe_b64decode(other + "==") == from_url64(signature)
    with pytest.raises(EnvelopeError, match=one_line("JWS", "canonical")):
        parse(build_jws(_CHAIN, jws_header(_CHAIN), top={"signature": other}))


@pytest.mark.requirement("scheme:one-scheme")
@pytest.mark.parametrize(
    "header",
    [b"", b"{}", b"[]", b"not JSON", b'{"alg":"ES256","alg":"ES256"}', b"\xff", b'{"alg":NaN}', b"[" * 5000],
)
def test_malformed_protected_header_is_refused(header: bytes) -> None:
    """The protected header is a JSON object with each member once."""
    with pytest.raises(EnvelopeError, match=one_line("JWS")):
        parse(build_jws(_CHAIN, header))


@pytest.mark.requirement(
    "jws:alg",
    "jws:crit",
    "jws:crit-without-registered-headers",
    "jws:cty",
    "jws:signing-scheme",
    "jws:signing-time",
    "jws:authentic-signing-time",
    "jws:alg-constraints",
)
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *(({"alg": value}, "alg") for value in (
            ABSENT, None, "", 1, ["ES256"], "none", "HS256", "RS256", "PS256 ", "es256", "EdDSA", "ES256K", "PS1",
        )),
        *(({"crit": value}, "crit") for value in (
            ABSENT, None, [], "", SCHEME, [SCHEME, None], [SCHEME, 1], [[SCHEME]], {SCHEME: 1}, [SCHEME, SCHEME],
            [TIME], [SCHEME, "unknown"], [SCHEME, TIME], ["IO.CNCF.NOTARY.SIGNINGSCHEME"],
        )),
        *(({"crit": [SCHEME, name]}, name) for name in (
            "alg", "cty", "crit", "typ", "kid", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64", EXPIRY, AGENT,
        )),
        *(({name: "x", "crit": [SCHEME, name]}, name) for name in ("typ", "kid", "jku", "b64")),
        *(({"cty": value}, "cty") for value in (ABSENT, None, 1, [])),
        *(({SCHEME: value}, SCHEME) for value in (
            ABSENT, None, "", 1, "notary.x509 ", "Notary.X509", "notary.x509.signingauthority", ["notary.x509"], {},
        )),
        *(({TIME: value}, TIME) for value in (
            ABSENT, None, "", 1649228480, "2022-04-06", "2022-04-06 07:01:20Z", "2022-02-30T00:00:00Z", {}, True,
        )),
        ({"b64": False}, "b64"),
        ({"b64": True}, "b64"),
        ({AUTHENTIC_TIME: "2022-04-06T07:01:20Z"}, AUTHENTIC_TIME),
        ({AUTHENTIC_TIME: "2022-04-06T07:01:20Z", "crit": [SCHEME, AUTHENTIC_TIME]}, AUTHENTIC_TIME),
        ({EXPIRY: "2023-04-06T07:01:20Z"}, EXPIRY),
        ({EXPIRY: None, "crit": [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: "2022-04-06T07:01:20Z", "crit": [SCHEME, EXPIRY]}, EXPIRY),
        ({EXPIRY: "2022-04-06T09:01:20+02:00", "crit": [SCHEME, EXPIRY]}, EXPIRY),
    ],
)  # fmt: skip
def test_invalid_signed_header_is_refused(changes: dict[str, Any], text: str) -> None:
    """A protected header against a rule is refused by the header's name, although the signature holds."""
    with pytest.raises(EnvelopeError, match=one_line("JWS", text)):
        parse(build_jws(_CHAIN, jws_header(_CHAIN, changes)))


def test_time_in_each_form_of_rfc_3339_is_read() -> None:
    """Lower-case letters, offsets and fractions all mean a time."""
    time = datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
    for text in (
        "2022-04-06T07:01:20Z",
        "2022-04-06t07:01:20z",
        "2022-04-06T09:01:20+02:00",
        "2022-04-06T07:01:20.000Z",
    ):
        assert _with({TIME: text}).unverified_attributes.signing_time == time


def test_expiry_after_the_signing_time_is_read() -> None:
    """An expiry later than the signing time is read, in whatever zones both are written."""
    changes = {TIME: "2022-04-06T23:00:00+14:00", EXPIRY: "2022-04-06T09:00:01Z", "crit": [EXPIRY, SCHEME]}
    assert _with(changes).unverified_attributes.expiry == datetime(2022, 4, 6, 9, 0, 1, tzinfo=UTC)


@pytest.mark.requirement("jws:authentic-signing-time")
def test_signing_authority_has_the_authentic_time_alone() -> None:
    """Under the signing authority's scheme there is the authentic time alone, and it is critical."""
    good = {
        SCHEME: "notary.x509.signingAuthority", TIME: ABSENT, AUTHENTIC_TIME: "2022-04-06T07:01:20Z",
        "crit": [SCHEME, AUTHENTIC_TIME],
    }  # fmt: skip
    attributes = _with(good).unverified_attributes
    assert attributes.signing_scheme == "notary.x509.signingAuthority"
    assert attributes.authentic_signing_time == datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
    assert attributes.signing_time is None
    for change in ({"crit": [SCHEME]}, {TIME: "2022-04-06T07:01:20Z"}, {AUTHENTIC_TIME: ABSENT, "crit": [SCHEME]}):
        with pytest.raises(EnvelopeError, match=one_line("JWS")):
            parse(build_jws(_CHAIN, jws_header(_CHAIN, {**good, **change})))


def test_extended_attributes_hold_every_kind_of_value() -> None:
    """Extended attributes may be critical or not and hold any JSON value; crit may name all of them in any order."""
    values: dict[str, Any] = {"a": "text", "b": 1, "c": [1, None], "d": {"e": True}, "": None, "alg ": 1.5}
    extended = _with({**values, "crit": ["d", SCHEME, "a"]}).unverified_attributes.extended
    assert set(map(repr, extended)) == {
        repr(ExtendedAttribute(key, value, key in ("a", "d"))) for key, value in values.items()
    }


@pytest.mark.requirement("jws:plugin-minimum-version")
def test_verification_plugin_is_a_critical_text() -> None:
    """The verification plugin's name and version are texts, and critical."""
    changes = {PLUGIN: "com.example.plugin", "crit": [SCHEME, PLUGIN]}
    assert _with(changes).unverified_attributes.verification_plugin == "com.example.plugin"
    for wrong in ({"crit": [SCHEME]}, {PLUGIN: ""}, {PLUGIN: 1}, {PLUGIN: None}, {PLUGIN: ["com.example.plugin"]}):
        with pytest.raises(EnvelopeError, match=one_line("JWS", PLUGIN)):
            parse(build_jws(_CHAIN, jws_header(_CHAIN, {**changes, **wrong})))


@pytest.mark.requirement("signature:certificate-chain", "jws:x5c")
@pytest.mark.parametrize("value", [ABSENT, None, "", [], [1], [None], ["~"], ["AA"], ["AA==\n"], ["AA-_"], [[]], {}])
def test_malformed_x5c_is_refused(value: Any) -> None:
    """The chain is an array of certificates in base64, with at least one in it."""
    with pytest.raises(EnvelopeError, match=one_line("JWS", "x5c")):
        parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={"x5c": value}))


@pytest.mark.requirement("jws:x5c")
def test_chain_in_other_base64_is_refused() -> None:
    """Base64url, or base64 without padding, is not how certificates are written."""
    for encode in (url64, lambda der: base64.b64encode(der).decode().rstrip("=")):
        # So long that base64 ends in padding, and with bits that the two alphabets write differently.
        x5c = [encode(der + b"\xff" * (3 + (1 - len(der)) % 3)) for der in _CHAIN.ders]
        with pytest.raises(EnvelopeError, match=one_line("JWS", "x5c")):
            parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={"x5c": x5c}))


@pytest.mark.parametrize("name", ["alg", "crit", "cty", SCHEME, TIME])
def test_header_in_both_places_is_refused(name: str) -> None:
    """A name in both headers is refused (RFC 7515, section 7.2.1)."""
    with pytest.raises(EnvelopeError, match=one_line("JWS", repr(name))):
        parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={name: jws_header(_CHAIN)[name]}))


def test_unprotected_headers_do_not_stand_in_for_protected_ones() -> None:
    """What must be signed counts only where it is signed."""
    for name in ("alg", "crit", "cty", SCHEME, TIME):
        envelope = build_jws(_CHAIN, jws_header(_CHAIN, {name: ABSENT}), unprotected={name: jws_header(_CHAIN)[name]})
        with pytest.raises(EnvelopeError, match=one_line("JWS")):
            parse(envelope)
    envelope = build_jws(_CHAIN, jws_header(_CHAIN), unprotected={EXPIRY: "2023-04-06T07:01:20Z"})
    assert parse(envelope).unverified_attributes.expiry is None


def test_other_unprotected_headers_are_ignored() -> None:
    """Anybody can add an unprotected header, and it changes nothing."""
    header = json.loads(_GOOD)["header"]
    document = json.dumps({**json.loads(_GOOD), "header": {**header, "com.example": {"a": 1}, "kid": None}})
    assert parse(document.encode()) == parse(_GOOD)


@pytest.mark.requirement("signature:signing-agent-is-not-validated")
@pytest.mark.parametrize("agent", ["", " ", "notation/1.0.0 plugin/0.8", "\n\x00", "ü" * 5000])
def test_signing_agent_is_not_checked(agent: str) -> None:
    """Verification does not fail for what the signing agent says, or for its absence."""
    assert parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={AGENT: agent})).signing_agent == agent
    assert parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={AGENT: ABSENT})).signing_agent == ""


@pytest.mark.requirement("jws:timestamp-signature")
def test_timestamp_is_read() -> None:
    """The timestamp is base64 of something, or absent."""
    token = base64.b64encode(b"token").decode()
    assert parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={TIMESTAMP: token})).timestamp_signature == b"token"
    for wrong in ("", None, 1, "~", token.rstrip("="), token + "\n", [token]):
        with pytest.raises(EnvelopeError, match=one_line("JWS", TIMESTAMP)):
            parse(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={TIMESTAMP: wrong}))


@pytest.mark.requirement(
    "signature:informational-attributes-are-not-critical",
    "jws:timestamp-signature",
    "jws:flattened",
)
def test_new_envelope_has_the_specified_members() -> None:
    """A new envelope has the four members, and the headers that belong into each."""
    envelope = json.loads(sign_envelope(_CHAIN, JWS, agent="a/1", timestamp=b"token"))
    assert set(envelope) == {"payload", "protected", "header", "signature"}
    assert set(envelope["header"]) == {"x5c", AGENT, TIMESTAMP}
    protected = json.loads(from_url64(envelope["protected"]))
    assert set(protected) == {"alg", "crit", "cty", SCHEME, TIME}
    assert protected["alg"] == "ES256"
    assert protected["crit"] == [SCHEME]
    assert from_url64(envelope["payload"]) == PAYLOAD


def test_assembled_envelope_is_parsed_back() -> None:
    """An envelope put together from its parts is taken apart into the same parts."""
    members = json.loads(_GOOD)
    again = assemble(
        from_url64(members["protected"]), PAYLOAD, from_url64(members["signature"]), _CHAIN.ders, "tests/1.0"
    )
    assert parse(again) == parse(_GOOD)
