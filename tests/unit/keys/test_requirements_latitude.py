"""Latitude of the certificate requirements: what the specification leaves open is accepted."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from notarykit.keys.chain import check_chain
from notarykit.keys.chain_certificate import Purpose
from tests.support.ca import Changes, crl_at, make_chain, ocsp_at
from tests.unit.keys.requirement_cases import (
    EKU,
    PURPOSES,
    with_basic,
    with_extended,
    with_raw,
    with_usage,
)

_SAN = x509.SubjectAlternativeName([x509.DNSName("xxxx.example")])
_OPEN = [
    Changes(put=(ocsp_at("http://127.0.0.1:9/ocsp"), crl_at("http://127.0.0.1:9/crl"))),
    Changes(put=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"anything"), True),)),
    with_raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "3003a30130"),  # an x400Address
    with_raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "3003870101"),  # an IP address of one byte
    with_raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "ff"),
    Changes(put=((_SAN, False),), swap=((b"xxxx.ex", b"\xff\xffxx.ex"),)),
    *(
        with_raw(oid, "0500", critical=critical)
        for critical in (True, False)
        for oid in (
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS, ExtensionOID.CRL_DISTRIBUTION_POINTS,
            ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.CERTIFICATE_POLICIES, ExtensionOID.POLICY_CONSTRAINTS,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        )
    ),
]  # fmt: skip


@pytest.mark.requirement("signature:other-extensions-are-ignored")
@pytest.mark.parametrize("changes", _OPEN)
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_other_extensions_are_accepted(changes: Changes, purpose: Purpose, place: int) -> None:
    """An extension that does not count passes, critical or not, known or not, and malformed too."""
    chain = make_chain(purpose=purpose, leaf=Changes() if place else changes, cas={place: changes})
    assert check_chain(chain.ders, purpose).ders == chain.ders


@pytest.mark.requirement("signature:leaf-basic-constraints", "signature:leaf-extended-key-usage")
@pytest.mark.parametrize(
    "changes",
    [
        Changes(without=(x509.ExtendedKeyUsage,)),
        with_extended(EKU.CODE_SIGNING, critical=True),
        with_extended(EKU.CODE_SIGNING, x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.13")),
        with_extended(x509.ObjectIdentifier("1.2.3.4")),
        with_basic(ca=False),
        with_basic(ca=False, critical=False),
        with_usage("digital_signature", "content_commitment"),
    ],
)
def test_optional_leaf_extensions_are_accepted(changes: Changes) -> None:
    """What the specification leaves open for a leaf passes."""
    assert check_chain(make_chain(leaf=changes).ders)


@pytest.mark.requirement(
    "signature:timestamping-ca-key-usage-critical",
    "signature:timestamping-leaf-key-usage-critical",
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_timestamping_key_usage_need_not_be_critical(place: int) -> None:
    """For timestamping, key usage should be critical but need not."""
    leaf = with_usage("digital_signature", critical=False) if not place else Changes()
    cas = {place: with_usage("key_cert_sign", critical=False)}
    assert check_chain(make_chain(purpose="timestamping", leaf=leaf, cas=cas).ders, "timestamping")


@pytest.mark.parametrize("kind", ["Ed25519", "RSA-2048", "RSA-3072", "EC-384", "EC-521"])
def test_other_ca_keys_are_accepted(kind: str) -> None:
    """A CA's key may be of another kind than the leaf's, and longer."""
    assert check_chain(make_chain(ca_kind=kind).ders).key_spec.name == "EC-256"


@pytest.mark.parametrize("hash_algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("pss", [True, False])
def test_sha2_signatures_are_accepted(hash_algorithm: hashes.HashAlgorithm, pss: bool) -> None:
    """Certificates may be signed with each SHA-2, with RSA in both paddings."""
    changes = Changes(hash_algorithm=hash_algorithm, pss=pss)
    assert check_chain(make_chain(ca_kind="RSA-2048", leaf=changes, cas={1: changes, 2: changes}).ders)
