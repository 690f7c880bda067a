"""Responses and CRLs of an attacker on the network, or with a stolen responder key."""

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


def _offline_status(chain: TestChain, evidence: LocalEvidence) -> str:
    """Returns the leaf's status by local evidence alone."""
    return str(RevocationChecker(None, evidence).statuses(check_chain(chain.ders), NOW)[0].status)


def test_response_of_a_revoked_delegate_in_a_file_is_refused(responder: Responder) -> None:
    """A response by a delegate that its CA has revoked is refused."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={1: []})
    delegate = make_delegate(chain, nocheck=False, crl_urls=[responder.url("/delegates")])
    responder.put("/delegates", make_crl(chain, 1, [Entry(delegate.certificate.serial_number)]))
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    evidence = LocalEvidence(responses=[("file", make_answer(chain, 0, delegate=delegate))])
    assert words(chain, evidence=evidence, asking=sources())[0] == "revoked"
    assert _offline_status(chain, evidence) == "unknown"


def test_crl_file_of_the_issuer_is_not_enough_with_an_indirect_crl() -> None:
    """The issuer's own CRL is no good status for a certificate with another CRL issuer."""
    chain = revocable_chain("", ocsp=False, crl_at={0: [Point(("http://x.invalid",), crl_issuer=name("Other"))], 1: []})
    good, bad = (
        LocalEvidence([NamedCrl("file", Crl(make_crl(chain, 1, entries)))]) for entries in ([], [revoked(chain)])
    )
    assert _offline_status(chain, good) == "unknown"
    assert _offline_status(chain, bad) == "revoked"


def test_base_file_is_not_enough_with_freshest_crl() -> None:
    """A base alone is no good status for a certificate that names a delta."""
    chain = revocable_chain("http://x.invalid", ocsp=False, crl_at={1: []}, freshest_at={0: ["http://x.invalid/delta"]})
    evidence = LocalEvidence([NamedCrl("file", Crl(make_crl(chain)))])
    assert _offline_status(chain, evidence) == "unknown"


@pytest.mark.parametrize("wrong", ["for CAs", "a delta"])
def test_crl_of_another_scope_does_not_stay_cached(responder: Responder, tmp_path: Path, wrong: str) -> None:
    """Another CRL of the same CA, sent once in place of the right one, is not cached."""
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


def test_response_for_a_year_is_refreshed_after_an_hour(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cached response is fetched again after an hour, and used on where the responder is down."""
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


def test_huge_crl_number_is_refused() -> None:
    """A CRL number beyond 20 octets is refused (RFC 5280, section 5.2.3)."""
    with pytest.raises(UnknownStatusError, match="longer than 20 bytes"):
        Crl(make_crl(revocable_chain(""), number=2**20000))


def test_entries_are_not_parsed_before_the_signature_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are parsed only after the signature is verified."""
    chain = revocable_chain("")
    entries = [Entry(number, issuer=name("Other")) for number in range(1, 4)]
    crl = Crl(make_crl(chain, 1, entries, corrupted=True))
    monkeypatch.setattr("notarykit.revocation.crl.read_entry", lambda _: pytest.fail("an entry was read"))
    with pytest.raises(UnknownStatusError, match="signature"):
        crl.check_issuer(chain.certificates[1])


def test_unexpected_error_makes_the_status_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception makes the status unknown, and is not raised."""
    chain = check_chain(revocable_chain("http://x.invalid").ders)

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("notarykit.revocation.certificate_check.read_endpoints", broken)
    with pytest.raises(RevocationError, match="could not be processed: RuntimeError") as caught:
        RevocationChecker(None).check(chain, NOW)
    assert "secret" not in str(caught.value)
