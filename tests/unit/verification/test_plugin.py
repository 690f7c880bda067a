"""Verification plugins and critical attributes: what is looked up, and what is asked."""

from datetime import timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY, ExtendedAttribute
from notarykit.errors import (
    AuthenticityError,
    ExtendedValidationError,
    IntegrityError,
    PluginNotFoundError,
)
from notarykit.verification.options import VerifyingPlugin
from notarykit.verification.verdict import Verified
from tests.support.envelopes import COSE, FORMATS, JWS, PLUGIN, PLUGIN_VERSION, build, sign_envelope
from tests.unit.verification.setting import (
    CHAIN,
    IDENTITY,
    LEVELS,
    NOW,
    OTHER,
    REVOCATION_CHECK,
    STRANGER,
    TRUSTED_IDENTITY,
    VERIFIER,
    Verifier,
    for_plugin,
    outcomes,
    policy,
    store,
    verify,
)


def _failed(plugin: Verifier, envelope: bytes | None = None, **changes: Any) -> ExtendedValidationError:
    with pytest.raises(ExtendedValidationError) as caught:
        verify(for_plugin() if envelope is None else envelope, find_plugin=plugin.find, **changes)
    assert caught.value.message.startswith("extendedValidation: ")
    assert caught.value.exit_code == 1
    return caught.value


# Critical attributes


def _extended(media_type: str, *attributes: tuple[Any, Any, bool]) -> bytes:
    extended = tuple(ExtendedAttribute(*attribute) for attribute in attributes)
    return sign_envelope(CHAIN, media_type, now=NOW, extended=extended)


@pytest.mark.requirement(
    "plugin:remaining-attributes",
    "signature:unknown-critical-attributes",
    "jws:crit",
    "cose:crit",
)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
def test_unknown_critical_attributes_fail(level: str, media_type: str) -> None:
    """A critical attribute that nobody knows fails the verification at every level."""
    envelope = _extended(media_type, ("com.example.critical", "x", True))
    with pytest.raises(ExtendedValidationError) as caught:
        verify(envelope, media_type, policy(level))
    message = "extendedValidation: critical attribute 'com.example.critical' is not known, so it cannot be processed"
    assert caught.value.message == message
    assert list(outcomes(caught.value.results).items())[-1] == ("extendedValidation", "enforce failed")


@pytest.mark.requirement("signature:plugin-minimum-version")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
def test_a_minimum_version_of_no_plugin(level: str, media_type: str) -> None:
    """A version that the plugin must have, where no plugin is named, is known for what it is, and not to be kept."""
    with pytest.raises(ExtendedValidationError) as caught:
        verify(_extended(media_type, (PLUGIN_VERSION, "1.2.3", True)), media_type, policy(level))
    assert caught.value.message == (
        "extendedValidation: the signature is to be verified by a plugin of version 1.2.3 or later, and does not say "
        "by which"
    )
    assert caught.value.advice.startswith("have it signed again")
    envelope = _extended(media_type, (PLUGIN_VERSION, "1.2.3", True), ("com.example.critical", "x", True))
    with pytest.raises(ExtendedValidationError, match=r"critical attribute 'com\.example\.critical' is not known"):
        verify(envelope, media_type, policy(level))


@pytest.mark.parametrize("media_type", FORMATS)
def test_other_attributes_pass(media_type: str) -> None:
    """An attribute that is not critical is for whoever knows it."""
    verdict = verify(_extended(media_type, ("com.example.other", {"a": [1]}, False)), media_type)
    assert isinstance(verdict, Verified)
    assert verdict.attributes.extended == (ExtendedAttribute("com.example.other", {"a": [1]}, critical=False),)


@pytest.mark.requirement("signature:unknown-critical-attributes", "cose:crit")
@pytest.mark.parametrize("level", LEVELS)
def test_integer_labels_are_critical_too(level: str) -> None:
    """A critical label that is an integer, which no plugin can be given, fails with a plugin and without."""
    with pytest.raises(ExtendedValidationError, match="critical attribute 99 is not known"):
        verify(_extended(COSE, (99, "x", True)), COSE, policy(level))
    plugin = Verifier(TRUSTED_IDENTITY)
    envelope = _extended(COSE, (PLUGIN, VERIFIER, True), (99, "x", True))
    assert "critical attribute 99 has no text as its name" in _failed(plugin, envelope, media_type=COSE).message
    assert not plugin.requests


# What is looked up


@pytest.mark.requirement("plugin:host-steps", "plugin:host-steps-first")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("identities", [["*"], [IDENTITY], [STRANGER], ["com.example:x"]])
def test_nothing_is_looked_up_for_an_untrusted_chain(level: str, media_type: str, identities: list[str]) -> None:
    """The plugin that a signature names is not looked up unless its chain leads to a trusted root, even under audit."""
    kind = ExtendedValidationError if level == "audit" else AuthenticityError
    with pytest.raises(kind) as caught:
        verify(for_plugin(OTHER, media_type), media_type, policy(level, identities=identities))
    if level == "audit":
        assert (
            f"needs the plugin {VERIFIER!r}, which is not called because its signer is not trusted"
            in caught.value.message
        )


@pytest.mark.requirement("plugin:host-steps")
def test_nothing_is_looked_up_for_a_signature_that_does_not_hold() -> None:
    """The plugin of a signature that does not hold is not looked up."""
    with pytest.raises(IntegrityError):
        verify(build(CHAIN.with_ders(OTHER.ders), JWS, {PLUGIN: VERIFIER}))


def test_nothing_is_looked_up_for_a_stranger_after_the_identity_failed() -> None:
    """A signer whose identity failed, and whose plugin checks no identities, has no plugin asked under audit."""
    plugin = Verifier(REVOCATION_CHECK)
    error = _failed(plugin, trusted=policy("audit", identities=[STRANGER]))
    assert "which is not called because its signer is not trusted" in error.message
    assert not plugin.requests


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../bin/sh", "a b", "é", "a\\b"])
def test_names_that_lead_elsewhere_are_not_looked_up(name: str) -> None:
    """A plugin's name with other signs is refused as such, by whoever it was signed."""
    envelope = _extended(JWS, (PLUGIN, name, True))
    with pytest.raises(ExtendedValidationError, match="is no plugin name"):
        verify(envelope)


@pytest.mark.requirement("plugin:sequence")
def test_the_plugin_is_looked_up_once() -> None:
    """However many steps need it, the plugin is looked up and asked once."""
    plugin = Verifier(TRUSTED_IDENTITY, REVOCATION_CHECK)
    verdict = verify(for_plugin(), trusted=policy(identities=[STRANGER]), find_plugin=plugin.find)
    assert isinstance(verdict, Verified)
    assert (plugin.lookups, len(plugin.requests)) == (1, 1)


@pytest.mark.requirement("plugin:metadata-not-cached")
def test_metadata_is_requested_for_each_verification() -> None:
    """Nothing is kept of what a plugin said before: it may have been updated since."""
    plugin = Verifier(TRUSTED_IDENTITY)
    for count in (1, 2):
        assert isinstance(verify(for_plugin(), find_plugin=plugin.find), Verified)
        assert len(plugin.configs) == count


@pytest.mark.requirement(
    "signature:plugin-attributes-are-processed",
    "signature:no-equivalent-of-plugins",
    "plugin:plugin-exists",
    "trust:extended-validation",
)
@pytest.mark.parametrize("level", LEVELS)
def test_a_missing_plugin_is_fatal(level: str) -> None:
    """A signature that needs a plugin which is not there fails at every level, audit included."""

    def find(name: str) -> VerifyingPlugin:
        raise PluginNotFoundError(f"plugin {name!r} is not installed", advice="install it")

    with pytest.raises(ExtendedValidationError) as caught:
        verify(for_plugin(), trusted=policy(level), find_plugin=find)
    assert caught.value.message == f"extendedValidation: plugin {VERIFIER!r} is not installed"
    assert caught.value.advice == "install it"


@pytest.mark.parametrize("level", LEVELS)
def test_a_missing_plugin_checks_no_identity(level: str) -> None:
    """A stranger's signature that names a plugin which is not there is a stranger's."""

    def find(name: str) -> VerifyingPlugin:
        raise PluginNotFoundError("not there")

    kind = ExtendedValidationError if level == "audit" else AuthenticityError
    with pytest.raises(kind):
        verify(for_plugin(), trusted=policy(level, identities=[STRANGER]), find_plugin=find)


@pytest.mark.requirement("plugin:verifier-capability")
@pytest.mark.parametrize("capabilities", [("SIGNATURE_GENERATOR.RAW",), ("SIGNATURE_VERIFIER.FUTURE",)])
def test_a_plugin_that_does_not_verify(capabilities: tuple[str, ...]) -> None:
    """A plugin without one of the capabilities of verifying is refused with its name."""
    plugin = Verifier(*capabilities)
    assert f"plugin {VERIFIER!r} does not verify signatures" in _failed(plugin).message
    assert not plugin.requests


@pytest.mark.requirement("plugin:higher-version")
def test_a_plugin_of_another_contract() -> None:
    """A plugin that does not speak this version of the contract is not asked."""
    plugin = Verifier(TRUSTED_IDENTITY, contract="2.0")
    assert _failed(plugin).message.endswith(f"plugin {VERIFIER} supports contract versions 2.0, not 1.0")
    assert not plugin.requests


# What is asked


@pytest.mark.requirement(
    "plugin:critical-attributes",
    "plugin:primitive-attributes",
    "plugin:request-context",
    "plugin:unprocessed-attributes",
    "plugin:verifier-formats",
    "signature:plugin-attributes-are-processed",
)
@pytest.mark.parametrize("media_type", FORMATS)
def test_the_request(media_type: str) -> None:
    """The request carries the critical attributes, the extended ones, the chain, the identities and the checks.

    Extended attributes are all that JSON has a form for: plugins of the field look for some that are not critical.
    """
    plugin = Verifier(TRUSTED_IDENTITY, REVOCATION_CHECK)
    expiry = timedelta(hours=1)
    extended = (
        ExtendedAttribute(PLUGIN, VERIFIER, critical=True),
        ExtendedAttribute(PLUGIN_VERSION, "0.9.0", critical=True),
        ExtendedAttribute("com.example.a", "x", critical=True),
        ExtendedAttribute("com.example.b", 7, critical=False),
        ExtendedAttribute("com.example.c", [7], critical=False),
    )
    envelope = sign_envelope(CHAIN, media_type, now=NOW, expires_in=expiry, scheme=SIGNING_AUTHORITY, extended=extended)
    trusted = policy(stores=["signingAuthority:acme"], identities=[IDENTITY, "com.example:1"])
    verify(
        envelope,
        media_type,
        trusted,
        store=store(kind="signingAuthority"),
        find_plugin=plugin.find,
        plugin_config={"key": "value"},
    )
    (request,) = plugin.requests
    assert request.critical_attributes == {
        "contentType": "application/vnd.cncf.notary.payload.v1+json",
        "signingScheme": "notary.x509.signingAuthority",
        "authenticSigningTime": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expiry": (NOW + expiry).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationPlugin": VERIFIER,
        "verificationPluginMinVersion": "0.9.0",
        "extendedAttributes": {"com.example.a": "x", "com.example.b": 7},
    }
    assert request.unprocessed_attributes == ("com.example.a",)
    assert request.certificate_chain == CHAIN.ders
    assert request.trusted_identities == (IDENTITY, "com.example:1")
    assert request.signature_verification == (TRUSTED_IDENTITY, REVOCATION_CHECK)
    assert request.plugin_config == {"key": "value"}
    assert plugin.configs == [{"key": "value"}]
    assert request.contract_version == "1.0"


@pytest.mark.requirement("plugin:critical-attributes", "plugin:request-context")
def test_what_is_left_out_of_the_request() -> None:
    """Times and a minimum version that the signature does not have are not in the request, nor skipped checks."""
    plugin = Verifier(TRUSTED_IDENTITY, REVOCATION_CHECK)
    verify(for_plugin(), trusted=policy(override={"revocation": "skip"}), find_plugin=plugin.find)
    (request,) = plugin.requests
    assert set(request.critical_attributes) == {
        "contentType", "signingScheme", "verificationPlugin", "extendedAttributes",
    }  # fmt: skip
    assert request.signature_verification == (TRUSTED_IDENTITY,)
    assert request.unprocessed_attributes == ()


@pytest.mark.requirement("plugin:extended-attributes")
@pytest.mark.parametrize("media_type", FORMATS)
def test_critical_attributes_that_the_plugin_processes(media_type: str) -> None:
    """Critical attributes pass when the plugin says that it processed all of them."""
    plugin = Verifier(TRUSTED_IDENTITY)
    envelope = for_plugin(media_type=media_type, a="x", b=1)
    verdict = verify(envelope, media_type, find_plugin=plugin.find)
    assert isinstance(verdict, Verified)
    note = next(result.note for result in verdict.results if result.step == "extendedValidation")
    assert note == f"plugin {VERIFIER} 1.0.0"


@pytest.mark.requirement(
    "plugin:processed-attributes",
    "plugin:remaining-attributes",
    "signature:unknown-critical-attributes",
)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("processed", [[], ["a"], ["b", "c"], ["B", "A"]])
def test_critical_attributes_that_nobody_processes(level: str, processed: list[str]) -> None:
    """One critical attribute that the plugin did not process is enough to fail, at every level."""
    plugin = Verifier(TRUSTED_IDENTITY, processed=processed)
    left = "b" if "a" in processed else "a"
    error = _failed(plugin, for_plugin(a="x", b="y"), trusted=policy(level))
    assert error.message.endswith(f"critical attribute {left!r} was not processed by the plugin {VERIFIER!r}")


@pytest.mark.requirement("plugin:primitive-attributes")
@pytest.mark.parametrize("value", [[1], {"a": 1}], ids=str)
def test_attributes_that_are_no_primitives(value: Any) -> None:
    """A critical attribute that is no string, number, boolean or null is for no plugin, which is not asked."""
    plugin = Verifier("SIGNATURE_VERIFIER.TRUSTED_IDENTITY")
    assert "is of no primitive type" in _failed(plugin, for_plugin(a=value)).message
    assert not plugin.requests


@pytest.mark.requirement("plugin:primitive-attributes")
@pytest.mark.parametrize("value", [float("inf"), float("nan"), b"x", [1], {"a": 1}], ids=str)
def test_attributes_for_which_json_has_no_form(value: Any) -> None:
    """What JSON cannot say is not sent where it is not critical, and refused where it is."""
    plugin = Verifier(TRUSTED_IDENTITY)
    envelope = _extended(COSE, (PLUGIN, VERIFIER, True), ("a", value, False), (99, "x", False))
    verify(envelope, COSE, find_plugin=plugin.find)
    (request,) = plugin.requests
    assert request.critical_attributes["extendedAttributes"] == {}
    envelope = _extended(COSE, (PLUGIN, VERIFIER, True), ("a", value, True))
    assert "is of no primitive type" in _failed(plugin, envelope, media_type=COSE).message


@pytest.mark.requirement("plugin:processed-attributes")
def test_an_attribute_that_is_not_critical_is_processed() -> None:
    """A plugin may say that it processed an attribute that is not critical, as one of the field does."""
    plugin = Verifier(TRUSTED_IDENTITY, processed=("a", "b"))
    envelope = _extended(JWS, (PLUGIN, VERIFIER, True), ("a", "x", True), ("b", "y", False))
    assert isinstance(verify(envelope, find_plugin=plugin.find), Verified)
    (request,) = plugin.requests
    assert request.unprocessed_attributes == ("a",)


@pytest.mark.requirement("plugin:processed-attributes")
def test_more_than_was_asked_about() -> None:
    """A plugin that says that it processed what it was not in the request has not answered the question."""
    plugin = Verifier("SIGNATURE_VERIFIER.TRUSTED_IDENTITY", processed=("a", "b"))
    assert "processed 'b', which was not in the request" in _failed(plugin, for_plugin(a=1)).message
