"""Audit of one artifact, whose signatures are in a repository in memory."""

from datetime import timedelta
from typing import Any, Final, cast

from notarykit.audit.artifact_audit import ArtifactAudit
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import (
    ArtifactRecord,
    SignatureRecord,
)
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Reference
from notarykit.oci.registry.registries import Registries
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verifier import Verifier
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.support.envelopes import sign_envelope
from tests.unit.verification.countersigned import SIGNER, TSA, RecordingChecker
from tests.unit.verification.places import Place
from tests.unit.verification.setting import (
    ARTIFACT,
    NOW,
    SCOPE,
    document,
)

DAY: Final = timedelta(days=1)
REVOCABLE = make_chain(leaf=Changes(put=(ocsp_at("http://ocsp.test/"),)))
STORE = MemoryTrustStore({"ca:acme": [SIGNER.ders[-1], REVOCABLE.ders[-1]], "tsa:one": [TSA.ders[-1]]})
STRANGERS = sign_envelope(make_chain(subject=None), now=NOW)
GOOD = sign_envelope(SIGNER, now=NOW, expires_in=10 * DAY)
_REGISTRY, _, _REPOSITORY = SCOPE.partition("/")
ITEM = InventoryItem(_REGISTRY, _REPOSITORY, ARTIFACT, "x/y", ("v1",), "linux/amd64", "sha256:" + "ab" * 32)


class _Registries:
    """Registries that open one repository, whatever its name."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def repository(self, reference: Reference) -> Place:
        assert reference.scope == SCOPE
        assert reference.identifier == ARTIFACT.digest
        return self._place


def auditor(place: Place, policies: TrustPolicyDocument | None = None, **changes: Any) -> ArtifactAudit:
    """Returns what audits the artifact of a repository."""
    settings: dict[str, Any] = {"now": NOW, "revocation": RecordingChecker(), **changes}
    verifier = Verifier(policies or document(), STORE, **settings)
    return ArtifactAudit(verifier, cast("Registries", _Registries(place)))


def audited(*signatures: bytes | NotarykitError, place: Place | None = None, **changes: Any) -> ArtifactRecord:
    """Returns the record of an artifact with these signatures, or in a repository of its own."""
    return auditor(place or Place(*signatures), **changes).begin(ITEM)


def only(record: ArtifactRecord) -> SignatureRecord:
    """Returns the one signature of a record."""
    (signature,) = record.signatures
    return signature
