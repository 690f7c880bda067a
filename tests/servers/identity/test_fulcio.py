"""Signing with identities that Fulcio certifies, and verification on either side."""

from datetime import timedelta
from typing import Any

import pytest

from notarykit.errors import VerificationError
from notarykit.verification.verdict import Verified
from tests.interop import our_plugin
from tests.interop.conftest import peer
from tests.interop.go_peer import Peer
from tests.servers.identity.fulcio import KEY_ID, Fulcio
from tests.servers.identity.scene import Scene, ask_peer_with_plugins
from tests.support.envelopes import FORMATS

__all__ = ["peer"]

WORKFLOW = "acme/app/.github/workflows/release.yml@refs/heads/main"
_GITHUB = {
    "job_workflow_ref": WORKFLOW, "sha": "a" * 40, "event_name": "push", "repository": "acme/app",
    "ref": "refs/heads/main", "workflow": "release", "job_workflow_sha": "a" * 40, "repository_id": "1",
    "repository_owner": "acme", "repository_owner_id": "2", "repository_visibility": "private",
    "runner_environment": "github-hosted", "workflow_ref": WORKFLOW, "workflow_sha": "a" * 40, "run_id": "3",
    "run_attempt": "1",
}  # fmt: skip
_PIPELINE = "gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"
_GITLAB = {
    "project_path": "acme/app", "project_id": "1", "pipeline_source": "push", "pipeline_id": "2", "ref": "main",
    "ci_config_ref_uri": _PIPELINE, "ci_config_sha": "a" * 40, "namespace_path": "acme", "namespace_id": "3",
    "job_id": "4", "ref_type": "branch", "sha": "a" * 40, "runner_environment": "gitlab-hosted", "runner_id": 5,
    "project_visibility": "private",
}  # fmt: skip
_POD = {"kubernetes.io": {"namespace": "build", "serviceaccount": {"name": "signer", "uid": "1"}, "pod": {"name": "p"}}}
_WORKLOADS: dict[str, tuple[dict[str, Any], str]] = {
    "uri": ({"sub": "https://127.0.0.1/workloads/app"}, "https://127.0.0.1/workloads/app"),
    "kubernetes": (
        {"sub": "system:serviceaccount:build:signer", **_POD},
        "https://kubernetes.io/namespaces/build/serviceaccounts/signer",
    ),
    "github-workflow": (_GITHUB, f"https://github.com/{WORKFLOW}"),
    "gitlab-pipeline": (_GITLAB, f"https://{_PIPELINE}"),
    "email": ({"email": "build@acme.example", "email_verified": True}, "build@acme.example"),
    "spiffe": ({"sub": "spiffe://acme.example/build"}, "spiffe://acme.example/build"),
}
CLAIMS, SUBJECT = _WORKLOADS["github-workflow"]


@pytest.mark.parametrize("kind", _WORKLOADS)
def test_each_kind_of_workload_signs(scene: Scene, fulcio_ca: Fulcio, peer: Peer, kind: str) -> None:
    """The certificate names issuer and workload, has no subject, and either side accepts it for anybody."""
    claims, _ = _WORKLOADS[kind]
    leaf = scene.sign(KEY_ID, scene.for_fulcio(fulcio_ca, kind, **claims)).chain.leaf
    assert leaf.subject.rfc4514_string() == ""
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(minutes=10)
    question = scene.question(["*"])
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert isinstance(question.ask_us().verdict, Verified)
    assert isinstance(scene.question(["*"], later=timedelta(days=1)).ask_us().verdict, Verified)


@pytest.mark.parametrize("kind", _WORKLOADS)
def test_plugin_verifies_issuer_and_subject(
    scene: Scene, fulcio_ca: Fulcio, peer: Peer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that names the plugin is accepted for this issuer with this subject alone."""
    plugins = our_plugin.install_by_command(scene.home, "--from-package", "identity")
    monkeypatch.setenv("NOTATION_LIBEXEC", str(plugins.parent))
    claims, subject = _WORKLOADS[kind]
    config = scene.for_fulcio(fulcio_ca, kind, **claims) | {"verification_plugin": "true"}
    scene.sign(KEY_ID, config, FORMATS[list(_WORKLOADS).index(kind) % 2])
    issuer, other = fulcio_ca.issuers[kind].url, fulcio_ca.issuers["username"].url
    good = scene.question([f"identity: issuer={issuer}, subject={subject}"])
    answer = ask_peer_with_plugins(peer, plugins, good)
    assert answer["ok"], answer["error"]
    assert isinstance(good.ask_us().verdict, Verified)
    bad = scene.question([f"identity: issuer={other}, subject={subject}", f"identity: issuer={issuer}, subject=x"])
    assert "none of the trusted identities" in ask_peer_with_plugins(peer, plugins, bad)["error"]
    with pytest.raises(VerificationError, match="none of the trusted identities"):
        bad.ask_us()
