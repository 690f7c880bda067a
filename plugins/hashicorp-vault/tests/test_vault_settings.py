"""The server, its TLS and the login that the configuration and the environment name."""

import os
import re
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from notarykit.errors import NotarykitWarning, PluginError, PluginValidationError
from notarykit_hashicorp_vault.auth import Login, login_of
from notarykit_hashicorp_vault.settings import Server, server_of

ADDRESS = {"VAULT_ADDR": "https://vault.example:8200/"}


def test_the_environment() -> None:
    """Vault's own variables name the server."""
    server = server_of({}, ADDRESS | {"VAULT_NAMESPACE": "team/a/", "VAULT_TLS_SERVER_NAME": "other"})
    assert server == Server("https://vault.example:8200", "team/a", Login("token", "token"), host_name="other")


def test_the_configuration_comes_first() -> None:
    """What the configuration says counts before the environment."""
    config = {"address": "http://127.0.0.1:1", "namespace": "b"}
    server = server_of(config, ADDRESS | {"VAULT_NAMESPACE": "a"})
    assert (server.address, server.namespace) == ("http://127.0.0.1:1", "b")


def test_the_files(tmp_path: Path) -> None:
    """A file of CAs counts before a folder of them, and a key belongs to a certificate."""
    files = {name: tmp_path / name for name in ("ca", "certificate", "key")}
    for file in files.values():
        file.touch()
    environment = ADDRESS | {"VAULT_CAPATH": str(tmp_path), "VAULT_CLIENT_CERT": str(files["certificate"])}
    server = server_of({}, environment)
    assert (server.authorities, server.client) == (str(tmp_path), (str(files["certificate"]), None))
    more = {"VAULT_CACERT": str(files["ca"]), "VAULT_CLIENT_KEY": str(files["key"])}
    server = server_of({}, environment | more)
    assert (server.authorities, server.client) == (str(files["ca"]), (str(files["certificate"]), str(files["key"])))
    with pytest.raises(PluginValidationError, match="without"):
        server_of({}, ADDRESS | {"VAULT_CLIENT_KEY": str(files["key"])})


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CAPATH", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
def test_a_pipe_is_no_file(variable: str, tmp_path: Path) -> None:
    """Nobody may ever write to a pipe: it is refused, and not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    environment = ADDRESS | {"VAULT_CLIENT_CERT": str(tmp_path / "file"), variable: str(tmp_path / "pipe")}
    with pytest.raises(PluginValidationError, match=rf"\${variable} names .*pipe, which is not a regular file"):
        server_of({}, environment)


@pytest.mark.parametrize(
    "address",
    [
        "", "vault", "//vault", "http://", "http://:80", "ftp://vault", "http://vault:0", "http://vault:x", "http://vault?a=b",
        "http://vault#a", "http://va ult", "http://schlüssel", "http://vault\r\nX: y", "unix:///run/vault", "http://[::1",
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    """What cannot be the beginning of an address is refused."""
    with pytest.raises(PluginValidationError) as caught:
        server_of({"address": address}, {})
    assert "VAULT_ADDR" in caught.value.advice


@pytest.mark.parametrize(
    "host", ["vault.example:8200", "10.0.0.1", "[fe80::1]", "0.0.0.0", "localhost.example", "127.0.0.1.example"]
)
def test_plain_http_to_another_machine(host: str) -> None:
    """A token goes to another machine by TLS alone, or where the user says otherwise, and then with a warning."""
    config = {"address": f"http://{host}"}
    with pytest.raises(PluginValidationError, match="a token is not sent over plain HTTP to another machine") as caught:
        server_of(config, {})
    assert "plain_http=true" in caught.value.advice
    with pytest.raises(PluginValidationError, match="neither true nor false"):
        server_of(config | {"plain_http": "yes"}, {})
    with pytest.warns(NotarykitWarning, match=f"the token for http://{re.escape(host)} can be read"):
        assert server_of(config | {"plain_http": "true"}, {}).address == f"http://{host}"


@pytest.mark.parametrize("host", ["localhost:8200", "LOCALHOST", "127.0.0.1:8200", "127.1.2.3", "[::1]:8200"])
@pytest.mark.parametrize("plain_http", [{}, {"plain_http": "true"}])
def test_plain_http_to_this_machine(host: str, plain_http: dict[str, str]) -> None:
    """A token that stays in this machine needs no TLS, and brings no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert server_of({"address": f"http://{host}"} | plain_http, {}).address == f"http://{host}"


def test_a_password_in_an_address() -> None:
    """A password in the address is refused, and not shown."""
    with pytest.raises(PluginValidationError) as caught:
        server_of({"address": "https://me:swordfish@vault.example"}, {})
    assert "swordfish" not in caught.value.one_line()


def test_a_namespace_that_is_none() -> None:
    """A text that no header can hold is no namespace."""
    with pytest.raises(PluginError):
        server_of({"namespace": "a\r\nX-Vault-Token: b"}, ADDRESS)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"auth": "approle"}, "auth/approle/login"),
        ({"auth": "kubernetes", "role": "r", "auth_mount": "k8s/team-a"}, "auth/k8s/team-a/login"),
        ({"auth": "jwt", "jwt_file": "x"}, "auth/jwt/login"),
    ],
)
def test_where_one_logs_in(config: dict[str, str], path: str) -> None:
    """Each method has its place, under its own name or where it is mounted."""
    assert login_of(config).path == path


def test_a_server_has_no_secrets() -> None:
    """What a login is known by are names of files, so that it may be shown."""
    config = {"auth": "approle", "role_id_file": "/r", "secret_id_file": "/s"}
    assert login_of(config).files == (("role_id_file", "/r"), ("secret_id_file", "/s"))


@pytest.mark.parametrize("address", ["http://vault/#", "https://vault?", "https://vault/?#"])
def test_an_empty_query_or_fragment(address: str) -> None:
    """Whatever stands behind these characters would not be part of the path, though nothing stands there."""
    with pytest.raises(PluginValidationError, match="is no http:// or https:// one"):
        server_of({"address": address}, {})


def test_a_pinned_ca_that_is_not_read() -> None:
    """A CA that is given in a way that is not known here is not replaced by those of the machine."""
    with pytest.raises(PluginValidationError, match="VAULT_CACERT_BYTES") as caught:
        server_of({}, ADDRESS | {"VAULT_CACERT_BYTES": "-----BEGIN CERTIFICATE-----"})
    assert "$VAULT_CACERT" in caught.value.advice


@pytest.mark.parametrize("variable", ["VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_password(tmp_path: Path, variable: str, form: PrivateFormat) -> None:
    """A client's key with a password is refused: OpenSSL would ask for it at the terminal, for ever."""
    plain, secret = tmp_path / "plain.pem", tmp_path / "secret.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    plain.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    secret.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"swordfish")))
    environment = ADDRESS | {"VAULT_CLIENT_CERT": str(plain)}
    assert server_of({}, environment).client == (str(plain), None)
    with pytest.raises(PluginValidationError, match=f"{variable} names .* has a key with a password") as caught:
        server_of({}, environment | {variable: str(secret)})
    assert "without a password" in caught.value.advice
