"""Certificate chains, leaf first and root last: validation against the certificate requirements, and building.

Signature specification, "Certificate Requirements". Trust in the root is decided by the trust store.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import (
    has_key,
    is_named_in_other_strings,
    is_self_signed,
    load_certificate,
    subject_of,
    why_not_issued,
)
from notarykit.keys.chain_certificate import ChainCertificate, Purpose
from notarykit.keys.spec import KeySpec, key_spec_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

# Far beyond honest chains; bounds the work for a forged envelope.
LONGEST_CHAIN = 32

# Anyone can make valid chains: the size of chains is bounded, and the number and size of those that are remembered.
LARGEST_CHAIN = 64 * 1024
_LARGEST_REMEMBERED = 16 * 1024
_MOST_REMEMBERED = 128
# Certificates in timestamps are untrusted too; each link that is tried costs a verification.
_MOST_LINKS = 200

_ISSUE_AGAIN = "have the certificate issued again with the CA's name as the CA's own certificate has it"


class Chain(NamedTuple):
    """Certificate chain that meets all requirements: leaf, intermediate certificates in order, root.

    Attributes:
        ders: The certificates in DER.
        certificates: The parsed certificates.
        key_spec: The leaf's key spec.
        public_key: The leaf's public key.
    """

    ders: tuple[bytes, ...]
    certificates: tuple[x509.Certificate, ...]
    key_spec: KeySpec
    public_key: "PublicKeyTypes"

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, by the certificates in DER; whoever unpickles trusts the one who validated the chain."""
        return _parsed, (self.ders,)

    @property
    def leaf(self) -> x509.Certificate:
        """The signing certificate."""
        return self.certificates[0]

    def thumbprints(self) -> tuple[str, ...]:
        """Returns the SHA-256 of each certificate in lower-case hexadecimal, leaf first."""
        return tuple(sha256(der).hexdigest() for der in self.ders)

    def outside_validity(self, time: datetime) -> str | None:
        """Returns the first violation of a validity period at a time, bounds included, or None."""
        for position, certificate in enumerate(self.certificates):
            if certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
                continue
            name = f"{_role(position, len(self.ders))} {subject_of(certificate)!r}"
            if time < certificate.not_valid_before_utc:
                return f"{name} is not valid before {format_rfc3339(certificate.not_valid_before_utc)}"
            return f"{name} expired on {format_rfc3339(certificate.not_valid_after_utc)}"
        return None


@lru_cache(maxsize=128)
def _parsed(ders: tuple[bytes, ...]) -> Chain:
    certificates = tuple(map(load_certificate, ders))
    public_key = certificates[0].public_key()
    return Chain(ders, certificates, key_spec_of(public_key), public_key)


# The same CAs stand above many leaves.
_remembered_ca = lru_cache(_MOST_REMEMBERED)(ChainCertificate)


def check_chain(ders: Iterable[bytes], purpose: Purpose = "code signing", anchor: int = 0) -> Chain:
    """Validates a chain, except for its validity period.

    Chains that are valid, and facts about the certificates of CAs, are remembered in the process by all of their bytes.

    Args:
        ders: The certificates in DER, leaf first and root last.
        purpose: Selects the requirements.
        anchor: Index of a trusted certificate. The links below it are verified first, downwards, so that no key is used
            before it was vouched for, and untrusted keys cost nothing.

    Raises:
        CertificateError: A certificate is malformed, a link is missing, or a requirement is violated; names the first.
    """
    chain = tuple(ders)
    size = sum(map(len, chain))
    if size > LARGEST_CHAIN:
        raise CertificateError(f"chain has {size} bytes, more than {LARGEST_CHAIN}", rule="chain_size")
    if size > _LARGEST_REMEMBERED:
        return _validate(chain, purpose, anchor, ChainCertificate)
    return _validate_once(chain, purpose, anchor)


@lru_cache(_MOST_REMEMBERED)
def _validate_once(ders: tuple[bytes, ...], purpose: Purpose, anchor: int) -> Chain:
    return _validate(ders, purpose, anchor, _remembered_ca)


def _validate(
    ders: tuple[bytes, ...], purpose: Purpose, anchor: int, load_ca: Callable[..., ChainCertificate]
) -> Chain:
    if not 0 < len(ders) <= LONGEST_CHAIN:
        raise CertificateError(f"chain has {len(ders)} certificates, not 1 to {LONGEST_CHAIN}", rule="chain_length")
    roles = [_role(index, len(ders)) for index in range(len(ders))]
    # The preconditions come before the links, whose cost they bound; and cryptography does not verify signatures with
    # SHA-1, which would look like a missing link.
    members = [
        ChainCertificate(ders[0], roles[0], requirements.SIGNATURE_OF_LEAF),
        *(load_ca(der, role, requirements.SIGNATURE_OF_CA) for der, role in zip(ders[1:], roles[1:], strict=True)),
    ]
    for index in (*range(anchor - 1, -1, -1), *range(anchor, len(members))):
        _check_link(members, index)
    for index, member in enumerate(members):
        member.check_requirements(purpose, index)
    public_key = members[0].certificate.public_key()
    certificates = tuple(member.certificate for member in members)
    return Chain(tuple(member.der for member in members), certificates, key_spec_of(public_key), public_key)


def _role(index: int, length: int) -> str:
    if index == 0:
        return "signing certificate"
    return "root certificate" if index == length - 1 else f"intermediate certificate {index}"


def _check_link(members: Sequence[ChainCertificate], index: int) -> None:
    """Checks that a certificate is issued by the next one, and the last, a self-signed root, by itself."""
    last = len(members) - 1
    member, issuer = members[index], members[min(index + 1, last)]
    problem = member.why_not_issued(issuer)
    if index < last and member.is_self_signed():
        raise CertificateError(
            f"{member.name} is self-signed, but certificates follow it: a chain has one root, at its end",
            rule="one_root",
        )
    if problem is None:
        return
    if index == last:
        raise CertificateError(
            f"last certificate {subject_of(member.certificate)!r} is not self-signed ({problem})",
            rule="ends_with_root",
            advice="add the missing CA certificates up to the root",
        )
    raise CertificateError(
        f"{member.name} was not issued by the next certificate {subject_of(issuer.certificate)!r}: {problem}",
        rule="ordered_and_related",
        advice=_ISSUE_AGAIN
        if is_named_in_other_strings(member.certificate, issuer.certificate)
        else "order the chain from the signing certificate to the root",
    )


def build_chain(public_key: "PublicKeyTypes", candidates: Iterable[bytes]) -> tuple[bytes, ...]:
    """Builds the chain of a key's certificate from certificates in any order; unrelated ones are ignored.

    Raises:
        CertificateError: No certificate is of the key, or the chain to a self-signed root is incomplete.
    """
    certificates = {der: load_certificate(der) for der in candidates}
    of_key = [der for der, certificate in certificates.items() if has_key(certificate, public_key)]
    if not of_key:
        raise CertificateError(
            "none of the certificates is of the signing key",
            rule="certificate_of_key",
            advice="give the certificate that was issued for this key",
        )

    def end_of_validity(der: bytes) -> datetime:
        return certificates[der].not_valid_after_utc

    # Of renewed certificates, with the same key (and name, for a CA), the one that is valid longest is taken.
    chain = [max(of_key, key=end_of_validity)]
    while not is_self_signed(last := certificates[chain[-1]]):
        issuers = [der for der in certificates if der not in chain and why_not_issued(last, certificates[der]) is None]
        if not issuers or len(chain) == LONGEST_CHAIN:
            raise _incomplete(last, certificates.values())
        chain.append(max(issuers, key=end_of_validity))
    return tuple(chain)


def _incomplete(last: x509.Certificate, certificates: Iterable[x509.Certificate]) -> CertificateError:
    text = f"chain is incomplete: the issuer of {subject_of(last)!r} is missing"
    if any(is_named_in_other_strings(last, candidate) for candidate in certificates):
        return CertificateError(
            f"{text}; there is a CA with that name, but in another string type, such as PrintableString for UTF8String",
            rule="ends_with_root",
            advice=_ISSUE_AGAIN,
        )
    return CertificateError(
        text, rule="ends_with_root", advice="add that CA certificate, and those above it up to the root"
    )


def chains_to(leaf: bytes, candidates: Iterable[bytes], roots: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    """Yields the chains from a certificate to trusted roots, through certificates in any order, shorter ones first.

    Only names and signatures are checked; requirements and validity are left to `check_chain` and
    `Chain.outside_validity`. Malformed candidates are ignored.

    Raises:
        CertificateError: The certificate or a root is malformed, or too many paths would have to be tried.
    """
    trusted = {der: load_certificate(der) for der in roots}
    below = {leaf: load_certificate(leaf)}
    for der in candidates:
        with suppress(CertificateError):
            below.setdefault(der, load_certificate(der))
    links = 0
    waiting: deque[tuple[bytes, ...]] = deque((root,) for root in trusted)
    while waiting:  # from the roots down: no key is used before it was vouched for
        chain = waiting.popleft()
        if chain[0] == leaf:
            yield chain
            continue
        issuer = trusted[chain[0]] if chain[0] in trusted else below[chain[0]]
        if len(chain) == LONGEST_CHAIN:
            continue
        for der, certificate in below.items():
            if der in chain or der in trusted or not _may_issue(certificate, issuer):
                continue
            links += 1
            if links > _MOST_LINKS:
                raise CertificateError("there are too many paths from the certificate to a root", rule="chain_length")
            if why_not_issued(certificate, issuer) is None and not is_self_signed(certificate):
                waiting.append((der, *chain))


def check_partial_chain(leaf: bytes, candidates: Iterable[bytes], purpose: Purpose) -> None:
    """Checks the requirements of a certificate and of its issuers, as far as they are among certificates in any order.

    Nobody has to be trusted, and nothing has to be complete; validity periods are not checked.

    Raises:
        CertificateError: The certificate is malformed, or on each path a requirement is violated; names the first.
    """
    certificates = {leaf: load_certificate(leaf)}
    for der in candidates:
        with suppress(CertificateError):
            certificates.setdefault(der, load_certificate(der))
    pairs = certificates.items()
    tops = [der for der, one in pairs if not any(_issued(*other, der, one) for other in pairs)]
    first: CertificateError | None = None
    for path in chains_to(leaf, certificates, tops):
        try:
            return _check_places(path, purpose)
        except CertificateError as error:
            first = first or error
    raise first or CertificateError("its issuers have issued each other", rule="ordered_and_related")


def _issued(issuer_der: bytes, issuer: x509.Certificate, der: bytes, certificate: x509.Certificate) -> bool:
    """Tells whether another certificate issued one."""
    return issuer_der != der and _may_issue(certificate, issuer) and why_not_issued(certificate, issuer) is None


def _check_places(ders: Sequence[bytes], purpose: Purpose) -> None:
    for index, der in enumerate(ders):
        role = "CA certificate" if index else "signing certificate"
        before_links = requirements.SIGNATURE_OF_CA if index else requirements.SIGNATURE_OF_LEAF
        ChainCertificate(der, role, before_links).check_requirements(purpose, index)


def _may_issue(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Compares the names, as far as they can be parsed."""
    try:
        return certificate.issuer == issuer.subject
    except (ValueError, TypeError):
        return False
