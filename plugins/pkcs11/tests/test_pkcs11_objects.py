"""Public keys and certificates from the attributes of objects."""

from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, CertificateType, KeyType

from notarykit.errors import PluginValidationError
from notarykit_pkcs11.token.attributes import PUBLIC_KEY_INFO
from notarykit_pkcs11.token.objects import id_and_label, read_attribute, read_certificates, read_public_key
from tests.support.ca import make_chain, new_key

_CURVES = ["EC-256", "EC-384", "EC-521"]


class _Object(dict[Any, Any]):
    """An object of a token: it says so where it does not have an attribute."""

    def __missing__(self, name: object) -> Any:
        raise pkcs11.AttributeTypeInvalid


def _point(key: ec.EllipticCurvePrivateKey, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, form)


def _octets(content: bytes) -> bytes:
    """An OCTET STRING in DER."""
    size = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return b"\x04" + size + content


def _ec(point: bytes) -> _Object:
    return _Object({Attribute.KEY_TYPE: KeyType.EC, Attribute.EC_POINT: point, Attribute.EC_PARAMS: b"rubbish"})


def _rsa(modulus: int, exponent: int) -> _Object:
    sizes = ((number.bit_length() + 7) // 8 for number in (modulus, exponent))
    parts = [number.to_bytes(size) for number, size in zip((modulus, exponent), sizes, strict=True)]
    return _Object({Attribute.KEY_TYPE: KeyType.RSA, Attribute.MODULUS: parts[0], Attribute.PUBLIC_EXPONENT: parts[1]})


def test_rsa_key_is_read_with_leading_zeros() -> None:
    """Modulus and exponent make an RSA key, also with leading zeros."""
    key = new_key("RSA-2048").public_key()
    numbers = key.public_numbers()
    item = _rsa(numbers.n, numbers.e)
    assert read_public_key(item) == key
    item[Attribute.MODULUS] = b"\0" + item[Attribute.MODULUS]
    item[Attribute.PUBLIC_EXPONENT] = b"\0\0" + item[Attribute.PUBLIC_EXPONENT]
    assert read_public_key(item) == key


@pytest.mark.parametrize("missing", [Attribute.MODULUS, Attribute.PUBLIC_EXPONENT])
def test_incomplete_rsa_key_is_none(missing: Attribute) -> None:
    """A private key object without modulus or exponent has no public key."""
    numbers = new_key("RSA-2048").public_key().public_numbers()
    item = _rsa(numbers.n, numbers.e)
    del item[missing]
    assert read_public_key(item) is None
    item[missing] = b""
    assert read_public_key(item) is None


@pytest.mark.parametrize("spec", [*_CURVES, "RSA-2048"])
def test_public_key_info_is_read(spec: str) -> None:
    """CKA_PUBLIC_KEY_INFO gives the public key where nothing else does; malformed DER gives none."""
    key = new_key(spec).public_key()
    kind = KeyType.RSA if spec.startswith("RSA") else KeyType.EC
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert read_public_key(_Object({Attribute.KEY_TYPE: kind, PUBLIC_KEY_INFO: spki})) == key
    for wrong in (b"", spki[:-1], b"\x30\x00"):
        assert read_public_key(_Object({Attribute.KEY_TYPE: kind, PUBLIC_KEY_INFO: wrong})) is None


def test_impossible_rsa_numbers_are_none() -> None:
    """Numbers that cannot be a key give none."""
    assert read_public_key(_rsa(0, 0)) is None
    assert read_public_key(_rsa(12, 65537)) is None


@pytest.mark.parametrize("spec", _CURVES)
def test_ec_point_is_read_raw_or_in_der(spec: str) -> None:
    """A point is read as an OCTET STRING or as itself, whatever CKA_EC_PARAMS holds."""
    key = new_key(spec)
    for point in (_octets(_point(key)), _point(key)):
        item = _ec(point)
        assert read_public_key(item) == key.public_key()
        del item[Attribute.EC_PARAMS]
        assert read_public_key(item) == key.public_key()


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.SECP224R1()])
def test_unsupported_curve_is_refused(curve: ec.EllipticCurve) -> None:
    """A point on an unsupported curve is refused, even of a supported length."""
    key = ec.generate_private_key(curve)
    for point in (_octets(_point(key)), _point(key)):
        with pytest.raises(PluginValidationError, match="unsupported curve"):
            read_public_key(_ec(point))


@pytest.mark.parametrize("spec", _CURVES)
def test_malformed_point_is_refused(spec: str) -> None:
    """A compressed point, a point beside the curve and a truncated point are refused."""
    key = new_key(spec)
    point = _point(key)
    beside = point[:-1] + bytes([point[-1] ^ 1])
    for wrong in (_octets(beside), beside, _point(key, PublicFormat.CompressedPoint), point[:-1], point + b"\0", b""):
        with pytest.raises(PluginValidationError):
            read_public_key(_ec(wrong))
    in_another_tag = b"\x03" + _octets(point)[1:]
    with pytest.raises(PluginValidationError):
        read_public_key(_ec(in_another_tag))


def test_ec_key_without_a_point_is_none() -> None:
    """An EC private key object without a point has no public key."""
    item = _ec(b"")
    del item[Attribute.EC_POINT]
    assert read_public_key(item) is None


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(KeyType.EC_EDWARDS, "EC_EDWARDS"), (KeyType.DSA, "DSA"), (0x80000001, "2147483649"), (None, "None")],
)
def test_unsupported_key_type_is_refused(kind: Any, shown: str) -> None:
    """A key of an unsupported type is refused with its name."""
    item = _Object() if kind is None else _Object({Attribute.KEY_TYPE: kind})
    with pytest.raises(PluginValidationError, match=f"unsupported key type {shown}"):
        read_public_key(item)


@pytest.mark.parametrize("error", [pkcs11.AttributeSensitive, pkcs11.AttributeTypeInvalid, ValueError, KeyError])
def test_unreadable_attribute_counts_as_absent(error: type[Exception]) -> None:
    """An attribute that is sensitive or cannot be read counts as absent."""

    class Keeping(dict[Any, Any]):
        def __getitem__(self, name: object) -> Any:
            raise error

    assert read_attribute(Keeping(), Attribute.LABEL) is None
    assert id_and_label(Keeping()) == (b"", "")


def test_programming_error_is_not_hidden() -> None:
    """A programming error does not count as an absent attribute."""

    class Wrong(dict[Any, Any]):
        def __getitem__(self, name: object) -> Any:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_attribute(Wrong(), Attribute.LABEL)


def test_id_and_label_may_be_absent() -> None:
    """An object has a CKA_ID and a label, either of which may be absent."""
    assert id_and_label(_Object({Attribute.ID: b"\x01", Attribute.LABEL: "a"})) == (b"\x01", "a")
    assert id_and_label(_Object({Attribute.ID: b"\x01"})) == (b"\x01", "")
    assert id_and_label(_Object({Attribute.LABEL: "a"})) == (b"", "a")


def test_certificates_are_read_among_malformed_objects() -> None:
    """X.509 certificates are read with their ids among malformed and foreign objects."""
    chain = make_chain("EC-256", 3)
    leaf, middle, root = chain.ders
    kind, value = Attribute.CERTIFICATE_TYPE, Attribute.VALUE
    stored = read_certificates(
        [
            _Object({value: leaf, kind: CertificateType.X_509, Attribute.ID: b"\x01"}),
            _Object({value: b"rubbish", kind: CertificateType.X_509}),
            _Object({value: leaf + b"\0", kind: CertificateType.X_509}),
            _Object({value: b"", kind: CertificateType.X_509}),
            _Object({kind: CertificateType.X_509}),
            _Object({value: leaf, kind: CertificateType.WTLS}),
            _Object({value: leaf, kind: CertificateType.X_509_ATTR_CERT}),
            _Object(),
            _Object({value: middle}),
            _Object({value: bytearray(root), kind: CertificateType.X_509}),
        ]
    )
    assert [(item.id, item.der) for item in stored] == [(b"\x01", leaf), (b"", middle), (b"", root)]
    assert [item.certificate for item in stored] == list(chain.certificates)


def test_key_classes_are_those_of_cryptography() -> None:
    """The keys are objects of cryptography."""
    numbers = new_key("RSA-2048").public_key().public_numbers()
    assert isinstance(read_public_key(_rsa(numbers.n, numbers.e)), rsa.RSAPublicKey)
    assert isinstance(read_public_key(_ec(_point(new_key("EC-256")))), ec.EllipticCurvePublicKey)
