"""Delegated OCSP responders (RFC 6960, section 4.2.2.2)."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.revocation.result import Status, UnknownStatusError
from tests.support.ca import NOT_AFTER, NOT_BEFORE, key_usage, make_chain, name, new_key
from tests.support.crls import NOW
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    Delegate,
    make_delegate,
    the_leaf,
)
from tests.unit.revocation.ocsp.responses import SECOND, leaf_response, leaf_status
from tests.unit.revocation.setting import CHAIN


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048", "Ed25519"])
def test_delegate_is_accepted_and_reported(by_key: bool, kind: str) -> None:
    """A delegated responder's response is accepted, and its certificate is reported."""
    delegate = make_delegate(CHAIN, kind=kind)
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        response = leaf_response(single, delegate=delegate, by_key=by_key)
        assert response.status is status
        assert response.delegate == delegate.certificate
    assert leaf_response().delegate is None


def test_delegate_that_did_not_sign_is_refused() -> None:
    """An included certificate of a delegate is not enough without its signature."""
    delegate = make_delegate(CHAIN)
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_status(delegate=delegate, signed_by=CHAIN.leaf_key)
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        leaf_status(delegate=delegate, corrupted=True)


@pytest.mark.requirement("trust:ocsp-signature", "trust:ocsp-signer")
@pytest.mark.parametrize(
    ("delegate", "text"),
    [
        (make_delegate(CHAIN, ocsp_signing=False), "is not for OCSP signing"),
        (the_leaf(CHAIN), "is not for OCSP signing"),
        (make_delegate(make_chain()), "is not by the issuer"),
        (make_delegate(CHAIN, signed_by=CHAIN.keys[2]), "is not by the issuer"),
        (make_delegate(CHAIN, signed_by=CHAIN.leaf_key), "is not by the issuer"),
        (make_delegate(CHAIN, place=2), "is not by the issuer"),
        (make_delegate(CHAIN, kind="RSA-1024"), "weak"),
        (make_delegate(CHAIN, kind="EC-192"), "weak"),
    ],
    ids=[
        "for code", "the leaf", "another CA's", "another CA signed it", "the leaf signed it", "the root's",
        "weak RSA key", "weak EC key",
    ],
)  # fmt: skip
def test_certificate_that_is_no_delegate_is_refused(delegate: Delegate, text: str) -> None:
    """RFC 6960, section 4.2.2.2: a delegate is certified by the CA itself, for OCSP signing."""
    with pytest.raises(UnknownStatusError, match=text):
        leaf_status(delegate=delegate)


@pytest.mark.requirement("trust:ocsp-signer")
def test_delegate_of_a_higher_ca_is_refused() -> None:
    """RFC 6960, section 4.2.2.2: issued by the CA that issued the certificate, and by no other above it."""
    delegate = make_delegate(CHAIN, place=2)
    with pytest.raises(UnknownStatusError, match="is not by the issuer"):
        leaf_status(delegate=delegate, include=[delegate.certificate, *CHAIN.certificates[1:]])


def _delegate_with(usage: x509.KeyUsage | None) -> Delegate:
    key = new_key("EC-256")
    builder = x509.CertificateBuilder(
        CHAIN.subjects[1], name("OCSP"), key.public_key(), x509.random_serial_number(), NOT_BEFORE, NOT_AFTER
    ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=True)
    builder = builder if usage is None else builder.add_extension(usage, critical=True)
    return Delegate(builder.sign(CHAIN.keys[1], hashes.SHA256()), key)


@pytest.mark.parametrize(
    "usage",
    [None, key_usage("digital_signature"), key_usage("content_commitment")],
    ids=["none", "digitalSignature", "nonRepudiation"],
)
def test_key_usage_of_a_delegate_is_accepted(usage: x509.KeyUsage | None) -> None:
    """RFC 5280, section 4.2.1.12: digitalSignature and nonRepudiation are consistent with OCSP signing."""
    assert leaf_status(delegate=_delegate_with(usage)) is Status.GOOD


def test_other_key_usage_of_a_delegate_is_refused() -> None:
    """RFC 5280, section 4.2.1.12: keyEncipherment alone is not consistent with OCSP signing."""
    with pytest.raises(UnknownStatusError, match="keyUsage"):
        leaf_status(delegate=_delegate_with(key_usage("key_encipherment")))


@pytest.mark.requirement("trust:ocsp-signature")
def test_delegate_counts_while_it_is_valid() -> None:
    """Specification, "Revocation Checking with OCSP": the signing certificate is valid."""
    ends = NOW + timedelta(days=1)
    delegate = make_delegate(CHAIN, not_before=NOW - timedelta(days=1), not_after=ends)
    assert leaf_status(delegate=delegate, now=ends) is Status.GOOD
    with pytest.raises(UnknownStatusError, match="is not valid now"):
        leaf_status(delegate=delegate, now=ends + SECOND)
    with pytest.raises(UnknownStatusError, match="is not valid now"):
        leaf_status(delegate=make_delegate(CHAIN, not_before=NOW + timedelta(minutes=1)))
    with pytest.raises(UnknownStatusError, match="is not valid now"):
        leaf_status(delegate=make_delegate(CHAIN, expired=True))
    with pytest.raises(UnknownStatusError, match="is not valid now"):
        leaf_status(REVOKED, delegate=make_delegate(CHAIN, expired=True))


@pytest.mark.parametrize("by_key", [False, True])
def test_delegate_is_found_among_several_certificates(by_key: bool) -> None:
    """RFC 6960, section 4.2.1: other certificates may be included, in any order."""
    delegate = make_delegate(CHAIN)
    others = [make_delegate(CHAIN, subject=name("Other")).certificate, *CHAIN.certificates]
    assert leaf_status(delegate=delegate, include=[*others, delegate.certificate], by_key=by_key) is Status.GOOD


def test_renewed_delegate_is_found_beside_its_old_certificate() -> None:
    """A responder with a renewed key may include its old certificate as well."""
    old, new = make_delegate(CHAIN), make_delegate(CHAIN)
    assert old.certificate.subject == new.certificate.subject
    for included in ([old.certificate, new.certificate], [new.certificate, old.certificate]):
        assert leaf_status(delegate=new, include=included) is Status.GOOD


def test_delegate_may_have_the_issuers_name() -> None:
    """RFC 6960 allows a delegate with its CA's name."""
    assert leaf_status(delegate=make_delegate(CHAIN, subject=CHAIN.subjects[1])) is Status.GOOD
