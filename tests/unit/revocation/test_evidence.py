"""Local evidence: CRLs and OCSP responses in files."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from notarykit.errors import UsageError
from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.distribution_points import ALL_REASONS
from notarykit.revocation.evidence import LocalEvidence, evidence_file, evidence_files
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes
from tests.support.ca import TestChain, make_chain, name
from tests.support.crls import (
    ISSUING_DISTRIBUTION_POINT,
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
    TRY_LATER,
    UNKNOWN,
    Single,
    make_answer,
    make_delegate,
    make_refusal,
)
from tests.support.revocable import Point, crl_path, revocable_chain
from tests.unit.revocation.setting import HOLD, REMOVED

_URL = "http://nowhere.invalid"
_CHAIN = revocable_chain(_URL)
_SECOND = timedelta(seconds=1)


class _EvidenceFolder:
    """Folder of evidence files with unique names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def put(self, content: bytes) -> str:
        self.count += 1
        path = self.folder / f"file{self.count}"
        path.write_bytes(content)
        return str(path)

    def read(self, *, crls: Sequence[bytes] = (), answers: Sequence[bytes] = ()) -> LocalEvidence:
        return LocalEvidence.from_files([*map(self.put, crls)], [*map(self.put, answers)])


@pytest.fixture
def files(tmp_path: Path) -> _EvidenceFolder:
    """A folder for one test alone."""
    return _EvidenceFolder(tmp_path)


def _leaf_status(
    evidence: LocalEvidence,
    chain: TestChain = _CHAIN,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
) -> CertificateStatus:
    """Returns the leaf's status by local evidence alone."""
    return RevocationChecker(None, evidence).statuses(check_chain(chain.ders), now, signing_times)[0]


def _word(evidence: LocalEvidence, **options: Any) -> str:
    return str(_leaf_status(evidence, **options).status)


def test_no_files_are_no_evidence() -> None:
    """Without files there is no evidence."""
    assert _leaf_status(LocalEvidence()) == (
        _CHAIN.certificates[0],
        "unknown",
        "there is no network and no local evidence",
        (),
    )


@pytest.mark.parametrize(("single", "status"), [(GOOD, "good"), (REVOKED, "revoked"), (UNKNOWN, "unknown")])
def test_responses_in_files_count(files: _EvidenceFolder, single: Single, status: str) -> None:
    """A response in a file counts like a responder's."""
    evidence = files.read(answers=[make_answer(_CHAIN, 0, single)])
    assert _word(evidence) == status
    assert _leaf_status(evidence).log[0].startswith(f"{files.folder}/file1: {status}, ")


@pytest.mark.parametrize(("entries", "status"), [([], "good"), ([revoked(_CHAIN)], "revoked")])
@pytest.mark.parametrize("pem", [False, True])
def test_crls_in_files_count(files: _EvidenceFolder, entries: Sequence[Entry], status: str, pem: bool) -> None:
    """A CRL counts in DER and in PEM, with text before it."""
    der = make_crl(_CHAIN, 1, entries)
    content = b"CRL of the CA\n" + x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) if pem else der
    assert _word(files.read(crls=[content])) == status


def test_each_certificate_has_its_own_files(files: _EvidenceFolder) -> None:
    """Files may be about any of the certificates, and those about others are ignored."""
    evidence = files.read(crls=[make_crl(_CHAIN, 1), make_crl(_CHAIN, 2, [revoked(_CHAIN, 1)]), make_crl(make_chain())])
    statuses = RevocationChecker(None, evidence).statuses(check_chain(_CHAIN.ders), NOW)
    assert [status.status for status in statuses] == ["good", "revoked"]
    evidence = files.read(answers=[make_answer(_CHAIN, 1), make_answer(_CHAIN, 0, REVOKED)])
    statuses = RevocationChecker(None, evidence).statuses(check_chain(_CHAIN.ders), NOW)
    assert [status.status for status in statuses] == ["revoked", "good"]


@pytest.mark.parametrize("order", [1, -1])
def test_revoked_counts_among_contradicting_files(files: _EvidenceFolder, order: int) -> None:
    """The gravest of contradicting files counts, in any order."""
    answers = [make_answer(_CHAIN, 0, single) for single in (GOOD, REVOKED, UNKNOWN)][::order]
    assert _word(files.read(answers=answers)) == "revoked"
    crls = [make_crl(_CHAIN), make_crl(_CHAIN, 1, [revoked(_CHAIN)], number=2)][::order]
    assert _word(files.read(crls=crls)) == "revoked"
    assert _word(files.read(crls=[make_crl(_CHAIN, 1, [revoked(_CHAIN)])], answers=[answers[0]])) == "revoked"
    assert _word(files.read(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN, 0, REVOKED)])) == "revoked"


def test_unknown_response_leaves_the_status_to_a_crl(files: _EvidenceFolder) -> None:
    """A response with the status unknown leaves the status to a CRL."""
    assert _word(files.read(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN, 0, UNKNOWN)])) == "good"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (make_answer(_CHAIN, 0, Single(next_update=NOW - _SECOND)), "the response expired at"),
        (make_answer(_CHAIN, 0, Single(this_update=NOW + timedelta(days=1))), "of the future"),
        (make_answer(_CHAIN, 0, corrupted=True), "the signature does not hold"),
        (make_answer(_CHAIN, 0, Single(serial=1)), "no local evidence is about it"),
        (make_answer(_CHAIN, 0, delegate=make_delegate(_CHAIN, ocsp_signing=False)), "not for OCSP signing"),
    ],
    ids=["expired", "of the future", "forged", "another's", "by a wrong delegate"],
)
def test_unusable_response_is_logged(files: _EvidenceFolder, answer: bytes, text: str) -> None:
    """A response that is refused from a responder is refused in a file, with the reason."""
    status = _leaf_status(files.read(answers=[answer]))
    assert status.status == "unknown"
    assert text in status.text


@pytest.mark.parametrize(
    ("crl", "text"),
    [
        (make_crl(_CHAIN, next_update=NOW - _SECOND), "it expired at"),
        (make_crl(_CHAIN, this_update=NOW + timedelta(days=1)), "of the future"),
        (make_crl(_CHAIN, corrupted=True), "the signature does not hold"),
        (make_crl(_CHAIN, 2), "no local evidence is about it"),
        (make_crl(_CHAIN, freshest=["http://delta"]), "its delta CRL is missing"),
        (make_crl(_CHAIN, distribution_point=issued_for("http://other")), "another distribution point"),
        (make_crl(_CHAIN, distribution_point=issued_for(only_ca=True)), "CA certificates only"),
    ],
    ids=["expired", "of the future", "forged", "the root's", "without its delta", "another point's", "for CAs"],
)
def test_unusable_crl_is_logged(files: _EvidenceFolder, crl: bytes, text: str) -> None:
    """A CRL that is refused from a server is refused in a file, with the reason."""
    status = _leaf_status(files.read(crls=[crl]))
    assert status.status == "unknown"
    assert text in status.text


def test_crl_belongs_to_the_point_that_it_names(files: _EvidenceFolder) -> None:
    """A CRL that names the certificate's point is the point's."""
    point = issued_for(_URL + crl_path(0))
    assert _word(files.read(crls=[make_crl(_CHAIN, distribution_point=point)])) == "good"


@pytest.mark.parametrize("order", [1, -1])
def test_base_is_paired_with_the_newest_fitting_delta(files: _EvidenceFolder, order: int) -> None:
    """Files are paired in any order; of several deltas, the newest fitting one counts."""
    base = make_crl(_CHAIN, 1, [revoked(_CHAIN, 0, HOLD)], number=5, freshest=["http://delta"])
    released = Entry(_CHAIN.certificates[0].serial_number, NOW, REMOVED)
    delta = make_crl(_CHAIN, 1, [released], number=7, base=5)
    other = make_crl(_CHAIN, 1, [], number=6, base=5, this_update=NOW - timedelta(hours=5))
    misfit = make_crl(_CHAIN, 1, [], number=9, base=8, this_update=NOW)
    assert _word(files.read(crls=[base, delta][::order])) == "good"
    assert _word(files.read(crls=[base, delta, other, misfit][::order])) == "good"
    assert _word(files.read(crls=[base, misfit][::order])) == "unknown"
    assert _word(files.read(crls=[delta])) == "unknown"
    fresh = make_crl(_CHAIN, 1, [revoked(_CHAIN)], number=6, base=5)
    assert _word(files.read(crls=[make_crl(_CHAIN, number=5, freshest=["http://delta"]), fresh][::order])) == "revoked"


def test_files_count_for_a_certificate_without_endpoints(files: _EvidenceFolder) -> None:
    """Files count for a certificate without endpoints, which is not revocable without them."""
    chain = make_chain()
    assert _word(files.read(crls=[make_crl(chain, 1, [revoked(chain)])]), chain=chain) == "revoked"
    assert _word(files.read(crls=[make_crl(chain)]), chain=chain) == "good"
    assert _word(files.read(answers=[make_answer(chain, 0, REVOKED)]), chain=chain) == "revoked"
    assert _word(files.read(crls=[make_crl(_CHAIN)]), chain=chain) == "not revocable"


def test_invalidity_dates_count_in_files(files: _EvidenceFolder) -> None:
    """Invalidity dates count in files as they do online."""
    entry = Entry(_CHAIN.certificates[0].serial_number, invalidity_date=REVOKED_AT)
    evidence = files.read(crls=[make_crl(_CHAIN, 1, [entry])])
    early, late = (SigningTimes(REVOKED_AT + sign * _SECOND) for sign in (-1, 1))
    assert [_word(evidence, signing_times=signing_times) for signing_times in (early, late)] == ["good", "revoked"]


def test_expired_files_are_unknown(files: _EvidenceFolder) -> None:
    """Files expire."""
    evidence = files.read(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN)])
    assert [_word(evidence, now=now) for now in (NEXT_UPDATE, NEXT_UPDATE + _SECOND)] == ["good", "unknown"]


_SOME = frozenset([ReasonFlags.key_compromise, ReasonFlags.ca_compromise])
_REST = ALL_REASONS - _SOME


def test_crl_for_some_reasons_proves_revocation_only(files: _EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: a CRL for some reasons can prove revocation, and no good status."""
    some = issued_for(only_reasons=_SOME)
    assert _word(files.read(crls=[make_crl(_CHAIN, distribution_point=some)])) == "unknown"
    assert _word(files.read(crls=[make_crl(_CHAIN, 1, [revoked(_CHAIN)], distribution_point=some)])) == "revoked"


def test_crls_together_must_cover_all_reasons(files: _EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: CRLs for some reasons each are enough if they cover all together."""
    parts = [make_crl(_CHAIN, distribution_point=issued_for(only_reasons=reasons)) for reasons in (_SOME, _REST)]
    assert _word(files.read(crls=parts)) == "good"
    parts[1] = make_crl(_CHAIN, 1, [revoked(_CHAIN)], distribution_point=issued_for(only_reasons=_REST))
    assert _word(files.read(crls=parts)) == "revoked"


def test_crl_of_no_point_covers_all_reasons(files: _EvidenceFolder) -> None:
    """RFC 5280, section 6.3.3: a CRL that no point names counts for all reasons."""
    points = [Point(("http://some.invalid",), _SOME), Point(("http://rest.invalid",), _REST)]
    chain = revocable_chain(ocsp=False, crl_at={0: points, 1: []})
    assert _word(files.read(crls=[make_crl(chain)]), chain=chain) == "good"


def test_delegate_without_nocheck_is_checked_by_given_crls(files: _EvidenceFolder) -> None:
    """Specification, "Revocation Checking with OCSP": without nocheck, a delegate needs a CRL."""
    delegate = make_delegate(_CHAIN, nocheck=False, crl_urls=[_URL + crl_path(0)])
    answer = make_answer(_CHAIN, 0, delegate=delegate)
    revoked_delegate = make_crl(_CHAIN, 1, [Entry(delegate.certificate.serial_number), revoked(_CHAIN)])
    assert _word(files.read(answers=[answer])) == "unknown"
    assert _word(files.read(answers=[answer], crls=[revoked_delegate])) == "revoked"


@pytest.mark.parametrize(("listed", "status"), [(False, "good"), (True, "unknown")])
def test_crl_of_the_issuer_covers_the_delegate(files: _EvidenceFolder, listed: bool, status: str) -> None:
    """A CRL that does not cover the leaf, whose CRL issuer is another, may cover the delegate."""
    chain = revocable_chain(_URL, crl_at={0: [Point((_URL,), None, name("CRLs"))]})
    delegate = make_delegate(chain, nocheck=False, crl_urls=[_URL + crl_path(0)])
    crl = make_crl(chain, 1, [Entry(delegate.certificate.serial_number)] if listed else [])
    assert _word(files.read(crls=[crl]), chain=chain) == "unknown"
    evidence = files.read(answers=[make_answer(chain, 0, delegate=delegate)], crls=[crl])
    assert _word(evidence, chain=chain) == status


def test_delegate_with_nocheck_or_without_endpoints_counts(files: _EvidenceFolder) -> None:
    """RFC 6960, section 4.2.2.2.1: with nocheck, or without endpoints, a delegate's response counts."""
    for delegate in (make_delegate(_CHAIN), make_delegate(_CHAIN, nocheck=False)):
        assert _word(files.read(answers=[make_answer(_CHAIN, 0, delegate=delegate)])) == "good"


# Files that hold something else.

# A critical issuing distribution point whose name is an X.400 address.
_X400 = (x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, bytes.fromhex("3006a004a002a300")), True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"-----BEGIN X509 CRL-----\nrubbish\n-----END X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\n",
        _CHAIN.pems[0],
        make_answer(_CHAIN),
        make_crl(_CHAIN, next_update=None),
        make_crl(_CHAIN, version=3),
        make_crl(_CHAIN, extensions=[_X400]),
    ],
    ids=["empty", "rubbish", "rubbish in PEM", "cut off", "a certificate", "an answer", "endless", "version", "a name"],
)
def test_file_without_a_crl_is_refused(files: _EvidenceFolder, content: bytes) -> None:
    """The message has the file and the flag."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


def test_pem_crl_of_an_unknown_version_is_refused(files: _EvidenceFolder) -> None:
    """A PEM CRL is refused as its DER is."""
    body = base64.encodebytes(make_crl(_CHAIN, version=3))
    path = files.put(b"-----BEGIN X509 CRL-----\n" + body + b"-----END X509 CRL-----\n")
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", make_crl(_CHAIN), make_answer(_CHAIN)[:-1]], ids=["empty", "rubbish", "a CRL", "cut"]
)
def test_file_without_a_response_is_refused(files: _EvidenceFolder, content: bytes) -> None:
    """The message has the file and the flag."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no OCSP response in DER"):
        LocalEvidence.from_files([], [path])


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """The message has the file."""
    path = str(tmp_path / "missing")
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([path], [])
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([], [path])


def test_error_response_in_a_file_is_refused(files: _EvidenceFolder) -> None:
    """An OCSP error response is no evidence."""
    with pytest.raises(UsageError, match="error, not a status") as caught:
        files.read(answers=[make_refusal(TRY_LATER)])
    assert caught.value.advice == "request it again"


def test_evidence_folder_is_read_by_file_names(tmp_path: Path) -> None:
    """Evidence files are recognised by their names, and others are ignored."""
    crl, answer = make_crl(_CHAIN), make_answer(_CHAIN)
    names = [evidence_file("crl", crl), evidence_file("ocsp", answer)]
    for file_name, content in (*zip(names, (crl, answer), strict=True), ("notes.txt", b""), ("crl-of-mine.pem", b"")):
        (tmp_path / file_name).write_bytes(content)
    paths = evidence_files(str(tmp_path))
    assert paths == ([str(tmp_path / names[0])], [str(tmp_path / names[1])])
    assert _word(LocalEvidence.from_files(*paths)) == "good"
    with pytest.raises(UsageError, match="cannot be read"):
        evidence_files(str(tmp_path / "missing"))
