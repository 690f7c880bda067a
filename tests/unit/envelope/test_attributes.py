"""The rules for signed attributes that both formats share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import ExtendedAttribute, Label, SignedAttributes, signed_attributes
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import key_spec
from tests.support.envelopes import AUTHENTIC_TIME, EXPIRY, PAYLOAD_TYPE, PLUGIN, PLUGIN_VERSION, SCHEME, TIME

_SPEC = key_spec("EC-256")
_TIME = datetime(2022, 4, 6, 7, 1, 20, tzinfo=UTC)
_LATER = _TIME + timedelta(microseconds=1)
_X509: dict[Label, Any] = {SCHEME: "notary.x509", TIME: _TIME}
_AUTHORITY: dict[Label, Any] = {SCHEME: "notary.x509.signingAuthority", AUTHENTIC_TIME: _TIME}


def _read(headers: dict[Label, Any], critical: list[Label]) -> SignedAttributes:
    return signed_attributes(_SPEC, PAYLOAD_TYPE, headers, critical)


@pytest.mark.requirement("signature:signing-time", "signature:authentic-signing-time")
def test_each_scheme_has_its_own_time() -> None:
    """Each scheme has its own time, which is the claimed one, and an expiry where one is given."""
    assert _read(_X509, [SCHEME]).claimed_time == _read(_AUTHORITY, [AUTHENTIC_TIME, SCHEME]).claimed_time == _TIME
    assert _read(_X509, [SCHEME]) == SignedAttributes(_SPEC, PAYLOAD_TYPE, "notary.x509", _TIME, None, None)
    assert _read({**_AUTHORITY, EXPIRY: _LATER}, [EXPIRY, AUTHENTIC_TIME, SCHEME]) == SignedAttributes(
        _SPEC, PAYLOAD_TYPE, "notary.x509.signingAuthority", None, _TIME, _LATER
    )


@pytest.mark.requirement(
    "signature:critical-attributes-are-marked",
    "signature:informational-attributes-are-not-critical",
    "signature:signing-scheme",
    "signature:signing-time",
    "signature:authentic-signing-time",
    "jws:crit-content",
    "cose:crit-content",
    "scheme:scheme-is-critical",
    "scheme:other-schemes-fail",
    "scheme:authentic-signing-time",
    "trust:authentic-signing-time",
)
@pytest.mark.parametrize(
    ("headers", "critical", "text"),
    [
        ({TIME: _TIME}, [SCHEME], "signingScheme is absent"),
        ({**_X509, SCHEME: "notary.x509.other"}, [SCHEME], "'notary.x509.other' is not supported"),
        ({**_X509, SCHEME: ["notary.x509"]}, [SCHEME], "is not supported"),
        ({SCHEME: "notary.x509"}, [SCHEME], "signingTime is absent"),
        ({SCHEME: "notary.x509.signingAuthority"}, [SCHEME], "authenticSigningTime is absent"),
        ({**_X509, AUTHENTIC_TIME: _TIME}, [SCHEME, AUTHENTIC_TIME], "authenticSigningTime is present"),
        ({**_AUTHORITY, TIME: _TIME}, [SCHEME, AUTHENTIC_TIME], "signingTime is present"),
        (_X509, [], "crit does not name io.cncf.notary.signingScheme"),
        (_AUTHORITY, [SCHEME], "crit does not name io.cncf.notary.authenticSigningTime"),
        ({**_X509, EXPIRY: _LATER}, [SCHEME], "crit does not name io.cncf.notary.expiry"),
        ({**_X509, EXPIRY: _TIME}, [SCHEME, EXPIRY], "expiry is not later than"),
        ({**_X509, EXPIRY: _TIME - timedelta(1)}, [SCHEME, EXPIRY], "expiry is not later than"),
        ({**_AUTHORITY, EXPIRY: _TIME}, [SCHEME, EXPIRY, AUTHENTIC_TIME], "expiry is not later than"),
        (_X509, [SCHEME, SCHEME], "crit names a header twice"),
        (_X509, [SCHEME, TIME], "signingTime, which is informational"),
        (_X509, [SCHEME, EXPIRY], "expiry', which is not among"),
        (_X509, [SCHEME, "unknown"], "'unknown', which is not among"),
        ({**_X509, PLUGIN: "p"}, [SCHEME], "verificationPlugin must be"),
        ({**_X509, PLUGIN: ""}, [SCHEME, PLUGIN], "verificationPlugin must be"),
        ({**_X509, PLUGIN: b"p"}, [SCHEME, PLUGIN], "verificationPlugin must be"),
        ({**_X509, PLUGIN: "p", PLUGIN_VERSION: 1}, [SCHEME, PLUGIN, PLUGIN_VERSION], "MinVersion must be"),
        ({**_X509, PLUGIN: "p", PLUGIN_VERSION: "1.0.0"}, [SCHEME, PLUGIN], "MinVersion must be"),
    ],
)
def test_broken_rule_is_refused_by_name(headers: dict[Label, Any], critical: list[Label], text: str) -> None:
    """Each rule of a scheme, of criticality and of the times is enforced by name."""
    with pytest.raises(EnvelopeError, match=r".+") as caught:
        _read(headers, critical)
    assert text in caught.value.message


def test_extended_attributes_keep_their_criticality() -> None:
    """What the specification does not define is extended, critical or not as crit says, in its order."""
    headers = {**_X509, "b": 1, 9: None, "a": [2]}
    assert _read(headers, [9, SCHEME]).extended == (
        ExtendedAttribute("b", 1, False),
        ExtendedAttribute(9, None, True),
        ExtendedAttribute("a", [2], False),
    )


def test_verification_plugin_has_attributes_of_its_own() -> None:
    """The plugin's name and lowest version are extended attributes that have names of their own."""
    headers = {**_X509, PLUGIN: "com.example.plugin", PLUGIN_VERSION: "1.0.0"}
    attributes = _read(headers, [SCHEME, PLUGIN, PLUGIN_VERSION])
    assert attributes.verification_plugin == "com.example.plugin"
    assert attributes.verification_plugin_min_version == "1.0.0"
    assert [extended.critical for extended in attributes.extended] == [True, True]
    assert _read(_X509, [SCHEME]).verification_plugin is None
    assert _read(_X509, [SCHEME]).verification_plugin_min_version is None
