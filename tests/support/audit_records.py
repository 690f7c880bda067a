"""Records of an audit as a registry of a company would give them, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import (
    ArtifactRecord,
    ArtifactVerdict,
    EndsBy,
    RevocationOutcome,
    SignatureOutcome,
    SignatureRecord,
)
from notarykit.audit.shard import Shard

NOW = datetime(2026, 11, 29, 2, 15, tzinfo=UTC)
"""The moment of the audit."""
_TEAMS = ("payments", "identity", "search", "platform", "ml", "web", "data", "edge", "mobile", "infra")
_PARTS = ("api", "worker", "gateway", "scheduler", "frontend", "migrations", "exporter", "proxy", "cache", "jobs")
_REGISTRIES = ("registry.example.com", "registry.example.com", "registry.example.com", "harbor.corp.example:8443")
_PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")
_TYPES = ("application/vnd.oci.image.config.v1+json", "application/vnd.cncf.helm.config.v1+json")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_SIGNERS = tuple(
    (f"CN={name},O=Example Corp,L=Seattle,ST=WA,C=US", "CN=Example Code Signing CA 2,O=Example Corp,C=US", days)
    for name, days in (
        ("release.example.com", 310), ("payments-ci", 41), ("platform-ci", 190), ("ml-ci", 12), ("legacy-build", 500),
    )
)  # fmt: skip
_STRANGER = ("CN=build-agent-7,O=Unknown Ltd,C=GB", "CN=build-agent-7,O=Unknown Ltd,C=GB", 700)
_FAILURES = (
    ("authenticity: signing certificate is not trusted: no certificate of the chain is in trust store 'ca:example'",
     "add the root certificate to the trust store, or sign again with a trusted certificate"),
    ("expiry: signature expired on 2026-10-02T00:00:00Z", "sign the artifact again"),
    ("revocation: certificate 'CN=legacy-build,O=Example Corp' was revoked on 2026-11-03T08:00:00Z (keyCompromise)",
     "sign the artifact again with another certificate"),
    ("authentic timestamp: certificate was not valid at the time of the signature", "sign again with a timestamp"),
    ("integrity: signature of the envelope is invalid", "remove the signature and sign again"),
)  # fmt: skip
_READING = "registry answered 503 (service unavailable) to GET manifests"


class _Home(NamedTuple):
    """A repository's habits: the share that is signed, by which signer, and the share of those that fail."""

    registry: str
    repository: str
    signed: float
    signer: tuple[str, str, int]
    failing: float


def header() -> AuditHeader:
    """Returns the header of an audit."""
    return AuditHeader(
        registries=tuple(sorted(set(_REGISTRIES))),
        shard=Shard(),
        recursive=True,
        policy=f"sha256:{random.Random(1).randbytes(32).hex()}",
        started_at=NOW,
        ends_within=90 * 86400,
    )


def records(count: int, repositories: int, seed: int = 1) -> Iterator[ArtifactRecord]:
    """Yields records of artifacts that are spread over repositories."""
    source = random.Random(seed)
    homes = [_home(source, number) for number in range(repositories)]
    weights = [1 / (place + 3) for place in range(repositories)]
    indexes: dict[str, str] = {}
    for number in range(count):
        home = homes[number] if number < repositories else source.choices(homes, weights)[0]
        record = _record(source, home, number, indexes.get(home.repository, ""))
        if record.media_type == _INDEX:
            indexes[home.repository] = record.digest
        yield record


def _home(source: random.Random, number: int) -> _Home:
    return _Home(
        registry=source.choice(_REGISTRIES),
        repository=f"{source.choice(_TEAMS)}/{source.choice(_PARTS)}" + (f"-{number}" if number else ""),
        signed=source.choice((1.0, 1.0, 1.0, 1.0, 0.99, 0.97, 0.9, 0.6, 0.2, 0.0)),
        signer=source.choices(_SIGNERS, (5, 3, 2, 1, 1))[0],
        failing=source.choice((0, 0, 0, 0.02, 0.1)),
    )


def _record(source: random.Random, home: _Home, number: int, index: str) -> ArtifactRecord:
    kind = source.choice(("index", "part" if index else "image", "image", "image"))
    verdict = ArtifactVerdict.UNSIGNED if kind == "part" else _verdict(source, home)
    reason, advice = _reason(source, verdict)
    signatures = _signatures(source, home, verdict, reason)
    ends, ends_by = _end(signatures)
    return ArtifactRecord(
        registry=home.registry,
        repository=home.repository,
        digest=_digest(source),
        media_type=_INDEX if kind == "index" else _MANIFEST,
        artifact_type="" if kind == "index" else source.choices(_TYPES, (9, 1))[0],
        size=source.randrange(400, 40_000),
        tags=() if kind == "part" else _tags(source, number),
        platform=source.choice(_PLATFORMS) if kind == "part" else "",
        parent=index if kind == "part" else "",
        verdict=verdict,
        policy="production",
        level={"audited": "audit", "skipped": "skip"}.get(verdict, "strict"),
        reason=reason,
        advice=advice,
        signatures=signatures,
        ends=ends,
        ends_by=ends_by,
        audited_at=NOW + timedelta(milliseconds=7 * number),
    )


def _verdict(source: random.Random, home: _Home) -> ArtifactVerdict:
    if source.random() < 0.002:
        return ArtifactVerdict.UNKNOWN
    if source.random() >= home.signed:
        return ArtifactVerdict.UNSIGNED
    if source.random() < home.failing:
        return ArtifactVerdict.FAILED
    good = (ArtifactVerdict.VERIFIED, ArtifactVerdict.AUDITED, ArtifactVerdict.SKIPPED)
    return source.choices(good, (95, 3, 2))[0]


def _reason(source: random.Random, verdict: ArtifactVerdict) -> tuple[str, str]:
    failure = source.choices(_FAILURES, (4, 6, 2, 1, 1))[0]
    return {
        ArtifactVerdict.FAILED: failure,
        ArtifactVerdict.UNKNOWN: (_READING, "try again later"),
        ArtifactVerdict.UNSIGNED: ("no signature is associated with the artifact", "sign the artifact"),
    }.get(verdict, ("", ""))


def _signatures(
    source: random.Random, home: _Home, verdict: ArtifactVerdict, reason: str
) -> tuple[SignatureRecord, ...]:
    if verdict in (ArtifactVerdict.UNSIGNED, ArtifactVerdict.UNKNOWN):
        return ()
    if verdict is ArtifactVerdict.SKIPPED:
        return (SignatureRecord(_digest(source), "application/jose+json"),)
    outcome = {
        ArtifactVerdict.VERIFIED: SignatureOutcome.ACCEPTED,
        ArtifactVerdict.AUDITED: SignatureOutcome.AUDITED,
    }.get(verdict, SignatureOutcome.REFUSED)
    stranger = _FAILURES[0][0]
    signature = _signature(source, _STRANGER if reason == stranger else home.signer, outcome, reason)
    beside = (_signature(source, _STRANGER, SignatureOutcome.REFUSED, stranger),) if source.random() < 0.03 else ()
    return (*beside, signature)


def _signature(
    source: random.Random, signer: tuple[str, str, int], outcome: SignatureOutcome, reason: str
) -> SignatureRecord:
    subject, issuer, days = signer
    signed = NOW - timedelta(days=source.randrange(1, 300), seconds=source.randrange(86400))
    expires, stamped = source.random() < 0.4, source.random() < 0.4
    revocation = source.choices((RevocationOutcome.GOOD, RevocationOutcome.UNKNOWN), (9, 1))[0]
    return SignatureRecord(
        digest=_digest(source),
        media_type=source.choice(("application/jose+json", "application/cose")),
        signer=subject,
        issuer=issuer,
        thumbprint=random.Random(subject).randbytes(32).hex(),
        signed_at=signed,
        expiry=NOW + timedelta(days=source.randrange(1, 300)) if expires else None,
        chain_ends=NOW + timedelta(days=days),
        timestamp=signed + timedelta(seconds=2) if stamped else None,
        timestamp_ends=NOW + timedelta(days=1100) if stamped else None,
        revocation=RevocationOutcome.REVOKED if reason.startswith("revocation") else revocation,
        outcome=outcome,
        reason=reason if outcome is SignatureOutcome.REFUSED else "",
    )


def _end(signatures: tuple[SignatureRecord, ...]) -> tuple[datetime | None, EndsBy]:
    for signature in signatures:
        if signature.outcome in (SignatureOutcome.ACCEPTED, SignatureOutcome.AUDITED):
            ends = [(signature.expiry, EndsBy.EXPIRY)] if signature.expiry else []
            if signature.chain_ends and not signature.timestamp:
                ends.append((signature.chain_ends, EndsBy.CERTIFICATE))
            return min(ends, default=(None, EndsBy.NOTHING))
    return None, EndsBy.NOTHING


def _tags(source: random.Random, number: int) -> tuple[str, ...]:
    version = f"{source.randrange(1, 5)}.{source.randrange(30)}.{source.randrange(12)}"
    return source.choice(((version,), (version, f"build-{number}"), (version, "latest")))


def _digest(source: random.Random) -> str:
    return f"sha256:{source.randbytes(32).hex()}"
