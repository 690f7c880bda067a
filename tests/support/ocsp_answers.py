"""OCSP answers for tests: those that keep every rule, and those that break exactly one on request.

They are put together in DER, as cryptography's builder refuses half of what is wanted here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.support import asn1
from tests.support.ca import (
    NOT_AFTER,
    NOT_BEFORE,
    AnyPrivateKey,
    Extension,
    TestChain,
    crl_at,
    key_usage,
    name,
    new_key,
)
from tests.support.crls import NEXT_UPDATE, NOW, REVOKED_AT, THIS_UPDATE
from tests.support.der import sequence, tlv

MALFORMED_REQUEST, INTERNAL_ERROR, TRY_LATER, SIG_REQUIRED, UNAUTHORIZED = 1, 2, 3, 5, 6
BASIC = "1.3.6.1.5.5.7.48.1.1"
_REASON_CODES = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}


@dataclass(frozen=True)
class Single:
    """Single response about one certificate.

    Attributes:
        status: `good`, `revoked` or `unknown`.
        revoked_at: Since when it is revoked.
        reason: Why it is revoked.
        invalidity_date: Since when its key is not to be trusted.
        this_update: When this was known to be right.
        next_update: When newer information comes, or None to leave that out.
        id_hash: The hash that the certificate is named with.
        name_hash: A hash in place of that of its issuer's name.
        key_hash: A hash in place of that of its issuer's key.
        serial: A serial number in place of its own.
        extensions: More extensions, such as `asn1.unknown_extension()`.
    """

    status: str = "good"
    revoked_at: datetime = REVOKED_AT
    reason: x509.ReasonFlags | None = None
    invalidity_date: datetime | None = None
    this_update: datetime = THIS_UPDATE
    next_update: datetime | None = NEXT_UPDATE
    id_hash: hashes.HashAlgorithm = field(default_factory=hashes.SHA1)
    name_hash: bytes | None = None
    key_hash: bytes | None = None
    serial: int | None = None
    extensions: tuple[Extension, ...] = ()


GOOD = Single("good")
REVOKED = Single("revoked")
UNKNOWN = Single("unknown")


class Delegate(NamedTuple):
    """Delegated OCSP responder.

    Attributes:
        certificate: Its certificate.
        key: Its private key.
    """

    certificate: x509.Certificate
    key: AnyPrivateKey


def the_leaf(chain: TestChain) -> Delegate:
    """The leaf as the one who signs answers."""
    return Delegate(chain.certificates[0], chain.leaf_key)


def make_delegate(
    chain: TestChain,
    place: int = 1,
    *,
    kind: str = "EC-256",
    ocsp_signing: bool = True,
    nocheck: bool = True,
    expired: bool = False,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
    crl_urls: Sequence[str] = (),
    ocsp_urls: Sequence[str] = (),
    extensions: Sequence[Extension] = (),
    signed_by: AnyPrivateKey = None,
    subject: x509.Name | None = None,
) -> Delegate:
    """A responder that a CA has given its answers over to.

    Args:
        chain: The chain; with another chain than the answer's, it is another CA's responder.
        place: The place of the CA in the chain.
        kind: The kind of the key.
        ocsp_signing: Whether the certificate has the extended key usage for OCSP; without, it has code signing's.
        nocheck: Whether it says that it needs no check for revocation.
        expired: Whether its time ended yesterday.
        not_before: Start of its validity.
        not_after: End of its validity, if it has not expired.
        crl_urls: Where its own CRL is.
        ocsp_urls: Where its own responder is.
        extensions: More extensions.
        signed_by: A key that signs it in place of the CA's.
        subject: Its subject.
    """
    key = new_key(kind, 90)
    usage = ExtendedKeyUsageOID.OCSP_SIGNING if ocsp_signing else ExtendedKeyUsageOID.CODE_SIGNING
    found: list[Extension | None] = [
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([usage]), False),
        (x509.OCSPNoCheck(), False) if nocheck else None,
        crl_at(*crl_urls) if crl_urls else None,
        (_responders(ocsp_urls), False) if ocsp_urls else None,
        *extensions,
    ]
    ends = NOW - timedelta(days=1) if expired else not_after
    builder = x509.CertificateBuilder(
        chain.certificates[place].subject,
        subject or name("OCSP Responder"),
        key.public_key(),
        x509.random_serial_number(),
        not_before,
        ends,
    )
    for each in found:
        if each is not None:
            builder = builder.add_extension(*each)
    return Delegate(builder.sign(signed_by or chain.keys[place], asn1.SHA256), key)


def _responders(urls: Sequence[str]) -> x509.AuthorityInformationAccess:
    oid = AuthorityInformationAccessOID.OCSP
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for url in urls]
    )


def make_answer(
    chain: TestChain,
    place: int = 0,
    singles: Single | Sequence[Single] = GOOD,
    *,
    delegate: Delegate | None = None,
    include: Sequence[x509.Certificate] | None = None,
    by_key: bool = False,
    named: x509.Certificate | None = None,
    produced_at: datetime = THIS_UPDATE,
    nonce: bytes | None = None,
    extensions: Sequence[Extension] = (),
    signed_by: AnyPrivateKey = None,
    hash_algorithm: hashes.HashAlgorithm = asn1.SHA256,
    pss: bool = False,
    corrupted: bool = False,
    response_type: str = BASIC,
) -> bytes:
    """A successful OCSP answer in DER.

    Args:
        chain: The chain.
        place: Which of its certificates the answer is about.
        singles: What it says, about this certificate unless told otherwise; there may be several, or none.
        delegate: Who signs it in place of the certificate's issuer.
        include: The certificates that it brings along; by default the delegate's, if there is one.
        by_key: Whether the responder is named by the hash of its key, and not by its name.
        named: The certificate that the responder's name or key is taken from, in place of its own.
        produced_at: When the answer was made.
        nonce: The nonce.
        extensions: More extensions of the answer.
        signed_by: A key that signs it, whoever is named.
        hash_algorithm: The hash that it is signed with, SHA-1 included.
        pss: Whether an RSA key signs it with PSS.
        corrupted: Whether its signature is wrong.
        response_type: What kind of answer it says that it is.
    """
    issuer = chain.certificates[place + 1]
    each = [singles] if isinstance(singles, Single) else singles
    found: list[Extension] = [*([] if nonce is None else [(x509.OCSPNonce(nonce), False)]), *extensions]
    encoded = asn1.extensions(found)
    data = sequence(
        _responder_id(named or (delegate.certificate if delegate else issuer), by_key=by_key),
        asn1.generalized_time(produced_at),
        sequence(*(_single(single, chain.certificates[place], issuer) for single in each)),
        asn1.explicit(1, encoded) if encoded else b"",
    )
    key = signed_by or (delegate.key if delegate else chain.keys[place + 1])
    brought = include if include is not None else [delegate.certificate] if delegate else []
    certificates = sequence(*(certificate.public_bytes(serialization.Encoding.DER) for certificate in brought))
    basic = sequence(
        data,
        asn1.signature_algorithm(key, hash_algorithm, pss=pss),
        asn1.signature(key, hash_algorithm, data, pss=pss, corrupted=corrupted),
        asn1.explicit(0, certificates) if brought else b"",
    )
    typed = sequence(asn1.oid(response_type), asn1.octet_string(basic))
    return sequence(asn1.enumerated(0), asn1.explicit(0, typed))


def make_refusal(status: int) -> bytes:
    """An answer in DER that says nothing but why there is none."""
    return sequence(asn1.enumerated(status))


def responding(
    chain: TestChain, place: int = 0, singles: Single | Sequence[Single] = GOOD, **knobs: Any
) -> Callable[[bytes, str], bytes]:
    """Returns an answer function for `Responder.ocsp` with the request's nonce and hash unless a nonce is given.

    Args:
        chain: The chain.
        place: Which of its certificates the answers are about.
        singles: What they say.
        knobs: What else `make_answer` takes.
    """

    def answer(request: bytes, method: str) -> bytes:
        id_hash = ocsp.load_der_ocsp_request(request).hash_algorithm
        given = [singles] if isinstance(singles, Single) else singles
        same = [replace(single, id_hash=id_hash) for single in given]
        return make_answer(chain, place, same, **{"nonce": nonce_of(request), **knobs})

    return answer


def nonce_of(request: bytes) -> bytes | None:
    """The nonce of a request."""
    try:
        found = ocsp.load_der_ocsp_request(request).extensions.get_extension_for_class(x509.OCSPNonce)
    except x509.ExtensionNotFound:
        return None
    return found.value.nonce


def _responder_id(certificate: x509.Certificate, *, by_key: bool) -> bytes:
    if not by_key:
        return asn1.explicit(1, certificate.subject.public_bytes())
    return asn1.explicit(2, asn1.octet_string(_key_hash(certificate, asn1.SHA1)))


def _key_hash(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bytes:
    return asn1.digest(algorithm, asn1.key_bits(certificate.public_key()))


def _single(single: Single, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    name_hash = single.name_hash or asn1.digest(single.id_hash, issuer.subject.public_bytes())
    key_hash = single.key_hash or _key_hash(issuer, single.id_hash)
    serial = certificate.serial_number if single.serial is None else single.serial
    invalidity = single.invalidity_date
    dated: list[Extension] = [] if invalidity is None else [(x509.InvalidityDate(invalidity), False)]
    extensions = asn1.extensions([*dated, *single.extensions])
    return sequence(
        sequence(
            asn1.hash_identifier(single.id_hash),
            asn1.octet_string(name_hash),
            asn1.octet_string(key_hash),
            asn1.integer(serial),
        ),
        _status(single),
        asn1.generalized_time(single.this_update),
        b"" if single.next_update is None else asn1.explicit(0, asn1.generalized_time(single.next_update)),
        asn1.explicit(1, extensions) if extensions else b"",
    )


def _status(single: Single) -> bytes:
    if single.status != "revoked":
        return tlv({"good": 0x80, "unknown": 0x82}[single.status], b"")
    reason = b"" if single.reason is None else asn1.explicit(0, asn1.enumerated(_REASON_CODES[single.reason]))
    return asn1.explicit(1, asn1.generalized_time(single.revoked_at) + reason)
