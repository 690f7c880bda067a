"""A plugin on the Go framework whose release notation-go has signed is installed here, and ours are verified in Go."""

import base64
import json
from pathlib import Path

import pytest

from tests.cli.world import World
from tests.interop import go_plugin
from tests.interop.go_peer import Peer
from tests.support.archives import write_tar
from tests.support.ca import make_chain
from tests.support.envelopes import FORMATS
from tests.support.homes import blob_policy_document

_NAME = "go-raw"
_INSTALL = ("plugin", "install", "--verify-with", "plugins", "--file")
_DAY = 24 * 60 * 60


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """A user whose statement `plugins` trusts the publisher."""
    world = World(tmp_path, make_chain("EC-384", 3), monkeypatch, capsys)
    world.home.set_blob_policy(blob_policy_document("plugins", is_global=False))
    return world


def _release(user: World, version: str = go_plugin.VERSION) -> Path:
    program = go_plugin.install(user.folder / version, _NAME, version)
    return write_tar(user.folder / f"{_NAME}.tar.gz", [(program.name, program.read_bytes(), 0o755)])


def _sign_in_go(peer: Peer, user: World, release: Path, media_type: str) -> None:
    """Has the Go side sign a file, and puts the signature beside it."""
    signed = peer.ask(
        "sign",
        blob=str(release),
        keyFile=str(user.home.folder / "build.key"),
        chainFile=str(user.home.folder / "build.chain.pem"),
        mediaType=media_type,
        contentMediaType="application/octet-stream",
        metadata={"plugin": _NAME},
        expirySeconds=_DAY,
    )
    assert signed["ok"], signed["error"]
    short = "jws" if media_type == FORMATS[0] else "cose"
    Path(f"{release}.{short}.sig").write_bytes(base64.b64decode(signed["envelope"]))


@pytest.mark.parametrize("media_type", FORMATS)
def test_release_that_go_signed(blob_peer: Peer, user: World, media_type: str) -> None:
    """A release that notation-go has signed is installed, and another version with its signature is not."""
    release = _release(user)
    _sign_in_go(blob_peer, user, release, media_type)
    out = user.did(*_INSTALL, release.name, "-m", f"plugin={_NAME}", "-o", "json")
    document = json.loads(out)
    assert (document["plugin"], document["version"]) == (_NAME, go_plugin.VERSION)
    assert document["verification"]["userMetadata"] == {"plugin": _NAME}
    assert _NAME in user.did("plugin", "list")
    _release(user, "1.2.4")
    assert "integrity: the signature is for " in user.refused(1, *_INSTALL, release.name)


@pytest.mark.parametrize("media_type", FORMATS)
def test_release_that_was_signed_here(blob_peer: Peer, user: World, media_type: str) -> None:
    """A release that `blob sign` signed, as the page on signed plugins has it, is accepted by notation-go."""
    release = _release(user)
    short = "jws" if media_type == FORMATS[0] else "cose"
    user.did("blob", "sign", "--signature-format", short, "-m", f"plugin={_NAME}", release.name)
    answer = blob_peer.ask(
        "verify",
        blob=str(release),
        envelope=base64.b64encode(Path(f"{release}.{short}.sig").read_bytes()).decode(),
        mediaType=media_type,
        policy=base64.b64encode(user.home.blob_policy_file.read_bytes()).decode(),
        policyName="plugins",
        contentMediaType="",
        trustStore=str(user.home.folder),
        metadata={"plugin": _NAME},
        folder="",
        pluginConfig={},
    )
    assert answer["ok"], answer["error"]
