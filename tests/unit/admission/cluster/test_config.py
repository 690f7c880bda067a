"""Clusters: the API server as a pod finds it."""

from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.cluster.config import in_cluster_config

_SERVICE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def _folder(path: Path, token: str = "token-1\n") -> str:
    (path / "ca.crt").write_text("CA")
    (path / "token").write_text(token)
    return str(path)


def test_files_of_a_pod(tmp_path: Path) -> None:
    """The address stands in variables, the token and the CAs in files, which are read each time."""
    cluster = in_cluster_config(_SERVICE, _folder(tmp_path))
    assert (cluster.server, cluster.cas(), cluster.token()) == ("https://10.0.0.1:443", "CA", "token-1")
    _folder(tmp_path, "token-2")
    assert cluster.token() == "token-2"


def test_address_of_ipv6(tmp_path: Path) -> None:
    """An address with colons stands in brackets."""
    cluster = in_cluster_config({**_SERVICE, "KUBERNETES_SERVICE_HOST": "fd00::1"}, _folder(tmp_path))
    assert cluster.server == "https://[fd00::1]:443"


@pytest.mark.parametrize("name", _SERVICE)
def test_no_pod(tmp_path: Path, name: str) -> None:
    """Outside of a cluster the error names the flag."""
    with pytest.raises(ConfigurationError, match="so this is no pod") as caught:
        in_cluster_config({**_SERVICE, name: ""}, _folder(tmp_path))
    assert "--kubeconfig" in caught.value.advice


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_pod_without_a_token(tmp_path: Path, name: str) -> None:
    """A pod that was given no token or no CAs is an error at once."""
    _folder(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ConfigurationError, match=f"{name} cannot be read: No such file") as caught:
        in_cluster_config(_SERVICE, str(tmp_path))
    assert "automountServiceAccountToken" in caught.value.advice


@pytest.mark.parametrize("token", ["", " \n", "two\nlines", "töken"])
def test_malformed_token(tmp_path: Path, token: str) -> None:
    """What cannot stand in a header field is no token."""
    with pytest.raises(ConfigurationError, match="holds no token"):
        in_cluster_config(_SERVICE, _folder(tmp_path, token))
