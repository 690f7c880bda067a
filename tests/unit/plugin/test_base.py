"""The base of plugins: what it can do is what it implements, and what it does not implement it refuses."""

from collections.abc import Callable

import pytest

from notarykit import plugin as public
from notarykit.errors import PluginValidationError
from notarykit.plugin import (
    Capability,
    DescribeKeyRequest,
    GeneratedEnvelope,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    KeyDescription,
    Metadata,
    Plugin,
    VerifiedSignature,
    VerifySignatureRequest,
)
from tests.unit.plugin.plugins import KeyPlugin


class _Nothing(Plugin):
    name, description, version, url = "n", "d", "1.0.0", "u"


class _Enveloping(_Nothing):
    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        return GeneratedEnvelope(b"", request.signature_envelope_type)


class _Describing(_Enveloping):
    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        return KeyDescription(request.key_id, "EC-256")


class _Both(KeyPlugin):
    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        return GeneratedEnvelope(b"", request.signature_envelope_type)


class _Verifying(_Nothing):
    checks = (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:
        return VerifiedSignature({}, ())


class _All(KeyPlugin, _Verifying):
    name = "all"


@pytest.mark.requirement("plugin:blob-key-description", "plugin:capabilities")
@pytest.mark.parametrize(
    ("kind", "capabilities"),
    [
        (_Nothing, ()),
        (KeyPlugin, ("SIGNATURE_GENERATOR.RAW",)),
        (_Enveloping, ("SIGNATURE_GENERATOR.ENVELOPE",)),
        (_Both, ("SIGNATURE_GENERATOR.RAW",)),
        (_Describing, ("SIGNATURE_GENERATOR.ENVELOPE", "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB")),
        (_Verifying, ("SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK")),
        (
            _All,
            ("SIGNATURE_GENERATOR.RAW", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"),
        ),
    ],
)
def test_capabilities_are_methods_that_are_implemented(kind: type[Plugin], capabilities: tuple[str, ...]) -> None:
    """A plugin lists what it implements and the checks that it names, and RAW alone where it could do both."""
    found = kind().get_metadata().capabilities
    assert found == capabilities
    assert all(type(capability) is str for capability in found)


@pytest.mark.requirement("plugin:one-version-per-major")
def test_metadata_is_the_classes_own() -> None:
    """Name, description, version and address come from the class, the contract's version from this library."""
    assert KeyPlugin().get_metadata() == Metadata(
        "com.example.keys",
        "A plugin for tests",
        "1.2.3",
        "https://example.com/keys",
        ("1.0",),
        ("SIGNATURE_GENERATOR.RAW",),
    )


@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("describe-key", lambda plugin: plugin.describe_key(DescribeKeyRequest("k"))),
        (
            "generate-signature",
            lambda plugin: plugin.generate_signature(GenerateSignatureRequest("k", "EC-256", "SHA-256", b"")),
        ),
        (
            "verify-signature",
            lambda plugin: plugin.verify_signature(VerifySignatureRequest({}, (), (), (), ())),
        ),
    ],
)
def test_what_is_not_implemented_is_refused(command: str, call: Callable[[Plugin], object]) -> None:
    """A command that a plugin does not implement is a validation error that names both."""
    with pytest.raises(PluginValidationError) as caught:
        call(_Nothing())
    assert caught.value.message == f"plugin n does not implement {command}"
    assert caught.value.code == "VALIDATION_ERROR"


def test_the_public_names() -> None:
    """The package hands out each of its names, and none that it does not have."""
    with pytest.raises(AttributeError, match=r"^module 'notarykit.plugin' has no attribute 'Plugins'$"):
        public.__getattr__("Plugins")
    assert dir(public) == sorted(public.__all__)
    assert sorted(public.__all__) == sorted(set(public.__all__))
    assert all(getattr(public, name) for name in public.__all__)
