"""What a verification needs, good throughout, so that a test changes the one thing that it is about."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from notarykit.envelope.attributes import ExtendedAttribute
from notarykit.envelope.descriptor import Descriptor
from notarykit.plugin import (
    GetMetadataRequest,
    Metadata,
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicy, TrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification import verifier as verifiers
from notarykit.verification.options import VerifyingPlugin
from notarykit.verification.verdict import Verdict
from tests.support.ca import NOT_BEFORE, TestChain, make_chain
from tests.support.envelopes import JWS, PLUGIN, TARGET, sign_envelope

CHAIN: Final = make_chain()
OTHER: Final = make_chain()
NOW: Final = NOT_BEFORE + timedelta(days=10)
ARTIFACT: Final = Descriptor(TARGET["mediaType"], TARGET["digest"], TARGET["size"])  # type: ignore[arg-type]
SCOPE: Final = "registry.example.com/software/net-monitor"
IDENTITY: Final = "x509.subject: C=US, ST=WA, O=wabbit-networks.io"
STRANGER: Final = "x509.subject: C=US, ST=WA, O=acme-rockets.io"
LEVELS: Final = ("strict", "permissive", "audit")
VERIFIER: Final = "com.example.verifier"
TRUSTED_IDENTITY: Final = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
REVOCATION_CHECK: Final = "SIGNATURE_VERIFIER.REVOCATION_CHECK"

# The specification's table, with the specification's names.
ENFORCED: Final[Mapping[str, frozenset[str]]] = {
    "strict": frozenset({"integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"}),
    "permissive": frozenset({"integrity", "authenticity"}),
    "audit": frozenset({"integrity"}),
}


def document(
    level: str = "strict",
    *,
    override: Mapping[str, str] | None = None,
    stores: Sequence[str] = ("ca:acme",),
    identities: Sequence[str] = ("*",),
    timestamps: str = "always",
) -> TrustPolicyDocument:
    """A trust policy of one statement."""
    verification: dict[str, Any] = {"level": level, "verifyTimestamp": timestamps}
    if override:
        verification["override"] = dict(override)
    statement: dict[str, Any] = {"name": "acme", "registryScopes": [SCOPE], "signatureVerification": verification}
    if level != "skip":
        statement |= {"trustStores": list(stores), "trustedIdentities": list(identities)}
    return parse_policy_document(json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode())


def policy(level: str = "strict", **changes: Any) -> TrustPolicy:
    """The statement of such a policy."""
    return document(level, **changes).policies[0]


def store(chain: TestChain = CHAIN, kind: str = "ca", name: str = "acme") -> MemoryTrustStore:
    """A trust store with a chain's root."""
    return MemoryTrustStore({f"{kind}:{name}": [chain.ders[-1]]})


def forbidden(name: str) -> VerifyingPlugin:
    """Looks up no plugin, and fails the test that asks for one."""
    pytest.fail(f"the plugin {name!r} was looked up")


def verify(envelope: bytes, media_type: str = JWS, trusted: TrustPolicy | None = None, **changes: Any) -> Verdict:
    """The verdict on an envelope, with the good setting where nothing else is given."""
    arguments: dict[str, Any] = {"now": NOW, "find_plugin": forbidden, **changes}
    if "store" not in arguments:  # making one costs checks, which some tests count
        arguments["store"] = store()
    artifact, metadata = arguments.pop("artifact", ARTIFACT), arguments.pop("user_metadata", None)
    verifier = verifiers.Verifier(TrustPolicyDocument((trusted or policy(),)), **arguments)
    return verifier.envelope(envelope, media_type, artifact, SCOPE, user_metadata=metadata)


def outcomes(results: Iterable[Any]) -> dict[str, str]:
    """Each step's action and outcome."""
    return {str(result.step): f"{result.action} {result.outcome}" for result in results}


class Verifier:
    """A verification plugin.

    Attributes:
        requests: What it was asked.
        configs: The settings with which it was asked for its metadata.
        lookups: How often it was looked up.
    """

    def __init__(
        self,
        *capabilities: str,
        version: str = "1.0.0",
        results: Mapping[str, VerificationResult] | None = None,
        processed: Sequence[str] | None = None,
        contract: str = "1.0",
    ) -> None:
        """Takes its capabilities and its answers; without answers it finds everything right."""
        self.metadata = Metadata(VERIFIER, "d", version, "u", (contract,), capabilities)
        self.results = results
        self.processed = processed
        self.requests: list[VerifySignatureRequest] = []
        self.configs: list[Mapping[str, str]] = []
        self.lookups = 0

    def find(self, name: str) -> VerifyingPlugin:
        """Looks this plugin up."""
        assert name == VERIFIER
        self.lookups += 1
        return self

    def get_metadata(self, request: GetMetadataRequest) -> Metadata:
        """Its metadata."""
        self.configs.append(request.plugin_config)
        return self.metadata

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:
        """Its answer."""
        self.requests.append(request)
        good = {check: VerificationResult(success=True) for check in request.signature_verification}
        processed = request.unprocessed_attributes if self.processed is None else tuple(self.processed)
        return VerifiedSignature(good if self.results is None else self.results, processed)


def for_plugin(chain: TestChain = CHAIN, media_type: str = JWS, **attributes: Any) -> bytes:
    """An envelope that asks for the verification plugin, with further critical attributes."""
    extended = [ExtendedAttribute(key, value, critical=True) for key, value in {PLUGIN: VERIFIER, **attributes}.items()]
    return sign_envelope(chain, media_type, now=NOW, extended=tuple(extended))
