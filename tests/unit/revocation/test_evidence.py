"""Local evidence: the status by CRLs and OCSP responses in files."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.distribution_points import ALL_REASONS
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.result import SigningTimes
from tests.support.ca import make_chain, name
from tests.support.crls import (
    NEXT_UPDATE,
    NOW,
    REVOKED_AT,
    Entry,
    issued_for,
    make_crl,
    revoked,
)
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Single,
    make_answer,
    make_delegate,
)
from tests.support.revocable import Point, crl_path, revocable_chain
from tests.unit.revocation.evidence_folder import CHAIN, URL, EvidenceFolder, leaf_status, leaf_word
from tests.unit.revocation.setting import HOLD, REMOVED

_SECOND = timedelta(seconds=1)


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFolder:
    """A folder for one test alone."""
    return EvidenceFolder(tmp_path)


def test_no_files_are_no_evidence() -> None:
    """Without files there is no evidence."""
    assert leaf_status(LocalEvidence()) == (
        CHAIN.certificates[0],
        "unknown",
        "there is no network and no local evidence",
        (),
    )


@pytest.mark.parametrize(("single", "status"), [(GOOD, "good"), (REVOKED, "revoked"), (UNKNOWN, "unknown")])
def test_responses_in_files_count(files: EvidenceFolder, single: Single, status: str) -> None:
    """A response in a file counts like a responder's."""
    evidence = files.read(answers=[make_answer(CHAIN, 0, single)])
    assert leaf_word(evidence) == status
    assert leaf_status(evidence).log[0].startswith(f"{files.folder}/file1: {status}, ")


@pytest.mark.parametrize(("entries", "status"), [([], "good"), ([revoked(CHAIN)], "revoked")])
@pytest.mark.parametrize("pem", [False, True])
def test_crls_in_files_count(files: EvidenceFolder, entries: Sequence[Entry], status: str, pem: bool) -> None:
    """A CRL counts in DER and in PEM, with text before it."""
    der = make_crl(CHAIN, 1, entries)
    content = b"CRL of the CA\n" + x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) if pem else der
    assert leaf_word(files.read(crls=[content])) == status


def test_each_certificate_has_its_own_files(files: EvidenceFolder) -> None:
    """Files may be about any of the certificates, and those about others are ignored."""
    evidence = files.read(crls=[make_crl(CHAIN, 1), make_crl(CHAIN, 2, [revoked(CHAIN, 1)]), make_crl(make_chain())])
    statuses = RevocationChecker(None, evidence).statuses(check_chain(CHAIN.ders), NOW)
    assert [status.status for status in statuses] == ["good", "revoked"]
    evidence = files.read(answers=[make_answer(CHAIN, 1), make_answer(CHAIN, 0, REVOKED)])
    statuses = RevocationChecker(None, evidence).statuses(check_chain(CHAIN.ders), NOW)
    assert [status.status for status in statuses] == ["revoked", "good"]


@pytest.mark.parametrize("order", [1, -1])
def test_revoked_counts_among_contradicting_files(files: EvidenceFolder, order: int) -> None:
    """The gravest of contradicting files counts, in any order."""
    answers = [make_answer(CHAIN, 0, single) for single in (GOOD, REVOKED, UNKNOWN)][::order]
    assert leaf_word(files.read(answers=answers)) == "revoked"
    crls = [make_crl(CHAIN), make_crl(CHAIN, 1, [revoked(CHAIN)], number=2)][::order]
    assert leaf_word(files.read(crls=crls)) == "revoked"
    assert leaf_word(files.read(crls=[make_crl(CHAIN, 1, [revoked(CHAIN)])], answers=[answers[0]])) == "revoked"
    assert leaf_word(files.read(crls=[make_crl(CHAIN)], answers=[make_answer(CHAIN, 0, REVOKED)])) == "revoked"


def test_unknown_response_leaves_the_status_to_a_crl(files: EvidenceFolder) -> None:
    """A response with the status unknown leaves the status to a CRL."""
    assert leaf_word(files.read(crls=[make_crl(CHAIN)], answers=[make_answer(CHAIN, 0, UNKNOWN)])) == "good"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (make_answer(CHAIN, 0, Single(next_update=NOW - _SECOND)), "the response expired at"),
        (make_answer(CHAIN, 0, Single(this_update=NOW + timedelta(days=1))), "of the future"),
        (make_answer(CHAIN, 0, corrupted=True), "the signature does not hold"),
        (make_answer(CHAIN, 0, Single(serial=1)), "no local evidence is about it"),
        (make_answer(CHAIN, 0, delegate=make_delegate(CHAIN, ocsp_signing=False)), "not for OCSP signing"),
    ],
    ids=["expired", "of the future", "forged", "another's", "by a wrong delegate"],
)
def test_unusable_response_is_logged(files: EvidenceFolder, answer: bytes, text: str) -> None:
    """A response that is refused from a responder is refused in a file, with the reason."""
    status = leaf_status(files.read(answers=[answer]))
    assert status.status == "unknown"
    assert text in status.text


@pytest.mark.parametrize(
    ("crl", "text"),
    [
        (make_crl(CHAIN, next_update=NOW - _SECOND), "it expired at"),
        (make_crl(CHAIN, this_update=NOW + timedelta(days=1)), "of the future"),
        (make_crl(CHAIN, corrupted=True), "the signature does not hold"),
        (make_crl(CHAIN, 2), "no local evidence is about it"),
        (make_crl(CHAIN, freshest=["http://delta"]), "its delta CRL is missing"),
        (make_crl(CHAIN, distribution_point=issued_for("http://other")), "another distribution point"),
        (make_crl(CHAIN, distribution_point=issued_for(only_ca=True)), "CA certificates only"),
    ],
    ids=["expired", "of the future", "forged", "the root's", "without its delta", "another point's", "for CAs"],
)
def test_unusable_crl_is_logged(files: EvidenceFolder, crl: bytes, text: str) -> None:
    """A CRL that is refused from a server is refused in a file, with the reason."""
    status = leaf_status(files.read(crls=[crl]))
    assert status.status == "unknown"
    assert text in status.text


def test_crl_belongs_to_the_point_that_it_names(files: EvidenceFolder) -> None:
    """A CRL that names the certificate's point is the point's."""
    point = issued_for(URL + crl_path(0))
    assert leaf_word(files.read(crls=[make_crl(CHAIN, distribution_point=point)])) == "good"


@pytest.mark.parametrize("order", [1, -1])
def test_base_is_paired_with_the_newest_fitting_delta(files: EvidenceFolder, order: int) -> None:
    """Files are paired in any order; of several deltas, the newest fitting one counts."""
    base = make_crl(CHAIN, 1, [revoked(CHAIN, 0, HOLD)], number=5, freshest=["http://delta"])
    released = Entry(CHAIN.certificates[0].serial_number, NOW, REMOVED)
    delta = make_crl(CHAIN, 1, [released], number=7, base=5)
    other = make_crl(CHAIN, 1, [], number=6, base=5, this_update=NOW - timedelta(hours=5))
    misfit = make_crl(CHAIN, 1, [], number=9, base=8, this_update=NOW)
    assert leaf_word(files.read(crls=[base, delta][::order])) == "good"
    assert leaf_word(files.read(crls=[base, delta, other, misfit][::order])) == "good"
    assert leaf_word(files.read(crls=[base, misfit][::order])) == "unknown"
    assert leaf_word(files.read(crls=[delta])) == "unknown"
    fresh = make_crl(CHAIN, 1, [revoked(CHAIN)], number=6, base=5)
    assert (
        leaf_word(files.read(crls=[make_crl(CHAIN, number=5, freshest=["http://delta"]), fresh][::order])) == "revoked"
    )


def test_files_count_for_a_certificate_without_endpoints(files: EvidenceFolder) -> None:
    """Files count for a certificate without endpoints, which is not revocable without them."""
    chain = make_chain()
    assert leaf_word(files.read(crls=[make_crl(chain, 1, [revoked(chain)])]), chain=chain) == "revoked"
    assert leaf_word(files.read(crls=[make_crl(chain)]), chain=chain) == "good"
    assert leaf_word(files.read(answers=[make_answer(chain, 0, REVOKED)]), chain=chain) == "revoked"
    assert leaf_word(files.read(crls=[make_crl(CHAIN)]), chain=chain) == "not revocable"


def test_invalidity_dates_count_in_files(files: EvidenceFolder) -> None:
    """Invalidity dates count in files as they do online."""
    entry = Entry(CHAIN.certificates[0].serial_number, invalidity_date=REVOKED_AT)
    evidence = files.read(crls=[make_crl(CHAIN, 1, [entry])])
    early, late = (SigningTimes(REVOKED_AT + sign * _SECOND) for sign in (-1, 1))
    assert [leaf_word(evidence, signing_times=signing_times) for signing_times in (early, late)] == ["good", "revoked"]


def test_expired_files_are_unknown(files: EvidenceFolder) -> None:
    """Files expire."""
    evidence = files.read(crls=[make_crl(CHAIN)], answers=[make_answer(CHAIN)])
    assert [leaf_word(evidence, now=now) for now in (NEXT_UPDATE, NEXT_UPDATE + _SECOND)] == ["good", "unknown"]


_SOME = frozenset([ReasonFlags.key_compromise, ReasonFlags.ca_compromise])
_REST = ALL_REASONS - _SOME


def test_crl_for_some_reasons_proves_revocation_only(files: EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: a CRL for some reasons can prove revocation, and no good status."""
    some = issued_for(only_reasons=_SOME)
    assert leaf_word(files.read(crls=[make_crl(CHAIN, distribution_point=some)])) == "unknown"
    assert leaf_word(files.read(crls=[make_crl(CHAIN, 1, [revoked(CHAIN)], distribution_point=some)])) == "revoked"


def test_crls_together_must_cover_all_reasons(files: EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: CRLs for some reasons each are enough if they cover all together."""
    parts = [make_crl(CHAIN, distribution_point=issued_for(only_reasons=reasons)) for reasons in (_SOME, _REST)]
    assert leaf_word(files.read(crls=parts)) == "good"
    parts[1] = make_crl(CHAIN, 1, [revoked(CHAIN)], distribution_point=issued_for(only_reasons=_REST))
    assert leaf_word(files.read(crls=parts)) == "revoked"


def test_crl_of_no_point_covers_all_reasons(files: EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: a CRL that no point names counts for all reasons."""
    points = [Point(("http://some.invalid",), _SOME), Point(("http://rest.invalid",), _REST)]
    chain = revocable_chain(ocsp=False, crl_at={0: points, 1: []})
    assert leaf_word(files.read(crls=[make_crl(chain)]), chain=chain) == "good"


def test_delegate_without_nocheck_is_checked_by_given_crls(files: EvidenceFolder) -> None:
    """Specification, "Revocation Checking with OCSP": without nocheck, a delegate needs a CRL."""
    delegate = make_delegate(CHAIN, nocheck=False, crl_urls=[URL + crl_path(0)])
    answer = make_answer(CHAIN, 0, delegate=delegate)
    revoked_delegate = make_crl(CHAIN, 1, [Entry(delegate.certificate.serial_number), revoked(CHAIN)])
    assert leaf_word(files.read(answers=[answer])) == "unknown"
    assert leaf_word(files.read(answers=[answer], crls=[revoked_delegate])) == "revoked"


@pytest.mark.parametrize(("listed", "status"), [(False, "good"), (True, "unknown")])
def test_crl_of_the_issuer_covers_the_delegate(files: EvidenceFolder, listed: bool, status: str) -> None:
    """A CRL that does not cover the leaf, whose CRL issuer is another, may cover the delegate."""
    chain = revocable_chain(URL, crl_at={0: [Point((URL,), None, name("CRLs"))]})
    delegate = make_delegate(chain, nocheck=False, crl_urls=[URL + crl_path(0)])
    crl = make_crl(chain, 1, [Entry(delegate.certificate.serial_number)] if listed else [])
    assert leaf_word(files.read(crls=[crl]), chain=chain) == "unknown"
    evidence = files.read(answers=[make_answer(chain, 0, delegate=delegate)], crls=[crl])
    assert leaf_word(evidence, chain=chain) == status


def test_delegate_with_nocheck_or_without_endpoints_counts(files: EvidenceFolder) -> None:
    """RFC 6960, section 4.2.2.2.1: with nocheck, or without endpoints, a delegate's response counts."""
    for delegate in (make_delegate(CHAIN), make_delegate(CHAIN, nocheck=False)):
        assert leaf_word(files.read(answers=[make_answer(CHAIN, 0, delegate=delegate)])) == "good"
