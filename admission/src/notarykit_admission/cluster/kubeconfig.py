"""Kubeconfig files: the part of them that says how a program reaches an API server from outside of the cluster.

Kubernetes, "kubeconfig (v1)". What runs other programs or takes another way is refused, and not passed over.
"""

import base64
import binascii
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from notarykit.errors import ConfigurationError
from notarykit_admission.cluster.config import ClusterConfig, is_token, read_text, read_token
from notarykit_admission.files import refuse_encrypted_key

_REFUSED_OF_USERS = {
    "exec": "it runs a program",
    "auth-provider": "it needs a plugin",
    "username": "API servers take no passwords",
    "password": "API servers take no passwords",
    "as": "it is for another user",
}
_REFUSED_OF_CLUSTERS = {
    "insecure-skip-tls-verify": "anybody could answer for the API server",
    "proxy-url": "proxies are not used on the way to the API server",
}
_INSTEAD = "give it a token, a tokenFile, or a client certificate with its key"


class _Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    tls_server_name: str = ""


class _User(msgspec.Struct, frozen=True, rename="kebab"):
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""


class _Context(msgspec.Struct, frozen=True):
    cluster: str
    user: str


class _Named(msgspec.Struct, frozen=True):
    name: str
    cluster: dict[str, Any] | None = None
    user: dict[str, Any] | None = None
    context: _Context | None = None


class _Kubeconfig(msgspec.Struct, frozen=True, rename="kebab"):
    clusters: tuple[_Named, ...] | None = None
    users: tuple[_Named, ...] | None = None
    contexts: tuple[_Named, ...] | None = None
    current_context: str = ""


def load_kubeconfig(path: str) -> ClusterConfig:
    """Returns how the cluster of a file's current context is reached.

    Args:
        path: The file, in JSON, or in YAML where PyYAML is installed; relative paths in it are relative to its folder.

    Raises:
        ConfigurationError: It cannot be read or used.
    """
    try:
        return _cluster(msgspec.convert(_document(path), _Kubeconfig), os.path.dirname(os.path.abspath(path)))
    except msgspec.ValidationError as error:  # it names members and types, and no values
        raise ConfigurationError(f"kubeconfig {path}: {error}", advice="correct it") from None
    except ConfigurationError as error:
        raise error if path in error.message else error.within(f"kubeconfig {path}") from None


def _document(path: str) -> Any:
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            f"{path} is no JSON, and PyYAML is not installed",
            advice="install notarykit-admission[kubeconfig], or write it with"
            " 'kubectl config view --raw --minify --flatten --output json'",
        ) from None
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ConfigurationError(f"{path} is malformed", advice="correct it") from None


def _cluster(document: _Kubeconfig, folder: str) -> ClusterConfig:
    context = _named(document.contexts, document.current_context, "context").context
    if context is None:
        raise ConfigurationError(f"context {document.current_context!r} is empty")
    members = _named(document.clusters, context.cluster, "cluster").cluster or {}
    _refuse(members, _REFUSED_OF_CLUSTERS, f"cluster {context.cluster!r}", "use another cluster entry")
    cluster = msgspec.convert(members, _Cluster)
    login = _named(document.users, context.user, "user").user or {}
    _refuse(login, _REFUSED_OF_USERS, f"user {context.user!r}", _INSTEAD)
    user = msgspec.convert(login, _User)
    parts = urlsplit(cluster.server)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(f"cluster {context.cluster!r}: server is no https:// address")
    text = partial(_text, folder=folder)
    found = ClusterConfig(
        cluster.server.rstrip("/"),
        partial(text, cluster.certificate_authority, cluster.certificate_authority_data, "certificate-authority"),
        partial(_token, user, folder),
        partial(_show_client, user, folder),
        cluster.tls_server_name,
    )
    if not (user.token or user.token_file or user.client_certificate or user.client_certificate_data):
        raise ConfigurationError(f"user {context.user!r} has no credentials", advice=_INSTEAD)
    found.cas()
    found.token()
    found.show_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return found


def _named(entries: tuple[_Named, ...] | None, name: str, kind: str) -> _Named:
    for entry in entries or ():
        if entry.name == name:
            return entry
    raise ConfigurationError(f"it has no {kind} {name!r}")


def _refuse(members: Mapping[str, Any], refused: Mapping[str, str], where: str, advice: str) -> None:
    for name, reason in refused.items():
        if members.get(name):
            raise ConfigurationError(f"{where} has {name}, which is not supported: {reason}", advice=advice)


def _text(path: str, data: str, name: str, folder: str) -> str:
    """Returns text that stands in a file, or in base64 in the kubeconfig itself, which counts first."""
    if not data:
        return read_text(os.path.join(folder, path)) if path else ""
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{name}-data is not in base64") from None


def _token(user: _User, folder: str) -> str:
    if user.token_file:  # it counts first, as for other clients: it may be exchanged
        return read_token(os.path.join(folder, user.token_file))
    if user.token and not is_token(user.token):
        raise ConfigurationError("the user's token cannot stand in a header field", advice="correct it")
    return user.token


def _show_client(user: _User, folder: str, context: ssl.SSLContext) -> None:
    certificate = _text(user.client_certificate, user.client_certificate_data, "client-certificate", folder)
    key = _text(user.client_key, user.client_key_data, "client-key", folder)
    if not certificate:
        return
    with _file(certificate + "\n" + key) as path:
        try:
            context.load_cert_chain(path, password=refuse_encrypted_key)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise ConfigurationError(f"the client certificate and its key cannot be used: {reason}") from None


@contextmanager
def _file(text: str) -> Iterator[str]:
    """Makes a file that only this user can read, since OpenSSL reads keys from files alone."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(text)
        file.flush()
        yield file.name
