"""Go peer: timestamps, and signing and verification with timestamps and revocation."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.interop.go_peer import Peer
from tests.interop.peer_site import HOUR, MESSAGE, Site, Tsa, base64_text, leaf_crl, leaf_entry, revocable_chain
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import COSE, FORMATS
from tests.support.homes import SCOPE, Home, policy_document
from tests.support.layouts import make_layout


def test_token_is_verified(peer: Peer, tsa: Tsa) -> None:
    """The result has the time, the accuracy in nanoseconds and the subjects from leaf to root."""
    answer = peer.ask("timestampVerify", token=base64_text(tsa.token()), message=base64_text(MESSAGE), roots=[tsa.root])
    assert answer["ok"], answer["error"]
    assert abs(datetime.fromisoformat(answer["value"]) - datetime.now(UTC)) < HOUR
    assert answer["accuracy"] == 1_500_100_000
    assert [subject.split(",")[0] for subject in answer["subjects"]] == [
        "CN=wabbit-networks.io", "CN=Intermediate CA 1", "CN=Root CA"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"message": base64_text(b"another")}, "mismatched message"),
        ({"token": ""}, "no timestamp countersignature was found"),
        ({"token": base64_text(b"0\0")}, "failed to parse timestamp countersignature"),
        ({"roots": []}, "no trusted TSA certificate found"),
        ({"roots": [base64_text(make_chain().ders[-1])]}, "failed to verify the timestamp countersignature"),
        ({"roots": [base64_text(b"0\0")]}, "certificate 0: "),
        ({"at": "2100-01-01T00:00:00Z"}, "certificate has expired or is not yet valid"),
    ],
)
def test_wrong_token_is_refused(peer: Peer, tsa: Tsa, changes: Mapping[str, object], error: str) -> None:
    """One fault in a good request is reported."""
    good = {"token": base64_text(tsa.token()), "message": base64_text(MESSAGE), "roots": [tsa.root]}
    answer = peer.ask("timestampVerify", **{**good, **changes})
    assert not answer["ok"]
    assert error in answer["error"]


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
def test_token_is_fetched(peer: Peer, site: Site, tsa: Tsa, name: str) -> None:
    """The fetched token is verified."""
    site.pages["tsa"] = tsa.answer
    stamped = peer.ask("stamp", message=base64_text(MESSAGE), url=site.url("tsa"), root=tsa.root, hash=name)
    assert stamped["ok"], stamped["error"]
    verified = peer.ask("timestampVerify", token=stamped["token"], message=base64_text(MESSAGE), roots=[tsa.root])
    assert verified["ok"], verified["error"]
    assert verified["subjects"] == stamped["subjects"]


def test_unusable_authority_is_refused(peer: Peer, site: Site, tsa: Tsa) -> None:
    """A failing server, a replayed response, a wrong root and an unknown hash are refused."""
    site.pages["tsa"] = tsa.answer
    earlier = peer.ask("stamp", message=base64_text(MESSAGE), url=site.url("tsa"), root=tsa.root, hash="SHA-256")
    assert earlier["ok"], earlier["error"]
    site.put("replay", (tsa.folder / "reply").read_bytes())
    good = {"message": base64_text(MESSAGE), "url": site.url("tsa"), "root": tsa.root, "hash": "SHA-256"}
    for changes, error in (
        ({"url": site.url("nowhere")}, "404"),
        ({"url": site.url("replay")}, "nonce"),
        ({"url": "ftp://127.0.0.1/"}, "scheme must be http or https"),
        ({"root": base64_text(make_chain().ders[-1])}, "certificate signed by unknown authority"),
        ({"root": base64_text(tsa.chain.ders[1])}, "the TSA's root certificate: "),
        ({"hash": "SHA-1"}, 'unknown hash "SHA-1"'),
    ):
        answer = peer.ask("stamp", **{**good, **changes})
        assert not answer["ok"]
        assert error in answer["error"]


# Signing and verification.


class Signed:
    """A signer with settings that trust it and a TSA, and an artifact that is to be signed."""

    def __init__(self, folder: Path, chain: TestChain, tsa: Tsa, media_type: str = COSE) -> None:
        """Makes the files."""
        self.home = Home(folder / "home")
        self.home.trust(chain)
        self.home.trust(tsa.chain, kind="tsa")
        self._key_file, self._chain_file = self.home.add_key(chain)
        self._layout = make_layout(folder / "layout")
        self._media_type = media_type

    def sign(self, peer: Peer, **members: object) -> dict[str, Any]:
        """Has the Go side sign."""
        files = {"keyFile": str(self._key_file), "chainFile": str(self._chain_file), "mediaType": self._media_type}
        return peer.ask("sign", layout=self._layout.path, digest=self._layout.digest, **files, **members)

    def failed(self, peer: Peer, option: str = "always", **members: object) -> dict[str, str]:
        """The validations that fail on the Go side with their errors; none where all is well."""
        policy = policy_document(stores=["ca:tests", "tsa:tests"])
        policy["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = option
        where = {"layout": self._layout.path, "digest": self._layout.digest, "scope": SCOPE}
        answer = peer.ask("verify", **where, policy=policy, trustStore=str(self.home.folder), **members)
        failed = {check["type"]: check["error"] for check in answer["results"] if check["error"]}
        assert answer["ok"] is not bool(failed)
        return failed


@pytest.mark.parametrize("media_type", FORMATS)
def test_timestamped_signature_is_verified(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa, media_type: str) -> None:
    """A policy that requires timestamps accepts a signature with one, and refuses one without."""
    site.pages["tsa"] = tsa.answer
    stamped = Signed(tmp_path / "stamped", make_chain(), tsa, media_type)
    answer = stamped.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)
    assert answer["ok"], answer["error"]
    assert stamped.failed(peer) == {}
    plain = Signed(tmp_path / "plain", make_chain(), tsa, media_type)
    assert plain.sign(peer)["ok"]
    assert plain.failed(peer) == {
        "authenticTimestamp": "no timestamp countersignature was found in the signature envelope"
    }
    assert plain.failed(peer, "afterCertExpiry") == {}


def test_failing_authority_fails_the_signature(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa) -> None:
    """Signing fails without the TSA, or under another root."""
    site.pages["tsa"] = tsa.answer
    signed = Signed(tmp_path / "signed", make_chain(), tsa)
    gone = signed.sign(peer, timestampUrl=site.url("nowhere"), timestampRoot=tsa.root)
    assert "404" in gone["error"]
    other = signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=base64_text(make_chain().ders[-1]))
    assert "certificate signed by unknown authority" in other["error"]
    assert not gone["ok"]
    assert not other["ok"]


def test_revoked_authority_is_refused(peer: Peer, site: Site, tmp_path: Path) -> None:
    """A revoked TSA is refused in verification and in signing."""
    tsa = Tsa(tmp_path / "tsa", revocable_chain(site.url("crl"), purpose="timestamping"))
    site.pages["tsa"] = tsa.answer
    site.put("crl", leaf_crl(tsa.chain))
    signed = Signed(tmp_path / "signed", make_chain(), tsa)
    assert signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)["ok"]
    assert signed.failed(peer) == {}
    site.put("crl", leaf_crl(tsa.chain, leaf_entry(tsa.chain)))
    assert "is revoked" in signed.failed(peer)["authenticTimestamp"]
    again = signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)
    assert "is revoked" in again["error"]


def test_revoked_signer_is_refused(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa) -> None:
    """A revoked signer is refused; with a cache folder, the earlier CRL counts until it expires."""
    chain = revocable_chain(site.url("crl"))
    site.put("crl", leaf_crl(chain))
    signed = Signed(tmp_path / "signed", chain, tsa)
    assert signed.sign(peer)["ok"]
    cache = str(tmp_path / "cache")
    assert signed.failed(peer, "afterCertExpiry") == {}
    assert signed.failed(peer, "afterCertExpiry", cacheFolder=cache) == {}
    site.put("crl", leaf_crl(chain, leaf_entry(chain)))
    assert "is revoked" in signed.failed(peer, "afterCertExpiry")["revocation"]
    assert signed.failed(peer, "afterCertExpiry", cacheFolder=cache) == {}
    assert site.asked == ["crl"] * 3
