"""The Notary Project for Python: sign and verify OCI artifacts with keys that stay where they are.

    notarykit.sign("registry.example.com/hello@sha256:…", "build")
    verdict = notarykit.verify("registry.example.com/hello@sha256:…").verdict

Names are imported when they are first used, so that a program pays only for what it needs.
"""

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost every start

if TYPE_CHECKING:
    from notarykit._internal.deadline import deadline as deadline
    from notarykit._internal.paths import local_key_files as local_key_files
    from notarykit._internal.version import __version__ as __version__
    from notarykit.api.artifacts import resolve as resolve
    from notarykit.api.artifacts import sign as sign
    from notarykit.api.artifacts import sign_artifacts as sign_artifacts
    from notarykit.api.artifacts import verify as verify
    from notarykit.api.artifacts import verify_artifacts as verify_artifacts
    from notarykit.api.blobs import sign_blob as sign_blob
    from notarykit.api.blobs import verify_blob as verify_blob
    from notarykit.api.bundles import BundleOptions as BundleOptions
    from notarykit.api.bundles import create_bundle as create_bundle
    from notarykit.api.bundles import push_bundle as push_bundle
    from notarykit.api.bundles import refresh_bundle as refresh_bundle
    from notarykit.api.bundles import verify_bundle as verify_bundle
    from notarykit.api.explanations import explain as explain
    from notarykit.api.plugins import InstalledPlugin as InstalledPlugin
    from notarykit.api.plugins import install_plugin as install_plugin
    from notarykit.api.plugins import install_plugin_artifact as install_plugin_artifact
    from notarykit.batch.executors import process_pool as process_pool
    from notarykit.batch.work import Outcome as Outcome
    from notarykit.blob.content import Blob as Blob
    from notarykit.blob.content import FileBlob as FileBlob
    from notarykit.blob.content import StreamBlob as StreamBlob
    from notarykit.blob.signature_file import DetachedSignature as DetachedSignature
    from notarykit.blob.signature_file import read_signature as read_signature
    from notarykit.blob.signature_file import read_signatures as read_signatures
    from notarykit.blob.signature_file import signature_path as signature_path
    from notarykit.blob.signature_file import write_signature as write_signature
    from notarykit.bundle.bundle import SignatureBundle as SignatureBundle
    from notarykit.bundle.contents import BundledArtifact as BundledArtifact
    from notarykit.bundle.reading import open_bundle as open_bundle
    from notarykit.config.docker_config import DockerConfig as DockerConfig
    from notarykit.config.docker_config import parse_docker_config as parse_docker_config
    from notarykit.config.policy import load_blob_policy as load_blob_policy
    from notarykit.config.policy import load_policy as load_policy
    from notarykit.config.registries import load_docker_config as load_docker_config
    from notarykit.envelope.descriptor import Descriptor as Descriptor
    from notarykit.envelope.integrity import IntactEnvelope as IntactEnvelope
    from notarykit.envelope.parsing import parse_envelope as parse_envelope
    from notarykit.envelope.signer import EnvelopeSigner as EnvelopeSigner
    from notarykit.envelope.signer import SignedPayload as SignedPayload
    from notarykit.envelope.signer import Signer as Signer
    from notarykit.envelope.unverified import COSE as COSE
    from notarykit.envelope.unverified import JWS as JWS
    from notarykit.envelope.unverified import UnverifiedEnvelope as UnverifiedEnvelope
    from notarykit.errors import NotarykitError as NotarykitError
    from notarykit.errors import NotarykitWarning as NotarykitWarning
    from notarykit.errors import VerificationError as VerificationError
    from notarykit.explanation.artifact import Explanation as Explanation
    from notarykit.explanation.artifact import explain_artifact as explain_artifact
    from notarykit.explanation.artifact import explain_envelope as explain_envelope
    from notarykit.explanation.artifact import explain_repository as explain_repository
    from notarykit.explanation.blob import explain_blob as explain_blob
    from notarykit.explanation.blob import explain_blob_policy as explain_blob_policy
    from notarykit.explanation.cases import CaseResult as CaseResult
    from notarykit.explanation.cases import PolicyCase as PolicyCase
    from notarykit.explanation.cases import read_policy_cases as read_policy_cases
    from notarykit.explanation.cases import try_policy_case as try_policy_case
    from notarykit.explanation.document import blob_explanation_document as blob_explanation_document
    from notarykit.explanation.document import explanation_document as explanation_document
    from notarykit.explanation.lint.finding import PolicyFinding as PolicyFinding
    from notarykit.explanation.lint.policy import lint_policy as lint_policy
    from notarykit.keys.local import LocalSigner as LocalSigner
    from notarykit.keys.signature import RawSignature as RawSignature
    from notarykit.loading import load_blob_verifier as load_blob_verifier
    from notarykit.loading import load_registries as load_registries
    from notarykit.loading import load_signer as load_signer
    from notarykit.loading import load_trust_store as load_trust_store
    from notarykit.loading import load_verifier as load_verifier
    from notarykit.net.budget import Budget as Budget
    from notarykit.oci.index import IndexMember as IndexMember
    from notarykit.oci.index import index_members as index_members
    from notarykit.oci.index import platform_manifests as platform_manifests
    from notarykit.oci.layout import ImageLayout as ImageLayout
    from notarykit.oci.platform import Platform as Platform
    from notarykit.oci.platform import parse_platform as parse_platform
    from notarykit.oci.reference import Digest as Digest
    from notarykit.oci.reference import LayoutReference as LayoutReference
    from notarykit.oci.reference import Reference as Reference
    from notarykit.oci.reference import Tag as Tag
    from notarykit.oci.reference import parse_layout_reference as parse_layout_reference
    from notarykit.oci.reference import parse_reference as parse_reference
    from notarykit.oci.registry.auth import Credentials as Credentials
    from notarykit.oci.registry.host import RegistryHost as RegistryHost
    from notarykit.oci.registry.host import RegistryLimits as RegistryLimits
    from notarykit.oci.registry.host import RegistrySettings as RegistrySettings
    from notarykit.oci.registry.registries import Registries as Registries
    from notarykit.oci.registry.repository import RegistryRepository as RegistryRepository
    from notarykit.oci.repository import Repository as Repository
    from notarykit.plugin.discovery.executable import ExecutablePlugin as ExecutablePlugin
    from notarykit.plugin.discovery.locate import load_plugin as load_plugin
    from notarykit.plugin.host.signer import PluginEnvelopeSigner as PluginEnvelopeSigner
    from notarykit.plugin.host.signer import PluginSigner as PluginSigner
    from notarykit.plugin.host.signer import plugin_signer as plugin_signer
    from notarykit.revocation.checker import RevocationChecker as RevocationChecker
    from notarykit.revocation.evidence import LocalEvidence as LocalEvidence
    from notarykit.revocation.limits import Limits as Limits
    from notarykit.revocation.result import CertificateStatus as CertificateStatus
    from notarykit.revocation.result import Evidence as Evidence
    from notarykit.revocation.result import RevocationCheck as RevocationCheck
    from notarykit.revocation.result import Status as Status
    from notarykit.signing.artifact import SignedArtifact as SignedArtifact
    from notarykit.signing.artifact import sign_artifact as sign_artifact
    from notarykit.signing.blob import SignedBlob as SignedBlob
    from notarykit.signing.envelope import SignedEnvelope as SignedEnvelope
    from notarykit.signing.envelope import sign_descriptor as sign_descriptor
    from notarykit.signing.once import AlreadySigned as AlreadySigned
    from notarykit.signing.once import SignOnce as SignOnce
    from notarykit.signing.options import SignOptions as SignOptions
    from notarykit.signing.options import TimestampSource as TimestampSource
    from notarykit.timestamp.client import TimestampAuthority as TimestampAuthority
    from notarykit.timestamp.client import TimestampClient as TimestampClient
    from notarykit.timestamp.token import Timestamp as Timestamp
    from notarykit.timestamp.token import verify_token as verify_token
    from notarykit.trust.export import ExportedPolicy as ExportedPolicy
    from notarykit.trust.export import export_policy as export_policy
    from notarykit.trust.parsing import parse_blob_policy_document as parse_blob_policy_document
    from notarykit.trust.parsing import parse_policy_document as parse_policy_document
    from notarykit.trust.policy import BlobTrustPolicyDocument as BlobTrustPolicyDocument
    from notarykit.trust.policy import PolicyChoice as PolicyChoice
    from notarykit.trust.policy import TrustPolicy as TrustPolicy
    from notarykit.trust.policy import TrustPolicyDocument as TrustPolicyDocument
    from notarykit.trust.store import DirectoryTrustStore as DirectoryTrustStore
    from notarykit.trust.store import MemoryTrustStore as MemoryTrustStore
    from notarykit.trust.store import TrustStore as TrustStore
    from notarykit.verification.artifact import ArtifactRequest as ArtifactRequest
    from notarykit.verification.artifact import VerifiedArtifact as VerifiedArtifact
    from notarykit.verification.blob import BlobVerifier as BlobVerifier
    from notarykit.verification.blob import VerifiedBlob as VerifiedBlob
    from notarykit.verification.document import verdict_document as verdict_document
    from notarykit.verification.published_plugin import PluginDemand as PluginDemand
    from notarykit.verification.verdict import Audited as Audited
    from notarykit.verification.verdict import Skipped as Skipped
    from notarykit.verification.verdict import StepResult as StepResult
    from notarykit.verification.verdict import Verdict as Verdict
    from notarykit.verification.verdict import Verified as Verified
    from notarykit.verification.verifier import Verifier as Verifier
    from notarykit.verification.verifier import verify_artifact as verify_artifact
    from notarykit.verification.verifier import verify_envelope as verify_envelope

_HOMES = {
    "_internal.deadline": ("deadline",),
    "_internal.paths": ("local_key_files",),
    "_internal.version": ("__version__",),
    "api.artifacts": ("resolve", "sign", "sign_artifacts", "verify", "verify_artifacts"),
    "api.blobs": ("sign_blob", "verify_blob"),
    "api.bundles": ("BundleOptions", "create_bundle", "push_bundle", "refresh_bundle", "verify_bundle"),
    "api.explanations": ("explain",),
    "api.plugins": ("InstalledPlugin", "install_plugin", "install_plugin_artifact"),
    "batch.executors": ("process_pool",),
    "batch.work": ("Outcome",),
    "blob.content": ("Blob", "FileBlob", "StreamBlob"),
    "blob.signature_file": (
        "DetachedSignature",
        "read_signature",
        "read_signatures",
        "signature_path",
        "write_signature",
    ),
    "bundle.bundle": ("SignatureBundle",),
    "bundle.contents": ("BundledArtifact",),
    "bundle.reading": ("open_bundle",),
    "config.docker_config": ("DockerConfig", "parse_docker_config"),
    "config.policy": ("load_blob_policy", "load_policy"),
    "config.registries": ("load_docker_config",),
    "envelope.descriptor": ("Descriptor",),
    "envelope.integrity": ("IntactEnvelope",),
    "envelope.parsing": ("parse_envelope",),
    "envelope.signer": ("EnvelopeSigner", "SignedPayload", "Signer"),
    "envelope.unverified": ("COSE", "JWS", "UnverifiedEnvelope"),
    "errors": ("NotarykitError", "NotarykitWarning", "VerificationError"),
    "explanation.artifact": ("Explanation", "explain_artifact", "explain_envelope", "explain_repository"),
    "explanation.blob": ("explain_blob", "explain_blob_policy"),
    "explanation.cases": ("CaseResult", "PolicyCase", "read_policy_cases", "try_policy_case"),
    "explanation.document": ("blob_explanation_document", "explanation_document"),
    "explanation.lint.finding": ("PolicyFinding",),
    "explanation.lint.policy": ("lint_policy",),
    "keys.local": ("LocalSigner",),
    "keys.signature": ("RawSignature",),
    "loading": ("load_blob_verifier", "load_registries", "load_signer", "load_trust_store", "load_verifier"),
    "net.budget": ("Budget",),
    "oci.index": ("IndexMember", "index_members", "platform_manifests"),
    "oci.layout": ("ImageLayout",),
    "oci.platform": ("Platform", "parse_platform"),
    "oci.reference": ("Digest", "LayoutReference", "Reference", "Tag", "parse_layout_reference", "parse_reference"),
    "oci.registry.auth": ("Credentials",),
    "oci.registry.host": ("RegistryHost", "RegistryLimits", "RegistrySettings"),
    "oci.registry.registries": ("Registries",),
    "oci.registry.repository": ("RegistryRepository",),
    "oci.repository": ("Repository",),
    "plugin.discovery.executable": ("ExecutablePlugin",),
    "plugin.discovery.locate": ("load_plugin",),
    "plugin.host.signer": ("PluginEnvelopeSigner", "PluginSigner", "plugin_signer"),
    "revocation.checker": ("RevocationChecker",),
    "revocation.evidence": ("LocalEvidence",),
    "revocation.limits": ("Limits",),
    "revocation.result": ("CertificateStatus", "Evidence", "RevocationCheck", "Status"),
    "signing.artifact": ("SignedArtifact", "sign_artifact"),
    "signing.blob": ("SignedBlob",),
    "signing.envelope": ("SignedEnvelope", "sign_descriptor"),
    "signing.once": ("AlreadySigned", "SignOnce"),
    "signing.options": ("SignOptions", "TimestampSource"),
    "timestamp.client": ("TimestampAuthority", "TimestampClient"),
    "timestamp.token": ("Timestamp", "verify_token"),
    "trust.export": ("ExportedPolicy", "export_policy"),
    "trust.parsing": ("parse_blob_policy_document", "parse_policy_document"),
    "trust.policy": ("BlobTrustPolicyDocument", "PolicyChoice", "TrustPolicy", "TrustPolicyDocument"),
    "trust.store": ("DirectoryTrustStore", "MemoryTrustStore", "TrustStore"),
    "verification.artifact": ("ArtifactRequest", "VerifiedArtifact"),
    "verification.blob": ("BlobVerifier", "VerifiedBlob"),
    "verification.document": ("verdict_document",),
    "verification.published_plugin": ("PluginDemand",),
    "verification.verdict": ("Audited", "Skipped", "StepResult", "Verdict", "Verified"),
    "verification.verifier": ("Verifier", "verify_artifact", "verify_envelope"),
}

__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
