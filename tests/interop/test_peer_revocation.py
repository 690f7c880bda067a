"""Go peer: revocation checks."""

import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509 import ocsp

from tests.interop.go_peer import Peer, build
from tests.interop.peer_site import (
    HOUR,
    NOT_REVOKABLE,
    Reply,
    Site,
    base64_text,
    leaf_crl,
    leaf_entry,
    leaf_response,
    leaf_state,
    only_server,
    revocable_chain,
)
from tests.support.ca import make_chain


def test_crl_gives_the_status(peer: Peer, site: Site) -> None:
    """A CRL gives the status good or revoked, and a missing one unknown."""
    chain = revocable_chain(site.url("crl"))
    site.put("crl", leaf_crl(chain))
    server = {"server": site.url("crl"), "result": "OK", "method": "CRL", "error": ""}
    assert leaf_state(peer, chain) == {"result": "OK", "method": "CRL", "servers": [server]}
    site.put("crl", leaf_crl(chain, leaf_entry(chain)))
    revoked = {**server, "result": "Revoked"}
    assert leaf_state(peer, chain) == {"result": "Revoked", "method": "CRL", "servers": [revoked]}
    del site.pages["crl"]
    unknown = leaf_state(peer, chain)
    assert (unknown["result"], unknown["method"]) == ("Unknown", "CRL")
    assert "status code: 404" in only_server(unknown)["error"]


def test_responder_gives_the_status(peer: Peer, site: Site) -> None:
    """A responder gives the status good or revoked, and a missing one falls back to the CRL."""
    chain = revocable_chain(site.url("crl"), responder=site.url("ocsp"))
    site.put("ocsp", leaf_response(chain, next_update=datetime.now(UTC) + HOUR))
    server = {"server": site.url("ocsp"), "result": "OK", "method": "OCSP", "error": ""}
    assert leaf_state(peer, chain) == {"result": "OK", "method": "OCSP", "servers": [server]}
    site.put("ocsp", leaf_response(chain, ocsp.OCSPCertStatus.REVOKED, datetime.now(UTC) + HOUR))
    revoked = {**server, "result": "Revoked", "error": "certificate is revoked via OCSP"}
    assert leaf_state(peer, chain) == {"result": "Revoked", "method": "OCSP", "servers": [revoked]}
    assert set(site.asked) == {"ocsp"}
    del site.pages["ocsp"]
    site.put("crl", leaf_crl(chain))
    fallback = leaf_state(peer, chain)
    assert (fallback["result"], fallback["method"]) == ("OK", "OCSPFallbackCRL")
    assert [(server["method"], server["result"]) for server in fallback["servers"]] == [
        ("OCSP", "Unknown"),
        ("CRL", "OK"),
    ]


def test_slow_responder_times_out(peer: Peer, site: Site) -> None:
    """The request's time limits hold."""

    def slow(_: bytes) -> Reply:
        time.sleep(0.5)
        return Reply()

    site.pages["slow"] = slow
    by_ocsp = leaf_state(peer, revocable_chain(responder=site.url("slow")), ocspSeconds=0.1)
    assert only_server(by_ocsp)["error"] == "exceeded timeout threshold of 0.10 seconds for OCSP check"
    by_crl = leaf_state(peer, revocable_chain(site.url("slow")), crlSeconds=0.1)
    assert "Client.Timeout exceeded" in only_server(by_crl)["error"]


def test_signature_before_the_invalidity_date_is_good(peer: Peer, site: Site) -> None:
    """A signature made before is good; without a signing time, the entry counts."""
    chain = revocable_chain(site.url("crl"))
    date = datetime.now(UTC) - HOUR
    site.put("crl", leaf_crl(chain, leaf_entry(chain, invalid_from=date)))
    assert leaf_state(peer, chain)["result"] == "Revoked"
    assert leaf_state(peer, chain, authenticSigningTime=(date - HOUR).isoformat())["result"] == "OK"
    assert leaf_state(peer, chain, authenticSigningTime=(date + HOUR).isoformat())["result"] == "Revoked"


def test_chain_for_another_purpose_is_refused(peer: Peer) -> None:
    """A chain for another purpose, and an unknown purpose, are refused before any request."""
    chain = make_chain("RSA-2048", purpose="timestamping")
    assert leaf_state(peer, chain, purpose="timestamping") == NOT_REVOKABLE
    ders = [base64_text(der) for der in chain.ders]
    wrong = peer.ask("revocationCheck", chain=ders, purpose="codeSigning")
    assert not wrong["ok"]
    assert "extended key usage must not contain Timestamping eku" in wrong["error"]
    assert peer.ask("revocationCheck", chain=ders, purpose="")["error"] == 'unknown purpose ""'
    assert not peer.ask("revocationCheck", chain=[], purpose="codeSigning")["ok"]


def test_cached_crl_is_benchmarked(site: Site, tmp_path: Path) -> None:
    """A new process times its checks against a filled cache, and refuses an empty one."""
    chain = revocable_chain(site.url("crl"))
    site.put("crl", leaf_crl(chain))
    request = {"chain": [base64_text(der) for der in chain.ders], "url": site.url("crl"), "rounds": 2}
    with Peer(build()) as fresh:
        empty = fresh.ask("benchCrl", **request, cacheFolder=str(tmp_path / "empty"))
        assert not empty["ok"]
        assert "the cache has no usable CRL" in empty["error"]
        assert leaf_state(fresh, chain, cacheFolder=str(tmp_path / "cache"))["result"] == "OK"
    assert site.asked == ["crl"]
    with Peer(build()) as fresh:
        answer = fresh.ask("benchCrl", **request, cacheFolder=str(tmp_path / "cache"))
    assert answer["ok"], answer["error"]
    assert len(answer["fresh"]) == len(answer["same"]) == 2
    assert min(answer["first"], *answer["fresh"], *answer["same"]) > 0
    assert 1 << 20 < answer["firstPeakBytes"] <= answer["peakBytes"]
    assert site.asked == ["crl"]
