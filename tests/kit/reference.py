"""Plugins that keep every rule, one for each set of capabilities, run in this process the way hosts run executables."""

import functools
from typing import ClassVar, NamedTuple

from cryptography import x509

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.keys.spec import key_spec
from notarykit.plugin import (
    Capability,
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    KeyDescription,
    Plugin,
    PluginValidationError,
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
    check_key_spec,
)
from notarykit.plugin.conformance.target import Run, Target
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.host.generate_envelope import envelope_around
from notarykit.plugin.server.dispatch import respond
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import primitive
from tests.support.tokens import make_token

NAME = "com.example.reference"
SPECS = {
    "rsa": "RSA-2048", "rsa-3072": "RSA-3072", "ec": "EC-256", "ec-384": "EC-384", "ec-521": "EC-521",
    "self-signed": "EC-256",
}  # fmt: skip
"""The specs of the keys, by their ids."""

ALGORITHMS = {
    "RSA-2048": "RSASSA-PSS-SHA-256",
    "RSA-3072": "RSASSA-PSS-SHA-384",
    "EC-256": "ECDSA-SHA-256",
    "EC-384": "ECDSA-SHA-384",
    "EC-521": "ECDSA-SHA-512",
}

SECRET = 'pa55 "wörd"'

uses: list[str] = []
"""The id of a key for each time that it signed."""


@functools.cache
def chain_of(key_id: str) -> TestChain:
    """The chain of a key, made once."""
    return make_chain(SPECS[key_id], 1 if key_id == "self-signed" else 3)


class _Reference(Plugin):
    name: ClassVar[str] = NAME
    description: ClassVar[str] = "Keeps every rule"
    version: ClassVar[str] = "1.2.3"
    url: ClassVar[str] = "https://example.com/reference"


class Raw(_Reference):
    """Signs with every key."""

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The spec of the key."""
        if request.key_id not in SPECS:
            raise PluginValidationError(f"there is no key {request.key_id!r}")
        return KeyDescription(request.key_id, SPECS[request.key_id])

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """A signature with the key."""
        spec = self.describe_key(DescribeKeyRequest(request.key_id)).key_spec
        check_key_spec(request, key_spec(spec))
        chain = chain_of(request.key_id)
        uses.append(request.key_id)
        return GeneratedSignature(request.key_id, primitive(chain, request.payload), ALGORITHMS[spec], chain.ders)


class Envelope(_Reference):
    """Makes envelopes with every key, and adds an annotation to the signature manifest."""

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        """An envelope with the key."""
        return envelope_around(Raw(), request)._replace(annotations={"com.example.by": NAME})


class StampedEnvelope(Envelope):
    """Makes envelopes with timestamps by an authority of its own."""

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        """An envelope with a timestamp."""
        made = super().generate_envelope(request)
        media_type = made.signature_envelope_type
        signature = parse_envelope(made.signature_envelope, media_type).signature
        stamped = with_timestamp(made.signature_envelope, media_type, make_token(signature, authority()))
        return made._replace(signature_envelope=stamped)


@functools.cache
def authority() -> TestChain:
    """The chain of the timestamp authority, made once."""
    return make_chain(purpose="timestamping")


class BlobEnvelope(Envelope):
    """Makes envelopes for blobs too."""

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The spec of the key."""
        return Raw().describe_key(request)


class Verifier(_Reference):
    """Trusts identities that are written as X.509 subjects, finds nothing revoked, and knows no attributes."""

    checks: ClassVar[tuple[Capability, ...]] = (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:
        """The results of the checks that are asked for."""
        subject = x509.load_der_x509_certificate(request.certificate_chain[0]).subject.rfc4514_string()
        is_trusted = f"x509.subject: {subject}" in request.trusted_identities
        found = {
            Capability.TRUSTED_IDENTITY: VerificationResult(
                is_trusted, "" if is_trusted else f"{subject} is a stranger"
            ),
            Capability.REVOCATION_CHECK: VerificationResult(True, "it names no list of what is revoked"),
        }
        return VerifiedSignature({name: found[Capability(name)] for name in request.signature_verification}, ())


def serve(kind: type[Plugin]) -> Run:
    """Runs the commands of a plugin in this process."""

    def run(command: str, request: bytes) -> Ended:
        code, answer = respond(f"{kind.__module__}:{kind.__name__}", [command], lambda: request)
        return Ended(code, b"", answer) if code else Ended(code, answer, b"")

    return run


class Variant(NamedTuple):
    """A set of capabilities and keys.

    Attributes:
        name: What it is called in the names of tests.
        kind: The plugin.
        key_ids: The keys that it is tested with.
    """

    name: str
    kind: type[Plugin]
    key_ids: tuple[str, ...] = ()

    def target(self, run: Run | None = None, max_signatures: int | None = None) -> Target:
        """What the kit is given; `run` takes the place of the plugin itself."""
        return Target(NAME, self.key_ids, {}, (SECRET,), max_signatures, run or serve(self.kind))


RSA = Variant("raw with RSA", Raw, ("rsa",))
EC = Variant("raw with EC", Raw, ("ec",))
BOTH = Variant("raw with both", Raw, ("rsa", "ec"))
ENVELOPE = Variant("envelope", Envelope, ("ec",))
STAMPED = Variant("envelope with timestamps", StampedEnvelope, ("ec",))
BLOB = Variant("envelope for blobs", BlobEnvelope, ("ec",))
VERIFIER = Variant("verifier", Verifier)
VARIANTS = (
    RSA,
    EC,
    BOTH,
    ENVELOPE,
    STAMPED,
    BLOB,
    VERIFIER,
    Variant("raw with every key", Raw, tuple(SPECS)),
    Variant("envelope for blobs with every key", BlobEnvelope, tuple(SPECS)),
)
