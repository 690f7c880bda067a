"""The envelope that core makes around every plugin's signature."""

import re
from datetime import timedelta
from typing import Any

import pytest

from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import PluginResponseError, PluginValidationError
from notarykit.plugin import GenerateEnvelopeRequest, GetMetadataRequest, Metadata
from notarykit.plugin.protocol.metadata import NO_CONFIG
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import DIGEST, FORMATS, PAYLOAD, PAYLOAD_TYPE
from tests.unit.plugin.plugins import KeyPlugin


def _request(media_type: str, **changes: Any) -> GenerateEnvelopeRequest:
    return GenerateEnvelopeRequest("k", PAYLOAD, PAYLOAD_TYPE, media_type, plugin_config={"a": "b"})._replace(**changes)


def _made(plugin: KeyPlugin, request: GenerateEnvelopeRequest) -> IntactEnvelope:
    answer = plugin.generate_envelope(request)
    assert answer.signature_envelope_type == request.signature_envelope_type
    assert not answer.annotations
    return check_integrity(parse_envelope(answer.signature_envelope, request.signature_envelope_type))


@pytest.mark.requirement("plugin:format-aware")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_makes_an_envelope_of_each_format(media_type: str, spec: str) -> None:
    """A plugin that makes signatures makes whole envelopes as well, in both formats and with each key."""
    plugin = KeyPlugin(make_chain(spec))
    made = _made(plugin, _request(media_type))
    assert made.target.digest == DIGEST
    assert made.chain.ders == plugin.chain.ders
    assert made.attributes.signing_scheme == "notary.x509"
    assert made.attributes.expiry is None
    assert made.signing_agent.endswith(" com.example.keys/1.2.3")
    assert [request.plugin_config for request in plugin.requests] == [{"a": "b"}] * 2


class _Configured(KeyPlugin):
    """A plugin that is nothing without its configuration."""

    @classmethod
    def get_metadata(cls, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        """What it is with its configuration."""
        if request.plugin_config != {"a": "b"}:
            raise PluginValidationError("no configuration")
        return super().get_metadata(request)


def test_the_configuration_of_the_request() -> None:
    """A plugin that is asked who it is, for the signing agent, has the configuration that it signs with."""
    assert _made(_Configured(), _request(FORMATS[0])).signing_agent.endswith(" com.example.keys/1.2.3")


@pytest.mark.parametrize("media_type", FORMATS)
def test_the_expiry_is_counted_from_the_signing_time(media_type: str) -> None:
    """The request's seconds are the time between signing and expiry."""
    made = _made(KeyPlugin(), _request(media_type, expiry_duration_in_seconds=90))
    assert made.attributes.expiry is not None
    assert made.attributes.signing_time is not None
    assert made.attributes.expiry - made.attributes.signing_time == timedelta(seconds=90)


@pytest.mark.parametrize("media_type", FORMATS)
def test_no_seconds_are_no_expiry(media_type: str) -> None:
    """A Go host that writes 0 for "none" gets an envelope that does not expire."""
    assert _made(KeyPlugin(), _request(media_type, expiry_duration_in_seconds=0)).attributes.expiry is None


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_negative_expiry_is_refused(media_type: str) -> None:
    """Nothing is signed that has expired before it was signed."""
    plugin = KeyPlugin()
    with pytest.raises(PluginValidationError, match=r"^expiryDurationInSeconds must not be negative$"):
        plugin.generate_envelope(_request(media_type, expiry_duration_in_seconds=-90))
    assert not plugin.requests


@pytest.mark.parametrize("seconds", [10**12, 10**18, 10**400])
def test_an_expiry_that_is_no_time_is_refused(seconds: int) -> None:
    """Seconds that lead beyond the last year are a validation error, and the key is not touched."""
    plugin = KeyPlugin()
    with pytest.raises(PluginValidationError, match=r"^expiryDurationInSeconds leads beyond the year 9999$"):
        plugin.generate_envelope(_request(FORMATS[0], expiry_duration_in_seconds=seconds))
    assert not plugin.requests


@pytest.mark.parametrize("payload_type", ["", "application/json", PAYLOAD_TYPE + ";a=b"])
def test_other_payloads_are_refused(payload_type: str) -> None:
    """A payload of another type is refused before the key is touched."""
    plugin = KeyPlugin()
    with pytest.raises(PluginValidationError, match=re.escape(f"payload type {payload_type!r} is not supported")):
        plugin.generate_envelope(_request(FORMATS[0], payload_type=payload_type))
    assert not plugin.requests


@pytest.mark.requirement("plugin:format-aware")
@pytest.mark.parametrize("media_type", ["", "application/json", "application/jose"])
def test_other_formats_are_refused(media_type: str) -> None:
    """An envelope of another format is a validation error, and the key is not touched."""
    plugin = KeyPlugin()
    with pytest.raises(PluginValidationError, match=r"envelope format .* is not supported"):
        plugin.generate_envelope(_request(media_type))
    assert not plugin.requests


def test_the_plugins_own_signature_is_checked() -> None:
    """A plugin whose signature does not hold gets no envelope around it."""
    plugin = KeyPlugin(
        change=lambda answer: answer._replace(signature=bytes(64)) if hasattr(answer, "signature") else answer
    )
    with pytest.raises(PluginResponseError, match=r"^generate-signature: signature does not hold"):
        plugin.generate_envelope(_request(FORMATS[0]))
