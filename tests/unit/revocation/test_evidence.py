"""CRLs and OCSP answers that are given in files."""

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


class _Files:
    """Writes files of their kind, each with a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def put(self, content: bytes) -> str:
        self.count += 1
        path = self.folder / f"file{self.count}"
        path.write_bytes(content)
        return str(path)

    def given(self, *, crls: Sequence[bytes] = (), answers: Sequence[bytes] = ()) -> LocalEvidence:
        return LocalEvidence.from_files([*map(self.put, crls)], [*map(self.put, answers)])


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    """A folder for one test alone."""
    return _Files(tmp_path)


def _leaf(
    given: LocalEvidence, chain: TestChain = _CHAIN, now: datetime = NOW, signing_times: SigningTimes = NO_SIGNING_TIMES
) -> CertificateStatus:
    """What is known of the leaf when nobody is asked."""
    return RevocationChecker(None, given).statuses(check_chain(chain.ders), now, signing_times)[0]


def _word(given: LocalEvidence, **options: Any) -> str:
    return str(_leaf(given, **options).status)


def test_nothing_is_given() -> None:
    """Without files there is nothing to ask."""
    assert _leaf(LocalEvidence()) == (
        _CHAIN.certificates[0],
        "unknown",
        "there is no network and no local evidence",
        (),
    )


@pytest.mark.parametrize(("single", "status"), [(GOOD, "good"), (REVOKED, "revoked"), (UNKNOWN, "unknown")])
def test_answers(files: _Files, single: Single, status: str) -> None:
    """An answer counts like one that a responder sends."""
    given = files.given(answers=[make_answer(_CHAIN, 0, single)])
    assert _word(given) == status
    assert _leaf(given).log[0].startswith(f"{files.folder}/file1: {status}, ")


@pytest.mark.parametrize(("entries", "status"), [([], "good"), ([revoked(_CHAIN)], "revoked")])
@pytest.mark.parametrize("pem", [False, True])
def test_crls(files: _Files, entries: Sequence[Entry], status: str, pem: bool) -> None:
    """A CRL counts like one that is downloaded, in DER and in PEM, with words before it."""
    der = make_crl(_CHAIN, 1, entries)
    content = b"CRL of the CA\n" + x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) if pem else der
    assert _word(files.given(crls=[content])) == status


def test_each_certificate_has_its_own(files: _Files) -> None:
    """Files may be about any of the certificates; those about others say nothing."""
    given = files.given(crls=[make_crl(_CHAIN, 1), make_crl(_CHAIN, 2, [revoked(_CHAIN, 1)]), make_crl(make_chain())])
    statuses = RevocationChecker(None, given).statuses(check_chain(_CHAIN.ders), NOW)
    assert [each.status for each in statuses] == ["good", "revoked"]
    given = files.given(answers=[make_answer(_CHAIN, 1), make_answer(_CHAIN, 0, REVOKED)])
    statuses = RevocationChecker(None, given).statuses(check_chain(_CHAIN.ders), NOW)
    assert [each.status for each in statuses] == ["revoked", "good"]


@pytest.mark.parametrize("order", [1, -1])
def test_revoked_wins(files: _Files, order: int) -> None:
    """Of files that contradict each other the worst counts, in whatever order they are given."""
    answers = [make_answer(_CHAIN, 0, single) for single in (GOOD, REVOKED, UNKNOWN)][::order]
    assert _word(files.given(answers=answers)) == "revoked"
    crls = [make_crl(_CHAIN), make_crl(_CHAIN, 1, [revoked(_CHAIN)], number=2)][::order]
    assert _word(files.given(crls=crls)) == "revoked"
    assert _word(files.given(crls=[make_crl(_CHAIN, 1, [revoked(_CHAIN)])], answers=[answers[0]])) == "revoked"
    assert _word(files.given(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN, 0, REVOKED)])) == "revoked"


def test_unknown_leaves_it_to_the_others(files: _Files) -> None:
    """An answer that knows nothing does not stand in the way of a CRL."""
    assert _word(files.given(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN, 0, UNKNOWN)])) == "good"


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
def test_answers_that_do_not_count(files: _Files, answer: bytes, text: str) -> None:
    """What a server could not send counts in no file either, and it is said why."""
    status = _leaf(files.given(answers=[answer]))
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
def test_crls_that_do_not_count(files: _Files, crl: bytes, text: str) -> None:
    """What a server could not send counts in no file either, and it is said why."""
    status = _leaf(files.given(crls=[crl]))
    assert status.status == "unknown"
    assert text in status.text


def test_a_point_that_it_is_issued_for(files: _Files) -> None:
    """A CRL that names the certificate's point is the point's."""
    point = issued_for(_URL + crl_path(0))
    assert _word(files.given(crls=[make_crl(_CHAIN, distribution_point=point)])) == "good"


@pytest.mark.parametrize("order", [1, -1])
def test_a_base_with_its_delta(files: _Files, order: int) -> None:
    """They are put together, in whatever order they are given; of several deltas, the newest one that fits."""
    base = make_crl(_CHAIN, 1, [revoked(_CHAIN, 0, HOLD)], number=5, freshest=["http://delta"])
    released = Entry(_CHAIN.certificates[0].serial_number, NOW, REMOVED)
    delta = make_crl(_CHAIN, 1, [released], number=7, base=5)
    other = make_crl(_CHAIN, 1, [], number=6, base=5, this_update=NOW - timedelta(hours=5))
    misfit = make_crl(_CHAIN, 1, [], number=9, base=8, this_update=NOW)
    assert _word(files.given(crls=[base, delta][::order])) == "good"
    assert _word(files.given(crls=[base, delta, other, misfit][::order])) == "good"
    assert _word(files.given(crls=[base, misfit][::order])) == "unknown"
    assert _word(files.given(crls=[delta])) == "unknown"
    fresh = make_crl(_CHAIN, 1, [revoked(_CHAIN)], number=6, base=5)
    assert _word(files.given(crls=[make_crl(_CHAIN, number=5, freshest=["http://delta"]), fresh][::order])) == "revoked"


def test_a_certificate_that_names_nothing(files: _Files) -> None:
    """Files are about it all the same; where they are not, it cannot be revoked."""
    chain = make_chain()
    assert _word(files.given(crls=[make_crl(chain, 1, [revoked(chain)])]), chain=chain) == "revoked"
    assert _word(files.given(crls=[make_crl(chain)]), chain=chain) == "good"
    assert _word(files.given(answers=[make_answer(chain, 0, REVOKED)]), chain=chain) == "revoked"
    assert _word(files.given(crls=[make_crl(_CHAIN)]), chain=chain) == "not revocable"


def test_when_it_was_signed(files: _Files) -> None:
    """Invalidity dates count in files as they do elsewhere."""
    entry = Entry(_CHAIN.certificates[0].serial_number, invalidity_date=REVOKED_AT)
    given = files.given(crls=[make_crl(_CHAIN, 1, [entry])])
    early, late = (SigningTimes(REVOKED_AT + sign * _SECOND) for sign in (-1, 1))
    assert [_word(given, signing_times=signing_times) for signing_times in (early, late)] == ["good", "revoked"]


def test_time_goes_on(files: _Files) -> None:
    """The same files are not good for ever."""
    given = files.given(crls=[make_crl(_CHAIN)], answers=[make_answer(_CHAIN)])
    assert [_word(given, now=now) for now in (NEXT_UPDATE, NEXT_UPDATE + _SECOND)] == ["good", "unknown"]


_SOME = frozenset([ReasonFlags.key_compromise, ReasonFlags.ca_compromise])
_REST = ALL_REASONS - _SOME


def test_some_reasons_alone_are_not_enough(files: _Files) -> None:
    """RFC 5280, section 6.3.3: a CRL for some reasons says that the certificate is revoked, and not that it is good."""
    some = issued_for(only_reasons=_SOME)
    assert _word(files.given(crls=[make_crl(_CHAIN, distribution_point=some)])) == "unknown"
    assert _word(files.given(crls=[make_crl(_CHAIN, 1, [revoked(_CHAIN)], distribution_point=some)])) == "revoked"


def test_crls_for_all_reasons_together(files: _Files) -> None:
    """RFC 5280, section 6.3.3: CRLs for some reasons each are enough when they cover all together."""
    parts = [make_crl(_CHAIN, distribution_point=issued_for(only_reasons=each)) for each in (_SOME, _REST)]
    assert _word(files.given(crls=parts)) == "good"
    parts[1] = make_crl(_CHAIN, 1, [revoked(_CHAIN)], distribution_point=issued_for(only_reasons=_REST))
    assert _word(files.given(crls=parts)) == "revoked"


def test_a_whole_crl_for_a_certificate_with_points_for_some_reasons(files: _Files) -> None:
    """RFC 5280, section 6.3.3: a CRL that no point names counts as one for all reasons."""
    points = [Point(("http://some.invalid",), _SOME), Point(("http://rest.invalid",), _REST)]
    chain = revocable_chain(ocsp=False, crl_at={0: points, 1: []})
    assert _word(files.given(crls=[make_crl(chain)]), chain=chain) == "good"


def test_a_delegate_that_is_to_be_checked(files: _Files) -> None:
    """Specification, "Revocation Checking with OCSP": one without nocheck is looked up in CRLs, or does not count."""
    delegate = make_delegate(_CHAIN, nocheck=False, crl_urls=[_URL + crl_path(0)])
    answer = make_answer(_CHAIN, 0, delegate=delegate)
    revoked_delegate = make_crl(_CHAIN, 1, [Entry(delegate.certificate.serial_number), revoked(_CHAIN)])
    assert _word(files.given(answers=[answer])) == "unknown"
    assert _word(files.given(answers=[answer], crls=[revoked_delegate])) == "revoked"


@pytest.mark.parametrize(("listed", "status"), [(False, "good"), (True, "unknown")])
def test_a_delegate_that_a_given_crl_is_about(files: _Files, listed: bool, status: str) -> None:
    """The CRL that says nothing about the leaf, which names somebody else's, says something about the delegate."""
    chain = revocable_chain(_URL, crl_at={0: [Point((_URL,), None, name("CRLs"))]})
    delegate = make_delegate(chain, nocheck=False, crl_urls=[_URL + crl_path(0)])
    crl = make_crl(chain, 1, [Entry(delegate.certificate.serial_number)] if listed else [])
    assert _word(files.given(crls=[crl]), chain=chain) == "unknown"
    given = files.given(answers=[make_answer(chain, 0, delegate=delegate)], crls=[crl])
    assert _word(given, chain=chain) == status


def test_a_delegate_that_need_not_be_checked(files: _Files) -> None:
    """RFC 6960, section 4.2.2.2.1: with nocheck, or where it names nothing to ask, its answer counts."""
    for delegate in (make_delegate(_CHAIN), make_delegate(_CHAIN, nocheck=False)):
        assert _word(files.given(answers=[make_answer(_CHAIN, 0, delegate=delegate)])) == "good"


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
def test_a_file_that_holds_no_crl(files: _Files, content: bytes) -> None:
    """The file and the option are named."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


def test_a_crl_in_pem_of_a_version_that_nobody_knows(files: _Files) -> None:
    """It is refused as the same in DER is."""
    body = base64.encodebytes(make_crl(_CHAIN, version=3))
    path = files.put(b"-----BEGIN X509 CRL-----\n" + body + b"-----END X509 CRL-----\n")
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", make_crl(_CHAIN), make_answer(_CHAIN)[:-1]], ids=["empty", "rubbish", "a CRL", "cut"]
)
def test_a_file_that_holds_no_answer(files: _Files, content: bytes) -> None:
    """The file and the option are named."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no OCSP response in DER"):
        LocalEvidence.from_files([], [path])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is said which one."""
    path = str(tmp_path / "missing")
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([path], [])
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([], [path])


def test_a_refusal_in_a_file(files: _Files) -> None:
    """A responder that has refused has said nothing that could be given."""
    with pytest.raises(UsageError, match="error, not a status") as caught:
        files.given(answers=[make_refusal(TRY_LATER)])
    assert caught.value.advice == "request it again"


def test_a_folder_of_evidence(tmp_path: Path) -> None:
    """Files are told by their names, and others are left aside."""
    crl, answer = make_crl(_CHAIN), make_answer(_CHAIN)
    names = [evidence_file("crl", crl), evidence_file("ocsp", answer)]
    for each, content in (*zip(names, (crl, answer), strict=True), ("notes.txt", b""), ("crl-of-mine.pem", b"")):
        (tmp_path / each).write_bytes(content)
    found = evidence_files(str(tmp_path))
    assert found == ([str(tmp_path / names[0])], [str(tmp_path / names[1])])
    assert _word(LocalEvidence.from_files(*found)) == "good"
    with pytest.raises(UsageError, match="cannot be read"):
        evidence_files(str(tmp_path / "missing"))
