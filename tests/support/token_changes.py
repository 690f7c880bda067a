"""Ways in which an RFC 3161 token differs from a good one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from tests.support.asn1 import NULL
from tests.support.ca import AnyPrivateKey, TestChain

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"

POLICY = "1.3.6.1.4.1.99999.3161"

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


UNCHANGED = TokenChanges()
