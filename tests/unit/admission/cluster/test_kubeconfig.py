"""Kubeconfig files: what is supported, and what is refused."""

import base64
import json
import ssl
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from notarykit.errors import ConfigurationError
from notarykit_admission.cluster.kubeconfig import load_kubeconfig
from tests.servers.registry.certificates import RegistryCA

_SERVER = "https://10.0.0.1:6443"


def _document(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **members: Any) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {"name": "other", "cluster": {"server": "https://other"}},
            {"name": "here", "cluster": {"server": _SERVER, **(cluster or {})}},
        ],
        "users": [{"name": "me", "user": {"token": "token-1"} if user is None else user}],
        "contexts": [{"name": "main", "context": {"cluster": "here", "user": "me", "namespace": "shop"}}],
        "current-context": "main",
        **members,
    }


def _write(folder: Path, document: Any, *, is_yaml: bool = False) -> str:
    path = folder / "config"
    path.write_text(yaml.safe_dump(document) if is_yaml else json.dumps(document))
    return str(path)


def _refusal(folder: Path, document: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load_kubeconfig(_write(folder, document))
    assert str(folder / "config") in caught.value.message
    return caught.value


@pytest.mark.parametrize("is_yaml", [False, True])
def test_token(tmp_path: Path, is_yaml: bool) -> None:
    """The current context names the server and the token, in JSON or YAML."""
    cluster = load_kubeconfig(_write(tmp_path, _document(), is_yaml=is_yaml))
    assert (cluster.server, cluster.cas(), cluster.token(), cluster.server_name) == (_SERVER, "", "token-1", "")


def test_files(tmp_path: Path) -> None:
    """Files are relative to the kubeconfig's folder; the token's file counts before a token, and is read each time."""
    (tmp_path / "ca.pem").write_text("CA")
    (tmp_path / "token").write_text("token-2\n")
    settings = {"certificate-authority": "ca.pem", "tls-server-name": "kubernetes"}
    user = {"token": "token-1", "tokenFile": "token"}
    cluster = load_kubeconfig(_write(tmp_path, _document(settings, user)))
    assert (cluster.cas(), cluster.token(), cluster.server_name) == ("CA", "token-2", "kubernetes")
    (tmp_path / "token").write_text("token-3")
    assert cluster.token() == "token-3"


def test_absent_file(tmp_path: Path) -> None:
    """A file that is not there is named, and what a pod has is no advice about it."""
    with pytest.raises(ConfigurationError, match="none cannot be read: No such file") as caught:
        load_kubeconfig(str(tmp_path / "none"))
    assert caught.value.advice == ""


def test_data_counts_before_files(tmp_path: Path) -> None:
    """What stands in the kubeconfig itself counts before a file."""
    data = base64.b64encode(b"CA of the data").decode()
    settings = {"certificate-authority": "missing.pem", "certificate-authority-data": data}
    assert load_kubeconfig(_write(tmp_path, _document(settings))).cas() == "CA of the data"


@pytest.mark.parametrize("is_data", [False, True])
def test_client_certificate(tmp_path: Path, is_data: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client certificate and its key are put into a context; a key in the kubeconfig is in no readable file."""
    (tmp_path / "ca").mkdir()
    pair = RegistryCA(str(tmp_path / "ca")).client()
    user = dict(zip(("client-certificate", "client-key"), pair, strict=True))
    if is_data:
        user = {f"{name}-data": base64.b64encode(Path(path).read_bytes()).decode() for name, path in user.items()}
    cluster = load_kubeconfig(_write(tmp_path, _document(user=user)))
    modes: list[int] = []
    load = ssl.SSLContext.load_cert_chain

    def loaded(self: ssl.SSLContext, path: str, *rest: Any, **more: Any) -> None:
        modes.append(stat.S_IMODE(Path(path).stat().st_mode))
        load(self, path, *rest, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", loaded)
    cluster.show_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert modes == [0o600]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"exec": {"command": "aws"}}, "user 'me' has exec, which is not supported: it runs a program"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"username": "me", "password": "hunter2"}, "username"),
        ({"token": "t", "as": "root"}, "as, which is not supported: it is for another user"),
        ({}, "user 'me' has no credentials"),
    ],
)
def test_user_that_is_refused(tmp_path: Path, user: dict[str, Any], message: str) -> None:
    """Other ways to log in are refused, with those that there are."""
    refusal = _refusal(tmp_path, _document(user=user))
    assert message in refusal.message
    assert "tokenFile" in refusal.advice
    assert "hunter2" not in refusal.one_line()


@pytest.mark.parametrize("token", ["hunter2\n", "hunter2\r\nHost: x", "hünter2"], ids=range(3))
def test_malformed_token(tmp_path: Path, token: str) -> None:
    """A token that would end its header field is refused, and is not in the message."""
    refusal = _refusal(tmp_path, _document(user={"token": token}))
    assert "the user's token cannot stand in a header field" in refusal.message
    assert "nter2" not in refusal.one_line()


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify"),
        ({"proxy-url": "http://proxy.test"}, "proxy-url"),
        ({"server": "http://10.0.0.1"}, "server is no https:// address"),
        ({"server": "https://me:hunter2@10.0.0.1"}, "server is no https:// address"),
        ({"server": "10.0.0.1"}, "server is no https:// address"),
        ({"certificate-authority-data": "###"}, "certificate-authority-data is not in base64"),
        ({"certificate-authority": "missing.pem"}, "missing.pem cannot be read"),
        ({"server": 7}, "Expected `str`, got `int`"),
    ],
)
def test_cluster_that_is_refused(tmp_path: Path, cluster: dict[str, Any], message: str) -> None:
    """A server that anybody could answer for, or that is reached another way, is refused."""
    refusal = _refusal(tmp_path, _document(cluster))
    assert message in refusal.message
    assert "hunter2" not in refusal.one_line()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"current-context": "gone"}, "it has no context 'gone'"),
        ({"contexts": None}, "it has no context 'main'"),
        ({"contexts": [{"name": "main"}]}, "context 'main' is empty"),
        ({"clusters": []}, "it has no cluster 'here'"),
        ({"users": []}, "it has no user 'me'"),
        ({"users": "hunter2"}, "Expected `array | null`, got `str`"),
    ],
)
def test_malformed_document(tmp_path: Path, members: dict[str, Any], message: str) -> None:
    """A document without one of its parts says which, and nothing of its content."""
    refusal = _refusal(tmp_path, _document(**members))
    assert message in refusal.message
    assert "hunter2" not in refusal.one_line()


def test_encrypted_or_foreign_key(tmp_path: Path) -> None:
    """A key that is not the certificate's is refused at once."""
    (tmp_path / "ca").mkdir()
    ca = RegistryCA(str(tmp_path / "ca"))
    user = {"client-certificate": ca.client().certificate, "client-key": ca.client("other").key}
    assert "cannot be used" in _refusal(tmp_path, _document(user=user)).message


@pytest.mark.parametrize("content", ["{", "a: [", "\x00", "- a", '"text"'])
def test_no_kubeconfig(tmp_path: Path, content: str) -> None:
    """What is neither JSON nor YAML, or something else, is refused."""
    (tmp_path / "config").write_text(content)
    with pytest.raises(ConfigurationError, match=r"malformed|Expected `object`"):
        load_kubeconfig(str(tmp_path / "config"))


def test_yaml_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML, the error says how to get it, and how to do without."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigurationError, match="PyYAML is not installed") as caught:
        load_kubeconfig(_write(tmp_path, _document(), is_yaml=True))
    assert "notarykit-admission[kubeconfig]" in caught.value.advice
    assert "--output json" in caught.value.advice
    assert load_kubeconfig(_write(tmp_path, _document())).server == _SERVER
