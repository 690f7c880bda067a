"""Certificates of an authority that nobody trusts yet: the requirements hold for those that are there."""

import itertools

import pytest

from notarykit.errors import CertificateError
from notarykit.keys.chain import check_partial_chain
from tests.support.ca import Changes, key_usage, make_chain, name, new_key

_CHAIN = make_chain(length=4, purpose="timestamping")
_LEAF, _LOWER, _UPPER, _ROOT = _CHAIN.ders
_OTHER = make_chain(length=3, purpose="timestamping")


@pytest.mark.parametrize("count", range(4))
def test_any_part_in_any_order_is_accepted(count: int) -> None:
    """Whichever of its issuers come with a certificate, and with what else, each keeps the rules of its place."""
    for candidates in itertools.permutations((_LOWER, _UPPER, _ROOT), count):
        check_partial_chain(_LEAF, candidates, "timestamping")
        check_partial_chain(_LEAF, (*candidates, *_OTHER.ders, b"malformed", _LEAF), "timestamping")


@pytest.mark.requirement("plugin:plugin-timestamp-form")
@pytest.mark.parametrize("place", range(4))
def test_each_certificate_on_the_path_keeps_the_rules(place: int) -> None:
    """A certificate that breaks a rule is refused wherever it is on the path, with and without those above it."""
    changes = Changes(put=((key_usage("key_agreement"), True),))
    chain = make_chain(length=4, purpose="timestamping", leaf=changes if not place else Changes(), cas={place: changes})
    for end in range(place + 1, 5):
        with pytest.raises(CertificateError, match="keyUsage") as caught:
            check_partial_chain(chain.ders[0], chain.ders[:end], "timestamping")
        assert caught.value.message.startswith("CA certificate" if place else "signing certificate")


def test_purpose_counts() -> None:
    """A code signer is no timestamp authority, and the other way round."""
    with pytest.raises(CertificateError, match="extendedKeyUsage"):
        check_partial_chain(make_chain().ders[0], (), "timestamping")
    with pytest.raises(CertificateError, match="extendedKeyUsage"):
        check_partial_chain(_LEAF, (), "code signing")


def test_unrelated_certificates_do_not_matter() -> None:
    """A certificate that is on no path may break every rule."""
    check_partial_chain(_LEAF, make_chain(length=1).ders, "timestamping")


def test_one_good_path_is_enough() -> None:
    """Of two certificates of a CA, by different roots, one that keeps the rules is enough."""
    lower = Changes(key=_CHAIN.keys[1], subject=_CHAIN.subjects[1], put=((key_usage("key_agreement"), True),))
    crossing = make_chain(length=3, cas={1: lower, 2: Changes(subject=name("Another Root"))})
    check_partial_chain(_LEAF, (*crossing.ders[1:], _LOWER, _UPPER), "timestamping")
    with pytest.raises(CertificateError, match="keyUsage"):
        check_partial_chain(_LEAF, crossing.ders[1:], "timestamping")


def test_malformed_certificate_is_refused() -> None:
    """The certificate itself must be one."""
    with pytest.raises(CertificateError):
        check_partial_chain(b"malformed", _CHAIN.ders, "timestamping")


def test_circle_of_issuers_is_refused() -> None:
    """CAs that have certified each other, with no other above them, are nobody's authority."""
    one, other = (Changes(key=new_key("EC-256"), subject=name(called)) for called in ("One", "Other"))
    circle = [
        make_chain(purpose="timestamping", cas={1: below, 2: above}) for below, above in ((one, other), (other, one))
    ]
    with pytest.raises(CertificateError, match="issued each other"):
        check_partial_chain(circle[0].ders[0], [chain.ders[1] for chain in circle], "timestamping")
