"""Signatures of others: which algorithms are known, which are not, and that a signature holds under its key alone."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from notarykit.keys.x509_signature import Algorithm, algorithm_of, hash_of, verify_message, verify_x509_signature
from tests.support.asn1 import HASHES, NULL, PSS, explicit, integer, oid, signature_algorithm
from tests.support.ca import SPECS, Changes, make_chain, new_key
from tests.support.der import sequence
from tests.support.sha1 import sha1_signed

_MESSAGE = b"what is signed"
_SHA2: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "SHA-256": ("sha256", hashes.SHA256()),
    "SHA-384": ("sha384", hashes.SHA384()),
    "SHA-512": ("sha512", hashes.SHA512()),
}
_RSA = {"SHA-256": "1.2.840.113549.1.1.11", "SHA-384": "1.2.840.113549.1.1.12", "SHA-512": "1.2.840.113549.1.1.13"}
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_ECDSA = {"SHA-256": "1.2.840.10045.4.3.2", "SHA-384": "1.2.840.10045.4.3.3", "SHA-512": "1.2.840.10045.4.3.4"}
_ED25519 = sequence(oid("1.3.101.112"))


def _hash(short: str, parameters: bytes = NULL) -> bytes:
    return sequence(oid(HASHES[short]), parameters)


def _pss(short: str, *, mask: bytes | None = None, salt: int, more: bytes = b"", function: str = "") -> bytes:
    mask_generation = sequence(oid(function or "1.2.840.113549.1.1.8"), mask or _hash(short))
    return sequence(
        oid(PSS), sequence(explicit(0, _hash(short)), explicit(1, mask_generation), explicit(2, integer(salt)), more)
    )


@pytest.mark.parametrize("name", _SHA2)
def test_hash_identifier_is_read(name: str) -> None:
    """Each hash is known with NULL for its parameters and without parameters."""
    short, _ = _SHA2[name]
    assert hash_of(_hash(short)) == hash_of(_hash(short, b"")) == name


@pytest.mark.parametrize(
    "identifier",
    [
        _hash("sha1"),
        _hash("md5"),
        _hash("sha256", integer(1)),
        _hash("sha256", NULL + NULL),
        oid(HASHES["sha256"]),
        sequence(oid("2.16.840.1.101.3.4.2.4"), NULL),
        sequence(oid("2.16.840.1.101.3.4.2.8"), NULL),
        b"",
    ],
)
def test_other_hash_identifiers_are_refused(identifier: bytes) -> None:
    """No other hash is known: not SHA-1, not MD5, not SHA-224, not SHA-3, and nothing that is malformed."""
    with pytest.raises(ValueError, match="the hash is not SHA-256"):
        hash_of(identifier)


@pytest.mark.parametrize("name", _SHA2)
def test_algorithm_identifier_is_read(name: str) -> None:
    """Each algorithm is known with each hash, whether or not that stands beside it."""
    short, algorithm = _SHA2[name]
    size = algorithm.digest_size
    for identifier, kind in (
        (sequence(oid(_RSA[name]), NULL), "RSA"),
        (sequence(oid(_RSA[name])), "RSA"),
        (sequence(oid(_ECDSA[name])), "ECDSA"),
        (_pss(short, salt=size), "RSASSA-PSS"),
        (_pss(short, salt=size, mask=_hash(short, b"")), "RSASSA-PSS"),
    ):
        assert algorithm_of(identifier) == algorithm_of(identifier, name) == Algorithm(kind, name)
        for other in _SHA2.keys() - {name}:
            with pytest.raises(ValueError, match=f"does not use the digest algorithm {other}"):
                algorithm_of(identifier, other)
    for parameters in (NULL, b""):
        assert algorithm_of(sequence(oid(_RSA_ENCRYPTION), parameters), name) == Algorithm("RSA", name)


def test_identifiers_of_libraries_are_read() -> None:
    """The identifiers that another library writes into certificates are known."""
    for kind, pss in (("RSA-2048", False), ("RSA-2048", True), ("EC-256", False), ("Ed25519", False)):
        key = new_key(kind)
        for name, (_, algorithm) in _SHA2.items():
            found = algorithm_of(signature_algorithm(key, algorithm, pss=pss))
            assert found.hash_name == ("" if kind == "Ed25519" else name)


@pytest.mark.parametrize(
    "identifier",
    [
        sequence(oid(_RSA_ENCRYPTION), NULL),
        sequence(oid("1.2.840.113549.1.1.5"), NULL),
        sequence(oid("1.2.840.10045.4.1")),
        sequence(oid("1.2.840.113549.1.1.4"), NULL),
        sequence(oid(_ECDSA["SHA-256"]), NULL),
        sequence(oid(_RSA["SHA-256"]), integer(1)),
        sequence(oid(PSS)),
        sequence(oid(PSS), NULL),
        sequence(oid(PSS), sequence()),
        _pss("sha1", salt=20),
        _pss("sha256", salt=20),
        _pss("sha256", salt=0),
        _pss("sha256", salt=32, mask=_hash("sha1")),
        _pss("sha256", salt=32, mask=_hash("sha512")),
        _pss("sha256", salt=32, more=explicit(3, integer(2))),
        _pss("sha256", salt=32, function="1.2.840.113549.1.1.9"),
        sequence(oid("1.3.101.112"), NULL),
        sequence(oid("1.3.101.113")),
        sequence(oid("1.2.840.10045.2.1")),
        sequence(oid("1.2.840.10040.4.3")),
        b"",
    ],
)
def test_other_algorithm_identifiers_are_refused(identifier: bytes) -> None:
    """SHA-1, PSS with hashes that differ or another salt, other kinds, and what is malformed are refused."""
    with pytest.raises(ValueError, match="not supported"):
        algorithm_of(identifier)


def test_ed25519_beside_a_hash_is_refused() -> None:
    """Ed25519 has no hash, so that it cannot stand beside one here."""
    assert algorithm_of(_ED25519) == Algorithm("Ed25519")
    with pytest.raises(ValueError, match="Ed25519 does not use the digest algorithm SHA-256"):
        algorithm_of(_ED25519, "SHA-256")


def _signed(key: Any, algorithm: Algorithm, message: bytes) -> bytes:
    made: bytes
    if algorithm.kind == "Ed25519":
        return bytes(key.sign(message))
    hashed = _SHA2[algorithm.hash_name][1]
    if algorithm.kind == "ECDSA":
        made = key.sign(message, ec.ECDSA(hashed))
    elif algorithm.kind == "RSA":
        made = key.sign(message, padding.PKCS1v15(), hashed)
    else:
        made = key.sign(message, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    return made


_USES = [
    (spec, Algorithm(kind, name))
    for spec in SPECS
    for kind in (("RSA", "RSASSA-PSS") if spec.startswith("RSA") else ("ECDSA",))
    for name in _SHA2
] + [("Ed25519", Algorithm("Ed25519"))]


@pytest.mark.parametrize(("spec", "algorithm"), _USES, ids=str)
def test_signature_is_valid_under_its_key_alone(spec: str, algorithm: Algorithm) -> None:
    """A signature holds for its message under its key by its algorithm, and for nothing else."""
    key = new_key(spec)
    public, signature = key.public_key(), _signed(key, algorithm, _MESSAGE)
    verify_message(public, algorithm, signature, _MESSAGE)
    verify_message(public, algorithm, signature, memoryview(_MESSAGE))
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(len(signature))):
        with pytest.raises(ValueError, match="the signature does not hold"):
            verify_message(public, algorithm, wrong, _MESSAGE)
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_message(public, algorithm, signature, _MESSAGE + b".")
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_message(new_key(spec, 3).public_key(), algorithm, signature, _MESSAGE)
    for kind, name in ((kind, name) for kind in ("RSA", "RSASSA-PSS", "ECDSA") for name in _SHA2):
        if (kind, name) != algorithm:
            with pytest.raises(ValueError, match=r"does not hold|the key is not one for"):
                verify_message(public, Algorithm(kind, name), signature, _MESSAGE)


@pytest.mark.parametrize(
    ("spec", "kind"),
    [("RSA-2048", "ECDSA"), ("EC-256", "RSA"), ("EC-256", "RSASSA-PSS"), ("EC-256", "Ed25519"), ("Ed25519", "RSA")],
)
def test_key_of_another_kind_is_refused(spec: str, kind: str) -> None:
    """An algorithm needs a key of its kind."""
    algorithm = Algorithm(kind, "" if kind == "Ed25519" else "SHA-256")
    with pytest.raises(ValueError, match=f"the key is not one for {kind}"):
        verify_message(new_key(spec).public_key(), algorithm, b"", _MESSAGE)


@pytest.mark.parametrize("ca_kind", ["RSA-2048", "EC-256", "EC-521", "Ed25519"])
def test_certificate_signature_is_verified(ca_kind: str) -> None:
    """A certificate, which is made like a CRL, holds under its issuer's key and under no other."""
    chain = make_chain(ca_kind=ca_kind)
    leaf, issuer, root = chain.certificates
    verify_x509_signature(chain.ders[0], issuer.public_key())
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_x509_signature(chain.ders[0], root.public_key())
    spoiled = chain.ders[0][:-1] + bytes([chain.ders[0][-1] ^ 1])
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_x509_signature(spoiled, issuer.public_key())
    changed = bytearray(chain.ders[0])
    changed[chain.ders[0].index(leaf.subject.public_bytes()) + 20] ^= 1
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_x509_signature(bytes(changed), issuer.public_key())


def test_pss_certificate_signature_is_verified() -> None:
    """A certificate that is signed with PSS holds, and one with another salt is not supported."""
    good = make_chain(ca_kind="RSA-2048", leaf=Changes(pss=True))
    verify_x509_signature(good.ders[0], good.certificates[1].public_key())
    salted = make_chain(ca_kind="RSA-2048", leaf=Changes(pss=True, salt=20))
    with pytest.raises(ValueError, match="not supported"):
        verify_x509_signature(salted.ders[0], salted.certificates[1].public_key())


@pytest.mark.parametrize("ca_kind", ["RSA-2048", "EC-256"])
def test_sha1_certificate_signature_is_refused(ca_kind: str) -> None:
    """What is signed with SHA-1 does not count, although the signature is right."""
    chain = sha1_signed(make_chain(ca_kind=ca_kind), 0)
    with pytest.raises(ValueError, match="not supported"):
        verify_x509_signature(chain.ders[0], chain.certificates[1].public_key())


def test_crl_signature_is_verified() -> None:
    """A CRL holds under the key of its issuer."""
    chain = make_chain()
    builder = x509.CertificateRevocationListBuilder().issuer_name(chain.subjects[1])
    first = chain.certificates[1].not_valid_before_utc
    crl = builder.last_update(first).next_update(first).sign(chain.keys[1], hashes.SHA384())
    verify_x509_signature(crl.public_bytes(serialization.Encoding.DER), chain.certificates[1].public_key())
    with pytest.raises(ValueError, match="the signature does not hold"):
        verify_x509_signature(crl.public_bytes(serialization.Encoding.DER), chain.certificates[0].public_key())
