"""What Go's encoder writes for notation's own types is read here: null for whatever is empty."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.strict_json import GoMembers
from notarykit.config.policy import load_policy
from notarykit.config.settings import Settings, load_settings
from notarykit.config.signing_keys import SigningKeys, load_signing_keys
from notarykit.oci.manifest import parse_index
from notarykit.plugin.protocol.verification import VerifiedSignature
from tests.interop.go_peer import Peer


@pytest.fixture
def documents(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The documents, of which the files are where the settings are."""
    answer = peer.ask("documents")
    assert answer["ok"]
    for name, document in answer.items():
        if name.endswith(".json"):
            (tmp_path / name).write_text(json.dumps(document))
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path))
    return answer


def test_files(documents: dict[str, Any]) -> None:
    """The settings, the list of keys and a policy that skips are read as if nothing but their texts were there."""
    assert documents["config.json"] == {"insecureRegistries": None}
    assert load_settings() == Settings()
    assert documents["signingkeys.json"] == {"keys": None}
    assert load_signing_keys() == SigningKeys("", ())
    (statement,) = documents["trustpolicy.json"]["trustPolicies"]
    assert statement["trustStores"] is statement["trustedIdentities"] is None
    (policy,) = load_policy().policies
    assert (policy.name, policy.stores, policy.identities) == ("skip", (), ())


def test_answers(documents: dict[str, Any]) -> None:
    """Lists of a registry and answers of a plugin that have nothing in them are empty."""
    assert documents["verify-signature"] == {"verificationResults": None, "processedAttributes": None}
    assert VerifiedSignature.from_json(GoMembers(documents["verify-signature"], "answer")) == ({}, ())
    assert documents["index"]["manifests"] is None
    assert parse_index(json.dumps(documents["index"]).encode(), "index") == []
