"""Signature of a CRL, and its issuer."""

import pytest
from cryptography.hazmat.primitives import hashes

from notarykit.revocation.crl import Crl
from notarykit.revocation.result import UnknownStatusError
from tests.support import asn1
from tests.support.ca import Changes, key_usage, make_chain, name
from tests.support.crls import (
    make_crl,
)
from tests.unit.revocation.crl.readings import leaf_status, read_crl
from tests.unit.revocation.setting import CHAIN, rsa_chain

HASHES = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


@pytest.mark.requirement("trust:crl-signature")
@pytest.mark.parametrize("algorithm", HASHES, ids=lambda algorithm: str(algorithm.name))
@pytest.mark.parametrize("pss", [False, True], ids=["plain", "pss"])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha2_signature_is_verified(algorithm: hashes.HashAlgorithm, pss: bool, kind: str) -> None:
    """Each algorithm of the SHA-2 family is supported, and a corrupted signature is refused."""
    chain = CHAIN if kind == "EC-256" else rsa_chain()
    assert read_crl((), chain, hash_algorithm=algorithm, pss=pss).number == 1
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        read_crl((), chain, hash_algorithm=algorithm, pss=pss, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-384", "EC-521", "Ed25519"])
def test_signature_by_other_kinds_of_keys_is_verified(kind: str) -> None:
    """CRLs may be signed with every kind of key that a CA may have."""
    chain = make_chain(cas={1: Changes(kind=kind)})
    assert read_crl((), chain).number == 1
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        read_crl((), chain, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha1_is_refused(kind: str) -> None:
    """Signature specification, "Other requirements": nothing that leads to a root is signed with SHA-1."""
    with pytest.raises(UnknownStatusError, match="the signature algorithm is not supported"):
        read_crl((), CHAIN if kind == "EC-256" else rsa_chain(), hash_algorithm=hashes.SHA1())


@pytest.mark.requirement("trust:crl-signature")
@pytest.mark.parametrize("place", [0, 2])
def test_forged_issuer_is_refused(place: int) -> None:
    """A CRL in the issuer's name, signed with another key, is refused."""
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        read_crl(signed_by=CHAIN.keys[place])


def test_other_issuer_is_refused() -> None:
    """RFC 5280, section 6.3.3, step b: the CRL's issuer is the certificate's."""
    with pytest.raises(UnknownStatusError, match="it is not by the issuer"):
        read_crl(issuer=name("Other CA"))


def test_issuer_without_crl_sign_is_refused() -> None:
    """RFC 5280, section 6.3.3, step f: a keyUsage of the issuer includes cRLSign."""
    chain = make_chain(cas={1: Changes(put=((key_usage("key_cert_sign"), True),))})
    with pytest.raises(UnknownStatusError, match="keyUsage has no cRLSign"):
        read_crl((), chain)


def test_unsigned_algorithm_must_match_the_signed_one() -> None:
    """RFC 5280, section 5.1.1.2: signatureAlgorithm equals the signed signature field."""
    der = make_crl(CHAIN)
    other = asn1.signature_algorithm(CHAIN.keys[1], hashes.SHA384())
    usual = asn1.signature_algorithm(CHAIN.keys[1], asn1.SHA256)
    head, _, tail = der.rpartition(usual)
    with pytest.raises(UnknownStatusError, match=r"(?i)signature algorithms do not match|algorithm is not the one"):
        Crl(head + other + tail).check_issuer(CHAIN.certificates[1])


def test_authority_key_identifier_is_ignored() -> None:
    """The authority key identifier, whether wrong or absent, changes nothing."""
    assert leaf_status(authority=b"k" * 20) == leaf_status(without_authority=True) == "good"
