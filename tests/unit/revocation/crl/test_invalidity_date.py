"""Invalidity dates and entry extensions of a CRL."""

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit.revocation.result import SigningTimes, UnknownStatusError
from tests.support import asn1
from tests.support.ca import name
from tests.support.crls import (
    NOW,
    REVOKED_AT,
    Entry,
)
from tests.support.der import sequence
from tests.unit.revocation.crl.readings import DAY, SECOND, X400_ADDRESS, leaf_entry, leaf_status
from tests.unit.revocation.setting import HOLD, KEY_COMPROMISE, REMOVED


@pytest.mark.requirement("trust:crl-invalidity-date")
@pytest.mark.parametrize("which", [0, 1], ids=["authentic signing time", "timestamp"])
@pytest.mark.parametrize("reason", [None, KEY_COMPROMISE, HOLD])
@pytest.mark.parametrize(
    ("signed", "status"), [(-1, "good"), (0, "revoked"), (1, "revoked")], ids=["before", "at", "after"]
)
def test_signature_before_the_invalidity_date_is_good(
    which: int, reason: ReasonFlags | None, signed: int, status: str
) -> None:
    """Specification, "Revocation Checking with CRL": a signature made before the invalidity date is good."""
    time = REVOKED_AT - DAY + signed * SECOND
    signing_times = SigningTimes(time, None) if which == 0 else SigningTimes(None, time)
    assert leaf_status([leaf_entry(reason, invalidity_date=REVOKED_AT - DAY)], signing_times=signing_times) == status


@pytest.mark.requirement("trust:crl-invalidity-date")
def test_revoked_without_an_invalidity_date_or_a_signing_time() -> None:
    """Specification, "Revocation Checking with CRL": without either date, the certificate is revoked."""
    early = REVOKED_AT - 9 * DAY
    for signing_times in (SigningTimes(early, None), SigningTimes(None, early), SigningTimes(early, early)):
        assert leaf_status([leaf_entry()], signing_times=signing_times) == "revoked"
    assert leaf_status([leaf_entry(invalidity_date=NOW)]) == "revoked"


def test_entry_without_an_invalidity_date_counts() -> None:
    """An entry without an invalidity date counts beside one that has it."""
    entries = [leaf_entry(invalidity_date=NOW), leaf_entry(KEY_COMPROMISE)]
    for ordered in (entries, entries[::-1]):
        assert leaf_status(ordered, signing_times=SigningTimes(REVOKED_AT)) == "revoked"


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        (asn1.unknown_extension(), "critical extension"),
        ((x509.CertificateIssuer([x509.DirectoryName(name("Other CA"))]), True), "critical extension"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.24"), b"\xff"), False), "cannot be read"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.21"), b"\x0a\x01\x07"), False), "cannot be read"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.29"), sequence(X400_ADDRESS)), True), None),
    ],
    ids=["unknown", "another issuer's", "malformed date", "unknown reason", "a name that is not supported"],
)
def test_entry_with_an_unsupported_extension_is_refused(
    extension: tuple[x509.ExtensionType, bool], text: str | None
) -> None:
    """RFC 5280, section 5.3: a CRL with such an entry of the certificate is not used for it."""
    with pytest.raises(UnknownStatusError, match=text):
        leaf_status([leaf_entry(extensions=(extension,))])


def test_critical_extension_of_any_entry_is_refused() -> None:
    """RFC 5280, section 5.3: an unknown critical extension of any entry makes the CRL unusable."""
    for entries in (
        [Entry(1, extensions=(asn1.unknown_extension(),))],
        [leaf_entry(), Entry(1, issuer=name("Other CA"))],
    ):
        with pytest.raises(UnknownStatusError, match="critical extension"):
            leaf_status(entries)


def test_unknown_entry_extension_is_ignored() -> None:
    """RFC 5280, section 5.3: unknown extensions are ignored, as are malformed ones of other entries."""
    malformed = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.24"), b"\xff")
    assert leaf_status([Entry(1, extensions=((malformed, False),))]) == "good"
    assert leaf_status([leaf_entry(extensions=(asn1.unknown_extension(critical=False),))]) == "revoked"
    assert leaf_status([Entry(1, extensions=((x509.CRLReason(HOLD), True),))]) == "good"
    assert (
        leaf_status(
            [leaf_entry(extensions=((x509.InvalidityDate(NOW), True),))], signing_times=SigningTimes(REVOKED_AT)
        )
        == "good"
    )


def test_remove_from_crl_outside_a_delta_is_refused() -> None:
    """RFC 5280, section 5.3.1: removeFromCRL appears in delta CRLs only."""
    with pytest.raises(UnknownStatusError, match="removeFromCRL"):
        leaf_status([leaf_entry(REMOVED)])
