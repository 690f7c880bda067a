"""Files of one side that the other reads: signatures under the names of notation, and trust policies for blobs."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.policy import load_blob_policy
from notarykit.errors import NoApplicablePolicyError, TrustPolicyError
from tests.cli.world import World
from tests.interop import blob_statements
from tests.interop.blob_scene import CONTENT, CONTENT_TYPE, BlobQuestion
from tests.interop.go_peer import Peer
from tests.interop.scene import METADATA
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import COSE, FORMATS, JWS
from tests.support.homes import IDENTITY, OTHER_IDENTITY

NAMES = {JWS: "release.tar.jws.sig", COSE: "release.tar.cose.sig"}
FORMS = {JWS: "jws", COSE: "cose"}


def _user(spec: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    world = World(folder, make_chain(spec), monkeypatch, capsys)
    world.home.set_blob_policy()
    (world.folder / "release.tar").write_bytes(CONTENT)
    return world


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """A user at the command line with a key, a blob, and a policy for blobs that trusts the key."""
    return _user("EC-256", tmp_path, monkeypatch, capsys)


@pytest.fixture(params=SPECS)
def each_user(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """A user with a key of each spec."""
    return _user(request.param, tmp_path, monkeypatch, capsys)


# Signatures


@pytest.mark.parametrize("media_type", FORMATS)
def test_go_verifies_what_blob_sign_has_written(blob_peer: Peer, each_user: World, media_type: str) -> None:
    """The signature's file has the name by which notation finds its format, and Go accepts its content."""
    pairs = [text for pair in METADATA.items() for text in ("-m", "=".join(pair))]
    flags = ("--signature-format", FORMS[media_type], "--media-type", CONTENT_TYPE, "-e", "24h", *pairs)
    each_user.did("blob", "sign", *flags, "release.tar")
    envelope = (each_user.folder / NAMES[media_type]).read_bytes()
    policy = json.loads(each_user.home.blob_policy_file.read_bytes())
    question = BlobQuestion(each_user.folder / "release.tar", envelope, media_type, each_user.home, policy)
    there = question.ask_peer(blob_peer)
    assert there["ok"], there["error"]
    assert there["metadata"] == METADATA


@pytest.mark.parametrize("media_type", FORMATS)
def test_blob_verify_reads_what_go_has_signed(blob_peer: Peer, each_user: World, media_type: str) -> None:
    """A signature of the Go side is verified where notation puts it, found or named, with all that can be wanted."""
    key_file, chain_file = (str(each_user.home.folder / name) for name in ("build.key", "build.chain.pem"))
    signed = blob_peer.ask(
        "sign", blob=str(each_user.folder / "release.tar"), mediaType=media_type, contentMediaType=CONTENT_TYPE,
        keyFile=key_file, chainFile=chain_file, metadata=METADATA,
    )  # fmt: skip
    (each_user.folder / NAMES[media_type]).write_bytes(base64.b64decode(signed["envelope"]))
    accepted = "Successfully verified signature for release.tar\n"
    assert each_user.did("blob", "verify", "release.tar").startswith(accepted)
    named = ("blob", "verify", "--signature", NAMES[media_type])
    assert each_user.did(*named, "--policy-name", "tests", "release.tar").startswith(accepted)
    assert each_user.did(*named, "--media-type", CONTENT_TYPE, "-m", "build=42", "release.tar").startswith(accepted)
    each_user.refused(1, *named, "--media-type", "text/plain", "release.tar")
    (each_user.folder / "release.tar").write_bytes(CONTENT + b"\n")
    each_user.refused(1, *named, "release.tar")


# Trust policies


def _load(peer: Peer, user: World, name: str = "") -> dict[str, Any]:
    """How the Go side reads the file in the user's settings."""
    return peer.ask("loadPolicy", folder=str(user.home.folder), policyName=name)


@pytest.mark.parametrize("flags", [(), ("--global",)], ids=["by name", "global"])
@pytest.mark.parametrize("identities", [["*"], [IDENTITY, OTHER_IDENTITY]], ids=["any", "two"])
def test_go_reads_what_blob_policy_init_has_written(
    blob_peer: Peer, user: World, flags: tuple[str, ...], identities: list[str]
) -> None:
    """The file has the name under which Go looks for it, and both sides take the same statement from it."""
    trusted = [text for identity in identities for text in ("--trusted-identity", identity)]
    stores = ("--trust-store", "ca:tests", "--trust-store", "tsa:other")
    user.home.blob_policy_file.unlink()
    user.did("blob", "policy", "init", "--name", "releases", *stores, *flags, *trusted)
    found = _load(blob_peer, user, "releases")
    assert found["ok"], found["error"]
    assert found["applicable"] == "releases"
    assert blob_statements.there(found["statements"]) == blob_statements.here(load_blob_policy().policies)
    without_name = _load(blob_peer, user)
    assert without_name["ok"] is bool(flags)
    if not flags:
        with pytest.raises(NoApplicablePolicyError):
            load_blob_policy().applicable()


@pytest.mark.parametrize("name", ["one", "global", "all"])
def test_policies_of_go_are_read(blob_peer: Peer, user: World, name: str) -> None:
    """Files as notation writes them are read as Go reads them, and imported and shown as they are."""
    content = base64.b64decode(blob_peer.ask("policyFiles")["files"][name])
    user.home.blob_policy_file.write_bytes(content)
    theirs = blob_statements.there(_load(blob_peer, user, "trusting")["statements"])
    assert blob_statements.here(load_blob_policy().policies) == theirs
    user.home.blob_policy_file.rename(user.folder / "policy.json")
    user.did("blob", "policy", "import", "policy.json")
    assert json.loads(user.did("blob", "policy", "show")) == json.loads(content)
    assert blob_statements.there(_load(blob_peer, user, "trusting")["statements"]) == theirs


@pytest.mark.parametrize("what", ["nothing", "a link", "a folder", "a link to nothing", "what is no JSON"])
def test_files_that_neither_reads(blob_peer: Peer, user: World, what: str) -> None:
    """Both sides refuse what is there in the place of a regular file with a policy."""
    path = user.home.blob_policy_file
    other = path.rename(user.folder / "policy.json")
    if what == "a folder":
        path.mkdir()
    elif what == "what is no JSON":
        path.write_text("version: 1.0")
    elif what != "nothing":
        path.symlink_to(other if what == "a link" else user.folder / "none")
    assert not _load(blob_peer, user)["ok"]
    with pytest.raises(TrustPolicyError):
        load_blob_policy()
