"""Lint of chains: order, completeness, size, single certificates and unreadable ones."""

import pytest
from cryptography import x509

from notarykit.errors import CertificateError
from notarykit.keys.chain import LONGEST_CHAIN, check_chain
from notarykit.keys.chain_certificate import Purpose
from notarykit.keys.lint import lint
from tests.support.ca import Changes, TestChain, make_chain, name
from tests.unit.keys.lint_cases import (
    BROKEN_CAS,
    CODE,
    GOOD,
    PURPOSES,
    SHA224,
    TIME,
    BrokenRule,
    each_purpose,
    only_finding,
)

_OTHER = make_chain(length=4, subject=name("other"))
_LEAF, _LOWER, _UPPER, _ROOT = GOOD.ders
_NAMES = [subject.rfc4514_string() for subject in GOOD.subjects]


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
def test_chain_order_faults_are_found(ders: tuple[bytes, ...], wanted: list[tuple[str, str]]) -> None:
    """What is missing, out of order, or beyond the root is found at its certificate, and nothing else."""
    findings = lint(ders)
    assert [(each.certificate, each.rule) for each in findings] == wanted
    assert {each.field for each in findings} == {"chain"}
    assert all(each.problem and each.fix for each in findings)


def test_reversed_chain_is_found() -> None:
    """A chain with the root first has a root that others follow, CAs in the leaf's place and a leaf in a CA's."""
    found = {(each.certificate, each.rule) for each in lint((_ROOT, _UPPER, _LOWER, _LEAF))}
    assert found >= {(_NAMES[3], "one_root"), (_NAMES[3], "is_not_ca"), (_NAMES[0], "is_ca")}
    assert (_NAMES[0], "ends_with_root") in found


@pytest.mark.parametrize("garbage", [b"", b"x", b"0\0", _LEAF[:-1], _LEAF + b"\0", GOOD.pems[0]])
def test_unreadable_certificate_is_found_by_number(garbage: bytes) -> None:
    """What cannot be read is found by its number, and the others are judged all the same."""
    assert only_finding([garbage])[:3] == ("certificate 1", "certificate_parses", "certificate")
    finding = only_finding([*GOOD.ders, garbage])
    assert finding[:2] == ("certificate 5", "certificate_parses")
    broken = make_chain(leaf=SHA224).ders
    assert [each.rule for each in lint([*broken, garbage])] == ["certificate_parses", "hash_is_allowed"]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_unreadable_certificate_keeps_its_place(place: int) -> None:
    """A certificate that cannot be read keeps its place: the others are not judged as what they are not."""
    assert only_finding(_replaced(GOOD, place, b"x"))[:2] == (f"certificate {place + 1}", "certificate_parses")


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_single_ca_has_no_findings(place: int, purpose: Purpose) -> None:
    """A CA's certificate alone is judged as a CA's, without the rest of its chain."""
    assert lint([GOOD.ders[place]], purpose) == []


@pytest.mark.parametrize(
    ("broken", "purpose"), each_purpose([each for each in BROKEN_CAS if each.rule != "is_ca"][:-1]), ids=str
)
@pytest.mark.parametrize("place", [1, 2])
def test_single_ca_breaking_a_rule_is_found(broken: BrokenRule, purpose: Purpose, place: int) -> None:
    """A CA's certificate alone is found to break what it breaks in its chain."""
    chain = make_chain(cas={place: broken.changes})
    finding = only_finding([chain.ders[place]], purpose)
    assert finding[:3] == (chain.subjects[place].rfc4514_string(), broken.rule, broken.field)


def test_single_self_signed_leaf_is_a_chain() -> None:
    """A self-signed code signing certificate is a chain, and one that says CA is judged as a CA's."""
    assert lint(make_chain(length=1).ders) == []
    ca = Changes(put=((x509.BasicConstraints(ca=True, path_length=None), True),))
    assert [each.rule for each in lint(make_chain(length=1, leaf=ca).ders)] == ["may_sign_certificates"]


def test_purposes_are_kept_apart() -> None:
    """A chain for one purpose has findings for the other."""
    assert only_finding(make_chain().ders, TIME).rule == "extended_key_usage_is_time_stamping"
    assert only_finding(make_chain(purpose=TIME).ders, CODE).rule == "extended_key_usage_is_for_code"


def test_chain_beyond_the_length_limit_is_found() -> None:
    """A chain that is longer than any verifier reads is found, and one that is as long is not."""
    chain = make_chain(length=LONGEST_CHAIN + 1)
    assert lint(chain.ders)
    assert lint(make_chain(length=LONGEST_CHAIN).ders) == []


def test_chain_beyond_the_size_limit_is_found() -> None:
    """A chain of more bytes than any verifier reads is found."""
    padding = Changes(put=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(70_000)), False),))
    chain = make_chain(leaf=padding)
    with pytest.raises(CertificateError):
        check_chain(chain.ders)
    assert lint(chain.ders)


def test_empty_chain_is_found() -> None:
    """Nothing is no chain."""
    assert lint([])


def _replaced(chain: TestChain, place: int, der: bytes) -> tuple[bytes, ...]:
    return tuple(der if index == place else other for index, other in enumerate(chain.ders))


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_invalid_signature_is_found_at_the_link(place: int) -> None:
    """A certificate whose signature does not hold is found at the link to its issuer."""
    der = GOOD.ders[place]
    finding = only_finding(_replaced(GOOD, place, der[:-1] + bytes((der[-1] ^ 1,))))
    assert finding[:2] == (_NAMES[place], "ends_with_root" if place == 3 else "ordered_and_related")


def test_malformed_subject_is_found_as_refused() -> None:
    """A certificate whose name is malformed is found as it is refused."""
    swap = ((b"\x0c\x0cwab-", b"\x13\x0cwa*-"),)
    chain = make_chain(leaf=Changes(swap=swap), subject=name("wab-XXXX-net"))
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders)
    assert caught.value.rule in {each.rule for each in lint(chain.ders)}
