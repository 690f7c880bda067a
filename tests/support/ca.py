"""A certificate authority for tests: chains that keep every rule, and chains that break exactly one on request."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.support.der import signed_again

SPECS = ("RSA-2048", "RSA-3072", "RSA-4096", "EC-256", "EC-384", "EC-521")
HASH_OF_SPEC: Mapping[str, hashes.HashAlgorithm] = {
    "RSA-2048": hashes.SHA256(),
    "RSA-3072": hashes.SHA384(),
    "RSA-4096": hashes.SHA512(),
    "EC-256": hashes.SHA256(),
    "EC-384": hashes.SHA384(),
    "EC-521": hashes.SHA512(),
}

NOT_BEFORE = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
NOT_AFTER = NOT_BEFORE + timedelta(days=3650)

_CURVES: Mapping[str, ec.EllipticCurve] = {
    "EC-192": ec.SECP192R1(),
    "EC-224": ec.SECP224R1(),
    "EC-256": ec.SECP256R1(),
    "EC-256K": ec.SECP256K1(),
    "EC-384": ec.SECP384R1(),
    "EC-521": ec.SECP521R1(),
}
_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip

# Any key that cryptography makes; which ones can sign a certificate or an envelope is what the tests are about.
AnyPrivateKey = Any
Extension = tuple[x509.ExtensionType, bool]


def new_key(kind: str, which: int = 0) -> AnyPrivateKey:
    """A private key of a kind; RSA and DSA keys are made once for each number, as making them is slow."""
    if kind.startswith(("RSA-", "DSA-")):
        return _slow_key(kind, which)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind])


@functools.cache
def _slow_key(kind: str, which: int) -> rsa.RSAPrivateKey | dsa.DSAPrivateKey:
    bits = int(kind[4:])
    return rsa.generate_private_key(65537, bits) if kind.startswith("RSA") else dsa.generate_private_key(bits)


def key_usage(*usages: str) -> x509.KeyUsage:
    """A key usage extension with these bits and no others."""
    return x509.KeyUsage(**{usage: usage in usages for usage in _KEY_USAGES})


def name(common_name: str, **changes: str | None) -> x509.Name:
    """A subject as most examples of the Notary Project have it; an attribute that is None is left out."""
    attributes: dict[str, str | None] = {
        "C": "US", "ST": "WA", "L": "Seattle", "O": "wabbit-networks.io", "OU": "Security Tools", "CN": common_name,
    }  # fmt: skip
    attributes.update(changes)
    oids = {
        "C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "L": NameOID.LOCALITY_NAME,
        "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME,
    }  # fmt: skip
    return x509.Name(
        [x509.NameAttribute(oids[short], value) for short, value in attributes.items() if value is not None]
    )


def ocsp_at(url: str) -> Extension:
    """An authority information access extension that names an OCSP responder."""
    place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    return x509.AuthorityInformationAccess([place]), False


def crl_at(*urls: str) -> Extension:
    """A CRL distribution points extension with one point that names these addresses."""
    full_name = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.CRLDistributionPoints([x509.DistributionPoint(full_name, None, None, None)]), False


@dataclass(frozen=True)
class Changes:
    """How one certificate differs from the good one in its place.

    Attributes:
        kind: The kind of its key, where the chain's own choice is not wanted.
        key: Its private key itself, for a certificate that shares a key.
        subject: Its subject.
        issuer: The name that it gives as its issuer, whoever signs it.
        not_before: Start of its validity.
        not_after: End of its validity.
        put: Extensions that replace those with the same identifier, or are added.
        without: The types of extensions that are left out.
        hash_algorithm: The hash that it is signed with.
        pss: Whether an RSA key signs it with PSS.
        salt: The length of the salt for that, where it is not the hash's.
        swap: Equal numbers of bytes that are exchanged in what is signed, for what the library refuses to encode.
        signed_by: A key that signs it in place of its issuer's.
    """

    kind: str | None = None
    key: AnyPrivateKey = None
    subject: x509.Name | None = None
    issuer: x509.Name | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    put: tuple[Extension, ...] = ()
    without: tuple[type[x509.ExtensionType], ...] = ()
    hash_algorithm: hashes.HashAlgorithm | None = None
    pss: bool = False
    salt: int | None = None
    swap: tuple[tuple[bytes, bytes], ...] = ()
    signed_by: AnyPrivateKey = None


@dataclass(frozen=True)
class TestChain:
    """Certificates and the keys that belong to them, leaf first and root last.

    Attributes:
        spec: The key spec that was asked for the leaf.
        ders: Each certificate in DER.
        keys: Each certificate's private key.
        subjects: Each certificate's subject.
    """

    __test__ = False

    spec: str
    ders: tuple[bytes, ...]
    keys: tuple[AnyPrivateKey, ...] = field(repr=False)
    subjects: tuple[x509.Name, ...] = ()

    @property
    def leaf_key(self) -> AnyPrivateKey:
        """The private key that signs envelopes."""
        return self.keys[0]

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Each certificate, parsed."""
        return tuple(x509.load_der_x509_certificate(der) for der in self.ders)

    @property
    def pems(self) -> tuple[bytes, ...]:
        """Each certificate in PEM."""
        return tuple(certificate.public_bytes(serialization.Encoding.PEM) for certificate in self.certificates)

    @property
    def chain_pem(self) -> bytes:
        """All certificates in one PEM file, leaf first."""
        return b"".join(self.pems)

    @property
    def key_pem(self) -> bytes:
        """The leaf's private key in PKCS#8, not encrypted."""
        return pem_of(self.leaf_key)

    def with_ders(self, ders: Sequence[bytes]) -> "TestChain":
        """Returns the same leaf key with other certificates."""
        return replace(self, ders=tuple(ders))


def pem_of(key: AnyPrivateKey, passphrase: bytes | None = None, *, traditional: bool = False) -> bytes:
    """A private key in PEM: PKCS#8, or the older form of its kind (PKCS#1 or SEC1)."""
    kind = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, kind, encryption)
    return pem


def make_chain(
    spec: str = "EC-256",
    length: int = 3,
    *,
    subject: x509.Name | None = None,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
    purpose: str = "code signing",
    ca_kind: str = "EC-256",
    leaf: Changes = Changes(),
    cas: Mapping[int, Changes] | None = None,
) -> TestChain:
    """Makes a chain that meets every requirement for its purpose apart from the changes.

    Args:
        spec: The key spec of the leaf.
        length: How many certificates there are; with one, the leaf is self-signed.
        subject: The leaf's subject.
        not_before: Start of every validity.
        not_after: End of every validity.
        purpose: `code signing` or `timestamping`.
        ca_kind: The kind of every CA's key.
        leaf: How the leaf differs.
        cas: How the CAs differ, by their place in the chain; the leaf's is 0, so that the first CA's is 1.
    """
    changes = [leaf, *((cas or {}).get(place, Changes()) for place in range(1, length))]
    kinds = [spec, *(ca_kind for _ in range(1, length))]
    keys = [
        changed.key or new_key(changed.kind or kind, which)
        for which, (changed, kind) in enumerate(zip(changes, kinds, strict=True))
    ]
    names = [subject or name("wabbit-networks.io"), *(name(_ca_name(place, length)) for place in range(1, length))]
    subjects = [
        usual if changed.subject is None else changed.subject for changed, usual in zip(changes, names, strict=True)
    ]
    ders = []
    for place, changed in enumerate(changes):
        above = min(place + 1, length - 1)
        dated = replace(changed, not_before=changed.not_before or not_before, not_after=changed.not_after or not_after)
        usual = _ca_extensions() if place else _leaf_extensions(purpose)
        ders.append(_issue(dated, subjects[place], subjects[above], keys[place], keys[above], usual))
    return TestChain(spec, tuple(ders), tuple(keys), tuple(subjects))


def _ca_name(place: int, length: int) -> str:
    return "Root CA" if place == length - 1 else f"Intermediate CA {place}"


def _leaf_extensions(purpose: str) -> list[Extension]:
    time_stamping = purpose == "timestamping"
    usage = ExtendedKeyUsageOID.TIME_STAMPING if time_stamping else ExtendedKeyUsageOID.CODE_SIGNING
    return [(key_usage("digital_signature"), True), (x509.ExtendedKeyUsage([usage]), time_stamping)]


def _ca_extensions() -> list[Extension]:
    return [(x509.BasicConstraints(ca=True, path_length=None), True), (key_usage("key_cert_sign", "crl_sign"), True)]


def _issue(
    changes: Changes,
    subject: x509.Name,
    issuer: x509.Name,
    key: AnyPrivateKey,
    issuer_key: AnyPrivateKey,
    usual: Sequence[Extension],
) -> bytes:
    assert changes.not_before is not None
    assert changes.not_after is not None
    signer = changes.signed_by or issuer_key
    builder = x509.CertificateBuilder(
        changes.issuer or issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        changes.not_before,
        changes.not_after,
    )
    replaced = {extension.oid for extension, _ in changes.put}
    kept = (each for each in usual if each[0].oid not in replaced)
    for extension, critical in (*kept, *changes.put):
        if not isinstance(extension, changes.without):
            builder = builder.add_extension(extension, critical)
    hash_algorithm = _hash_for(signer, changes)
    pss = (
        padding.PSS(padding.MGF1(hash_algorithm), changes.salt or hash_algorithm.digest_size)
        if changes.pss and hash_algorithm
        else None
    )
    certificate = builder.sign(signer, hash_algorithm, rsa_padding=pss)
    if not changes.swap:
        return certificate.public_bytes(serialization.Encoding.DER)
    tbs = certificate.tbs_certificate_bytes
    for old, new in changes.swap:
        assert len(old) == len(new)
        assert tbs.count(old) >= 1
        tbs = tbs.replace(old, new)
    algorithm = certificate.public_bytes(serialization.Encoding.DER)
    return signed_again(algorithm, tbs, signer, hash_algorithm)


def _hash_for(signer: AnyPrivateKey, changes: Changes) -> Any:
    if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return None
    return changes.hash_algorithm or hashes.SHA256()
