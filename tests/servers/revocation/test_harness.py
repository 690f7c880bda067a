"""The authorities of these tests, as the `openssl` command sees them: it agrees with what they are told to say."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.servers.revocation.asking import Client, fetched
from tests.servers.revocation.conftest import NewCA
from tests.servers.revocation.openssl_ca import OpensslCA
from tests.servers.revocation.vault_ca import VaultCA
from tests.support.ca import TestChain
from tests.support.ocsp_answers import make_delegate


@pytest.fixture
def ca(openssl_ca: NewCA) -> OpensslCA:
    """A CA of `openssl ca` for one test alone."""
    return openssl_ca()


def heard(client: Client, chain: TestChain) -> list[str]:
    """What the leaf's own addresses say: the responder by POST and by GET, and the CRL."""
    certificate = chain.certificates[0]
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    names = next(iter(points)).full_name
    assert names is not None
    responder, crl = next(iter(access)).access_location.value, fetched(names[0].value)
    assert client.holds(crl)
    return [client.ask(responder), client.ask_by_get(responder), client.verify(crl)]


def issued_beside(chain: TestChain) -> TestChain:
    """The chain with another leaf of the same CA, which leads to the same addresses."""
    leaf, issuer = chain.certificates[0], chain.certificates[1]
    serial, dates = x509.random_serial_number(), (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    builder = x509.CertificateBuilder(issuer.subject, leaf.subject, leaf.public_key(), serial, *dates)
    for extension in leaf.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    other = builder.sign(chain.keys[1], hashes.SHA256())
    return chain.with_ders([other.public_bytes(Encoding.DER), *chain.ders[1:]])


def test_openssl_reports_good_then_revoked(ca: OpensslCA, tmp_path: Path) -> None:
    """The CA signs the responses itself."""
    client = Client(tmp_path, ca.chain)
    assert heard(client, ca.chain) == ["good"] * 3
    ca.revoke(reason="keyCompromise")
    assert heard(client, ca.chain) == ["revoked"] * 3


def test_hold_is_released(ca: OpensslCA, tmp_path: Path) -> None:
    """A certificate on hold is revoked until it is released."""
    client = Client(tmp_path, ca.chain)
    ca.revoke(hold="holdInstructionReject")
    (entry,) = x509.load_der_x509_crl(ca.crl())
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.certificate_hold
    assert heard(client, ca.chain) == ["revoked"] * 3
    ca.release()
    assert heard(client, ca.chain) == ["good"] * 3


@pytest.mark.parametrize("nocheck", [True, False])
@pytest.mark.parametrize("by_key", [True, False])
def test_delegate_signs_responses(ca: OpensslCA, nocheck: bool, by_key: bool, tmp_path: Path) -> None:
    """The responses are by a delegate."""
    client = Client(tmp_path, ca.chain)
    ca.sign_with(make_delegate(ca.chain, nocheck=nocheck), by_key=by_key)
    assert heard(client, ca.chain) == ["good"] * 3
    ca.revoke()
    assert heard(client, ca.chain) == ["revoked"] * 3


def test_certificate_for_other_purposes_is_no_delegate(ca: OpensslCA, tmp_path: Path) -> None:
    """A certificate for other purposes signs no accepted responses."""
    ca.sign_with(make_delegate(ca.chain, ocsp_signing=False))
    assert "missing ocspsigning usage" in heard(Client(tmp_path, ca.chain), ca.chain)[0]


def test_unknown_certificate_is_reported_as_unknown(ca: OpensslCA, tmp_path: Path) -> None:
    """A certificate that the CA has no record of is unknown; once it is recorded, it is good."""
    sibling = issued_beside(ca.chain)
    client = Client(tmp_path, sibling)
    assert heard(client, sibling) == ["unknown", "unknown", "good"]
    ca.record(sibling)
    assert heard(client, sibling) == ["good"] * 3


def test_vault_reports_good_then_revoked(vault_ca: VaultCA, tmp_path: Path) -> None:
    """Vault signs the responses with the CA's own key."""
    chain = vault_ca.issue()
    client = Client(tmp_path, chain)
    assert heard(client, chain) == ["good"] * 3
    vault_ca.revoke(chain)
    vault_ca.rotate()
    assert heard(client, chain) == ["revoked"] * 3
