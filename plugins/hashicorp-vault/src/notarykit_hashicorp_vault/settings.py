"""Which server, as whom, and how it is known to be the right one: configuration first, then Vault's own variables."""

import os
import re
import warnings
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.errors import NotarykitWarning, PluginValidationError
from notarykit_hashicorp_vault.auth import Login, login_of

_LARGEST_FILE = 1024 * 1024
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.IGNORECASE)
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED |Proc-Type:[^\n]*ENCRYPTED")


class Server(NamedTuple):
    """A server and how it is spoken to; no secret is in it.

    Attributes:
        address: The beginning of all addresses.
        namespace: The namespace, if there is one.
        login: The way of logging in.
        authorities: The file or folder of certificates to trust, where it is not the usual one.
        client: The files of a client certificate and of its key; the latter may be in the former.
        host_name: The name that the server's certificate must have, where it is not that of the address.
    """

    address: str
    namespace: str | None
    login: Login
    authorities: str | None = None
    client: tuple[str, str | None] | None = None
    host_name: str | None = None


def server_of(config: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Server:
    """The server that the configuration and the environment name.

    Raises:
        PluginValidationError: There is no address, or a setting is wrong.
    """
    if environment.get("VAULT_SKIP_VERIFY", "").lower() not in ("", "0", "f", "false"):
        raise PluginValidationError(
            "$VAULT_SKIP_VERIFY is set, and a token is given to nobody who may be anybody",
            advice="unset it, and name the server's CA with $VAULT_CACERT",
        )
    if environment.get("VAULT_CACERT_BYTES"):
        raise PluginValidationError(
            "$VAULT_CACERT_BYTES is set, which is not read here, and other CAs are not taken in its place",
            advice="unset it, and name a file with the server's CA with $VAULT_CACERT",
        )
    certificate, key = _file("VAULT_CLIENT_CERT", environment), _file("VAULT_CLIENT_KEY", environment)
    if key and not certificate:
        raise PluginValidationError("$VAULT_CLIENT_KEY is set without $VAULT_CLIENT_CERT")
    for variable, path in (("VAULT_CLIENT_CERT", certificate), ("VAULT_CLIENT_KEY", key)):
        if path and _is_encrypted(path):
            raise PluginValidationError(
                f"${variable} names {path}, which has a key with a password, and nobody is asked for one here",
                advice="give a key without a password, in a file that its owner alone may read",
            )
    return Server(
        _address(config.get("address") or environment.get("VAULT_ADDR", ""), config.get("plain_http", "false")),
        _namespace(config.get("namespace") or environment.get("VAULT_NAMESPACE", "")),
        login_of(config),
        _file("VAULT_CACERT", environment) or _file("VAULT_CAPATH", environment),
        (certificate, key) if certificate else None,
        environment.get("VAULT_TLS_SERVER_NAME") or None,
    )


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, which nobody else can listen to."""
    return _LOOPBACK.fullmatch(urlsplit(address).hostname or "") is not None


def _address(address: str, plain_http: str) -> str:
    if not address:
        raise PluginValidationError(
            "the address of Vault is not known", advice="set $VAULT_ADDR, or address in the plugin configuration"
        )
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_good = is_good and address.isascii() and address.isprintable() and " " not in address
    except ValueError:
        is_good = False
    if not is_good or "?" in address or "#" in address:
        raise PluginValidationError("the address of Vault is no http:// or https:// one", advice="check $VAULT_ADDR")
    if parts.username is not None or parts.password is not None:
        raise PluginValidationError(
            "the address of Vault has a name or a password in it", advice="leave it out; Vault takes tokens"
        )
    if parts.scheme == "http" and not is_loopback(address):
        _check_plain(address, plain_http)
    return address.rstrip("/")


def _check_plain(address: str, plain_http: str) -> None:
    """Refuses to give a token to a network in the clear, where the user did not say so."""
    if plain_http not in ("true", "false"):
        raise PluginValidationError(f"plugin configuration plain_http={plain_http!r} is neither true nor false")
    if plain_http == "false":
        raise PluginValidationError(
            f"the address of Vault is {address}, and a token is not sent over plain HTTP to another machine",
            advice="use https://, or set plain_http=true in the plugin configuration of a network that is yours alone",
        )
    warnings.warn(f"the token for {address} can be read by everybody on the way", NotarykitWarning, stacklevel=2)


def _namespace(namespace: str) -> str | None:
    if not (namespace.isascii() and namespace.isprintable()):
        raise PluginValidationError("the namespace is no name of one", advice="check namespace, or $VAULT_NAMESPACE")
    return namespace.strip("/ ") or None


def _file(variable: str, environment: Mapping[str, str]) -> str | None:
    path = environment.get(variable)
    if path and not os.path.exists(path):
        raise PluginValidationError(f"${variable} names {path}, which does not exist")
    if path and not (os.path.isfile(path) or os.path.isdir(path)):  # nobody may ever write to a pipe
        raise PluginValidationError(f"${variable} names {path}, which is not a regular file")
    return path or None


def _is_encrypted(path: str) -> bool:
    """Whether OpenSSL would ask at the terminal for the password of what is in a file."""
    try:
        with open(path, "rb") as file:
            return _ENCRYPTED.search(file.read(_LARGEST_FILE)) is not None
    except OSError:  # whoever connects is told
        return False
