"""Lint of certificates: each rule broken alone, with the field and the fix."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from notarykit.keys import lint as module
from notarykit.keys import requirements
from notarykit.keys.chain_certificate import Purpose
from notarykit.keys.lint import lint
from tests.support.ca import SPECS, Changes, key_usage, make_chain, name
from tests.support.der import sequence, signed_again
from tests.support.sha1 import sha1_signed
from tests.unit.keys.lint_cases import (
    BROKEN_CAS,
    BROKEN_LEAVES,
    EKU,
    NO_KEY_USAGE,
    PURPOSES,
    UNSUPPORTED_KEYS,
    BrokenRule,
    each_purpose,
    only_finding,
    with_extension,
    with_raw_extension,
)

_LEAF_NAME = "CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US"


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("spec", SPECS)
def test_good_chain_has_no_findings(spec: str, length: int, purpose: Purpose) -> None:
    """A chain that keeps every rule has no findings."""
    assert lint(make_chain(spec, length, purpose=purpose).ders, purpose) == []


@pytest.mark.parametrize(("broken", "purpose"), each_purpose(BROKEN_LEAVES), ids=str)
def test_each_rule_is_found_at_the_leaf(broken: BrokenRule, purpose: Purpose) -> None:
    """A leaf that breaks one rule is found to break that one and no other, with its subject, the field and a fix."""
    finding = only_finding(make_chain(purpose=purpose, leaf=broken.changes).ders, purpose)
    assert finding[:3] == (_LEAF_NAME, broken.rule, broken.field)


@pytest.mark.parametrize(("broken", "purpose"), each_purpose(BROKEN_CAS), ids=str)
@pytest.mark.parametrize("place", [1, 2])
def test_each_rule_is_found_at_a_ca(broken: BrokenRule, purpose: Purpose, place: int) -> None:
    """So is an intermediate certificate, and a root."""
    chain = make_chain(purpose=purpose, cas={place: broken.changes})
    finding = only_finding(chain.ders, purpose)
    assert finding[:3] == (chain.subjects[place].rfc4514_string(), broken.rule, broken.field)


_OWN = x509.SubjectKeyIdentifier(b"\1" * 20)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("identifier", "problem"),
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
def test_mismatched_authority_key_identifier_is_found(
    place: int, identifier: x509.AuthorityKeyIdentifier, problem: str | None
) -> None:
    """An authority key identifier that is not the issuer's own is found, as `openssl verify` goes by it."""
    changes: dict[int, list[tuple[x509.ExtensionType, bool]]] = {0: [], 1: [], 2: []}
    changes[min(place + 1, 2)].append((_OWN, False))
    changes[place].append((identifier, False))
    made = {at: Changes(put=tuple(put)) for at, put in changes.items()}
    chain = make_chain(leaf=made[0], cas={1: made[1], 2: made[2]})
    if problem is None:
        assert lint(chain.ders) == []
        return
    finding = only_finding(chain.ders)
    names = [_LEAF_NAME, *(subject.rfc4514_string() for subject in chain.subjects[1:])]
    assert finding[:3] == (names[place], "authority_is_identified", "authorityKeyIdentifier")
    assert problem in finding.problem


def test_malformed_authority_key_identifier_is_ignored() -> None:
    """What is malformed identifies nobody, and is in nobody's way: only three extensions count."""
    malformed = with_raw_extension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, b"\5\0")
    assert lint(make_chain(leaf=malformed, cas={1: with_extension(_OWN, critical=False)}).ders) == []


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("changes", UNSUPPORTED_KEYS)
def test_unsupported_ca_key_is_found(changes: Changes, place: int) -> None:
    """A CA's key of an unknown kind is found, and so is that it cannot have issued what is below it."""
    chain = make_chain(cas={place: changes})
    found = {(each.certificate, each.rule) for each in lint(chain.ders)}
    names = [subject.rfc4514_string() for subject in chain.subjects]
    assert (names[place], "ca_key_is_strong") in found
    assert (names[place - 1], "ordered_and_related") in found
    assert not [each for each in found if each[0] not in names[place - 1 : place + 1]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_sha1_signature_is_found(place: int) -> None:
    """A certificate that is signed with SHA-1 is found, and nobody else."""
    chain = sha1_signed(make_chain(), place)
    found = [each for each in lint(chain.ders) if each.rule == "hash_is_allowed"]
    assert [each.certificate for each in found] == [chain.subjects[place].rfc4514_string()]
    assert "sha1" in found[0].problem


def test_version_1_is_found() -> None:
    """A certificate of version 1 is found, whatever extensions it has."""
    chain = make_chain(length=1)
    tbs = chain.certificates[0].tbs_certificate_bytes
    version = bytes.fromhex("a003020102")
    der = signed_again(
        chain.ders[0], sequence(tbs[tbs.index(version) + len(version) :]), chain.leaf_key, hashes.SHA256()
    )
    assert only_finding([der])[:3] == (chain.subjects[0].rfc4514_string(), "is_version_3", "version")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_exceeded_path_length_is_found(purpose: Purpose) -> None:
    """A path length is found where one more certificate stands below than it allows, and not before."""
    for place in (1, 2, 3):
        for allowed in (0, 1, 2):
            changes = with_extension(x509.BasicConstraints(ca=True, path_length=allowed))
            found = lint(make_chain(length=4, purpose=purpose, cas={place: changes}).ders, purpose)
            wanted = ["path_length_suffices"] if place - 1 > allowed else []
            assert [each.rule for each in found] == wanted


def test_all_broken_rules_are_found() -> None:
    """All rules that are broken are found, in all certificates."""
    leaf = Changes(
        kind="EC-224",
        hash_algorithm=hashes.SHA224(),
        put=(
            (x509.BasicConstraints(ca=True, path_length=None), False),
            (key_usage("crl_sign"), False),
            (x509.ExtendedKeyUsage([EKU.SERVER_AUTH]), False),
        ),
    )
    cas = {1: Changes(kind="EC-192", put=((key_usage("crl_sign"), False),)), 2: NO_KEY_USAGE}
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
