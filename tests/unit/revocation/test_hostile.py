"""What somebody on the way, or with a stolen responder's key, would like to be believed."""

import time
from pathlib import Path

import pytest

from notarykit.errors import RevocationError
from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.crl import Crl
from notarykit.revocation.evidence import LocalEvidence, NamedCrl
from notarykit.revocation.file_cache import CrlCache
from notarykit.revocation.result import UnknownStatusError
from tests.support.ca import TestChain, name
from tests.support.checking import sources, words
from tests.support.crls import NOW, Entry, issued_for, make_crl, revoked
from tests.support.ocsp_answers import GOOD, REVOKED, make_answer, make_delegate, responding
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, ocsp_path, revocable_chain


def _offline(chain: TestChain, given: LocalEvidence) -> str:
    """What files alone say about the leaf."""
    return str(RevocationChecker(None, given).statuses(check_chain(chain.ders), NOW)[0].status)


def test_a_stolen_responders_answer_in_a_file(responder: Responder) -> None:
    """A delegate that its CA has revoked is not believed, whoever brings its answer."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={1: []})
    delegate = make_delegate(chain, nocheck=False, crl_urls=[responder.url("/delegates")])
    responder.put("/delegates", make_crl(chain, 1, [Entry(delegate.certificate.serial_number)]))
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    given = LocalEvidence(responses=[("file", make_answer(chain, 0, delegate=delegate))])
    assert words(chain, evidence=given, asking=sources())[0] == "revoked"
    assert _offline(chain, given) == "unknown"


def test_a_file_where_another_issues_the_crls() -> None:
    """The issuer's own CRL says nothing good of a certificate whose revocations somebody else lists."""
    chain = revocable_chain("", ocsp=False, crl_at={0: [Point(("http://x.invalid",), crl_issuer=name("Other"))], 1: []})
    good, bad = (
        LocalEvidence([NamedCrl("file", Crl(make_crl(chain, 1, entries)))]) for entries in ([], [revoked(chain)])
    )
    assert _offline(chain, good) == "unknown"
    assert _offline(chain, bad) == "revoked"


def test_a_file_without_the_delta_that_the_certificate_names() -> None:
    """A base alone says nothing good of a certificate that names a delta."""
    chain = revocable_chain("http://x.invalid", ocsp=False, crl_at={1: []}, freshest_at={0: ["http://x.invalid/delta"]})
    given = LocalEvidence([NamedCrl("file", Crl(make_crl(chain)))])
    assert _offline(chain, given) == "unknown"


@pytest.mark.parametrize("wrong", ["for CAs", "a delta"])
def test_a_crl_about_others_is_not_kept(responder: Responder, tmp_path: Path, wrong: str) -> None:
    """Another CRL of the same CA, sent once in place of the right one, does not stay for the time that it says."""
    chain = revocable_chain(responder.url(), ocsp=False, crl_at={1: []})
    crl = make_crl(chain, distribution_point=issued_for(only_ca=True))
    if wrong == "a delta":
        crl = make_crl(chain, number=2, base=1)
    responder.put(crl_path(0), crl)
    asking = sources(str(tmp_path))
    assert words(chain, asking=asking)[0] == "unknown"
    assert CrlCache(str(tmp_path)).read(responder.url(crl_path(0))) is None
    asking = sources(str(tmp_path))
    responder.put(crl_path(0), make_crl(chain))
    assert words(chain, asking=asking)[0] == "good"


def test_an_answer_for_a_year(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A responder is asked again after an hour, however long its answers count; where it is down, they do."""
    chain = revocable_chain(responder.url(), crl=False, ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain, 0, GOOD))
    asking, later = sources(), 0.0
    real = time.monotonic
    monkeypatch.setattr("notarykit.revocation.ocsp_fetcher.time.monotonic", lambda: real() + later)
    assert words(chain, asking=asking)[0] == "good"
    later = 3601.0
    responder.fail(ocsp_path(0), 500)
    assert words(chain, asking=asking)[0] == "good"
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    later = 2 * 3601.0
    assert words(chain, asking=asking)[0] == "revoked"


def test_a_number_of_a_thousand_digits() -> None:
    """A CRL number that nobody could print is refused (RFC 5280, section 5.2.3)."""
    with pytest.raises(UnknownStatusError, match="longer than 20 bytes"):
        Crl(make_crl(revocable_chain(""), number=2**20000))


def test_unsigned_entries_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read entry by entry before the signature holds."""
    chain = revocable_chain("")
    entries = [Entry(number, issuer=name("Other")) for number in range(1, 4)]
    crl = Crl(make_crl(chain, 1, entries, corrupted=True))
    monkeypatch.setattr("notarykit.revocation.crl.read_entry", lambda _: pytest.fail("an entry was read"))
    with pytest.raises(UnknownStatusError, match="signature"):
        crl.check_issuer(chain.certificates[1])


def test_a_failure_of_ours_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with an answer, its certificate is not known to be good, and nothing else is raised."""
    chain = check_chain(revocable_chain("http://x.invalid").ders)

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("notarykit.revocation.certificate.read_endpoints", broken)
    with pytest.raises(RevocationError, match="could not be processed: RuntimeError") as caught:
        RevocationChecker(None).check(chain, NOW)
    assert "secret" not in str(caught.value)
