"""Revocation evidence in bundles: what an OCSP response or CRL says of itself, before anybody has verified it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from cryptography.x509.ocsp import OCSPResponseStatus, load_der_ocsp_response

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.bundle.contents import EVIDENCE_TYPES, EvidencePart
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ContentError, StorageError
from notarykit.revocation.crl import Crl
from notarykit.revocation.evidence import LocalEvidence, NamedCrl, evidence_file
from notarykit.revocation.result import UNREADABLE, Evidence, UnknownStatusError

LARGEST_PART = 128 * 1024 * 1024
MOST_EVIDENCE = 256 * 1024 * 1024


class BundledEvidence(NamedTuple):
    """Evidence of a bundle, in the order of kinds and digests.

    Attributes:
        parts: What the bundle says of each OCSP response and CRL.
        ders: Content of each, by its digest.
    """

    parts: tuple[EvidencePart, ...]
    ders: Mapping[str, bytes]

    @classmethod
    def of(cls, collected: Iterable[Evidence]) -> "BundledEvidence":
        """Returns evidence that was collected, each piece once.

        Raises:
            StorageError: It is larger than a reader takes.
        """
        found = {digest_of(evidence.der): evidence for evidence in collected}
        if sum(len(evidence.der) for evidence in found.values()) > MOST_EVIDENCE:
            raise StorageError(f"there are more than {MOST_EVIDENCE} bytes of revocation evidence")
        parts = [_part(digest, evidence) for digest, evidence in found.items()]
        ordered = sorted(parts, key=lambda part: (part.kind, part.descriptor.digest))
        return cls(tuple(ordered), {digest: evidence.der for digest, evidence in found.items()})


def _part(digest: str, evidence: Evidence) -> EvidencePart:
    kind, url, der, since, until = evidence
    return EvidencePart(
        kind, Descriptor(EVIDENCE_TYPES[kind], digest, len(der)), evidence_file(kind, der), url, since, until
    )


def check_part(part: EvidencePart, der: bytes) -> None:
    """Refuses a part that says something else of an OCSP response or CRL than this says itself.

    Raises:
        ContentError: It does, or this cannot be read.
    """
    if part.file != evidence_file(part.kind, der):
        raise ContentError(f"{part.descriptor.digest} has another file name than its content")
    validities = _crl_validities(der, part.file) if part.kind == "crl" else _ocsp_validities(der, part.file)
    since, until = format_rfc3339(part.since), format_rfc3339(part.until)
    # The end is that of the responder's certificate, too, and so may be earlier.
    if not any(format_rfc3339(begin) == since and until <= format_rfc3339(end) for begin, end in validities):
        raise ContentError(f"{part.file} does not hold from {since} until {until}, as the bundle says")


def about(kind: str, der: bytes) -> str:
    """Returns what evidence is about, by its own words: the issuer of a CRL, serial numbers of certificates."""
    if kind == "crl":
        return Crl(der).issuer
    numbers = sorted({f"{single.serial_number:x}" for single in load_der_ocsp_response(der).responses})
    return f"certificate {', '.join(numbers)}"


def local_evidence(parts: Iterable[EvidencePart], ders: Mapping[str, bytes]) -> LocalEvidence:
    """Returns the evidence for a verification without a network.

    Args:
        parts: The parts.
        ders: Content of each, by its digest.
    """
    crls: list[NamedCrl] = []
    responses: list[tuple[str, bytes]] = []
    for part in parts:
        der = ders[part.descriptor.digest]
        if part.kind == "crl":
            crls.append(NamedCrl(part.file, Crl(der)))
        else:
            responses.append((part.file, der))
    return LocalEvidence(crls, responses)


def _crl_validities(der: bytes, name: str) -> list[tuple[datetime, datetime]]:
    try:
        crl = Crl(der)
    except UnknownStatusError as error:
        raise ContentError(f"{name}: {error}") from None
    return [(crl.this_update, crl.next_update)]


def _ocsp_validities(der: bytes, name: str) -> list[tuple[datetime, datetime]]:
    try:
        response = load_der_ocsp_response(der)
        if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
            raise ContentError(f"{name} holds an OCSP error, not a status")
        singles = list(response.responses)
        validities = [(single.this_update_utc, single.next_update_utc) for single in singles]
    except UNREADABLE:
        raise ContentError(f"{name} holds no OCSP response") from None
    return [(begin, end) for begin, end in validities if end is not None]
