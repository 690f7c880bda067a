"""`bundle inspect`: what a bundle contains, and until when each part holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from notarykit.cli import bundles
from tests.cli.bundle.making import CREATE, FILE
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.bundles import Parts
from tests.support.ca import TestChain
from tests.support.crls import NOW, make_crl
from tests.support.homes import IDENTITY, SCOPE
from tests.support.layouts import make_layout
from tests.support.responders import Responder
from tests.support.revocable import crl_path


def test_json(world: World, bundle: str, responder: Responder) -> None:
    """The JSON names each part with its digest, and the time until which it holds."""
    document = json.loads(world.did("bundle", "inspect", bundle, "-o", "json"))
    schema("bundle").validate(document)
    (artifact,) = document["artifacts"]
    assert artifact["reference"] == f"{SCOPE}@{world.layout.digest}"
    urls = {part["url"] for part in document["evidence"]}
    assert urls == {responder.url("/ocsp/0"), responder.url(crl_path(1))}
    assert {part["digest"] for part in document["evidence"]} == {
        layer["digest"] for layer in Parts(bundle).manifest["layers"][1:]
    }
    assert document["ends"] == min(part["until"] for part in document["evidence"])
    assert document["trust"]["policies"] == [
        {"name": "tests", "level": "strict", "scopes": ["*"], "identities": [IDENTITY]}
    ]
    (certificate,) = document["trust"]["stores"]["ca:tests"]
    assert certificate["issuedTo"].startswith("CN=Root CA")


def test_first_end_comes_first(world: World, responder: Responder, chain: TestChain) -> None:
    """Evidence is listed by its end, so that what has to be refreshed first stands first."""
    responder.put(crl_path(1), make_crl(chain, 2, next_update=NOW + timedelta(hours=2)))
    world.did(*CREATE, world.reference, "-o", FILE)
    document = json.loads(world.did("bundle", "inspect", FILE, "-o", "json"))
    assert [part["kind"] for part in document["evidence"]] == ["crl", "ocsp"]
    assert document["ends"] == document["evidence"][0]["until"]
    text = world.did("bundle", "inspect", FILE)
    assert text.index("crl of CN=Root CA") < text.index("ocsp of certificate")


def test_ended_evidence_is_marked(world: World, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has ended says so, and what holds does not."""
    assert "(ended)" not in world.did("bundle", "inspect", bundle)
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr(bundles, "utc_now", lambda: later)
    assert "Z (ended): crl of CN=Root CA" in world.did("bundle", "inspect", bundle)


def test_tree(world: World, bundle: str) -> None:
    """The tree shows the artifacts, the evidence, and the trust with its digest."""
    text = world.did("bundle", "inspect", bundle)
    assert text.startswith(f"{FILE}\n├── manifest: sha256:")
    assert f"{SCOPE}@{world.layout.digest}" in text
    assert f"trust, if --trust-from-bundle {Parts(bundle).manifest['layers'][0]['digest']}" in text
    assert f"trusted identity: {IDENTITY}" in text


def test_other_files_are_no_bundles(world: World, bundle: str) -> None:
    """A layout in a folder, another tar file and a missing file are refused with what is wrong."""
    assert "cannot be read" in world.refused(3, "bundle", "inspect", "absent.tar")
    assert "is no regular file" in world.refused(3, "bundle", "inspect", make_layout("other").path)
    (world.folder / "text.tar").write_text("text" * 1000)
    assert "is not a tar file" in world.refused(3, "bundle", "inspect", "text.tar")
    whole = (world.folder / bundle).read_bytes()
    # Wherever in a header or a file; between two files, the error names the one that is missing.
    for size in range(1024 + 100, len(whole.rstrip(b"\0")), 1024):
        (world.folder / "cut.tar").write_bytes(whole[:size])
        assert "is cut off" in world.refused(3, "bundle", "inspect", "cut.tar")
