"""Settings of the server from configuration and environment."""

import os
import re
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from notarykit.errors import NotarykitWarning, PluginError, PluginValidationError
from notarykit_hashicorp_vault.auth import AuthMethod
from notarykit_hashicorp_vault.settings import ServerSettings, parse_settings

ADDRESS = {"VAULT_ADDR": "https://vault.example:8200/"}


def test_settings_from_the_environment() -> None:
    """Vault's own variables set the server."""
    server = parse_settings({}, ADDRESS | {"VAULT_NAMESPACE": "team/a/", "VAULT_TLS_SERVER_NAME": "other"})
    assert server == ServerSettings(
        "https://vault.example:8200", "team/a", AuthMethod("token", "token"), tls_server_name="other"
    )


def test_configuration_takes_precedence() -> None:
    """Plugin configuration takes precedence over the environment."""
    config = {"address": "http://127.0.0.1:1", "namespace": "b"}
    server = parse_settings(config, ADDRESS | {"VAULT_NAMESPACE": "a"})
    assert (server.address, server.namespace) == ("http://127.0.0.1:1", "b")


def test_tls_files_from_the_environment(tmp_path: Path) -> None:
    """A CA file takes precedence over a folder, and a key requires a certificate."""
    files = {name: tmp_path / name for name in ("ca", "certificate", "key")}
    for file in files.values():
        file.touch()
    environment = ADDRESS | {"VAULT_CAPATH": str(tmp_path), "VAULT_CLIENT_CERT": str(files["certificate"])}
    server = parse_settings({}, environment)
    assert (server.ca, server.client_certificate) == (str(tmp_path), (str(files["certificate"]), None))
    more = {"VAULT_CACERT": str(files["ca"]), "VAULT_CLIENT_KEY": str(files["key"])}
    server = parse_settings({}, environment | more)
    assert (server.ca, server.client_certificate) == (str(files["ca"]), (str(files["certificate"]), str(files["key"])))
    with pytest.raises(PluginValidationError, match="without"):
        parse_settings({}, ADDRESS | {"VAULT_CLIENT_KEY": str(files["key"])})


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CAPATH", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
def test_pipe_in_place_of_a_file_is_refused(variable: str, tmp_path: Path) -> None:
    """A pipe, whose reader may block for ever, is refused."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    environment = ADDRESS | {"VAULT_CLIENT_CERT": str(tmp_path / "file"), variable: str(tmp_path / "pipe")}
    with pytest.raises(PluginValidationError, match=rf"\${variable} names .*pipe, which is not a regular file"):
        parse_settings({}, environment)


@pytest.mark.parametrize(
    "address",
    [
        "", "vault", "//vault", "http://", "http://:80", "ftp://vault", "http://vault:0", "http://vault:x", "http://vault?a=b",
        "http://vault#a", "http://va ult", "http://schlüssel", "http://vault\r\nX: y", "unix:///run/vault", "http://[::1",
    ],
)  # fmt: skip
def test_malformed_address_is_refused(address: str) -> None:
    """A text that is not a base URL is refused."""
    with pytest.raises(PluginValidationError) as caught:
        parse_settings({"address": address}, {})
    assert "VAULT_ADDR" in caught.value.advice


@pytest.mark.parametrize(
    "host", ["vault.example:8200", "10.0.0.1", "[fe80::1]", "0.0.0.0", "localhost.example", "127.0.0.1.example"]
)
def test_plain_http_to_another_machine_needs_plain_http(host: str) -> None:
    """A token is sent without TLS to another machine only with plain_http=true, and with a warning."""
    config = {"address": f"http://{host}"}
    with pytest.raises(PluginValidationError, match="a token is not sent over plain HTTP to another machine") as caught:
        parse_settings(config, {})
    assert "plain_http=true" in caught.value.advice
    with pytest.raises(PluginValidationError, match="must be true or false"):
        parse_settings(config | {"plain_http": "yes"}, {})
    with pytest.warns(NotarykitWarning, match=f"the token for http://{re.escape(host)} is sent unencrypted"):
        assert parse_settings(config | {"plain_http": "true"}, {}).address == f"http://{host}"


@pytest.mark.parametrize("host", ["localhost:8200", "LOCALHOST", "127.0.0.1:8200", "127.1.2.3", "[::1]:8200"])
@pytest.mark.parametrize("plain_http", [{}, {"plain_http": "true"}])
def test_plain_http_to_this_machine_is_allowed(host: str, plain_http: dict[str, str]) -> None:
    """A token that stays on this machine needs no TLS, and there is no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_settings({"address": f"http://{host}"} | plain_http, {}).address == f"http://{host}"


def test_password_in_the_address_is_refused_without_showing_it() -> None:
    """A password in the address is refused and not shown."""
    with pytest.raises(PluginValidationError) as caught:
        parse_settings({"address": "https://me:swordfish@vault.example"}, {})
    assert "swordfish" not in caught.value.one_line()


def test_malformed_namespace_is_refused() -> None:
    """A namespace that no header can hold is refused."""
    with pytest.raises(PluginError):
        parse_settings({"namespace": "a\r\nX-Vault-Token: b"}, ADDRESS)


@pytest.mark.parametrize("address", ["http://vault/#", "https://vault?", "https://vault/?#"])
def test_empty_query_or_fragment_is_refused(address: str) -> None:
    """An address with an empty query or fragment is refused, since paths are appended to it."""
    with pytest.raises(PluginValidationError, match="is not an http:// or https:// URL"):
        parse_settings({"address": address}, {})


def test_cacert_bytes_is_refused() -> None:
    """An unsupported way to set the CA is refused rather than ignored."""
    with pytest.raises(PluginValidationError, match="VAULT_CACERT_BYTES") as caught:
        parse_settings({}, ADDRESS | {"VAULT_CACERT_BYTES": "-----BEGIN CERTIFICATE-----"})
    assert "$VAULT_CACERT" in caught.value.advice


@pytest.mark.parametrize("variable", ["VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_encrypted_client_key_is_refused(tmp_path: Path, variable: str, form: PrivateFormat) -> None:
    """An encrypted client key is refused: OpenSSL would ask for a passphrase at the terminal."""
    plain, secret = tmp_path / "plain.pem", tmp_path / "secret.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    plain.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    secret.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"swordfish")))
    environment = ADDRESS | {"VAULT_CLIENT_CERT": str(plain)}
    assert parse_settings({}, environment).client_certificate == (str(plain), None)
    with pytest.raises(PluginValidationError, match=f"{variable} names .* whose key is encrypted") as caught:
        parse_settings({}, environment | {variable: str(secret)})
    assert "unencrypted key" in caught.value.advice
