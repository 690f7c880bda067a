"""The Notary Project for Python: sign and verify OCI artifacts with keys that stay where they are.

    notarykit.sign("registry.example.com/hello@sha256:…", "build")
    verdict = notarykit.verify("registry.example.com/hello@sha256:…").verdict

Names are imported when they are first used, so that a program pays only for what it needs.
"""

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost every start

if TYPE_CHECKING:
    from notarykit._internal.version import VERSION as __version__  # noqa: N811 - the name that programs look for
    from notarykit.api import load_registries, load_signer, load_trust_store, load_verifier, sign, verify
    from notarykit.config.policy import load_policy
    from notarykit.envelope.descriptor import Descriptor
    from notarykit.envelope.integrity import IntactEnvelope
    from notarykit.envelope.parsing import parse_envelope
    from notarykit.envelope.unverified import COSE, JWS, UnverifiedEnvelope
    from notarykit.errors import NotarykitError, NotarykitWarning, VerificationError
    from notarykit.keys.local import LocalSigner
    from notarykit.net.budget import Budget
    from notarykit.oci.layout import ImageLayout
    from notarykit.oci.reference import LayoutReference, Reference, parse_layout_reference, parse_reference
    from notarykit.oci.registry.auth import Credentials
    from notarykit.oci.registry.host import RegistryHost, RegistrySettings
    from notarykit.oci.registry.registries import Registries
    from notarykit.oci.registry.repository import RegistryRepository
    from notarykit.plugin.discovery.executable import ExecutablePlugin
    from notarykit.plugin.discovery.locate import load_plugin
    from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner, plugin_signer
    from notarykit.revocation.checker import RevocationChecker
    from notarykit.revocation.evidence import LocalEvidence
    from notarykit.revocation.limits import Limits
    from notarykit.signing import SignedArtifact, SignedEnvelope, sign_artifact, sign_descriptor
    from notarykit.signing.many import sign_artifacts
    from notarykit.timestamp.client import TimestampAuthority, TimestampClient
    from notarykit.timestamp.token import Timestamp, verify_token
    from notarykit.trust.policy import TrustPolicy, TrustPolicyDocument, parse_policy_document
    from notarykit.trust.store import DirectoryTrustStore, MemoryTrustStore
    from notarykit.verification import (
        Audited,
        Skipped,
        StepResult,
        Verdict,
        Verified,
        VerifiedArtifact,
        verify_artifact,
        verify_envelope,
    )
    from notarykit.verification.many import ArtifactRequest, verify_artifacts
    from notarykit.verification.verifier import Verifier

_HOMES = {
    "_internal.version": ("VERSION",),
    "api": ("load_registries", "load_signer", "load_trust_store", "load_verifier", "sign", "verify"),
    "config.policy": ("load_policy",),
    "envelope.descriptor": ("Descriptor",),
    "envelope.integrity": ("IntactEnvelope",),
    "envelope.parsing": ("parse_envelope",),
    "envelope.unverified": ("COSE", "JWS", "UnverifiedEnvelope"),
    "errors": ("NotarykitError", "NotarykitWarning", "VerificationError"),
    "keys.local": ("LocalSigner",),
    "net.budget": ("Budget",),
    "oci.layout": ("ImageLayout",),
    "oci.reference": ("LayoutReference", "Reference", "parse_layout_reference", "parse_reference"),
    "oci.registry.auth": ("Credentials",),
    "oci.registry.host": ("RegistryHost", "RegistrySettings"),
    "oci.registry.registries": ("Registries",),
    "oci.registry.repository": ("RegistryRepository",),
    "plugin.discovery.locate": ("load_plugin",),
    "plugin.discovery.executable": ("ExecutablePlugin",),
    "plugin.host.signer": ("PluginEnvelopeSigner", "PluginSigner", "plugin_signer"),
    "revocation.checker": ("RevocationChecker",),
    "revocation.evidence": ("LocalEvidence",),
    "revocation.limits": ("Limits",),
    "timestamp.client": ("TimestampAuthority", "TimestampClient"),
    "timestamp.token": ("Timestamp", "verify_token"),
    "signing": ("SignedArtifact", "SignedEnvelope", "sign_artifact", "sign_descriptor"),
    "signing.many": ("sign_artifacts",),
    "trust.policy": ("TrustPolicy", "TrustPolicyDocument", "parse_policy_document"),
    "trust.store": ("DirectoryTrustStore", "MemoryTrustStore"),
    "verification": (
        "Audited",
        "Skipped",
        "StepResult",
        "Verdict",
        "Verified",
        "VerifiedArtifact",
        "verify_artifact",
        "verify_envelope",
    ),
    "verification.many": ("ArtifactRequest", "verify_artifacts"),
    "verification.verifier": ("Verifier",),
}

__all__ = [
    "COSE",
    "JWS",
    "ArtifactRequest",
    "Audited",
    "Budget",
    "Credentials",
    "Descriptor",
    "DirectoryTrustStore",
    "ExecutablePlugin",
    "ImageLayout",
    "IntactEnvelope",
    "LayoutReference",
    "Limits",
    "LocalEvidence",
    "LocalSigner",
    "MemoryTrustStore",
    "NotarykitError",
    "NotarykitWarning",
    "PluginEnvelopeSigner",
    "PluginSigner",
    "Reference",
    "Registries",
    "RegistryHost",
    "RegistryRepository",
    "RegistrySettings",
    "RevocationChecker",
    "SignedArtifact",
    "SignedEnvelope",
    "Skipped",
    "StepResult",
    "Timestamp",
    "TimestampAuthority",
    "TimestampClient",
    "TrustPolicy",
    "TrustPolicyDocument",
    "UnverifiedEnvelope",
    "Verdict",
    "VerificationError",
    "Verified",
    "VerifiedArtifact",
    "Verifier",
    "__version__",
    "load_plugin",
    "load_policy",
    "load_registries",
    "load_signer",
    "load_trust_store",
    "load_verifier",
    "parse_envelope",
    "parse_layout_reference",
    "parse_policy_document",
    "parse_reference",
    "plugin_signer",
    "sign",
    "sign_artifact",
    "sign_artifacts",
    "sign_descriptor",
    "verify",
    "verify_artifact",
    "verify_artifacts",
    "verify_envelope",
    "verify_token",
]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    if name == "__version__":
        name = "VERSION"
    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
