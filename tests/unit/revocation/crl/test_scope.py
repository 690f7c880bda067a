"""Scope of a CRL (RFC 5280, section 6.3.3)."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit.revocation.bundle import Bundle, judge
from notarykit.revocation.distribution_points import ALL_REASONS
from notarykit.revocation.result import NO_SIGNING_TIMES, Status, UnknownStatusError
from tests.support.ca import name
from tests.support.crls import (
    ISSUING_DISTRIBUTION_POINT,
    NOW,
    issued_for,
)
from tests.support.der import sequence, tlv
from tests.unit.revocation.crl.readings import LEAF, leaf_entry, leaf_status, read_crl
from tests.unit.revocation.setting import CHAIN, HOLD, KEY_COMPROMISE, POINT, URL


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ({"only_ca": True}, "its scope is CA certificates only"),
        ({"only_attribute": True}, "its scope"),
        ({"indirect": True}, "indirect CRL"),
    ],
)
def test_scope_without_the_certificate_is_refused(scope: Any, text: str) -> None:
    """RFC 5280, section 6.3.3, step b: the CRL's scope includes the certificate."""
    for entries in ([], [leaf_entry()]):
        with pytest.raises(UnknownStatusError, match=text):
            leaf_status(entries, distribution_point=issued_for(**scope))
    assert leaf_status(distribution_point=issued_for(only_user=True)) == "good"


def test_scope_of_a_ca_certificate() -> None:
    """RFC 5280, section 6.3.3, step b: onlyContainsUserCerts leaves out CA certificates."""
    ca = CHAIN.certificates[1]
    scope: Any
    for scope, is_good in (({"only_ca": True}, True), ({}, True), ({"only_user": True}, False)):
        point = issued_for(**scope) if scope else None
        bundle = Bundle(read_crl((), CHAIN, 2, distribution_point=point))
        if is_good:
            assert judge(bundle, ca, POINT, NOW, NO_SIGNING_TIMES)[0].status is Status.GOOD
        else:
            with pytest.raises(UnknownStatusError, match="its scope leaves out CA certificates"):
                judge(bundle, ca, POINT, NOW, NO_SIGNING_TIMES)


def test_distribution_point_names_must_match() -> None:
    """RFC 5280, section 6.3.3, step b: one of the CRL's names is one of the certificate's point."""
    assert leaf_status(distribution_point=issued_for(URL)) == "good"
    assert leaf_status(distribution_point=issued_for("ldap://crl.example", URL)) == "good"
    for entries in ([], [leaf_entry()]):
        with pytest.raises(UnknownStatusError, match="another distribution point"):
            leaf_status(entries, distribution_point=issued_for(URL + "/other"))


def test_relative_distribution_point_name_is_refused() -> None:
    """A name relative to the CRL issuer matches none of the certificate's names."""
    relative = tlv(0xA1, name("x").public_bytes()[2:13])
    value = sequence(tlv(0xA0, relative))
    with pytest.raises(UnknownStatusError):
        leaf_status(extensions=[(x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, value), True)])


@pytest.mark.parametrize("some", [[KEY_COMPROMISE], [HOLD, ReasonFlags.superseded]])
def test_covered_reasons_are_those_of_crl_and_point(some: list[ReasonFlags]) -> None:
    """RFC 5280, section 6.3.3, step d: the covered reasons are those of both the CRL and the point."""
    everything, limited = read_crl(), read_crl(distribution_point=issued_for(only_reasons=some))
    narrow = POINT._replace(reasons=frozenset([KEY_COMPROMISE]))
    covered = [
        judge(Bundle(crl), LEAF, point, NOW, NO_SIGNING_TIMES)[1]
        for crl in (everything, limited)
        for point in (POINT, narrow)
    ]
    assert covered == [ALL_REASONS, narrow.reasons, frozenset(some), narrow.reasons & set(some)]
