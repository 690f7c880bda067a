"""Entries of a CRL."""

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit.revocation.crl import Crl
from notarykit.revocation.result import Status
from tests.support import asn1
from tests.support.crls import (
    NEXT_UPDATE,
    NOW,
    REVOKED_AT,
    Entry,
    make_large_crl,
    revoked,
)
from tests.support.der import sequence
from tests.unit.revocation.crl.readings import LASTING_REASONS, LEAF, judge_leaf, leaf_entry, leaf_status, read_crl
from tests.unit.revocation.setting import CHAIN, HOLD, KEY_COMPROMISE


@pytest.mark.requirement("trust:crl-steps")
def test_certificate_that_is_not_listed_is_good() -> None:
    """A certificate absent from the CRL is good until the CRL's nextUpdate."""
    others = [Entry(1), Entry(LEAF.serial_number + 1), Entry(LEAF.serial_number - 1)]
    for entries in ([], others):
        assert judge_leaf(read_crl(entries)) == (Status.GOOD, f"until {NEXT_UPDATE:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.requirement("trust:crl-steps")
@pytest.mark.parametrize("reason", [None, HOLD, *LASTING_REASONS])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_listed_certificate_is_revoked(reason: ReasonFlags | None, place: int) -> None:
    """A listed certificate is revoked for any reason, a hold included, at any position."""
    entries = [Entry(1), Entry(2)]
    entries.insert(place, leaf_entry(reason))
    result = judge_leaf(read_crl(entries))
    assert result.status is Status.REVOKED
    assert result.text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, {(reason or ReasonFlags.unspecified).value}"


def test_worst_of_several_entries_counts() -> None:
    """The gravest of several entries of a certificate counts."""
    for entries in ([leaf_entry(HOLD), leaf_entry(KEY_COMPROMISE)], [leaf_entry(KEY_COMPROMISE), leaf_entry(HOLD)]):
        assert judge_leaf(read_crl(entries)).text.endswith("keyCompromise")


def test_revocation_date_is_utc_time_or_generalized_time() -> None:
    """A revocation date from 2050 on is a GeneralizedTime (RFC 5280, section 5.1.2.6)."""
    assert leaf_status([leaf_entry(revoked_at=NOW.replace(year=2050))]) == "revoked"
    assert leaf_status([leaf_entry(revoked_at=NOW.replace(year=1999))]) == "revoked"


@pytest.mark.parametrize(
    "serial",
    [1, 127, 128, 255, 256, 0x7FFF, 0x8000, 0x30171000, 2**63, 2**159 - 1, int.from_bytes(b"\x17" * 16, "big")],
)
def test_serial_number_is_found_among_similar_ones(serial: int) -> None:
    """A serial number is crl among its neighbours, prefixes and suffixes, and only if listed."""
    near = [serial + 1, serial - 1, serial << 8, serial >> 8, serial | 1 << 160, (serial << 8) | 0x17, -serial]
    others = [Entry(number) for number in near if number not in (0, serial)]
    assert read_crl(others).entries(serial) == []
    for place in (0, len(others) // 2, len(others)):
        entries = [*others[:place], Entry(serial, reason=KEY_COMPROMISE), *others[place:]]
        (entry,) = read_crl(entries).entries(serial)
        assert entry.serial_number == serial
        assert entry.extensions[0].value == x509.CRLReason(KEY_COMPROMISE)


def test_bytes_of_an_entry_inside_an_extension_are_no_entry() -> None:
    """Bytes inside an extension that look like an entry revoke no certificate."""
    fake = asn1.integer(LEAF.serial_number) + asn1.time(REVOKED_AT)
    hidden = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), sequence(fake))
    assert leaf_status([Entry(1, extensions=((hidden, False),))], extensions=[(hidden, False)]) == "good"
    assert (
        leaf_status([Entry(1, extensions=((hidden, False),)), leaf_entry()], extensions=[(hidden, False)]) == "revoked"
    )


@pytest.fixture(scope="module")
def large() -> tuple[Crl, list[int]]:
    """A large CRL, and the serial numbers that it lists."""
    der = make_large_crl(CHAIN, count=20_000, last=[revoked(CHAIN, reason=KEY_COMPROMISE)])
    crl = Crl(der)
    crl.check_issuer(CHAIN.certificates[1])
    return crl, [entry.serial_number for entry in x509.load_der_x509_crl(der)]


def test_entries_of_a_large_crl_are_found_once(large: tuple[Crl, list[int]]) -> None:
    """The first, the last and the middle entries are each crl once."""
    crl, serials = large
    assert len(serials) == 20_001
    for place in (0, 1, 2, 9_999, 10_000, 10_001, 19_998, 19_999, 20_000):
        assert [entry.serial_number for entry in crl.entries(serials[place])] == [serials[place]]
    assert judge_leaf(crl).text.endswith("keyCompromise")


def test_similar_numbers_are_not_found_in_a_large_crl(large: tuple[Crl, list[int]]) -> None:
    """Neighbours, prefixes and suffixes of a listed number are not crl."""
    crl, serials = large
    for serial in (serials[0], serials[10_000], serials[-1]):
        for other in (serial + 1, serial - 1, serial >> 8, serial << 8, serial & (1 << 120) - 1, serial | 1 << 128):
            assert other == serial or crl.entries(other) == []


def test_serial_number_is_told_from_its_prefixes_and_suffixes() -> None:
    """A serial number is told from its own prefixes and suffixes in a large CRL."""
    whole = LEAF.serial_number
    parts = [whole >> 8 * count for count in range(1, 16)] + [whole & (1 << 8 * count) - 1 for count in range(1, 16)]
    others = [Entry(number) for number in dict.fromkeys(parts) if number not in (0, whole)]
    der = make_large_crl(CHAIN, count=20_000, last=others)
    assert Crl(der).entries(whole) == []
    (only,) = Crl(make_large_crl(CHAIN, count=20_000, last=[*others, leaf_entry(HOLD)])).entries(whole)
    assert only.serial_number == whole
    for other in others:
        assert [entry.serial_number for entry in Crl(der).entries(other.serial)] == [other.serial]
