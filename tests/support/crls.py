"""CRLs: valid, with exactly one fault, and very large.

They are built in DER, since cryptography's builder refuses most faults; the extensions are cryptography's.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.support import asn1
from tests.support.ca import AnyPrivateKey, Extension, TestChain
from tests.support.der import sequence, tlv

NOW = datetime.now(UTC).replace(microsecond=0)
THIS_UPDATE = NOW - timedelta(hours=1)
NEXT_UPDATE = NOW + timedelta(days=7)
REVOKED_AT = NOW - timedelta(days=1)
NEXT_PUBLISH = x509.ObjectIdentifier("1.3.6.1.4.1.311.21.4")
ISSUING_DISTRIBUTION_POINT = x509.ObjectIdentifier("2.5.29.28")
_REASON_BITS = (
    x509.ReasonFlags.unspecified,  # the bit is called "unused"
    x509.ReasonFlags.key_compromise,
    x509.ReasonFlags.ca_compromise,
    x509.ReasonFlags.affiliation_changed,
    x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
    x509.ReasonFlags.certificate_hold,
    x509.ReasonFlags.privilege_withdrawn,
    x509.ReasonFlags.aa_compromise,
)


@dataclass(frozen=True)
class Entry:
    """One revoked certificate.

    Attributes:
        serial: Its serial number.
        revoked_at: Since when.
        reason: Why, `certificate_hold` and `remove_from_crl` included.
        invalidity_date: Since when its key is not to be trusted.
        issuer: The certificate's issuer if it differs from the CRL's.
        extensions: More extensions of the entry.
    """

    serial: int
    revoked_at: datetime = REVOKED_AT
    reason: x509.ReasonFlags | None = None
    invalidity_date: datetime | None = None
    issuer: x509.Name | None = None
    extensions: tuple[Extension, ...] = ()


def revoked(chain: TestChain, place: int = 0, reason: x509.ReasonFlags | None = None) -> Entry:
    """Returns the entry of a chain's certificate."""
    return Entry(chain.certificates[place].serial_number, reason=reason)


def make_crl(
    chain: TestChain,
    place: int = 1,
    entries: Sequence[Entry] = (),
    *,
    this_update: datetime = THIS_UPDATE,
    next_update: datetime | None = NEXT_UPDATE,
    number: int | None = 1,
    base: int | None = None,
    base_critical: bool = True,
    freshest: Sequence[str] = (),
    distribution_point: Extension | None = None,
    authority: bytes | None = None,
    without_authority: bool = False,
    next_publish: bytes | None = None,
    extensions: Sequence[Extension] = (),
    issuer: x509.Name | None = None,
    signed_by: AnyPrivateKey = None,
    hash_algorithm: hashes.HashAlgorithm = asn1.SHA256,
    pss: bool = False,
    corrupted: bool = False,
    version: int = 2,
) -> bytes:
    """A CRL in DER.

    Args:
        chain: The chain.
        place: Whose CRL it is: the place of a CA in the chain.
        entries: What it revokes.
        this_update: When it was made.
        next_update: When the next one comes, or None to leave that out.
        number: Its number, or None to leave that out.
        base: The number of the base CRL, with which it is a delta CRL.
        base_critical: Whether that is critical, as it has to be.
        freshest: Where delta CRLs are.
        distribution_point: What `issued_for` gives.
        authority: A key identifier in place of the CA's own.
        without_authority: Whether it names no key of an authority.
        next_publish: When the next one can be had, as Microsoft's CAs say: `asn1.generalized_time` or `asn1.utc_time`.
        extensions: More extensions, such as `asn1.unknown_extension()`.
        issuer: The name that it gives as its issuer, whoever signs it.
        signed_by: A key that signs it in place of the CA's.
        hash_algorithm: The hash that it is signed with, SHA-1 included.
        pss: Whether an RSA key signs it with PSS.
        corrupted: Whether its signature is wrong.
        version: With 1, it has neither a version nor extensions.
    """
    identifier = authority or asn1.digest(asn1.SHA1, asn1.key_bits(chain.keys[place]))
    found: list[Extension | None] = [
        None if without_authority else (x509.AuthorityKeyIdentifier(identifier, None, None), False),
        None if number is None else (x509.CRLNumber(number), False),
        None if base is None else (x509.DeltaCRLIndicator(base), base_critical),
        (x509.FreshestCRL([_point(freshest)]), False) if freshest else None,
        distribution_point,
        (x509.UnrecognizedExtension(NEXT_PUBLISH, next_publish), False) if next_publish else None,
        *extensions,
    ]
    encoded = asn1.extensions(each for each in found if each is not None)
    signer = signed_by or chain.keys[place]
    algorithm = asn1.signature_algorithm(signer, hash_algorithm, pss=pss)
    body = [
        asn1.integer(version - 1) if version > 1 else b"",
        algorithm,
        (issuer or chain.certificates[place].subject).public_bytes(),
        asn1.time(this_update),
        b"" if next_update is None else asn1.time(next_update),
        sequence(*map(_entry, entries)) if entries else b"",
        asn1.explicit(0, encoded) if encoded and version > 1 else b"",
    ]
    tbs = sequence(*body)
    signature = asn1.signature(signer, hash_algorithm, tbs, pss=pss, corrupted=corrupted)
    return sequence(tbs, algorithm, signature)


def make_large_crl(
    chain: TestChain, place: int = 1, count: int = 1_000_000, *, serial_bytes: int = 16, last: Sequence[Entry] = ()
) -> bytes:
    """A CRL in DER with a great many entries, always the same ones.

    Args:
        chain: The chain.
        place: Whose CRL it is.
        count: How many entries there are before the last ones.
        serial_bytes: The size of their serial numbers.
        last: The entries at the end.
    """
    serials = bytearray(random.Random(count).randbytes(count * serial_bytes))
    # Positive, and as short as can be.
    serials[::serial_bytes] = bytes(byte & 0x3F | 0x40 for byte in serials[::serial_bytes])
    date = asn1.time(REVOKED_AT)
    head = bytes((0x30, 2 + serial_bytes + len(date), 0x02, serial_bytes))
    ends = range(serial_bytes, len(serials) + 1, serial_bytes)
    raw = b"".join([head + serials[end - serial_bytes : end] + date for end in ends])
    entries = tlv(0x30, raw + b"".join(map(_entry, last)))
    signer, hash_algorithm = chain.keys[place], asn1.SHA256
    algorithm = asn1.signature_algorithm(signer, hash_algorithm)
    identifier = asn1.digest(asn1.SHA1, asn1.key_bits(signer))
    found: list[Extension] = [
        (x509.AuthorityKeyIdentifier(identifier, None, None), False),
        (x509.CRLNumber(1), False),
    ]
    name = chain.certificates[place].subject.public_bytes()
    dates = asn1.time(THIS_UPDATE) + asn1.time(NEXT_UPDATE)
    tbs = sequence(asn1.integer(1), algorithm, name, dates, entries, asn1.explicit(0, asn1.extensions(found)))
    return sequence(tbs, algorithm, asn1.signature(signer, hash_algorithm, tbs, corrupted=False))


def issued_for(
    *urls: str,
    only_user: bool = False,
    only_ca: bool = False,
    only_attribute: bool = False,
    indirect: bool = False,
    only_reasons: Iterable[x509.ReasonFlags] = (),
    critical: bool = True,
) -> Extension:
    """An issuing distribution point extension.

    Args:
        urls: The point's full names.
        only_user: Whether it is for certificates of no CA.
        only_ca: Whether it is for certificates of CAs.
        only_attribute: Whether it is for attribute certificates.
        indirect: Whether it has entries of other issuers.
        only_reasons: The only reasons that it has entries for.
        critical: Whether it is critical, as it has to be.
    """
    names = b"".join(tlv(0x86, url.encode()) for url in urls)
    reasons = frozenset(only_reasons)
    bits = "".join("1" if reason in reasons else "0" for reason in _REASON_BITS).rstrip("0")
    unused = -len(bits) % 8
    content = [
        asn1.explicit(0, asn1.explicit(0, names)) if urls else b"",
        tlv(0x81, b"\xff") if only_user else b"",
        tlv(0x82, b"\xff") if only_ca else b"",
        tlv(0x83, bytes([unused]) + _bytes_of(bits + "0" * unused)) if bits else b"",
        tlv(0x84, b"\xff") if indirect else b"",
        tlv(0x85, b"\xff") if only_attribute else b"",
    ]
    return x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, sequence(*content)), critical


def _bytes_of(bits: str) -> bytes:
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _point(urls: Sequence[str]) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url) for url in urls], None, None, None)


def _entry(entry: Entry) -> bytes:
    found: list[Extension | None] = [
        None if entry.reason is None else (x509.CRLReason(entry.reason), False),
        None if entry.invalidity_date is None else (x509.InvalidityDate(entry.invalidity_date), False),
        None if entry.issuer is None else (x509.CertificateIssuer([x509.DirectoryName(entry.issuer)]), True),
        *entry.extensions,
    ]
    extensions = asn1.extensions(each for each in found if each is not None)
    return sequence(asn1.integer(entry.serial), asn1.time(entry.revoked_at), extensions)
