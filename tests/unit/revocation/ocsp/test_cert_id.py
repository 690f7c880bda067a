"""Single responses and the certificate that they name (RFC 6960, section 4.1.1)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes

from notarykit.revocation.result import Status, UnknownStatusError
from tests.support import asn1
from tests.support.crls import NOW
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    Single,
    make_answer,
)
from tests.unit.revocation.ocsp.responses import HASHES, SECOND, leaf_response, leaf_status, read_response
from tests.unit.revocation.setting import CHAIN


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda algorithm: str(algorithm.name))
def test_cert_id_may_use_any_hash(algorithm: hashes.HashAlgorithm) -> None:
    """RFC 6960, section 4.3: a CertID with each of these hashes names the same certificate."""
    assert leaf_status(replace(GOOD, id_hash=algorithm)) is Status.GOOD


@pytest.mark.parametrize(
    "single",
    [
        Single(serial=5),
        Single(serial=CHAIN.certificates[0].serial_number + 1),
        Single(name_hash=b"n" * 20),
        Single(key_hash=b"k" * 20),
    ],
    ids=["serial number", "the next serial number", "issuer's name", "issuer's key"],
)
def test_response_about_another_certificate_is_refused(single: Single) -> None:
    """RFC 6960, section 3.2: the issuer's name, its key and the serial number must be the certificate's."""
    with pytest.raises(UnknownStatusError, match="the response is about another certificate"):
        leaf_status(single)


def test_response_without_single_responses_is_refused() -> None:
    """A response without single responses has an error text of its own."""
    with pytest.raises(UnknownStatusError, match="about no certificate at all: it has no single response"):
        read_response(make_answer(CHAIN, 0, []))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_single_response_of_the_certificate_counts(place: int) -> None:
    """The certificate's single response counts at any position among others."""
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        others = [Single("revoked", serial=1), Single("unknown", serial=2)]
        others.insert(place, single)
        assert leaf_status(others) is status


@pytest.mark.parametrize("place", [0, 1])
def test_extensions_of_other_single_responses_are_ignored(place: int) -> None:
    """An invalidity date belongs to its own single response, as does a critical extension."""
    dated = replace(REVOKED, invalidity_date=NOW)
    other = Single(serial=1, extensions=(asn1.unknown_extension(),))
    response = leaf_response([dated, other] if place == 0 else [other, dated])
    assert response.invalidity_date == NOW


def test_certificate_named_with_two_hashes_is_good() -> None:
    """A response may name the certificate by SHA-1 and by SHA-256."""
    assert leaf_status([GOOD, replace(GOOD, id_hash=hashes.SHA256())]) is Status.GOOD


@pytest.mark.parametrize("order", [1, -1])
def test_earlier_of_two_next_updates_counts(order: int) -> None:
    """Of two single responses about the certificate, the earlier nextUpdate counts."""
    early = NOW + timedelta(days=1)
    singles = [replace(GOOD, next_update=early), replace(GOOD, id_hash=hashes.SHA256())][::order]
    assert leaf_status(singles, now=early) is Status.GOOD
    with pytest.raises(UnknownStatusError, match="the response expired at"):
        leaf_status(singles, now=early + SECOND)


def test_contradicting_response_is_not_good() -> None:
    """A response with both good and revoked for the certificate is not good."""
    for singles in ([GOOD, REVOKED], [REVOKED, GOOD], [GOOD, replace(REVOKED, id_hash=hashes.SHA256())]):
        try:
            assert leaf_status(singles) is not Status.GOOD
        except UnknownStatusError:
            continue
