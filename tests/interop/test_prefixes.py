"""Documents with prefixes: Go refuses them, and takes what they are exported to, with the same choice."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from notarykit.trust.export import export_policy
from notarykit.trust.parsing import parse_policy_document
from tests.interop.go_peer import Peer
from tests.support.homes import policy_document

_DIGEST = f"@sha256:{'0' * 64}"
_SCOPES = {
    "team": ["r.test/team/*", "r.test:5000/*"],
    "deeper": ["r.test/team/x/*", "r.test/one"],
    "all": ["*"],
}
_NAMED = ["r.test/team/a", "r.test/team/a/b", "r.test/team/x/y", "r.test/one", "r.test:5000/a__b/c-d", "s.test/z"]
_OTHERS = ["r.test/team/b", "r.test/team", "r.test/teamx/a", "s.test/y"]

Ask = Callable[[dict[str, Any], Sequence[str]], dict[str, Any]]


@pytest.fixture(params=["released", "main"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks the Go library, released or of its main branch, for the statements of a document."""
    if request.param == "released":
        peer: Peer = request.getfixturevalue("peer")
        return lambda policy, references: peer.ask("choosePolicies", policy=policy, references=references)
    newer: Peer = request.getfixturevalue("blob_peer")

    def asked(policy: dict[str, Any], references: Sequence[str]) -> dict[str, Any]:
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        return newer.ask("choosePolicies", policy=encoded, references=references)

    return asked


def _document(scopes: dict[str, list[str]], version: str) -> dict[str, Any]:
    (good,) = policy_document()["trustPolicies"]
    statements = [{**good, "name": name, "registryScopes": each} for name, each in scopes.items()]
    return {"version": version, "trustPolicies": statements}


def test_go_refuses_prefixes(ask: Ask) -> None:
    """The version is refused, with prefixes and without; so are prefixes under the version that it knows."""
    for scopes in (_SCOPES, {"one": ["r.test/one"]}):
        answer = ask(_document(scopes, "notarykit/1"), [])
        assert not answer["ok"]
        assert 'unsupported version "notarykit/1"' in answer["error"]
    assert not ask(_document({"team": ["r.test/team/*"]}, "1.0"), [])["ok"]


def test_go_chooses_in_an_exported_document_as_here(ask: Ask) -> None:
    """Of what was exported Go takes the statement that applies here to each repository, and to others none."""
    document = parse_policy_document(json.dumps(_document(_SCOPES, "notarykit/1")).encode())
    exported = export_policy(document, _NAMED).to_json()
    answer = ask(exported, [f"{repository}{_DIGEST}" for repository in (*_NAMED, *_OTHERS)])
    assert answer["ok"], answer
    assert answer["names"] == [*(document.applicable(repository).name for repository in _NAMED), "", "", "", ""]
    assert answer["names"][: len(_NAMED)] == ["team", "team", "deeper", "deeper", "team", "all"]
