"""Each certificate requirement, broken alone: the rule is named, and so are the certificate and the field."""

from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from notarykit.errors import CertificateError
from notarykit.keys.chain import Purpose, check_chain
from tests.support.ca import Changes, TestChain, crl_at, key_usage, make_chain, name, new_key, ocsp_at, sha1_signed
from tests.support.der import sequence, signed_again

_PURPOSES: tuple[Purpose, ...] = ("code signing", "timestamping")
_CODE, _TIME = (_PURPOSES[:1], _PURPOSES[1:])


def _raw(oid: x509.ObjectIdentifier, der: str, *, critical: bool = True) -> Changes:
    return Changes(put=((x509.UnrecognizedExtension(oid, bytes.fromhex(der)), critical),))


def _basic(*, ca: bool, length: int | None = None, critical: bool = True) -> Changes:
    return Changes(put=((x509.BasicConstraints(ca, length), critical),))


def _usage(*usages: str, critical: bool = True) -> Changes:
    return Changes(put=((key_usage(*usages), critical),))


def _extended(*usages: x509.ObjectIdentifier, critical: bool = False) -> Changes:
    return Changes(put=((x509.ExtendedKeyUsage(list(usages)), critical),))


class _Broken(NamedTuple):
    rule: str
    field: str
    changes: Changes
    purposes: tuple[Purpose, ...] = _PURPOSES


_EKU = ExtendedKeyUsageOID
_KEY_USAGE = ExtensionOID.KEY_USAGE
# Bit strings of the DER: digitalSignature with encipherOnly, or with decipherOnly, and no keyAgreement.
_ENCIPHER_ONLY, _DECIPHER_ONLY = "03020081", "0303078080"

_VERSION_3 = bytes.fromhex("a003020102")
_RSA = new_key("RSA-2048", 7)

_LEAVES = [
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha224", Changes(hash_algorithm=hashes.SHA224())),
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha3-256", Changes(hash_algorithm=hashes.SHA3_256())),
    _Broken("is_not_ca", "basicConstraints says cA", _basic(ca=True)),
    _Broken("is_not_ca", "basicConstraints says cA", _basic(ca=True, length=0, critical=False)),
    _Broken("key_usage_is_present", "keyUsage is absent", Changes(without=(x509.KeyUsage,))),
    _Broken("key_usage_is_critical", "keyUsage is not marked", _usage("digital_signature", critical=False), _CODE),
    _Broken("may_sign", "keyUsage has no digitalSignature", _usage("content_commitment")),
    *(
        _Broken("has_no_other_key_usage", f"keyUsage has {field}", _usage("digital_signature", *usages))
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
        _Broken("extended_key_usage_is_for_code", f"extendedKeyUsage has {field}", _extended(*usages), _CODE)
        for field, usages in {
            "anyExtendedKeyUsage": [_EKU.ANY_EXTENDED_KEY_USAGE],
            "serverAuth": [_EKU.CODE_SIGNING, _EKU.SERVER_AUTH],
            "clientAuth": [_EKU.CLIENT_AUTH, _EKU.CODE_SIGNING],
            "emailProtection": [_EKU.EMAIL_PROTECTION],
            "timeStamping": [_EKU.CODE_SIGNING, _EKU.TIME_STAMPING],
            "OCSPSigning": [_EKU.CODE_SIGNING, _EKU.OCSP_SIGNING],
        }.items()
    ),
    *(
        _Broken("extended_key_usage_is_time_stamping", field, changes, _TIME)
        for field, changes in (
            ("extendedKeyUsage is absent", Changes(without=(x509.ExtendedKeyUsage,))),
            ("extendedKeyUsage is not marked critical", _extended(_EKU.TIME_STAMPING)),
            ("extendedKeyUsage is not timeStamping alone", _extended(_EKU.CODE_SIGNING, critical=True)),
            ("is not timeStamping alone", _extended(_EKU.TIME_STAMPING, _EKU.CODE_SIGNING, critical=True)),
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
    _Broken("extensions_parse", "extensions are malformed", _raw(_KEY_USAGE, "0500")),
    _Broken("extensions_parse", "extensions are malformed", _raw(_KEY_USAGE, _ENCIPHER_ONLY)),
    _Broken("extensions_parse", "extensions are malformed", _raw(_KEY_USAGE, _DECIPHER_ONLY)),
    _Broken("extensions_parse", "extensions are malformed", _raw(ExtensionOID.BASIC_CONSTRAINTS, "0500")),
    _Broken("extensions_parse", "extensions are malformed", _raw(ExtensionOID.EXTENDED_KEY_USAGE, "3000ff")),
]  # fmt: skip

_CAS = [
    _Broken("hash_is_allowed", "signatureAlgorithm uses sha224", Changes(hash_algorithm=hashes.SHA224())),
    _Broken("ca_key_is_strong", "key is RSA with 1024 bits, which is weak", Changes(kind="RSA-1024")),
    _Broken("ca_key_is_strong", "key is EC on secp192r1, which is weak", Changes(kind="EC-192")),
    _Broken("ca_key_is_strong", "key is EC on secp224r1, which is weak", Changes(kind="EC-224")),
    _Broken("ca_key_is_strong", "key is EC on secp256k1", Changes(kind="EC-256K")),
    _Broken("ca_key_is_strong", "key is Ed448", Changes(kind="Ed448")),
    _Broken("ca_key_is_strong", "key is DSA", Changes(kind="DSA-2048")),
    _Broken("is_ca", "basicConstraints is absent", Changes(without=(x509.BasicConstraints,))),
    _Broken("is_ca", "basicConstraints does not say cA", _basic(ca=False)),
    _Broken("is_ca", "basicConstraints does not say cA", _raw(ExtensionOID.BASIC_CONSTRAINTS, "3000")),
    _Broken("basic_constraints_are_critical", "basicConstraints is not marked", _basic(ca=True, critical=False)),
    _Broken("key_usage_is_present", "keyUsage is absent", Changes(without=(x509.KeyUsage,))),
    _Broken("key_usage_is_critical", "keyUsage is not marked critical", _usage("key_cert_sign", critical=False), _CODE),
    _Broken("may_sign_certificates", "keyUsage has no keyCertSign", _usage("digital_signature", "crl_sign")),
    _Broken("extensions_parse", "extensions are malformed", _raw(ExtensionOID.BASIC_CONSTRAINTS, "30060101ff0201ff")),
]


def _each(broken: list[_Broken]) -> list[tuple[_Broken, Purpose]]:
    return [(one, purpose) for one in broken for purpose in one.purposes]


def _refused(chain: TestChain, purpose: Purpose) -> CertificateError:
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders, purpose)
    return caught.value


@pytest.mark.parametrize(("broken", "purpose"), _each(_LEAVES))
def test_each_rule_for_the_leaf(broken: _Broken, purpose: Purpose) -> None:
    """A leaf that breaks one rule is refused by that rule, with its role, its subject and the field."""
    error = _refused(make_chain(purpose=purpose, leaf=broken.changes), purpose)
    assert error.rule == broken.rule
    assert error.message.startswith("signing certificate 'CN=wabbit-networks.io,")
    assert broken.field in error.message


@pytest.mark.parametrize(("broken", "purpose"), _each(_CAS))
@pytest.mark.parametrize(
    ("place", "named"), [(1, "intermediate certificate 1 'CN=Intermediate CA 1,"), (2, "root certificate 'CN=Root CA,")]
)
def test_each_rule_for_a_ca(broken: _Broken, purpose: Purpose, place: int, named: str) -> None:
    """An intermediate certificate or a root that breaks one rule is refused by that rule."""
    error = _refused(make_chain(purpose=purpose, cas={place: broken.changes}), purpose)
    assert error.rule == broken.rule
    assert error.message.startswith(named)
    assert broken.field in error.message


@pytest.mark.parametrize("purpose", _PURPOSES)
@pytest.mark.parametrize("ca_kind", ["EC-256", "RSA-2048"])
@pytest.mark.parametrize(("place", "role"), [(0, "signing"), (1, "intermediate"), (2, "root")])
def test_no_certificate_is_signed_with_sha1(purpose: Purpose, ca_kind: str, place: int, role: str) -> None:
    """A certificate signed with SHA-1 is refused for that, wherever it stands."""
    error = _refused(sha1_signed(make_chain(purpose=purpose, ca_kind=ca_kind), place), purpose)
    assert error.rule == "hash_is_allowed"
    assert error.message.startswith(f"{role} certificate")
    assert "sha1" in error.message


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_path_length_counts_the_intermediates_below(purpose: Purpose) -> None:
    """A path length of exactly the number of intermediate certificates below passes, and one less does not."""
    for place, below in ((1, 0), (2, 1), (3, 2)):
        for allowed in (below, below + 1, 2**40):
            check_chain(
                make_chain(length=4, purpose=purpose, cas={place: _basic(ca=True, length=allowed)}).ders, purpose
            )
    for place, below in ((2, 1), (3, 2)):
        error = _refused(make_chain(length=4, purpose=purpose, cas={place: _basic(ca=True, length=below - 1)}), purpose)
        assert error.rule == "path_length_suffices"
        assert (
            f"pathLenConstraint allows {below - 1} intermediate certificates below, there are {below}" in error.message
        )


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_an_extension_that_counts_may_not_occur_twice(purpose: Purpose) -> None:
    """A second key usage is refused, whatever it says."""
    second = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.77"), bytes.fromhex("03020780"))
    changes = Changes(put=((second, True),), swap=((bytes.fromhex("551d4d"), bytes.fromhex("551d0f")),))
    error = _refused(make_chain(purpose=purpose, leaf=changes), purpose)
    assert error.rule == "extensions_parse"
    assert "Duplicate 2.5.29.15" in error.message


_SAN = x509.SubjectAlternativeName([x509.DNSName("xxxx.example")])
_OPEN = [
    Changes(put=(ocsp_at("http://127.0.0.1:9/ocsp"), crl_at("http://127.0.0.1:9/crl"))),
    Changes(put=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"anything"), True),)),
    _raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "3003a30130"),  # an x400Address
    _raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "3003870101"),  # an IP address of one byte
    _raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "ff"),
    Changes(put=((_SAN, False),), swap=((b"xxxx.ex", b"\xff\xffxx.ex"),)),
    *(
        _raw(oid, "0500", critical=critical)
        for critical in (True, False)
        for oid in (
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS, ExtensionOID.CRL_DISTRIBUTION_POINTS,
            ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.CERTIFICATE_POLICIES, ExtensionOID.POLICY_CONSTRAINTS,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("changes", _OPEN)
@pytest.mark.parametrize("purpose", _PURPOSES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_all_other_extensions_fail_open(changes: Changes, purpose: Purpose, place: int) -> None:
    """An extension that does not count passes, critical or not, known or not, and malformed too."""
    chain = make_chain(purpose=purpose, leaf=Changes() if place else changes, cas={place: changes})
    assert check_chain(chain.ders, purpose).ders == chain.ders


@pytest.mark.parametrize(("broken", "purpose"), _each(_LEAVES[2:14]))
def test_an_unreadable_extension_hides_no_other(broken: _Broken, purpose: Purpose) -> None:
    """A malformed extension that does not count does not keep the three that do from being looked at."""
    garbage = _raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, "ff").put
    changes = Changes(put=(*broken.changes.put, *garbage), without=broken.changes.without)
    error = _refused(make_chain(purpose=purpose, leaf=changes), purpose)
    assert error.rule == broken.rule
    assert broken.field in error.message


@pytest.mark.parametrize(
    "changes",
    [
        Changes(without=(x509.ExtendedKeyUsage,)),
        _extended(_EKU.CODE_SIGNING, critical=True),
        _extended(_EKU.CODE_SIGNING, x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.13")),
        _extended(x509.ObjectIdentifier("1.2.3.4")),
        _basic(ca=False),
        _basic(ca=False, critical=False),
        _usage("digital_signature", "content_commitment"),
    ],
)
def test_what_a_code_signing_leaf_may_have(changes: Changes) -> None:
    """What the specification leaves open for a leaf passes."""
    assert check_chain(make_chain(leaf=changes).ders)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_timestamping_key_usage_need_not_be_critical(place: int) -> None:
    """For timestamping, key usage should be critical but need not."""
    leaf = _usage("digital_signature", critical=False) if not place else Changes()
    cas = {place: _usage("key_cert_sign", critical=False)}
    assert check_chain(make_chain(purpose="timestamping", leaf=leaf, cas=cas).ders, "timestamping")


@pytest.mark.parametrize("kind", ["Ed25519", "RSA-2048", "RSA-3072", "EC-384", "EC-521"])
def test_keys_that_a_ca_may_have(kind: str) -> None:
    """A CA's key may be of another kind than the leaf's, and longer."""
    assert check_chain(make_chain(ca_kind=kind).ders).key_spec.name == "EC-256"


@pytest.mark.parametrize("hash_algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("pss", [True, False])
def test_signatures_that_a_certificate_may_have(hash_algorithm: hashes.HashAlgorithm, pss: bool) -> None:
    """Certificates may be signed with each SHA-2, with RSA in both paddings."""
    changes = Changes(hash_algorithm=hash_algorithm, pss=pss)
    assert check_chain(make_chain(ca_kind="RSA-2048", leaf=changes, cas={1: changes, 2: changes}).ders)


def test_a_single_certificate_keeps_the_rules_of_a_leaf() -> None:
    """A chain of one certificate is looked at as a leaf, and a CA alone is refused."""
    for purpose in _PURPOSES:
        assert check_chain(make_chain(length=1, purpose=purpose).ders, purpose)
    error = _refused(make_chain(length=1, leaf=_basic(ca=True)), "code signing")
    assert error.rule == "is_not_ca"


def test_a_certificate_of_one_purpose_has_not_the_other() -> None:
    """A code signing chain is none for timestamping, and the other way round."""
    assert _refused(make_chain(), "timestamping").rule == "extended_key_usage_is_time_stamping"
    assert _refused(make_chain(purpose="timestamping"), "code signing").rule == "extended_key_usage_is_for_code"


def test_a_message_stays_on_one_line() -> None:
    """A subject with a line end in it does not break the message into two."""
    error = _refused(make_chain(subject=name("one\ntwo"), leaf=Changes(without=(x509.KeyUsage,))), "code signing")
    assert "\n" not in error.one_line()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_salt_of_another_length(place: int) -> None:
    """A certificate under a PSS signature with another salt than the hash's length is refused."""
    changes = Changes(pss=True, salt=20, signed_by=_RSA)
    chain = make_chain(leaf=changes) if place == 0 else make_chain(cas={place: changes})
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders)
    assert caught.value.rule == "hash_is_allowed"


def test_version_1() -> None:
    """A certificate of version 1, which has no extensions by right, is refused whatever extensions it has."""
    chain = make_chain(length=1)
    tbs = chain.certificates[0].tbs_certificate_bytes
    start = tbs.index(_VERSION_3)
    without = sequence(tbs[start + len(_VERSION_3) :])
    der = signed_again(chain.ders[0], without, chain.leaf_key, hashes.SHA256())
    with pytest.raises(CertificateError) as caught:
        check_chain([der])
    assert caught.value.rule == "is_version_3"
