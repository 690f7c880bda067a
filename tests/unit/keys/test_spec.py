"""The table of key specs against the tables of the specifications."""

import pytest

from notarykit.errors import SigningKeyError
from notarykit.keys.spec import BY_COSE_ALG, BY_JWS_ALG, KEY_SPECS, key_spec, key_spec_of
from tests.support.ca import SPECS, new_key

# Signature specification, "Algorithm Selection"; both envelope specifications, "Supported alg header values"; plugin
# specification, key specs and signing algorithms; lengths by RFC 8017 and RFC 7518, section 3.4.
_TABLE = [
    ("RSA-2048", "SHA-256", "RSASSA-PSS-SHA-256", "PS256", -37, 256, True),
    ("RSA-3072", "SHA-384", "RSASSA-PSS-SHA-384", "PS384", -38, 384, True),
    ("RSA-4096", "SHA-512", "RSASSA-PSS-SHA-512", "PS512", -39, 512, True),
    ("EC-256", "SHA-256", "ECDSA-SHA-256", "ES256", -7, 64, False),
    ("EC-384", "SHA-384", "ECDSA-SHA-384", "ES384", -35, 96, False),
    ("EC-521", "SHA-512", "ECDSA-SHA-512", "ES512", -36, 132, False),
]


@pytest.mark.requirement("signature:algorithms")
@pytest.mark.parametrize(("name", "hash_name", "algorithm", "jws", "cose", "size", "is_rsa"), _TABLE)
def test_spec_has_its_algorithms(
    name: str, hash_name: str, algorithm: str, jws: str, cose: int, size: int, is_rsa: bool
) -> None:
    """Each key spec has the names, numbers and lengths that the specifications give."""
    spec = key_spec(name)
    found = (spec.name, spec.hash_name, spec.signing_algorithm, spec.jws_alg, spec.cose_alg, spec.signature_size)
    assert found == (name, hash_name, algorithm, jws, cose, size)
    assert spec.is_rsa is is_rsa
    assert spec.coordinate_size * 2 == size
    assert spec.bits == int(name.partition("-")[2])
    assert BY_JWS_ALG[jws] is spec
    assert BY_COSE_ALG[cose] is spec


@pytest.mark.requirement("jws:alg-constraints", "cose:alg-constraints")
def test_there_are_six_specs() -> None:
    """Neither table has an algorithm that the specification does not have."""
    assert len(KEY_SPECS) == len(BY_JWS_ALG) == len(BY_COSE_ALG) == 6


@pytest.mark.requirement("signature:algorithm-selection")
@pytest.mark.parametrize("name", SPECS)
def test_spec_of_a_key(name: str) -> None:
    """The spec of a public key follows from its kind and size."""
    assert key_spec_of(new_key(name).public_key()).name == name


@pytest.mark.requirement("signature:algorithm-selection")
@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("RSA-1024", "RSA with 1024 bits"),
        ("EC-192", "EC on secp192r1"),
        ("EC-224", "EC on secp224r1"),
        ("EC-256K", "EC on secp256k1"),
        ("Ed25519", "Ed25519"),
        ("Ed448", "Ed448"),
        ("DSA-2048", "DSA"),
    ],
)
def test_other_keys_are_refused(kind: str, named: str) -> None:
    """A key that the specification has no algorithm for is refused by its kind, also a curve of an equal size."""
    with pytest.raises(SigningKeyError, match=f"key of the kind {named} is not supported"):
        key_spec_of(new_key(kind).public_key())


@pytest.mark.parametrize("name", ["", "RSA", "RSA-1024", "rsa-2048", "EC-512", "Ed25519"])
def test_other_names_are_refused(name: str) -> None:
    """A name that the plugin protocol does not have is refused, and the message says which there are."""
    with pytest.raises(SigningKeyError) as caught:
        key_spec(name)
    assert repr(name) in caught.value.message
    assert "RSA-2048, RSA-3072" in caught.value.advice


@pytest.mark.parametrize(
    ("spec", "begins"),
    [("EC-256", "ba7816bf8f01cfea"), ("RSA-3072", "cb00753f45a35e8b"), ("EC-521", "ddaf35a193617aba")],
)
def test_digest_is_of_the_specs_hash(spec: str, begins: str) -> None:
    """The digest is by the spec's hash; these are of the examples in FIPS 180-4."""
    assert KEY_SPECS[spec].digest(b"abc").hex().startswith(begins)
