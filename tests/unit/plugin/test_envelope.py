"""Envelopes for plugins that make them themselves: a named verification plugin, and timestamps."""

from datetime import UTC, datetime

import pytest

from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import (
    GenerateEnvelopeRequest,
    LocalSigner,
    TimestampAuthority,
    check_envelope_request,
    sign_envelope,
)
from notarykit.timestamp.token import verify_token
from tests.support.ca import make_chain
from tests.support.envelopes import FORMATS, PAYLOAD, PAYLOAD_TYPE
from tests.support.responders import Responder
from tests.support.token_changes import TokenChanges
from tests.unit.timestamp.authorities import OTHER, TSA, authority_url

_CHAIN = make_chain()
_SIGNER = LocalSigner.from_pem(_CHAIN.key_pem, _CHAIN.chain_pem)


def _request(media_type: str) -> GenerateEnvelopeRequest:
    return GenerateEnvelopeRequest("k", PAYLOAD, PAYLOAD_TYPE, media_type)


def _parsed(envelope: bytes, media_type: str) -> IntactEnvelope:
    return check_integrity(parse_envelope(envelope, media_type))


@pytest.mark.parametrize("media_type", FORMATS)
def test_verification_plugin_is_a_critical_attribute(media_type: str) -> None:
    """A plugin that verifiers must use is named so that none of them can pass it over; by default none is."""
    made = sign_envelope(_request(media_type), _SIGNER, "agent/1", verification_plugin="com.example.checker")
    (attribute,) = _parsed(made.signature_envelope, media_type).attributes.extended
    assert attribute == ("io.cncf.notary.verificationPlugin", "com.example.checker", True)
    made = sign_envelope(_request(media_type), _SIGNER, "agent/1")
    assert _parsed(made.signature_envelope, media_type).attributes.extended == ()


@pytest.mark.requirement("plugin:plugin-timestamp")
@pytest.mark.parametrize("media_type", FORMATS)
def test_signature_is_timestamped(media_type: str, responder: Responder) -> None:
    """The token in the envelope is one for its signature."""
    now = datetime.now(UTC).replace(microsecond=0)  # and not when the module was imported, long before in a whole run
    url = authority_url(responder, changes=TokenChanges(gen_time=now))
    authority = TimestampAuthority(url, TSA.ders[-1])
    made = sign_envelope(_request(media_type), _SIGNER, "agent/1", authorities=[authority])
    envelope = parse_envelope(made.signature_envelope, media_type)
    assert envelope.timestamp_signature is not None
    verify_token(envelope.timestamp_signature, envelope.signature, [TSA.ders[-1]])
    assert envelope.signing_agent == "agent/1"


@pytest.mark.requirement("plugin:plugin-timestamp")
def test_no_envelope_without_the_timestamp(responder: Responder) -> None:
    """An authority that is not trusted fails the signature, and the advice is about plugin configuration."""
    authority = TimestampAuthority(authority_url(responder), OTHER.ders[-1])
    with pytest.raises(PluginError, match="no timestamp") as caught:
        sign_envelope(_request(FORMATS[0]), _SIGNER, "agent/1", authorities=[authority])
    assert "plugin configuration" in (caught.value.advice or "")
    assert "--timestamp" not in caught.value.one_line()


@pytest.mark.parametrize("media_type", FORMATS)
def test_request_is_checked_before_a_key_is_used(media_type: str) -> None:
    """A good request passes, and another payload type, format or expiry does not."""
    check_envelope_request(_request(media_type))
    for change in (
        {"payload_type": "text/plain"},
        {"signature_envelope_type": "text/plain"},
        {"expiry_duration_in_seconds": -1},
        {"expiry_duration_in_seconds": 10**12},
    ):
        with pytest.raises(PluginValidationError):
            check_envelope_request(_request(media_type)._replace(**change))
