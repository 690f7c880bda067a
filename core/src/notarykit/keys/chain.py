"""Certificate chains: leaf first, root last, every link and every rule checked; and one built out of a heap.

Signature specification, "Certificate Requirements". A chain says nothing about trust: that it ends in a root which the
verifier trusts is the trust store's question.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

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
from notarykit.keys.spec import KeySpec, key_spec_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

Purpose = Literal["code signing", "timestamping"]

# No honest chain comes near it; it bounds the work that a forged envelope can ask for.
LONGEST_CHAIN = 32

# Anybody can make chains that keep every rule: the size of what is read is bounded, and of what is remembered too.
LARGEST_CHAIN = 64 * 1024
_LARGEST_REMEMBERED = 16 * 1024
# Certificates that come with a timestamp are anybody's too; each link that is tried costs a verification.
_MOST_LINKS = 200

_ISSUE_AGAIN = "have the certificate issued again with the CA's name as the CA's own certificate has it"

_LEAF_RULES = {"code signing": requirements.CODE_SIGNING_LEAF, "timestamping": requirements.TIMESTAMPING_LEAF}
_CA_RULES = {"code signing": requirements.CODE_SIGNING_CA, "timestamping": requirements.TIMESTAMPING_CA}


class Chain(NamedTuple):
    """A chain that keeps all rules: the leaf, the intermediate certificates in order, the root.

    Attributes:
        ders: Each certificate in DER.
        certificates: Each certificate, parsed.
        key_spec: The leaf's key spec.
        public_key: The leaf's public key.
    """

    ders: tuple[bytes, ...]
    certificates: tuple[x509.Certificate, ...]
    key_spec: KeySpec
    public_key: "PublicKeyTypes"

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate of the key that signs."""
        return self.certificates[0]

    def thumbprints(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate, in lower-case hexadecimal, leaf first."""
        return tuple(sha256(der).hexdigest() for der in self.ders)

    def outside_validity(self, time: datetime) -> str | None:
        """What is wrong with the chain at a time, or None if every certificate is valid then (bounds included)."""
        for position, certificate in enumerate(self.certificates):
            if certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
                continue
            name = f"{_role(position, len(self.ders))} {subject_of(certificate)!r}"
            if time < certificate.not_valid_before_utc:
                return f"{name} is not valid before {format_rfc3339(certificate.not_valid_before_utc)}"
            return f"{name} expired on {format_rfc3339(certificate.not_valid_after_utc)}"
        return None


def check_chain(ders: Iterable[bytes], purpose: Purpose = "code signing", anchor: int = 0) -> Chain:
    """The chain that the given certificates make, if it keeps every rule for the purpose.

    The time is not looked at. A chain that has been checked is remembered for the process, by all of its bytes.

    Args:
        ders: The certificates in DER, leaf first and root last.
        purpose: Which of the specification's requirements apply.
        anchor: The place of a certificate that is trusted. The links below it are checked first, from there down: a key
            is used once somebody has vouched for it, so that a stranger's keys cost nothing.

    Raises:
        CertificateError: A certificate cannot be read, two do not fit, or a rule is broken; it names the first.
    """
    found = tuple(ders)
    size = sum(map(len, found))
    if size > LARGEST_CHAIN:
        raise CertificateError(f"chain has {size} bytes, more than {LARGEST_CHAIN}", rule="chain_size")
    if size > _LARGEST_REMEMBERED:
        return _check(found, purpose, anchor)
    return _check_once(found, purpose, anchor)


@lru_cache(maxsize=128)
def _check_once(ders: tuple[bytes, ...], purpose: Purpose, anchor: int) -> Chain:
    return _check(ders, purpose, anchor)


def _check(ders: tuple[bytes, ...], purpose: Purpose, anchor: int) -> Chain:
    if not 0 < len(ders) <= LONGEST_CHAIN:
        raise CertificateError(f"chain has {len(ders)} certificates, not 1 to {LONGEST_CHAIN}", rule="chain_length")
    certificates = tuple(load_certificate(der, _role(index, len(ders))) for index, der in enumerate(ders))
    roles = [_role(index, len(ders)) for index in range(len(ders))]
    # Before the links, whose cost it bounds; and the library does not check signatures with SHA-1, so that a link would
    # seem to be missing.
    for index, certificate in enumerate(certificates):
        checks = requirements.SIGNATURE_OF_CA if index else requirements.SIGNATURE_OF_LEAF
        requirements.apply(checks, requirements.place_bare(certificate, roles[index]))
    _check_links(certificates, anchor)
    for index, certificate in enumerate(certificates):
        placed = requirements.place(certificate, roles[index], max(0, index - 1))
        requirements.apply(_CA_RULES[purpose] if index else _LEAF_RULES[purpose], placed)
    public_key = certificates[0].public_key()
    return Chain(ders, certificates, key_spec_of(public_key), public_key)


def _role(index: int, length: int) -> str:
    if index == 0:
        return "signing certificate"
    return "root certificate" if index == length - 1 else f"intermediate certificate {index}"


def _check_links(certificates: Sequence[x509.Certificate], anchor: int) -> None:
    """Other requirements: ordered, complete up to a self-signed root, nothing unrelated, no second root."""
    for index in (*range(anchor - 1, -1, -1), *range(anchor, len(certificates))):
        _check_link(certificates, index)


def _check_link(certificates: Sequence[x509.Certificate], index: int) -> None:
    """A certificate is issued by the next, and the last by itself."""
    last = len(certificates) - 1
    certificate, issuer = certificates[index], certificates[min(index + 1, last)]
    problem = why_not_issued(certificate, issuer)
    if index < last and is_self_signed(certificate):
        name = f"{_role(index, last + 1)} {subject_of(certificate)!r}"
        raise CertificateError(
            f"{name} is self-signed, but certificates follow it: a chain has one root, at its end", rule="one_root"
        )
    if problem is None:
        return
    if index == last:
        raise CertificateError(
            f"last certificate {subject_of(certificate)!r} is not self-signed ({problem})",
            rule="ends_with_root",
            advice="add the missing CA certificates up to the root",
        )
    raise CertificateError(
        f"{_role(index, last + 1)} {subject_of(certificate)!r} was not issued by the next certificate "
        f"{subject_of(issuer)!r}: {problem}",
        rule="ordered_and_related",
        advice=_ISSUE_AGAIN
        if is_named_in_other_strings(certificate, issuer)
        else "order the chain from the signing certificate to the root",
    )


def build_chain(public_key: "PublicKeyTypes", heap: Iterable[bytes]) -> tuple[bytes, ...]:
    """The chain of a key's certificate out of certificates in any order; what does not belong to it is left aside.

    Raises:
        CertificateError: None of them is of the key, or the way to a self-signed root is not complete.
    """
    certificates = {der: load_certificate(der) for der in heap}
    of_key = [der for der, certificate in certificates.items() if has_key(certificate, public_key)]
    if not of_key:
        raise CertificateError(
            "none of the certificates is of the signing key",
            rule="certificate_of_key",
            advice="give the certificate that was issued for this key",
        )

    def end_of_validity(der: bytes) -> datetime:
        return certificates[der].not_valid_after_utc

    # A renewed certificate has the same key, or the same name and key for a CA: the one that is valid longest is meant.
    chain = [max(of_key, key=end_of_validity)]
    while not is_self_signed(last := certificates[chain[-1]]):
        issuers = [der for der in certificates if der not in chain and why_not_issued(last, certificates[der]) is None]
        if not issuers or len(chain) == LONGEST_CHAIN:
            raise _incomplete(last, certificates.values())
        chain.append(max(issuers, key=end_of_validity))
    return tuple(chain)


def _incomplete(last: x509.Certificate, certificates: Iterable[x509.Certificate]) -> CertificateError:
    text = f"chain is incomplete: the issuer of {subject_of(last)!r} is missing"
    if any(is_named_in_other_strings(last, each) for each in certificates):
        return CertificateError(
            f"{text}; a CA with that name is there, but in another string type, such as PrintableString for UTF8String",
            rule="ends_with_root",
            advice=_ISSUE_AGAIN,
        )
    return CertificateError(
        text, rule="ends_with_root", advice="add that CA certificate, and those above it up to the root"
    )


def chains_to(leaf: bytes, heap: Iterable[bytes], roots: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    """The chains from a certificate to one of some roots, through certificates in any order; the shorter ones first.

    Only names and signatures are looked at: rules and validity are `check_chain`'s and `Chain.outside_validity`'s. What
    cannot be read in the heap issues nothing.

    Raises:
        CertificateError: The certificate or a root cannot be read, or there are too many ways to try.
    """
    trusted = {der: load_certificate(der) for der in roots}
    below = {leaf: load_certificate(leaf)}
    for der in heap:
        with suppress(CertificateError):
            below.setdefault(der, load_certificate(der))
    links = 0
    waiting: deque[tuple[bytes, ...]] = deque((root,) for root in trusted)
    while waiting:  # from the roots down: no key is used for which nobody vouches
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
                raise CertificateError("there are too many ways from the certificate to a root", rule="chain_length")
            if why_not_issued(certificate, issuer) is None and not is_self_signed(certificate):
                waiting.append((der, *chain))


def _may_issue(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the names fit, as far as they can be read."""
    try:
        return certificate.issuer == issuer.subject
    except (ValueError, TypeError):
        return False
