"""Records of audits for tests, good throughout, so that a test changes the one thing that it is about."""

from datetime import UTC, datetime
from typing import Any

from notarykit.audit.record import (
    ArtifactRecord,
    ArtifactVerdict,
    EndsBy,
    RevocationOutcome,
    SignatureOutcome,
    SignatureRecord,
)

AUDITED_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)


def make_signature(number: int = 1, **changes: Any) -> SignatureRecord:
    """Returns the record of a signature that was accepted."""
    record = SignatureRecord(
        f"sha256:{number:064x}",
        "application/jose+json",
        "CN=wabbit-networks.io,O=wabbit-networks.io,C=US",
        "CN=wabbit-networks.io CA,O=wabbit-networks.io,C=US",
        "ab" * 32,
        signed_at=datetime(2026, 1, 1, tzinfo=UTC),
        chain_ends=ENDS,
        revocation=RevocationOutcome.GOOD,
        outcome=SignatureOutcome.ACCEPTED,
    )
    return record._replace(**changes)


def make_record(number: int = 1, **changes: Any) -> ArtifactRecord:
    """Returns the record of a verified artifact."""
    record = ArtifactRecord(
        "registry.example.com",
        "software/net-monitor",
        f"sha256:{number:064x}",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        942,
        (f"v{number}",),
        "",
        "",
        ArtifactVerdict.VERIFIED,
        "wabbit-networks",
        "strict",
        "",
        "",
        (make_signature(),),
        ENDS,
        EndsBy.CERTIFICATE,
        AUDITED_AT,
    )
    return record._replace(**changes)
