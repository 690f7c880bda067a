"""The lint: every rule that certificates break, each once, with the field and the fix; nothing where none is broken."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import CertificateError
from notarykit.keys import lint as module
from notarykit.keys import requirements
from notarykit.keys.chain import LONGEST_CHAIN, Purpose, check_chain
from notarykit.keys.lint import Finding, lint
from tests.support.ca import SPECS, Changes, TestChain, key_usage, make_chain, name, sha1_signed
from tests.support.der import sequence, signed_again

_CODE: Purpose = "code signing"
_TIME: Purpose = "timestamping"
_PURPOSES: tuple[Purpose, ...] = (_CODE, _TIME)
_LEAF_NAME = "CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US"
_EKU = ExtendedKeyUsageOID


def _put(extension: x509.ExtensionType, *, critical: bool = True) -> Changes:
    return Changes(put=((extension, critical),))


def _raw(oid: x509.ObjectIdentifier, der: bytes) -> Changes:
    return _put(x509.UnrecognizedExtension(oid, der))


# A key of an algorithm, on a curve, or of a form that nobody knows.
_STRANGE_KEYS = tuple(
    Changes(swap=((bytes.fromhex(old), bytes.fromhex(new)),))
    for old, new in (
        ("06072a8648ce3d0201", "06072a8648ce3d0277"),
        ("2a8648ce3d030107", "2a8648ce3d030177"),
        ("03420004", "03420005"),
    )
)
_SHA224 = Changes(hash_algorithm=hashes.SHA224())
_NO_KEY_USAGE = Changes(without=(x509.KeyUsage,))
_MALFORMED = _raw(ExtensionOID.KEY_USAGE, b"\5\0")


class _Broken(NamedTuple):
    """One rule and its field, a change that breaks it, and the purposes that have it."""

    rule: str
    field: str
    changes: Changes
    purposes: tuple[Purpose, ...] = _PURPOSES

    def __str__(self) -> str:
        return self.rule


_LEAVES = (
    _Broken("hash_is_allowed", "signatureAlgorithm", _SHA224),
    _Broken("is_not_ca", "basicConstraints", _put(x509.BasicConstraints(ca=True, path_length=None))),
    _Broken("key_usage_is_present", "keyUsage", _NO_KEY_USAGE),
    _Broken("key_usage_is_critical", "keyUsage", _put(key_usage("digital_signature"), critical=False), (_CODE,)),
    _Broken("may_sign", "keyUsage", _put(key_usage("content_commitment"))),
    _Broken("has_no_other_key_usage", "keyUsage", _put(key_usage("digital_signature", "crl_sign"))),
    _Broken("key_is_supported", "subjectPublicKey", Changes(kind="EC-224")),
    _Broken("key_is_supported", "subjectPublicKey", Changes(kind="RSA-1024")),
    *(_Broken("key_is_supported", "subjectPublicKey", changes) for changes in _STRANGE_KEYS),
    _Broken(
        "extended_key_usage_is_for_code",
        "extendedKeyUsage",
        _put(x509.ExtendedKeyUsage([_EKU.CODE_SIGNING, _EKU.SERVER_AUTH])),
        (_CODE,),
    ),
    _Broken(
        "extended_key_usage_is_time_stamping", "extendedKeyUsage", Changes(without=(x509.ExtendedKeyUsage,)), (_TIME,)
    ),
    _Broken("extensions_parse", "extensions", _MALFORMED),
)
_CAS = (
    _Broken("hash_is_allowed", "signatureAlgorithm", _SHA224),
    _Broken("ca_key_is_strong", "subjectPublicKey", Changes(kind="EC-224")),
    _Broken("ca_key_is_strong", "subjectPublicKey", Changes(kind="RSA-1024")),
    _Broken("is_ca", "basicConstraints", Changes(without=(x509.BasicConstraints,))),
    _Broken("is_ca", "basicConstraints", _put(x509.BasicConstraints(ca=False, path_length=None))),
    _Broken(
        "basic_constraints_are_critical",
        "basicConstraints",
        _put(x509.BasicConstraints(ca=True, path_length=None), critical=False),
    ),
    _Broken("key_usage_is_present", "keyUsage", _NO_KEY_USAGE),
    _Broken("key_usage_is_critical", "keyUsage", _put(key_usage("key_cert_sign"), critical=False), (_CODE,)),
    _Broken("may_sign_certificates", "keyUsage", _put(key_usage("crl_sign"))),
    _Broken("extensions_parse", "extensions", _MALFORMED),
)


def _each(broken: Sequence[_Broken]) -> list[tuple[_Broken, Purpose]]:
    return [(one, purpose) for one in broken for purpose in one.purposes]


def _only(ders: Sequence[bytes], purpose: Purpose = _CODE) -> Finding:
    (finding,) = lint(ders, purpose)
    assert finding.problem
    assert finding.fix
    return finding


@pytest.mark.parametrize("purpose", _PURPOSES)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("spec", SPECS)
def test_nothing_is_wrong_with_good_chains(spec: str, length: int, purpose: Purpose) -> None:
    """A chain that keeps every rule has no findings."""
    assert lint(make_chain(spec, length, purpose=purpose).ders, purpose) == []


@pytest.mark.parametrize(("broken", "purpose"), _each(_LEAVES), ids=str)
def test_each_rule_for_the_leaf(broken: _Broken, purpose: Purpose) -> None:
    """A leaf that breaks one rule is found to break that one and no other, with its subject, the field and a fix."""
    finding = _only(make_chain(purpose=purpose, leaf=broken.changes).ders, purpose)
    assert finding[:3] == (_LEAF_NAME, broken.rule, broken.field)


@pytest.mark.parametrize(("broken", "purpose"), _each(_CAS), ids=str)
@pytest.mark.parametrize("place", [1, 2])
def test_each_rule_for_a_ca(broken: _Broken, purpose: Purpose, place: int) -> None:
    """So is an intermediate certificate, and a root."""
    chain = make_chain(purpose=purpose, cas={place: broken.changes})
    finding = _only(chain.ders, purpose)
    assert finding[:3] == (chain.subjects[place].rfc4514_string(), broken.rule, broken.field)


_OWN = x509.SubjectKeyIdentifier(b"\1" * 20)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (x509.AuthorityKeyIdentifier(b"\1" * 20, None, None), None),
        (x509.AuthorityKeyIdentifier(None, None, None), None),
        (
            x509.AuthorityKeyIdentifier(b"\2" * 20, None, None),
            f"{'02' * 20}, and the issuer {'01' * 20}",
        ),
        (x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(name("CA"))], 7), "by another serial number"),
    ],
)
def test_whom_a_certificate_names_as_its_authority(
    place: int, said: x509.AuthorityKeyIdentifier, problem: str | None
) -> None:
    """An authority key identifier that is not the issuer's own is found, as `openssl verify` goes by it."""
    changes: dict[int, list[tuple[x509.ExtensionType, bool]]] = {0: [], 1: [], 2: []}
    changes[min(place + 1, 2)].append((_OWN, False))
    changes[place].append((said, False))
    made = {at: Changes(put=tuple(put)) for at, put in changes.items()}
    chain = make_chain(leaf=made[0], cas={1: made[1], 2: made[2]})
    if problem is None:
        assert lint(chain.ders) == []
        return
    finding = _only(chain.ders)
    names = [_LEAF_NAME, *(subject.rfc4514_string() for subject in chain.subjects[1:])]
    assert finding[:3] == (names[place], "authority_is_identified", "authorityKeyIdentifier")
    assert problem in finding.problem


def test_identifiers_that_cannot_be_read() -> None:
    """What is malformed identifies nobody, and is in nobody's way: only three extensions count."""
    malformed = _raw(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, b"\5\0")
    assert lint(make_chain(leaf=malformed, cas={1: _put(_OWN, critical=False)}).ders) == []


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("changes", _STRANGE_KEYS)
def test_a_ca_key_that_nobody_can_read(changes: Changes, place: int) -> None:
    """A CA's key of an unknown kind is found, and so is that it cannot have issued what is below it."""
    chain = make_chain(cas={place: changes})
    found = {(each.certificate, each.rule) for each in lint(chain.ders)}
    names = [subject.rfc4514_string() for subject in chain.subjects]
    assert (names[place], "ca_key_is_strong") in found
    assert (names[place - 1], "ordered_and_related") in found
    assert not [each for each in found if each[0] not in names[place - 1 : place + 1]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_sha1(place: int) -> None:
    """A certificate that is signed with SHA-1 is found, and nobody else."""
    chain = sha1_signed(make_chain(), place)
    found = [each for each in lint(chain.ders) if each.rule == "hash_is_allowed"]
    assert [each.certificate for each in found] == [chain.subjects[place].rfc4514_string()]
    assert "sha1" in found[0].problem


def test_version_1() -> None:
    """A certificate of version 1 is found, whatever extensions it has."""
    chain = make_chain(length=1)
    tbs = chain.certificates[0].tbs_certificate_bytes
    version = bytes.fromhex("a003020102")
    der = signed_again(
        chain.ders[0], sequence(tbs[tbs.index(version) + len(version) :]), chain.leaf_key, hashes.SHA256()
    )
    assert _only([der])[:3] == (chain.subjects[0].rfc4514_string(), "is_version_3", "version")


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_path_lengths(purpose: Purpose) -> None:
    """A path length is found where one more certificate stands below than it allows, and not before."""
    for place in (1, 2, 3):
        for allowed in (0, 1, 2):
            changes = _put(x509.BasicConstraints(ca=True, path_length=allowed))
            found = lint(make_chain(length=4, purpose=purpose, cas={place: changes}).ders, purpose)
            wanted = ["path_length_suffices"] if place - 1 > allowed else []
            assert [each.rule for each in found] == wanted


def test_several_at_once() -> None:
    """All rules that are broken are found, in all certificates."""
    leaf = Changes(
        kind="EC-224",
        hash_algorithm=hashes.SHA224(),
        put=(
            (x509.BasicConstraints(ca=True, path_length=None), False),
            (key_usage("crl_sign"), False),
            (x509.ExtendedKeyUsage([_EKU.SERVER_AUTH]), False),
        ),
    )
    cas = {1: Changes(kind="EC-192", put=((key_usage("crl_sign"), False),)), 2: _NO_KEY_USAGE}
    chain = make_chain(leaf=leaf, cas=cas)
    found: dict[str, set[str]] = {}
    for each in lint(chain.ders):
        found.setdefault(each.certificate, set()).add(each.rule)
    assert found == {
        chain.subjects[0].rfc4514_string(): {
            "key_is_supported", "hash_is_allowed", "is_not_ca", "may_sign", "has_no_other_key_usage",
            "key_usage_is_critical", "extended_key_usage_is_for_code",
        },
        chain.subjects[1].rfc4514_string(): {"ca_key_is_strong", "may_sign_certificates", "key_usage_is_critical"},
        chain.subjects[2].rfc4514_string(): {"key_usage_is_present"},
    }  # fmt: skip


def test_every_rule_has_a_field_and_a_fix() -> None:
    """No rule that a certificate or a chain can break is without advice."""
    checks = (
        *requirements.CODE_SIGNING_LEAF,
        *requirements.CODE_SIGNING_CA,
        *requirements.TIMESTAMPING_LEAF,
        *requirements.TIMESTAMPING_CA,
    )
    of_chains = {"certificate_parses", "extensions_parse", "one_root", "ends_with_root", "ordered_and_related"}
    for rule in {check.__name__ for check in checks} | of_chains:
        field, fix = module._FIXES[rule]
        assert field
        assert fix


_GOOD = make_chain(length=4)
_OTHER = make_chain(length=4, subject=name("other"))
_LEAF, _LOWER, _UPPER, _ROOT = _GOOD.ders
_NAMES = [subject.rfc4514_string() for subject in _GOOD.subjects]


@pytest.mark.parametrize(
    ("ders", "wanted"),
    [
        ((_LEAF, _LOWER, _UPPER), [(_NAMES[2], "ends_with_root")]),
        ((_LEAF,), [(_NAMES[0], "ends_with_root")]),
        ((_LEAF, _UPPER, _ROOT), [(_NAMES[0], "ordered_and_related")]),
        ((_LEAF, _LOWER, _ROOT), [(_NAMES[1], "ordered_and_related")]),
        ((_LEAF, _LOWER, _UPPER, _ROOT, _OTHER.ders[3]), [(_NAMES[3], "one_root")]),
        ((_LEAF, _LOWER, _UPPER, _ROOT, _ROOT), [(_NAMES[3], "one_root")]),
        ((_LEAF, _LOWER, _UPPER, _OTHER.ders[3]), [(_NAMES[2], "ordered_and_related")]),
        (
            (_LEAF, _UPPER, _LOWER, _ROOT),
            [
                (_NAMES[0], "ordered_and_related"),
                (_NAMES[2], "ordered_and_related"),
                (_NAMES[1], "ordered_and_related"),
            ],
        ),
    ],
)
def test_chains_out_of_order(ders: tuple[bytes, ...], wanted: list[tuple[str, str]]) -> None:
    """What is missing, out of order, or beyond the root is found at its certificate, and nothing else."""
    findings = lint(ders)
    assert [(each.certificate, each.rule) for each in findings] == wanted
    assert {each.field for each in findings} == {"chain"}
    assert all(each.problem and each.fix for each in findings)


def test_a_chain_the_other_way_round() -> None:
    """A chain with the root first has a root that others follow, CAs in the leaf's place and a leaf in a CA's."""
    found = {(each.certificate, each.rule) for each in lint((_ROOT, _UPPER, _LOWER, _LEAF))}
    assert found >= {(_NAMES[3], "one_root"), (_NAMES[3], "is_not_ca"), (_NAMES[0], "is_ca")}
    assert (_NAMES[0], "ends_with_root") in found


@pytest.mark.parametrize("garbage", [b"", b"x", b"0\0", _LEAF[:-1], _LEAF + b"\0", _GOOD.pems[0]])
def test_what_is_no_certificate(garbage: bytes) -> None:
    """What cannot be read is found by its number, and the others are judged all the same."""
    assert _only([garbage])[:3] == ("certificate 1", "certificate_parses", "certificate")
    finding = _only([*_GOOD.ders, garbage])
    assert finding[:2] == ("certificate 5", "certificate_parses")
    broken = make_chain(leaf=_SHA224).ders
    assert [each.rule for each in lint([*broken, garbage])] == ["certificate_parses", "hash_is_allowed"]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_the_places_of_the_others(place: int) -> None:
    """A certificate that cannot be read keeps its place: the others are not judged as what they are not."""
    assert _only(_with(_GOOD, place, b"x"))[:2] == (f"certificate {place + 1}", "certificate_parses")


@pytest.mark.parametrize("purpose", _PURPOSES)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_single_ca(place: int, purpose: Purpose) -> None:
    """A CA's certificate alone is judged as a CA's, without the rest of its chain."""
    assert lint([_GOOD.ders[place]], purpose) == []


@pytest.mark.parametrize(("broken", "purpose"), _each([each for each in _CAS if each.rule != "is_ca"][:-1]), ids=str)
@pytest.mark.parametrize("place", [1, 2])
def test_a_single_ca_that_breaks_a_rule(broken: _Broken, purpose: Purpose, place: int) -> None:
    """A CA's certificate alone is found to break what it breaks in its chain."""
    chain = make_chain(cas={place: broken.changes})
    finding = _only([chain.ders[place]], purpose)
    assert finding[:3] == (chain.subjects[place].rfc4514_string(), broken.rule, broken.field)


def test_a_single_leaf() -> None:
    """A self-signed code signing certificate is a chain, and one that says CA is judged as a CA's."""
    assert lint(make_chain(length=1).ders) == []
    ca = Changes(put=((x509.BasicConstraints(ca=True, path_length=None), True),))
    assert [each.rule for each in lint(make_chain(length=1, leaf=ca).ders)] == ["may_sign_certificates"]


def test_purposes_are_kept_apart() -> None:
    """A chain for one purpose has findings for the other."""
    assert _only(make_chain().ders, _TIME).rule == "extended_key_usage_is_time_stamping"
    assert _only(make_chain(purpose=_TIME).ders, _CODE).rule == "extended_key_usage_is_for_code"


def test_the_longest_chain() -> None:
    """A chain that is longer than any verifier reads is found, and one that is as long is not."""
    chain = make_chain(length=LONGEST_CHAIN + 1)
    assert lint(chain.ders)
    assert lint(make_chain(length=LONGEST_CHAIN).ders) == []


def test_a_chain_that_is_too_large() -> None:
    """A chain of more bytes than any verifier reads is found."""
    padding = Changes(put=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(70_000)), False),))
    chain = make_chain(leaf=padding)
    with pytest.raises(CertificateError):
        check_chain(chain.ders)
    assert lint(chain.ders)


def test_no_certificate_at_all() -> None:
    """Nothing is no chain."""
    assert lint([])


_POOL = (
    *(each.changes for each in (*_LEAVES, *_CAS) if each.changes not in _STRANGE_KEYS),
    _put(x509.BasicConstraints(ca=True, path_length=0)),
    _put(x509.BasicConstraints(ca=True, path_length=1)),
    _put(x509.ExtendedKeyUsage([_EKU.CODE_SIGNING])),
    _put(x509.ExtendedKeyUsage([_EKU.TIME_STAMPING]), critical=False),
    _put(key_usage("digital_signature", "content_commitment")),
    _put(key_usage("digital_signature", "key_cert_sign")),
    _raw(x509.ObjectIdentifier("1.2.3.4"), b"anything"),
    Changes(issuer=name("Somebody Else")),
    Changes(kind="Ed25519"),
    Changes(kind="RSA-2048"),
    Changes(without=(x509.ExtendedKeyUsage,)),
)


def _changed_byte(der: bytes, thousandth: int, change: int) -> bytes:
    place = len(der) * thousandth // 1000
    return der[:place] + bytes((der[place] ^ change,)) + der[place + 1 :]


@st.composite
def _mutants(draw: st.DrawFn) -> tuple[tuple[bytes, ...], Purpose]:
    """Certificates for a purpose: a chain with none to three changes in its certificates or in its order."""
    purpose = draw(st.sampled_from(_PURPOSES))
    length = draw(st.integers(1, 4))
    changes = draw(st.dictionaries(st.integers(0, length - 1), st.sampled_from(_POOL), max_size=2))
    made = make_chain(length=length, purpose=purpose, leaf=changes.get(0, Changes()), cas=changes)
    ders = list(made.ders)
    way = draw(st.sampled_from(["keep", "keep", "keep", "drop", "double", "shuffle", "add", "bytes", "purpose"]))
    place = draw(st.integers(0, length - 1))
    if way == "drop" and length > 1:
        del ders[place]
    elif way == "double":
        ders.insert(place, ders[place])
    elif way == "shuffle":
        random.Random(draw(st.integers())).shuffle(ders)
    elif way == "add":
        ders.insert(place, draw(st.sampled_from(_GOOD.ders)))
    elif way == "bytes":
        ders[place] = _changed_byte(ders[place], draw(st.integers(0, 999)), draw(st.integers(1, 255)))
    elif way == "purpose":
        purpose = draw(st.sampled_from(_PURPOSES))
    return tuple(ders), purpose


def _says_ca(der: bytes) -> bool:
    try:
        extension = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return extension.value.ca


def _refusal(ders: Sequence[bytes], purpose: Purpose) -> CertificateError | None:
    try:
        check_chain(ders, purpose)
    except CertificateError as error:
        return error
    return None


@settings(max_examples=250)
@given(_mutants())
def test_it_agrees_with_the_verifier(mutant: tuple[tuple[bytes, ...], Purpose]) -> None:
    """Nothing is found exactly where a chain is accepted; what a chain is refused for is among the findings."""
    ders, purpose = mutant
    findings = lint(ders, purpose)
    if len(ders) == 1 and _says_ca(ders[0]):  # a CA's own certificate, which is no chain
        return
    refusal = _refusal(ders, purpose)
    if refusal is None:
        assert findings == []
    else:
        assert refusal.rule in {each.rule for each in findings}


def _with(chain: TestChain, place: int, der: bytes) -> tuple[bytes, ...]:
    return tuple(der if index == place else other for index, other in enumerate(chain.ders))


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_signature_that_does_not_hold(place: int) -> None:
    """A certificate whose signature does not hold is found at the link to its issuer."""
    der = _GOOD.ders[place]
    finding = _only(_with(_GOOD, place, der[:-1] + bytes((der[-1] ^ 1,))))
    assert finding[:2] == (_NAMES[place], "ends_with_root" if place == 3 else "ordered_and_related")


def test_a_subject_that_cannot_be_read() -> None:
    """A certificate whose name is malformed is found as it is refused."""
    swap = ((b"\x0c\x0cwab-", b"\x13\x0cwa*-"),)
    chain = make_chain(leaf=Changes(swap=swap), subject=name("wab-XXXX-net"))
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders)
    assert caught.value.rule in {each.rule for each in lint(chain.ders)}
