"""What a trust policy statement trusts, as far as it is in sight: certificates of its stores, and identities."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from cryptography import x509

from notarykit.errors import CertificateError, TrustStoreError
from notarykit.keys.certificate import load_certificate, subject_of
from notarykit.keys.extensions import is_ca_certificate
from notarykit.trust import identity as identities
from notarykit.trust.policy import StoreReference, StoreType, TrustPolicy
from notarykit.trust.store import TrustStore


class KnownCertificate(NamedTuple):
    """Certificate in words.

    Attributes:
        subject: Subject (RFC 4514).
        thumbprint: SHA-256 of the certificate in hexadecimal.
        starts: First second of its validity; None where it cannot be read.
        ends: Last second.
        is_ca: True for a CA's, which signs no artifacts.
    """

    subject: str
    thumbprint: str
    starts: datetime | None
    ends: datetime | None
    is_ca: bool


class StoreInSight(NamedTuple):
    """Trust store of a statement.

    Attributes:
        store: Type and name.
        certificates: Its certificates, in the order of their subjects.
        problem: Error of reading it, or None.
    """

    store: StoreReference
    certificates: tuple[KnownCertificate, ...] = ()
    problem: TrustStoreError | None = None


class IdentityInSight(NamedTuple):
    """Trusted identity of a statement, compared with the signing certificates in sight.

    Attributes:
        identity: The identity, as the policy has it.
        is_match: True if it matches one of them, False if it matches none, None if that cannot be told from here.
        remark: The reason, a sentence.
    """

    identity: str
    is_match: bool | None
    remark: str


def known_certificate(der: bytes) -> KnownCertificate:
    """Describes a certificate, of whatever form."""
    thumbprint = sha256(der).hexdigest()
    try:
        certificate = load_certificate(der)
    except CertificateError as error:
        return KnownCertificate(f"({error.message})", thumbprint, None, None, is_ca=False)
    return KnownCertificate(
        subject_of(certificate),
        thumbprint,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        is_ca_certificate(certificate),
    )


def stores_in_sight(policy: TrustPolicy, store: TrustStore) -> tuple[StoreInSight, ...]:
    """Returns the trust stores of a statement, each with its certificates or its error."""
    found = []
    for reference in policy.stores:
        try:
            known = sorted(map(known_certificate, store.certificates(reference)))
        except TrustStoreError as error:
            found.append(StoreInSight(reference, problem=error))
        else:
            found.append(StoreInSight(reference, tuple(known)))
    return tuple(found)


def signers_in_stores(policy: TrustPolicy, store: TrustStore) -> tuple[list[x509.Certificate], bool]:
    """Returns the signing certificates in a statement's stores, and True if there are no others.

    A store of the types `ca` and `signingAuthority` has CAs' certificates, whose signers are not known before they
    sign, or signers' own, which are self-signed.
    """
    signers, is_closed = [], True
    for reference in policy.stores:
        if reference.type == StoreType.TSA:
            continue
        try:
            certificates = [load_certificate(der) for der in store.certificates(reference)]
        except (TrustStoreError, CertificateError):
            continue
        authorities = [certificate for certificate in certificates if is_ca_certificate(certificate)]
        is_closed = is_closed and not authorities
        signers += [certificate for certificate in certificates if certificate not in authorities]
    return signers, is_closed and bool(signers)


def identities_in_sight(
    policy: TrustPolicy, signers: Sequence[x509.Certificate], *, is_closed: bool
) -> tuple[IdentityInSight, ...]:
    """Compares the identities of a statement with signing certificates.

    Args:
        policy: The statement.
        signers: The signing certificates that are in sight.
        is_closed: True if there can be no others.
    """
    return tuple(_compared(identity, signers, is_closed=is_closed) for identity in policy.identities)


def _compared(identity: str, signers: Sequence[x509.Certificate], *, is_closed: bool) -> IdentityInSight:
    if identity == identities.ANY:
        return IdentityInSight(identity, True, "Everyone whom the trust stores vouch for is trusted.")
    if not (attributes := identities.x509_identities((identity,))):
        return IdentityInSight(identity, None, "It is for the verification plugin that a signature names to check.")
    differences = []
    for signer in signers:
        try:
            subject = signer.subject
        except (ValueError, TypeError):
            differences.append("a subject that cannot be read")
            continue
        if not (missing := identities.missing_of_subject(attributes[0], subject)):
            return IdentityInSight(identity, True, f"It matches {subject_of(signer)!r}.")
        differences.append(f"{subject_of(signer)!r} {_difference(missing, subject)}")
    if not differences:
        text = (
            "It cannot be told from here: no signing certificate is in sight, and a CA's says nothing of its signers."
        )
        return IdentityInSight(identity, None, text)
    text = f"It does not match: {differences[0]}."
    if len(differences) > 1:
        text = f"It matches none of {len(differences)} signing certificates: {differences[0]}."
    if not is_closed:
        return IdentityInSight(identity, None, f"{text} It may match others, of the CAs in the stores.")
    return IdentityInSight(identity, False, text)


def _difference(missing: Sequence[tuple[str, str]], subject: x509.Name) -> str:
    """Returns what a subject has in place of the attributes that it lacks, as the end of a clause."""
    present = identities.attributes_of(subject)
    clauses = []
    for oid, value in missing:
        name = identities.type_name(oid)
        others = [repr(other) for kind, other in present if kind == oid]
        instead = f"but {name} is {' and '.join(others)}" if others else f"and no other {name}"
        clauses.append(f"has no {name}={value}, {instead}")
    return ", and ".join(clauses)
