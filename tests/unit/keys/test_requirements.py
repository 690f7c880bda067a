"""Certificate requirements, each broken alone: the error names the rule, the certificate and the field."""

from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from notarykit.errors import CertificateError
from notarykit.keys.chain import check_chain
from notarykit.keys.chain_certificate import Purpose
from tests.support.ca import Changes, make_chain, name, new_key
from tests.support.der import sequence, signed_again
from tests.support.sha1 import sha1_signed
from tests.unit.keys.requirement_cases import (
    EKU,
    PURPOSES,
    with_basic,
    with_extended,
    with_raw,
    with_usage,
)

_CODE, _TIME = (PURPOSES[:1], PURPOSES[1:])


class _Broken(NamedTuple):
    rule: str
    field: str
    changes: Changes
    purposes: tuple[Purpose, ...] = PURPOSES


_KEY_USAGE = ExtensionOID.KEY_USAGE


# Bit strings of the DER: digitalSignature with encipherOnly, or with decipherOnly, and no keyAgreement.
_ENCIPHER_ONLY, _DECIPHER_ONLY = "03020081", "0303078080"
_VERSION_3 = bytes.fromhex("a003020102")
_RSA = new_key("RSA-2048", 7)
_BROKEN_LEAVES = [
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha224", Changes(hash_algorithm=hashes.SHA224())),
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha3-256", Changes(hash_algorithm=hashes.SHA3_256())),
    _Broken("is_not_ca", "basicConstraints says cA", with_basic(ca=True)),
    _Broken("is_not_ca", "basicConstraints says cA", with_basic(ca=True, length=0, critical=False)),
    _Broken("key_usage_is_present", "keyUsage is absent", Changes(without=(x509.KeyUsage,))),
    _Broken("key_usage_is_critical", "keyUsage is not marked", with_usage("digital_signature", critical=False), _CODE),
    _Broken("may_sign", "keyUsage has no digitalSignature", with_usage("content_commitment")),
    *(
        _Broken("has_no_other_key_usage", f"keyUsage has {field}", with_usage("digital_signature", *usages))
        for field, usages in {
            "keyEncipherment": ["key_encipherment"],
            "dataEncipherment": ["data_encipherment"],
            "keyAgreement": ["key_agreement"],
            "keyCertSign": ["key_cert_sign"],
            "cRLSign": ["crl_sign"],
            "keyAgreement, encipherOnly": ["key_agreement", "encipher_only"],
            "keyAgreement, decipherOnly": ["key_agreement", "decipher_only"],
        }.items()
    ),
    *(
        _Broken("extended_key_usage_is_for_code", f"extendedKeyUsage has {field}", with_extended(*usages), _CODE)
        for field, usages in {
            "anyExtendedKeyUsage": [EKU.ANY_EXTENDED_KEY_USAGE],
            "serverAuth": [EKU.CODE_SIGNING, EKU.SERVER_AUTH],
            "clientAuth": [EKU.CLIENT_AUTH, EKU.CODE_SIGNING],
            "emailProtection": [EKU.EMAIL_PROTECTION],
            "timeStamping": [EKU.CODE_SIGNING, EKU.TIME_STAMPING],
            "OCSPSigning": [EKU.CODE_SIGNING, EKU.OCSP_SIGNING],
        }.items()
    ),
    *(
        _Broken("extended_key_usage_is_time_stamping", field, changes, _TIME)
        for field, changes in (
            ("extendedKeyUsage is absent", Changes(without=(x509.ExtendedKeyUsage,))),
            ("extendedKeyUsage is not marked critical", with_extended(EKU.TIME_STAMPING)),
            ("extendedKeyUsage is not timeStamping alone", with_extended(EKU.CODE_SIGNING, critical=True)),
            ("is not timeStamping alone", with_extended(EKU.TIME_STAMPING, EKU.CODE_SIGNING, critical=True)),
        )
    ),
    *(
        _Broken("key_is_supported", f"key of the kind {field} is not supported", Changes(kind=kind))
        for kind, field in {
            "RSA-1024": "RSA with 1024 bits", "EC-192": "EC on secp192r1", "EC-224": "EC on secp224r1",
            "EC-256K": "EC on secp256k1", "Ed25519": "Ed25519", "DSA-2048": "DSA",
        }.items()
    ),
    *(
        _Broken("key_is_supported", "key is malformed or of a kind that is not supported", Changes(swap=((old, new),)))
        for old, new in (
            (bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),  # the algorithm
            (bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177")),  # the curve
            (bytes.fromhex("03420004"), bytes.fromhex("03420005")),  # the form of the point
        )
    ),
    _Broken("extensions_parse", "extensions are malformed", with_raw(_KEY_USAGE, "0500")),
    _Broken("extensions_parse", "extensions are malformed", with_raw(_KEY_USAGE, _ENCIPHER_ONLY)),
    _Broken("extensions_parse", "extensions are malformed", with_raw(_KEY_USAGE, _DECIPHER_ONLY)),
    _Broken("extensions_parse", "extensions are malformed", with_raw(ExtensionOID.BASIC_CONSTRAINTS, "0500")),
    _Broken("extensions_parse", "extensions are malformed", with_raw(ExtensionOID.EXTENDED_KEY_USAGE, "3000ff")),
]  # fmt: skip
_BROKEN_CAS = [
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha224", Changes(hash_algorithm=hashes.SHA224())),
    _Broken("ca_key_is_strong", "key is RSA with 1024 bits, which is weak", Changes(kind="RSA-1024")),
    _Broken("ca_key_is_strong", "key is EC on secp192r1, which is weak", Changes(kind="EC-192")),
    _Broken("ca_key_is_strong", "key is EC on secp224r1, which is weak", Changes(kind="EC-224")),
    _Broken("ca_key_is_strong", "key is EC on secp256k1", Changes(kind="EC-256K")),
    _Broken("ca_key_is_strong", "key is Ed448", Changes(kind="Ed448")),
    _Broken("ca_key_is_strong", "key is DSA", Changes(kind="DSA-2048")),
    _Broken("is_ca", "basicConstraints is absent", Changes(without=(x509.BasicConstraints,))),
    _Broken("is_ca", "basicConstraints does not say cA", with_basic(ca=False)),
    _Broken("is_ca", "basicConstraints does not say cA", with_raw(ExtensionOID.BASIC_CONSTRAINTS, "3000")),
    _Broken(
        "basic_constraints_are_critical",
        "basicConstraints is not marked",
        with_basic(ca=True, critical=False),
    ),
    _Broken("key_usage_is_present", "keyUsage is absent", Changes(without=(x509.KeyUsage,))),
    _Broken(
        "key_usage_is_critical",
        "keyUsage is not marked critical",
        with_usage("key_cert_sign", critical=False),
        _CODE,
    ),
    _Broken("may_sign_certificates", "keyUsage has no keyCertSign", with_usage("digital_signature", "crl_sign")),
    _Broken(
        "extensions_parse",
        "extensions are malformed",
        with_raw(ExtensionOID.BASIC_CONSTRAINTS, "30060101ff0201ff"),
    ),
]


def _each(broken: list[_Broken]) -> list[tuple[_Broken, Purpose]]:
    return [(one, purpose) for one in broken for purpose in one.purposes]


@pytest.mark.requirement(
    "signature:leaf-basic-constraints",
    "signature:leaf-key-usage",
    "signature:leaf-other-key-usages",
    "signature:leaf-extended-key-usage",
    "signature:timestamping-extended-key-usage",
    "signature:key-length",
    "trust:complete-chain",
    "workflow:sign-algorithm",
    "workflow:sign-certificate",
)
@pytest.mark.parametrize(("broken", "purpose"), _each(_BROKEN_LEAVES))
def test_each_rule_refuses_a_leaf(broken: _Broken, purpose: Purpose) -> None:
    """A leaf that breaks one rule is refused by that rule, with its role, its subject and the field."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(purpose=purpose, leaf=broken.changes).ders, purpose)
    error = caught.value
    assert error.rule == broken.rule
    assert error.message.startswith("signing certificate 'CN=wabbit-networks.io,")
    assert broken.field in error.message


@pytest.mark.requirement("signature:ca-basic-constraints", "signature:ca-key-usage", "signature:key-length")
@pytest.mark.parametrize(("broken", "purpose"), _each(_BROKEN_CAS))
@pytest.mark.parametrize(
    ("place", "named"), [(1, "intermediate certificate 1 'CN=Intermediate CA 1,"), (2, "root certificate 'CN=Root CA,")]
)
def test_each_rule_refuses_a_ca(broken: _Broken, purpose: Purpose, place: int, named: str) -> None:
    """An intermediate certificate or a root that breaks one rule is refused by that rule."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(purpose=purpose, cas={place: broken.changes}).ders, purpose)
    error = caught.value
    assert error.rule == broken.rule
    assert error.message.startswith(named)
    assert broken.field in error.message


@pytest.mark.requirement("signature:no-sha1")
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("ca_kind", ["EC-256", "RSA-2048"])
@pytest.mark.parametrize(("place", "role"), [(0, "signing"), (1, "intermediate"), (2, "root")])
def test_sha1_signature_is_refused(purpose: Purpose, ca_kind: str, place: int, role: str) -> None:
    """A certificate signed with SHA-1 is refused for that, wherever it stands."""
    with pytest.raises(CertificateError) as caught:
        check_chain(sha1_signed(make_chain(purpose=purpose, ca_kind=ca_kind), place).ders, purpose)
    error = caught.value
    assert error.rule == "hash_is_allowed"
    assert error.message.startswith(f"{role} certificate")
    assert "sha1" in error.message


@pytest.mark.requirement("signature:ca-path-length")
@pytest.mark.parametrize("purpose", PURPOSES)
def test_path_length_counts_the_intermediates_below(purpose: Purpose) -> None:
    """A path length of exactly the number of intermediate certificates below passes, and one less does not."""
    for place, below in ((1, 0), (2, 1), (3, 2)):
        for allowed in (below, below + 1, 2**40):
            check_chain(
                make_chain(length=4, purpose=purpose, cas={place: with_basic(ca=True, length=allowed)}).ders,
                purpose,
            )
    for place, below in ((2, 1), (3, 2)):
        with pytest.raises(CertificateError) as caught:
            check_chain(
                make_chain(length=4, purpose=purpose, cas={place: with_basic(ca=True, length=below - 1)}).ders,
                purpose,
            )
        error = caught.value
        assert error.rule == "path_length_suffices"
        assert (
            f"pathLenConstraint allows {below - 1} intermediate certificates below, there are {below}" in error.message
        )


@pytest.mark.parametrize("purpose", PURPOSES)
def test_duplicate_extension_is_refused(purpose: Purpose) -> None:
    """A second key usage is refused, whatever it says."""
    second = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.77"), bytes.fromhex("03020780"))
    changes = Changes(put=((second, True),), swap=((bytes.fromhex("551d4d"), bytes.fromhex("551d0f")),))
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(purpose=purpose, leaf=changes).ders, purpose)
    error = caught.value
    assert error.rule == "extensions_parse"
    assert "Duplicate 2.5.29.15" in error.message


@pytest.mark.requirement("signature:other-extensions-are-ignored")
@pytest.mark.parametrize(("broken", "purpose"), _each(_BROKEN_LEAVES[2:14]))
def test_malformed_extension_hides_no_other(broken: _Broken, purpose: Purpose) -> None:
    """A malformed extension that does not count does not keep the three that do from being looked at."""
    garbage = with_raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "ff").put
    changes = Changes(put=(*broken.changes.put, *garbage), without=broken.changes.without)
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(purpose=purpose, leaf=changes).ders, purpose)
    error = caught.value
    assert error.rule == broken.rule
    assert broken.field in error.message


@pytest.mark.requirement("signature:chain-has-a-root")
def test_single_certificate_is_checked_as_a_leaf() -> None:
    """A chain of one certificate is looked at as a leaf, and a CA alone is refused."""
    for purpose in PURPOSES:
        assert check_chain(make_chain(length=1, purpose=purpose).ders, purpose)
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(length=1, leaf=with_basic(ca=True)).ders, "code signing")
    error = caught.value
    assert error.rule == "is_not_ca"


@pytest.mark.requirement(
    "jws:code-signing-certificate",
    "signature:leaf-extended-key-usage",
    "signature:timestamping-extended-key-usage",
)
def test_chain_of_another_purpose_is_refused() -> None:
    """A code signing chain is none for timestamping, and the other way round."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain().ders, "timestamping")
    assert caught.value.rule == "extended_key_usage_is_time_stamping"
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(purpose="timestamping").ders, "code signing")
    assert caught.value.rule == "extended_key_usage_is_for_code"


def test_message_stays_on_one_line() -> None:
    """A subject with a line end in it does not break the message into two."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(subject=name("one\ntwo"), leaf=Changes(without=(x509.KeyUsage,))).ders, "code signing")
    error = caught.value
    assert "\n" not in error.one_line()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_other_salt_length_is_refused(place: int) -> None:
    """A certificate under a PSS signature with another salt than the hash's length is refused."""
    changes = Changes(pss=True, salt=20, signed_by=_RSA)
    chain = make_chain(leaf=changes) if place == 0 else make_chain(cas={place: changes})
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders)
    assert caught.value.rule == "hash_is_allowed"


def test_version_1_is_refused() -> None:
    """A certificate of version 1, which has no extensions by right, is refused whatever extensions it has."""
    chain = make_chain(length=1)
    tbs = chain.certificates[0].tbs_certificate_bytes
    start = tbs.index(_VERSION_3)
    without = sequence(tbs[start + len(_VERSION_3) :])
    der = signed_again(chain.ders[0], without, chain.leaf_key, hashes.SHA256())
    with pytest.raises(CertificateError) as caught:
        check_chain([der])
    assert caught.value.rule == "is_version_3"
