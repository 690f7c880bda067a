"""Behaviour of the Go libraries where the specifications leave room or differ."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from tests.interop.go_peer import Peer
from tests.interop.peer_site import (
    HOUR,
    MESSAGE,
    Reply,
    Site,
    Tsa,
    base64_text,
    leaf_crl,
    leaf_entry,
    leaf_response,
    leaf_state,
    only_server,
    revocable_chain,
    signed_with_sha1,
)
from tests.support.ca import make_chain


def test_go_refuses_ocsp_response_without_next_update(peer: Peer, site: Site) -> None:
    """The absent time is taken for one long ago."""
    chain = revocable_chain(responder=site.url("ocsp"))
    for status in (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED):
        site.put("ocsp", leaf_response(chain, status))
        state = leaf_state(peer, chain)
        assert (state["result"], state["method"]) == ("Unknown", "OCSP")
        assert "expired OCSP response" in only_server(state)["error"]


def test_go_accepts_token_with_one_trusted_signer_of_two(peer: Peer, tmp_path: Path) -> None:
    """One trusted signer is enough, though RFC 3161 allows no other."""
    one, two = Tsa(tmp_path / "one"), Tsa(tmp_path / "two", make_chain("EC-256", purpose="timestamping"))
    both = {"token": base64_text(one.signed_with(two)), "message": base64_text(MESSAGE)}
    for roots in ([one.root], [two.root], [one.root, two.root]):
        answer = peer.ask("timestampVerify", **both, roots=roots)
        assert answer["ok"], answer["error"]
    assert not peer.ask("timestampVerify", **both, roots=[base64_text(make_chain().ders[-1])])["ok"]


@pytest.mark.parametrize("scheme", ["https", "ldap"])
def test_go_fetches_over_http_only(peer: Peer, scheme: str) -> None:
    """Another scheme makes the status unknown, not that of a certificate without endpoints."""
    by_crl = leaf_state(peer, revocable_chain(f"{scheme}://127.0.0.1/crl"))
    assert (by_crl["result"], by_crl["method"]) == ("Unknown", "CRL")
    assert f"unsupported scheme: {scheme}. Only supports CRL URL in HTTP protocol" in only_server(by_crl)["error"]
    by_ocsp = leaf_state(peer, revocable_chain(responder=f"{scheme}://127.0.0.1/ocsp"))
    assert (by_ocsp["result"], by_ocsp["method"]) == ("Unknown", "OCSP")
    assert f"OCSPServer protocol {scheme} is not supported" in only_server(by_ocsp)["error"]


def test_go_fetches_every_url_of_a_distribution_point(peer: Peer, site: Site) -> None:
    """One failing URL of a point makes the status unknown, even after a good one."""
    chain = revocable_chain(site.url("crl"), site.url("nowhere"))
    site.put("crl", leaf_crl(chain))
    assert leaf_state(peer, chain)["result"] == "Unknown"
    assert site.asked == ["crl", "nowhere"]
    site.put("crl", leaf_crl(chain, leaf_entry(chain)))
    assert leaf_state(peer, chain)["result"] == "Revoked"


@pytest.mark.parametrize(
    ("base", "delta", "indicator", "error"),
    [
        (5, 6, 5, ""),
        (5, 6, 3, ""),
        (5, 6, 6, "delta CRL indicator 6 is not less than or equal to the base CRL number 5"),
        (5, 5, 5, "delta CRL number 5 is not greater than the base CRL number 5"),
        (5, 6, None, "delta CRL indicator extension is not found"),
    ],
)
def test_go_combines_base_and_delta_crl(
    peer: Peer, site: Site, base: int, delta: int, indicator: int | None, error: str
) -> None:
    """The indicator may be less than the base's number; the delta's own number must be greater."""
    chain = revocable_chain(site.url("crl"))
    site.put("crl", leaf_crl(chain, number=base, extensions=[_freshest(site.url("delta"))]))
    kind = [(x509.DeltaCRLIndicator(indicator), True)] if indicator is not None else []
    site.put("delta", leaf_crl(chain, leaf_entry(chain), number=delta, extensions=kind))
    state = leaf_state(peer, chain)
    assert state["result"] == ("Unknown" if error else "Revoked")
    assert error in only_server(state)["error"]


def _freshest(url: str) -> tuple[x509.ExtensionType, bool]:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.FreshestCRL([point]), False


def test_go_panics_on_base_without_a_number_beside_a_delta(peer: Peer, site: Site) -> None:
    """The absent number is dereferenced."""
    chain = revocable_chain(site.url("crl"))
    site.put("crl", leaf_crl(chain, number=None, extensions=[_freshest(site.url("delta"))]))
    site.put("delta", leaf_crl(chain, number=2, extensions=[(x509.DeltaCRLIndicator(1), True)]))
    answer = peer.ask("revocationCheck", chain=[base64_text(der) for der in chain.ders], purpose="codeSigning")
    assert answer["error"].startswith("panic: ")
    site.put("crl", leaf_crl(chain, number=None))
    assert leaf_state(peer, chain)["result"] == "OK"


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize(
    "scope",
    [
        {"full_name": [x509.UniformResourceIdentifier("http://127.0.0.1:1/other")]},
        {"only_contains_ca_certs": True},
        {"only_contains_attribute_certs": True},
        {"only_some_reasons": frozenset([x509.ReasonFlags.superseded])},
        {"indirect_crl": True},
    ],
    ids=lambda scope: next(iter(scope)),
)
def test_go_ignores_the_scope_of_a_crl(peer: Peer, site: Site, scope: Mapping[str, Any], revoked: bool) -> None:
    """A critical issuing distribution point that does not fit is ignored."""
    chain = revocable_chain(site.url("crl"))
    none: dict[str, Any] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    point = x509.IssuingDistributionPoint(**{**none, **scope})
    site.put("crl", leaf_crl(chain, *([leaf_entry(chain)] if revoked else []), extensions=[(point, True)]))
    assert leaf_state(peer, chain)["result"] == ("Revoked" if revoked else "OK")


@pytest.mark.parametrize("revoked", [False, True])
def test_go_accepts_delta_crl_in_place_of_a_base(peer: Peer, site: Site, revoked: bool) -> None:
    """A delta CRL at the certificate's distribution point counts as complete."""
    chain = revocable_chain(site.url("crl"))
    entries = [leaf_entry(chain)] if revoked else []
    site.put("crl", leaf_crl(chain, *entries, number=6, extensions=[(x509.DeltaCRLIndicator(5), True)]))
    assert leaf_state(peer, chain)["result"] == ("Revoked" if revoked else "OK")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_go_follows_redirects(peer: Peer, site: Site, tsa: Tsa, status: int) -> None:
    """For CRLs and for OCSP with any status; for timestamps with those that keep the method."""
    chain = revocable_chain(site.url("from-crl"))
    site.put("crl", leaf_crl(chain))
    site.pages["from-crl"] = lambda _: Reply(status=status, location=site.url("crl"))
    assert leaf_state(peer, chain)["result"] == "OK"
    asking = revocable_chain(responder=site.url("from-ocsp"))
    site.put("ocsp", leaf_response(asking, next_update=datetime.now(UTC) + HOUR))
    site.pages["from-ocsp"] = lambda _: Reply(status=status, location=site.url("ocsp"))
    assert leaf_state(peer, asking)["result"] == "OK"
    site.pages["tsa"] = lambda query: tsa.answer(query) if query else Reply(status=405)
    site.pages["from-tsa"] = lambda _: Reply(status=status, location=site.url("tsa"))
    stamped = peer.ask("stamp", message=base64_text(MESSAGE), url=site.url("from-tsa"), root=tsa.root, hash="SHA-256")
    assert stamped["ok"] is (status in {307, 308})


@pytest.mark.parametrize("revoked", [False, True])
def test_go_accepts_sha1(peer: Peer, site: Site, revoked: bool) -> None:
    """CRLs and OCSP responses signed with SHA-1 count."""
    chain = revocable_chain(site.url("crl"), ca_kind="RSA-2048")
    der = leaf_crl(chain, *([leaf_entry(chain)] if revoked else []))
    parsed = x509.load_der_x509_crl(der)
    site.put("crl", signed_with_sha1(chain, der, parsed.tbs_certlist_bytes, parsed.signature))
    assert leaf_state(peer, chain)["result"] == ("Revoked" if revoked else "OK")
    site.put("crl", signed_with_sha1(chain, der, b"another", parsed.signature))
    assert leaf_state(peer, chain)["result"] == "Unknown"
    asking = revocable_chain(responder=site.url("ocsp"), ca_kind="RSA-2048")
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    answer = leaf_response(asking, status, datetime.now(UTC) + HOUR)
    read = ocsp.load_der_ocsp_response(answer)
    site.put("ocsp", signed_with_sha1(asking, answer, read.tbs_response_bytes, read.signature))
    assert leaf_state(peer, asking)["result"] == ("Revoked" if revoked else "OK")


def test_go_refuses_to_download_crl_of_32_mebibytes(peer: Peer, site: Site, tmp_path: Path) -> None:
    """A larger CRL counts if it is in the cache already."""
    chain = revocable_chain(site.url("crl"))
    padding_of_its_own = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(32 << 20))
    crl = leaf_crl(chain, leaf_entry(chain), extensions=[(padding_of_its_own, False)])
    site.put("crl", crl)
    assert "CRL size exceeds the limit: 33554432" in only_server(leaf_state(peer, chain))["error"]
    cached = tmp_path / hashlib.sha256(site.url("crl").encode()).hexdigest()
    cached.write_text(json.dumps({"baseCRL": base64_text(crl)}))
    assert leaf_state(peer, chain, cacheFolder=str(tmp_path))["result"] == "Revoked"
    assert site.asked == ["crl"]
