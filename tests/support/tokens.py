"""RFC 3161 tokens: good ones, and ones that differ from a good one exactly as they are told to.

They are put together by hand, so that they do not depend on what reads them.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.support.asn1 import ECDSA, HASHES, NULL, PKCS1, PSS, explicit, integer, key_bits, octet_string, oid
from tests.support.ca import AnyPrivateKey, TestChain, name
from tests.support.der import sequence, tlv
from tests.support.token_changes import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    UNCHANGED,
    Accuracy,
    Attribute,
    EssCertificate,
    TokenChanges,
    TokenExtension,
)

_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_MGF1 = "1.2.840.113549.1.1.8"
_PREHASHED: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_WRONG_NAME = name("Another TSA")
_INDEFINITE, _END = b"\x80", b"\0\0"


def make_token(message: bytes, chain: TestChain, changes: TokenChanges = UNCHANGED) -> bytes:
    """A token for a message.

    Args:
        message: What is stamped.
        chain: The authority's chain, whose leaf signs.
        changes: How it differs from a good token.
    """
    info = changes.info if changes.info is not None else make_info(message, chain, changes)
    signers = [] if changes.no_signer else [chain, *([changes.second_signer] if changes.second_signer else [])]
    parts = [
        integer(changes.signed_data_version),
        _set(map(_hash_identifier, changes.listed_algorithms or (changes.digest_algorithm,))),
        _encapsulated(info, changes),
        _certificates(chain, changes),
        _set(_signer_info(info, signer, changes) for signer in signers),
    ]
    outer = _indefinite if changes.indefinite else tlv
    signed_data = outer(0x30, b"".join(parts))
    return outer(0x30, oid(changes.outer_type) + outer(0xA0, signed_data)) + changes.trailing


def make_info(message: bytes, chain: TestChain, changes: TokenChanges = UNCHANGED) -> bytes:
    """The TSTInfo of a token alone.

    Args:
        message: What is stamped.
        chain: The authority's chain, whose leaf's subject is the authority's name.
        changes: How it differs from a good one.
    """
    imprint = changes.imprint if changes.imprint is not None else hashlib.new(changes.imprint_hash, message).digest()
    return sequence(
        integer(changes.info_version),
        oid(changes.policy),
        sequence(changes.imprint_algorithm or _hash_identifier(changes.imprint_hash), octet_string(imprint)),
        integer(changes.serial),
        tlv(0x18, _gen_time(changes.gen_time)),
        _accuracy(changes.accuracy),
        tlv(0x01, b"\xff") if changes.ordering else b"",
        b"" if changes.nonce is None else integer(changes.nonce),
        _tsa(chain, changes.tsa),
        tlv(0xA1, b"".join(map(_extension, changes.extensions))) if changes.extensions else b"",
    )


def _set(elements: Iterable[bytes]) -> bytes:
    return tlv(0x31, b"".join(sorted(elements)))


def _indefinite(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _INDEFINITE + content + _END


def _hash_identifier(hash_name: str) -> bytes:
    return sequence(oid(HASHES[hash_name]), NULL)


def _gen_time(moment: datetime | bytes | None) -> bytes:
    if isinstance(moment, bytes):
        return moment
    moment = (moment or datetime.now(UTC).replace(microsecond=0)).astimezone(UTC)
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y%m%d%H%M%S}{fraction}Z".encode()


def _accuracy(accuracy: Accuracy | bytes | None) -> bytes:
    if accuracy is None or isinstance(accuracy, bytes):
        return accuracy or b""
    parts = [
        bytes([tag]) + integer(number)[1:]
        for tag, number in zip((0x02, 0x80, 0x81), accuracy, strict=True)
        if number is not None
    ]
    return sequence(*parts)


def _tsa(chain: TestChain, tsa: str | bytes | None) -> bytes:
    if tsa is None:
        return b""
    if isinstance(tsa, bytes):
        return explicit(0, tsa)
    return explicit(0, _directory_name(_leaf(chain).subject if tsa == "right" else _WRONG_NAME))


def _directory_name(of: x509.Name) -> bytes:
    return explicit(4, of.public_bytes())


def _extension(extension: TokenExtension) -> bytes:
    critical = tlv(0x01, b"\xff") if extension.critical else b""
    return sequence(oid(extension.oid), critical, octet_string(extension.value))


def _leaf(chain: TestChain) -> x509.Certificate:
    return x509.load_der_x509_certificate(chain.ders[0])


def _encapsulated(info: bytes, changes: TokenChanges) -> bytes:
    if changes.detached:
        return sequence(oid(changes.content_type))
    if changes.content_in_parts:
        half = len(info) // 2
        content = _indefinite(0x24, octet_string(info[:half]) + octet_string(info[half:]))
    else:
        content = octet_string(info)
    return sequence(oid(changes.content_type), explicit(0, content))


def _certificates(chain: TestChain, changes: TokenChanges) -> bytes:
    chosen = changes.certificates
    if chosen is None and not changes.extra_certificates:
        return b""
    signers = [chain, *([changes.second_signer] if changes.second_signer else [])]
    ends = {"all": None, "leaf": 1, "without root": -1}
    ders = list(chosen or ()) if not isinstance(chosen, str) else [
        der for signer in signers for der in signer.ders[: ends[chosen]]
    ]  # fmt: skip
    ders += changes.extra_certificates
    return tlv(0xA0, b"".join(ders if changes.certificates_as_given else sorted(ders)))


def _signer_info(info: bytes, chain: TestChain, changes: TokenChanges) -> bytes:
    identifier, version = _signer_identifier(chain, changes)
    attributes = _attributes(info, chain, changes) if changes.signed_attributes else []
    written = attributes[::-1] if changes.reversed_attributes else attributes
    signed = written if changes.signed_as_written else attributes
    key = chain.leaf_key if changes.key is None else changes.key
    signature = _signature(key, tlv(0x31, b"".join(signed)) if changes.signed_attributes else info, changes)
    if changes.corrupt_signature:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    unsigned = [_attribute(kind, value) for kind, value in changes.unsigned_attributes]
    return sequence(
        integer(version if changes.signer_info_version is None else changes.signer_info_version),
        identifier,
        _hash_identifier(changes.digest_algorithm),
        tlv(0xA0, b"".join(written)) if changes.signed_attributes else b"",
        changes.signature_algorithm or _signature_identifier(key, changes),
        octet_string(signature),
        tlv(0xA1, b"".join(sorted(unsigned))) if unsigned else b"",
    )


def _signer_identifier(chain: TestChain, changes: TokenChanges) -> tuple[bytes, int]:
    certificate = x509.load_der_x509_certificate(changes.signer_id_of or chain.ders[0])
    if changes.signer_id == "subject key id":
        return tlv(0x80, _key_identifier(certificate)), 3
    return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)), 1


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return hashlib.sha1(key_bits(certificate.public_key())).digest()


def _attributes(info: bytes, chain: TestChain, changes: TokenChanges) -> list[bytes]:
    digest = hashlib.new(changes.digest_algorithm, info).digest()
    digest = digest if changes.message_digest is None else changes.message_digest
    usual: list[Attribute] = [
        (CONTENT_TYPE, oid(changes.content_type_attribute or changes.content_type)),
        (MESSAGE_DIGEST, octet_string(digest)),
    ]
    if changes.signing_time is not None:
        moment = changes.signing_time.astimezone(UTC)
        usual.append((SIGNING_TIME, tlv(0x17, f"{moment:%y%m%d%H%M%S}Z".encode())))
    for kind, listed in ((SIGNING_CERTIFICATE_V2, changes.ess_v2), (SIGNING_CERTIFICATE, changes.ess_v1)):
        if listed is not None:
            old = kind == SIGNING_CERTIFICATE
            usual.append((kind, sequence(sequence(*(_ess(chain, each, old=old) for each in listed)))))
    elements = []
    for kind, value in (*usual, *changes.more_attributes):
        if kind not in changes.without:
            values = (value, value) if kind in changes.two_values else (value,)
            elements += [_attribute(kind, *values)] * (2 if kind in changes.twice else 1)
    return sorted(elements)


def _attribute(kind: str, *values: bytes) -> bytes:
    return sequence(oid(kind), _set(values))


def _ess(chain: TestChain, ess: EssCertificate, *, old: bool) -> bytes:
    der = chain.ders[ess.place]
    hash_name = "sha1" if old else ess.hash_algorithm
    digest = hashlib.new(hash_name, der).digest() if ess.digest is None else ess.digest
    named = not old and (hash_name != "sha256" or ess.written)
    return sequence(
        _hash_identifier(hash_name) if named else b"", octet_string(digest), _issuer_serial(der, ess.issuer_serial)
    )


def _issuer_serial(der: bytes, issuer_serial: str | None) -> bytes:
    if issuer_serial is None:
        return b""
    certificate = x509.load_der_x509_certificate(der)
    issuer = _WRONG_NAME if issuer_serial == "wrong issuer" else certificate.issuer
    serial = certificate.serial_number + (issuer_serial == "wrong serial")
    return sequence(sequence(_directory_name(issuer)), integer(serial))


def _signature_identifier(key: AnyPrivateKey, changes: TokenChanges) -> bytes:
    hash_name = changes.signature_hash or changes.digest_algorithm
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid(ECDSA[hash_name]))
    if changes.signature == "rsaEncryption":
        return sequence(oid(_RSA_ENCRYPTION), NULL)
    if changes.signature == "usual":
        return sequence(oid(PKCS1[hash_name]), NULL)
    hashed = _hash_identifier(hash_name)
    salt = explicit(2, integer(_salt(hash_name, changes)))
    return sequence(oid(PSS), sequence(explicit(0, hashed), explicit(1, sequence(oid(_MGF1), hashed)), salt))


def _salt(hash_name: str, changes: TokenChanges) -> int:
    return _PREHASHED[hash_name].digest_size if changes.salt is None else changes.salt


def _signature(key: AnyPrivateKey, message: bytes, changes: TokenChanges) -> bytes:
    # The hash is made here, as the library does not sign with SHA-1 by itself.
    hash_name = changes.signature_hash or changes.digest_algorithm
    digest, algorithm = hashlib.new(hash_name, message).digest(), _PREHASHED[hash_name]
    prehashed = utils.Prehashed(algorithm)
    made: bytes
    if isinstance(key, ec.EllipticCurvePrivateKey):
        made = key.sign(digest, ec.ECDSA(prehashed))
    elif changes.signature == "pss":
        made = key.sign(digest, padding.PSS(padding.MGF1(algorithm), _salt(hash_name, changes)), prehashed)
    else:
        made = key.sign(digest, padding.PKCS1v15(), prehashed)
    return made
