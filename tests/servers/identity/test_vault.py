"""Signing with identities that Vault certifies, and verification on either side."""

from datetime import UTC, datetime, timedelta

import pytest

from notarykit.errors import VerificationError
from notarykit.verification.verdict import Verified
from tests.interop import our_plugin
from tests.interop.conftest import peer
from tests.interop.go_peer import Peer
from tests.servers.identity.issuer import SUBJECT
from tests.servers.identity.scene import Scene, ask_peer_with_plugins
from tests.servers.identity.vault_ca import VaultCA
from tests.support.envelopes import FORMATS
from tests.support.homes import policy_document
from tests.support.polling import poll

__all__ = ["peer"]


DAY = timedelta(days=1)


@pytest.mark.parametrize("media_type", FORMATS)
def test_both_sides_verify_by_the_subject(scene: Scene, session_vault_ca: VaultCA, peer: Peer, media_type: str) -> None:
    """The role has the subject of its workload, which any verifier compares, a day later too."""
    content = scene.sign(session_vault_ca.key_id, scene.for_vault(session_vault_ca), media_type)
    lifetime = content.chain.leaf.not_valid_after_utc - content.chain.leaf.not_valid_before_utc
    assert lifetime < timedelta(minutes=11)
    question = scene.question(["x509.subject: C=US, ST=WA, O=ACME, OU=app"])
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert isinstance(question.ask_us().verdict, Verified)
    later = scene.question(["x509.subject: C=US, ST=WA, O=ACME, OU=app"], later=DAY)
    assert isinstance(later.ask_us().verdict, Verified)
    other = scene.question(["x509.subject: C=US, ST=WA, O=ACME, OU=other"])
    assert not other.ask_peer(peer)["ok"]


def test_both_sides_verify_after_the_certificate_has_expired(
    scene: Scene, session_vault_ca: VaultCA, peer: Peer
) -> None:
    """The timestamp keeps the signature good when the certificate, of seconds here, is over."""
    config = scene.for_vault(session_vault_ca) | {"ttl": "2s"}
    content = scene.sign(session_vault_ca.key_id, config)
    end = content.chain.leaf.not_valid_after_utc
    poll(lambda: datetime.now(UTC) > end)
    question = scene.question(["*"])
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert isinstance(question.ask_us().verdict, Verified)
    without = question._replace(policy=policy_document(["*"], ["ca:tests"]))
    assert "expired" in without.ask_peer(peer)["error"]


@pytest.mark.parametrize("media_type", FORMATS)
def test_both_sides_have_the_plugin_verify(
    scene: Scene, session_vault_ca: VaultCA, peer: Peer, media_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that names the plugin is verified by issuer and subject, on either side, and by nothing else."""
    plugins = our_plugin.install_by_command(scene.home, "--from-package", "identity")
    monkeypatch.setenv("NOTATION_LIBEXEC", str(plugins.parent))
    config = scene.for_vault(session_vault_ca) | {"verification_plugin": "true"}
    content = scene.sign(session_vault_ca.key_id, config, media_type)
    assert content.attributes.verification_plugin == "identity"
    name = "x509.subject: C=US, ST=WA, O=ACME, OU=app"
    issuer = f"issuer={scene.issuer.url}"
    for identities, reason in [
        ([f"identity: {issuer}, subject={SUBJECT}"], ""),
        (["*"], ""),
        ([name, f"identity: {issuer}, subject={SUBJECT}"], ""),
        ([name], "has no entry of the form"),
        ([f"identity: {issuer}, subject={SUBJECT}2"], "none of the trusted identities"),
        ([f"identity: issuer={scene.issuer.url}/, subject={SUBJECT}"], "none of the trusted identities"),
        ([f"identity: subject={SUBJECT}, {issuer}"], "correct the trust policy"),
    ]:
        question = scene.question(identities)
        answer = ask_peer_with_plugins(peer, plugins, question)
        verdict = question.ask_us
        if reason:
            assert reason in answer["error"]
            with pytest.raises(VerificationError, match=reason):
                verdict()
        else:
            assert answer["ok"], answer["error"]
            assert isinstance(verdict().verdict, Verified)


def test_a_signature_that_names_no_plugin_matches_no_identity_of_ours(
    scene: Scene, session_vault_ca: VaultCA, peer: Peer
) -> None:
    """Without the plugin in the signature, nobody compares issuers and subjects, and nobody lets the signature pass."""
    scene.sign(session_vault_ca.key_id, scene.for_vault(session_vault_ca))
    question = scene.question([f"identity: issuer={scene.issuer.url}, subject={SUBJECT}"])
    assert not question.ask_peer(peer)["ok"]
    with pytest.raises(VerificationError, match="no plugin checks others"):
        question.ask_us()
