"""RFC 3161 tokens and responses: good ones, and ones that differ from a good one exactly as they are told to.

They are put together by hand, so that they do not depend on what reads them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.support.asn1 import ECDSA, HASHES, NULL, PKCS1, PSS, explicit, integer, key_bits, octet_string, oid
from tests.support.ca import AnyPrivateKey, TestChain, name
from tests.support.der import sequence, tlv

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"

POLICY = "1.3.6.1.4.1.99999.3161"

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

Attribute = tuple[str, bytes]
"""An attribute's identifier, and its one value in DER."""


class Accuracy(NamedTuple):
    """How far the time may be off; a part that is None is left out, and any number can be written.

    Attributes:
        seconds: Whole seconds.
        millis: Milliseconds, 1 to 999 in a good token.
        micros: Microseconds, 1 to 999 in a good token.
    """

    seconds: int | None = None
    millis: int | None = None
    micros: int | None = None


ONE_SECOND = Accuracy(seconds=1)


class TokenExtension(NamedTuple):
    """Extension of a TSTInfo, by default an unknown one.

    Attributes:
        oid: What it is.
        critical: Whether those who do not know it have to refuse the token.
        value: Its value in DER.
    """

    oid: str = "1.3.6.1.4.1.99999.1"
    critical: bool = True
    value: bytes = NULL


class EssCertificate(NamedTuple):
    """ESSCertID of a signing-certificate attribute.

    Attributes:
        hash_algorithm: What the certificate is hashed with; the old attribute has SHA-1 whatever stands here.
        digest: The hash, where it is not the right one.
        issuer_serial: Whether the issuer and serial number are there, and whether they are right.
        place: The certificate's place in the chain.
        written: Whether SHA-256 is written, which DER forbids for a default.
    """

    hash_algorithm: str = "sha256"
    digest: bytes | None = None
    issuer_serial: Literal["right", "wrong issuer", "wrong serial"] | None = "right"
    place: int = 0
    written: bool = False


@dataclass(frozen=True)
class TokenChanges:
    """How a token differs from a good one; hashes are `sha1`, `sha256`, `sha384` or `sha512`.

    Attributes:
        imprint_hash: The hash of the message imprint.
        imprint: The message imprint's digest, where it is not the message's.
        imprint_algorithm: The whole AlgorithmIdentifier of the imprint in DER, where it is not the hash's.
        info_version: The version of the TSTInfo.
        policy: The policy.
        serial: The token's serial number.
        gen_time: The time, or the contents of its GeneralizedTime byte for byte; None is the present second.
        accuracy: The accuracy, or its DER, or None for none.
        ordering: Whether the authority says that its tokens can be ordered by their times.
        nonce: The nonce, if any.
        tsa: Whether the authority's name is there, and whether it is the signer's; or a GeneralName in DER.
        extensions: The extensions; without any, the field is left out.
        info: The whole TSTInfo, where it is none that this module makes.
        outer_type: The type of the outer ContentInfo.
        content_type: The type of the signed content.
        detached: Whether the signed content is left out.
        content_in_parts: Whether the signed content is in two parts of a constructed string, as BER allows.
        digest_algorithm: What the signer hashes the content with.
        listed_algorithms: The hashes that the SignedData lists, where these are not just the signer's.
        signed_attributes: Whether there are any; where not, the content itself is signed.
        without: The signed attributes that are left out.
        twice: The signed attributes that are there twice.
        two_values: The signed attributes whose one value is there twice.
        more_attributes: Signed attributes that are added.
        content_type_attribute: The type in the attribute, where it is not the content's.
        message_digest: The digest in the attribute, where it is not the content's.
        ess_v2: What the newer signing certificate attribute lists; None for no such attribute.
        ess_v1: What the older one lists; None for no such attribute.
        signing_time: The time in the attribute, if any.
        reversed_attributes: Whether the signed attributes stand in the opposite of DER's order.
        signed_as_written: Whether the signature is then over that order, as OpenSSL expects, and not over DER's.
        signature: How the signature algorithm is named and padded; `usual` is PKCS#1 v1.5 or ECDSA, with the hash.
        signature_hash: The hash of the signature, where it is not the signer's digest algorithm.
        salt: The length of the salt of PSS, where it is not the hash's.
        signature_algorithm: The whole AlgorithmIdentifier in DER, where it does not fit the signature.
        key: The key that signs, where it is not the leaf's.
        corrupt_signature: Whether one bit of the signature is wrong.
        signer_id: How the signer is named.
        signer_id_of: The certificate in DER that is named, where it is not the leaf.
        signed_data_version: The version of the SignedData.
        signer_info_version: The version of each SignerInfo, where it is not the one that its naming asks for.
        unsigned_attributes: The unsigned attributes.
        second_signer: A chain whose leaf signs as well.
        no_signer: Whether nobody signs.
        certificates: Which certificates of the chain are there, or which others; None leaves the field out.
        extra_certificates: Certificates that are added.
        certificates_as_given: Whether the certificates stand in this order, as with most authorities, and not in DER's.
        indefinite: Whether the outer elements have no lengths, as BER allows.
        trailing: What follows the token.
    """

    imprint_hash: str = "sha256"
    imprint: bytes | None = None
    imprint_algorithm: bytes | None = None
    info_version: int = 1
    policy: str = POLICY
    serial: int = 3161
    gen_time: datetime | bytes | None = None
    accuracy: Accuracy | bytes | None = ONE_SECOND
    ordering: bool = False
    nonce: int | None = None
    tsa: Literal["right", "wrong"] | bytes | None = None
    extensions: tuple[TokenExtension, ...] = ()
    info: bytes | None = None
    outer_type: str = SIGNED_DATA
    content_type: str = TST_INFO
    detached: bool = False
    content_in_parts: bool = False
    digest_algorithm: str = "sha256"
    listed_algorithms: tuple[str, ...] | None = None
    signed_attributes: bool = True
    without: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    two_values: tuple[str, ...] = ()
    more_attributes: tuple[Attribute, ...] = ()
    content_type_attribute: str | None = None
    message_digest: bytes | None = None
    ess_v2: tuple[EssCertificate, ...] | None = (EssCertificate(),)
    ess_v1: tuple[EssCertificate, ...] | None = None
    signing_time: datetime | None = None
    reversed_attributes: bool = False
    signed_as_written: bool = False
    signature: Literal["usual", "rsaEncryption", "pss"] = "usual"
    signature_hash: str | None = None
    salt: int | None = None
    signature_algorithm: bytes | None = None
    key: AnyPrivateKey = None
    corrupt_signature: bool = False
    signer_id: Literal["issuer and serial", "subject key id"] = "issuer and serial"
    signer_id_of: bytes | None = None
    signed_data_version: int = 3
    signer_info_version: int | None = None
    unsigned_attributes: tuple[Attribute, ...] = ()
    second_signer: TestChain | None = None
    no_signer: bool = False
    certificates: Literal["all", "leaf", "without root"] | tuple[bytes, ...] | None = "all"
    extra_certificates: tuple[bytes, ...] = ()
    certificates_as_given: bool = False
    indefinite: bool = False
    trailing: bytes = b""


def make_token(message: bytes, chain: TestChain, changes: TokenChanges = TokenChanges()) -> bytes:
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


def make_info(message: bytes, chain: TestChain, changes: TokenChanges = TokenChanges()) -> bytes:
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


def make_response(
    token: bytes | None,
    status: int = 0,
    *,
    texts: Sequence[str] = (),
    failures: Sequence[int] = (),
    trailing: bytes = b"",
) -> bytes:
    """A response of an authority.

    Args:
        token: The token, if there is one; it is not looked at.
        status: The status: 0 is granted, 1 granted with changes, 2 rejected.
        texts: What the authority says to people; without any, the field is left out.
        failures: The numbers of the bits for why it refuses; without any, the field is left out.
        trailing: What follows the response.
    """
    said = sequence(*(tlv(0x0C, text.encode()) for text in texts)) if texts else b""
    return sequence(sequence(integer(status), said, _bits(failures)), token or b"") + trailing


def _bits(numbers: Sequence[int]) -> bytes:
    if not numbers:
        return b""
    size = max(numbers) // 8 + 1
    value = sum(1 << (size * 8 - 1 - number) for number in set(numbers))
    return tlv(0x03, bytes([7 - max(numbers) % 8]) + value.to_bytes(size, "big"))


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
