"""Files of credentials, as ORAS reads them for notation and as they are read here.

ORAS takes any of several keys that are for one registry, so that there is but one here. Differences that are meant are
named.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.credentials import credentials_for
from notarykit.errors import ConfigurationError
from tests.interop.go_peer import Peer

_HOST = "registry.example.com:5000"
_PAIR = base64.b64encode(b"me:se:cret").decode()
_HUB = "https://index.docker.io/v1/"
_KEYS = [
    _HOST, f"https://{_HOST}", f"http://{_HOST}", f"https://{_HOST}/", f"http://{_HOST}/v2/", f"https://{_HOST}/v1/a/b",
    f"{_HOST}/", f"{_HOST}/v2/", f"{_HOST}/a", "registry.example.com", "https://registry.example.com/", _HOST.upper(),
    f"https://evil.example/{_HOST}", f"evil.example/{_HOST}", f"https://{_HOST}@evil.example/", f" {_HOST}",
    f"https://evil.example@{_HOST}/", f"https://{_HOST}.evil.example/", f"https://evil.example?{_HOST}", f"{_HOST}?a",
    f"ftp://{_HOST}/", f"//{_HOST}", f"HTTPS://{_HOST}/", "", "/", "https://", f"https://{_HOST}#a",
]  # fmt: skip
_ENTRIES: list[Any] = [
    {}, None, {"auth": None}, {"auth": ""}, {"auth": _PAIR}, {"auth": f"{_PAIR}\n"},
    {"auth": f"{_PAIR[:4]}\r\n{_PAIR[4:]}"},
    {"auth": _PAIR, "identitytoken": None}, {"auth": _PAIR, "username": "other", "password": "other"},
    {"username": "me", "password": "x"}, {"username": "me"}, {"identitytoken": "i"}, {"registrytoken": "r"},
    {"auth": _PAIR, "identitytoken": "i", "registrytoken": "r"}, {"auth": "bWU="}, {"auth": "!"}, {"auth": _PAIR[:-1]},
    {"auth": _PAIR[:-2]},
    {"auth": base64.b64encode(b"me:").decode()}, {"auth": 1}, "text",
]  # fmt: skip


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's file, which is the only one."""
    for name in ("NOTATION_CONFIG", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def _theirs(peer: Peer, file: Path, host: str) -> list[str] | None:
    answer = peer.ask("storedCredentials", folder=str(file), name=host)
    return answer["found"] if answer["ok"] else None


def _ours(host: str) -> list[str] | None:
    try:
        found = credentials_for(host)
    except ConfigurationError:
        return None
    return list(found or ("", "", "", ""))


@pytest.mark.parametrize("key", _KEYS)
def test_keys(key: str, peer: Peer, docker: Path) -> None:
    """A key is for the same registry to both."""
    docker.write_text(json.dumps({"auths": {key: {"auth": _PAIR}, "other.example": {}}}))
    for host in (_HOST, "registry.example.com", "evil.example"):
        assert _ours(host) == _theirs(peer, docker, host)


@pytest.mark.parametrize("host", ["docker.io", "registry-1.docker.io"])
def test_docker_hub(host: str, peer: Peer, docker: Path) -> None:
    """Docker's own registry has one key to both; the names that podman writes are ours besides."""
    docker.write_text(json.dumps({"auths": {_HUB: {"auth": _PAIR}}}))
    assert _ours(host) == _theirs(peer, docker, host) == ["me", "se:cret", "", ""]


@pytest.mark.parametrize("entry", _ENTRIES)
def test_entries(entry: Any, peer: Peer, docker: Path) -> None:
    """An entry says the same to both, or is malformed to both."""
    docker.write_text(json.dumps({"auths": {_HOST: entry}, "credsStore": None, "credHelpers": {"a": None}}))
    assert _ours(_HOST) == _theirs(peer, docker, _HOST)


@pytest.mark.parametrize("content", ["{}", "[]", '{"auths": null}', '{"auths": []}', "{", "\ufeff{}", "text"])
def test_files(content: str, peer: Peer, docker: Path) -> None:
    """A file without anything in it says nothing to both, and what is no file of credentials is malformed to both."""
    docker.write_text(content)
    assert _ours(_HOST) == _theirs(peer, docker, _HOST)


@pytest.mark.parametrize(("content", "theirs"), [("", None), (" \n", None), ("null", ["", "", "", ""])])
def test_files_that_differ(content: str, theirs: list[str] | None, peer: Peer, docker: Path) -> None:
    """An empty file says nothing here, as to Docker and to later versions of ORAS; a null in its place is malformed."""
    docker.write_text(content)
    assert _theirs(peer, docker, _HOST) == theirs
    assert _ours(_HOST) == (None if theirs else ["", "", "", ""])
