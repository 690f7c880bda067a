"""Settings of the server: address, TLS, namespace and auth method; plugin configuration before Vault's variables."""

import os
import re
import warnings
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.errors import NotarykitWarning
from notarykit.plugin import PluginValidationError
from notarykit_hashicorp_vault.auth import AuthMethod, parse_auth_method

_LARGEST_FILE = 1024 * 1024
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.IGNORECASE)
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED |Proc-Type:[^\n]*ENCRYPTED")


class ServerSettings(NamedTuple):
    """Server and how to connect to it, without secrets.

    Attributes:
        address: Base URL.
        namespace: Namespace.
        auth: Auth method.
        ca: File or folder of CA certificates in place of the default ones.
        client_certificate: Files of a client certificate and of its key, which may be in the same file.
        tls_server_name: Name in the server's certificate, if it is not the address's host.
    """

    address: str
    namespace: str | None
    auth: AuthMethod
    ca: str | None = None
    client_certificate: tuple[str, str | None] | None = None
    tls_server_name: str | None = None


def parse_settings(config: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> ServerSettings:
    """Parses plugin configuration and environment variables.

    Raises:
        PluginValidationError: There is no address, or a setting or variable is malformed or unsupported.
    """
    _check_unsupported(environment)
    return ServerSettings(
        _parse_address(config.get("address") or environment.get("VAULT_ADDR", ""), config.get("plain_http", "false")),
        _parse_namespace(config.get("namespace") or environment.get("VAULT_NAMESPACE", "")),
        parse_auth_method(config),
        _file("VAULT_CACERT", environment) or _file("VAULT_CAPATH", environment),
        _client_certificate(environment),
        environment.get("VAULT_TLS_SERVER_NAME") or None,
    )


def is_loopback(address: str) -> bool:
    """Returns True for an address of this machine, which needs no TLS and no proxy."""
    return _LOOPBACK.fullmatch(urlsplit(address).hostname or "") is not None


def _check_unsupported(environment: Mapping[str, str]) -> None:
    if environment.get("VAULT_SKIP_VERIFY", "").lower() not in ("", "0", "f", "false"):
        raise PluginValidationError(
            "$VAULT_SKIP_VERIFY is set, but a token is never sent to an unverified server",
            advice="unset it, and name the server's CA with $VAULT_CACERT",
        )
    if environment.get("VAULT_CACERT_BYTES"):
        raise PluginValidationError(
            "$VAULT_CACERT_BYTES is not supported, and is not replaced by other CA certificates",
            advice="unset it, and name a file with the server's CA with $VAULT_CACERT",
        )


def _client_certificate(environment: Mapping[str, str]) -> tuple[str, str | None] | None:
    certificate, key = _file("VAULT_CLIENT_CERT", environment), _file("VAULT_CLIENT_KEY", environment)
    if key and not certificate:
        raise PluginValidationError("$VAULT_CLIENT_KEY is set without $VAULT_CLIENT_CERT")
    for variable, path in (("VAULT_CLIENT_CERT", certificate), ("VAULT_CLIENT_KEY", key)):
        if path and _is_encrypted(path):
            raise PluginValidationError(
                f"${variable} names {path}, whose key is encrypted; passphrases are not supported",
                advice="use an unencrypted key, in a file that only its owner may read",
            )
    return (certificate, key) if certificate else None


def _parse_address(address: str, plain_http: str) -> str:
    if not address:
        raise PluginValidationError(
            "the address of Vault is not set", advice="set $VAULT_ADDR, or address in the plugin configuration"
        )
    try:
        url = urlsplit(address)
        is_valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        is_valid = is_valid and address.isascii() and address.isprintable() and " " not in address
    except ValueError:
        is_valid = False
    if not is_valid or "?" in address or "#" in address:
        raise PluginValidationError(
            "the address of Vault is not an http:// or https:// URL", advice="check $VAULT_ADDR"
        )
    if url.username is not None or url.password is not None:
        raise PluginValidationError(
            "the address of Vault contains a user name or password", advice="remove it; Vault uses tokens"
        )
    if url.scheme == "http" and not is_loopback(address):
        _check_plain_http(address, plain_http)
    return address.rstrip("/")


def _check_plain_http(address: str, plain_http: str) -> None:
    """Refuses to send a token unencrypted over a network, unless the user allows it."""
    if plain_http not in ("true", "false"):
        raise PluginValidationError(f"plugin configuration plain_http={plain_http!r} must be true or false")
    if plain_http == "false":
        raise PluginValidationError(
            f"the address of Vault is {address}, but a token is not sent over plain HTTP to another machine",
            advice="use https://, or set plain_http=true in the plugin configuration on a private network",
        )
    warnings.warn(f"the token for {address} is sent unencrypted", NotarykitWarning, stacklevel=2)


def _parse_namespace(namespace: str) -> str | None:
    if not (namespace.isascii() and namespace.isprintable()):
        raise PluginValidationError("the namespace is malformed", advice="check namespace, or $VAULT_NAMESPACE")
    return namespace.strip("/ ") or None


def _file(variable: str, environment: Mapping[str, str]) -> str | None:
    path = environment.get(variable)
    if path and not os.path.exists(path):
        raise PluginValidationError(f"${variable} names {path}, which does not exist")
    if path and not (os.path.isfile(path) or os.path.isdir(path)):  # reading a pipe may block for ever
        raise PluginValidationError(f"${variable} names {path}, which is not a regular file")
    return path or None


def _is_encrypted(path: str) -> bool:
    """Returns True if OpenSSL would ask for a passphrase at the terminal."""
    try:
        with open(path, "rb") as file:
            return _ENCRYPTED.search(file.read(_LARGEST_FILE)) is not None
    except OSError:  # reported when connecting
        return False
