"""The Notary Project for Python: sign and verify OCI artifacts with keys that stay where they are.

    signed = notarykit.sign_descriptor(artifact, notarykit.LocalSigner.from_files("key.pem", "chain.pem"))
    verdict = notarykit.verify_envelope(signed.envelope, signed.media_type, artifact, policy, store)

Names are imported when they are first used, so that a program pays only for what it needs.
"""

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost every start

if TYPE_CHECKING:
    from notarykit.agent import VERSION as __version__  # noqa: N811 - the name that programs look for
    from notarykit.descriptor import Descriptor
    from notarykit.envelope.intact import IntactEnvelope
    from notarykit.envelope.parsing import parse
    from notarykit.envelope.unverified import COSE, JWS, UnverifiedEnvelope
    from notarykit.errors import NotarykitError, NotarykitWarning, VerificationError
    from notarykit.keys.local import LocalSigner
    from notarykit.oci.layout import ImageLayout
    from notarykit.oci.registry.auth import Credentials
    from notarykit.oci.registry.host import RegistryHost, RegistrySettings
    from notarykit.oci.registry.repository import RegistryRepository
    from notarykit.plugin.asking.signer import PluginEnvelopeSigner, PluginSigner, signer_of
    from notarykit.plugin.finding.discovery import load_plugin
    from notarykit.plugin.finding.executable import ExecutablePlugin
    from notarykit.revocation.checker import Revocation
    from notarykit.revocation.given import read_given
    from notarykit.revocation.online import online
    from notarykit.signing import SignedArtifact, SignedEnvelope, sign_artifact, sign_descriptor
    from notarykit.timestamp.authority import TimestampAuthority, Timestamper
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
    from notarykit.verification.many import Artifact, verify_artifacts

_HOMES = {
    "agent": ("VERSION",),
    "descriptor": ("Descriptor",),
    "envelope.intact": ("IntactEnvelope",),
    "envelope.parsing": ("parse",),
    "envelope.unverified": ("COSE", "JWS", "UnverifiedEnvelope"),
    "errors": ("NotarykitError", "NotarykitWarning", "VerificationError"),
    "keys.local": ("LocalSigner",),
    "oci.layout": ("ImageLayout",),
    "oci.registry.auth": ("Credentials",),
    "oci.registry.host": ("RegistryHost", "RegistrySettings"),
    "oci.registry.repository": ("RegistryRepository",),
    "plugin.finding.discovery": ("load_plugin",),
    "plugin.finding.executable": ("ExecutablePlugin",),
    "plugin.asking.signer": ("PluginEnvelopeSigner", "PluginSigner", "signer_of"),
    "revocation.checker": ("Revocation",),
    "revocation.given": ("read_given",),
    "revocation.online": ("online",),
    "timestamp.authority": ("TimestampAuthority", "Timestamper"),
    "timestamp.token": ("Timestamp", "verify_token"),
    "signing": ("SignedArtifact", "SignedEnvelope", "sign_artifact", "sign_descriptor"),
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
    "verification.many": ("Artifact", "verify_artifacts"),
}

__all__ = [
    "COSE",
    "JWS",
    "Artifact",
    "Audited",
    "Credentials",
    "Descriptor",
    "DirectoryTrustStore",
    "ExecutablePlugin",
    "ImageLayout",
    "IntactEnvelope",
    "LocalSigner",
    "MemoryTrustStore",
    "NotarykitError",
    "NotarykitWarning",
    "PluginEnvelopeSigner",
    "PluginSigner",
    "RegistryHost",
    "RegistryRepository",
    "RegistrySettings",
    "Revocation",
    "SignedArtifact",
    "SignedEnvelope",
    "Skipped",
    "StepResult",
    "Timestamp",
    "TimestampAuthority",
    "Timestamper",
    "TrustPolicy",
    "TrustPolicyDocument",
    "UnverifiedEnvelope",
    "Verdict",
    "VerificationError",
    "Verified",
    "VerifiedArtifact",
    "__version__",
    "load_plugin",
    "online",
    "parse",
    "parse_policy_document",
    "read_given",
    "sign_artifact",
    "sign_descriptor",
    "signer_of",
    "verify_artifact",
    "verify_artifacts",
    "verify_envelope",
    "verify_token",
]


def __getattr__(name: str) -> object:
    from notarykit.lazy import find

    if name == "__version__":
        name = "VERSION"
    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
