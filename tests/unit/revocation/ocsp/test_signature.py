"""Signatures of OCSP responses."""

import pytest
from cryptography.hazmat.primitives import hashes

from notarykit.revocation.result import Status, UnknownStatusError
from tests.support.ca import Changes, make_chain
from tests.support.ocsp_answers import (
    GOOD,
    make_delegate,
)
from tests.unit.revocation.ocsp.responses import HASHES, leaf_response, leaf_status
from tests.unit.revocation.setting import CHAIN, rsa_chain


@pytest.mark.requirement("trust:ocsp-signature")
@pytest.mark.parametrize("algorithm", HASHES[1:], ids=lambda algorithm: str(algorithm.name))
@pytest.mark.parametrize("pss", [False, True], ids=["plain", "pss"])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha2_signature_is_verified(algorithm: hashes.HashAlgorithm, pss: bool, kind: str) -> None:
    """Each algorithm of the SHA-2 family is supported, and a corrupted signature is refused."""
    chain = CHAIN if kind == "EC-256" else rsa_chain()
    options = {"hash_algorithm": algorithm, "pss": pss}
    assert leaf_response(GOOD, chain, **options).status is Status.GOOD
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_response(GOOD, chain, corrupted=True, **options)


@pytest.mark.parametrize("kind", ["EC-384", "EC-521", "Ed25519"])
def test_signature_by_other_kinds_of_keys_is_verified(kind: str) -> None:
    """Responses may be signed with every kind of key that a CA may have."""
    chain = make_chain(cas={1: Changes(kind=kind)})
    assert leaf_response(GOOD, chain).status is Status.GOOD
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_response(GOOD, chain, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha1_is_refused(kind: str) -> None:
    """Signature specification, "Other requirements": nothing that leads to a root is signed with SHA-1."""
    with pytest.raises(UnknownStatusError, match="the signature algorithm is not supported"):
        leaf_response(GOOD, CHAIN if kind == "EC-256" else rsa_chain(), hash_algorithm=hashes.SHA1())


@pytest.mark.requirement("trust:ocsp-signature")
def test_forged_issuer_is_refused() -> None:
    """A response in the issuer's name, signed with another key, is refused."""
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_status(signed_by=CHAIN.leaf_key)
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_status(signed_by=CHAIN.keys[2])


@pytest.mark.requirement("trust:ocsp-signer")
@pytest.mark.parametrize("by_key", [False, True])
def test_unknown_responder_is_refused(by_key: bool) -> None:
    """A responder other than the issuer must include its certificate."""
    text = "signed neither by the issuer nor by a certificate that comes with it"
    with pytest.raises(UnknownStatusError, match=text):
        leaf_status(named=CHAIN.certificates[2], signed_by=CHAIN.keys[2], by_key=by_key)
    with pytest.raises(UnknownStatusError, match=text):
        leaf_status(delegate=make_delegate(CHAIN), include=[], by_key=by_key)


def test_certificates_of_the_chain_may_be_included() -> None:
    """RFC 6960, section 4.2.1: the response may include certificates, the issuer's among them."""
    for included in ([CHAIN.certificates[1]], list(CHAIN.certificates[::-1])):
        assert leaf_status(include=included) is Status.GOOD
