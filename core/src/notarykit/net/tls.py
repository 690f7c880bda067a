"""TLS contexts: CA certificates of the system, of `certs.d` folders, and client certificates.

The convention of container tools: a folder `certs.d/{host[:port]}` with `*.crt` (CA certificates for this host, besides
the system's) and pairs of `*.cert` and `*.key` (a client certificate).
"""

import os
import ssl
import stat
import threading
import weakref
from typing import NamedTuple

from notarykit._internal.encodings import foreign_encoding
from notarykit.errors import ConfigurationError


class TLSSettings(NamedTuple):
    """Paths of certificates.

    Attributes:
        ca_file: CA certificates in PEM that replace the system's, or an empty string.
        cert_file: Client certificate with its chain in PEM, or an empty string.
        key_file: Its key in PEM; empty if the key is in `cert_file`.
        folders: The `certs.d` folders; the first with a folder for the host is used.
        added_ca_file: CA certificates in PEM that count beside the system's, or an empty string.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    folders: tuple[str, ...] = ()
    added_ca_file: str = ""


# With the system's certificates each takes 0.8 MB, and 20 ms to make.
_shared: weakref.WeakValueDictionary[tuple[object, ...], ssl.SSLContext] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def context_for(host: str, settings: TLSSettings) -> ssl.SSLContext:
    """Returns the TLS context for a host, `name[:port]`.

    Hosts without a folder or a client certificate share one, as long as somebody uses it and no file changes.

    Raises:
        ConfigurationError: A file cannot be read, or a key does not match its certificate.
    """
    folder = next((path for root in settings.folders if os.path.isdir(path := os.path.join(root, host))), None)
    if folder or settings.cert_file:
        return _create(host, settings, folder)
    key = tuple(map(_state, (settings.ca_file, settings.added_ca_file, ssl.get_default_verify_paths().cafile)))
    with _lock:
        context = _shared.get(key)
        if context is None:
            context = _shared[key] = _create(host, settings, None)
        return context


def _state(path: str | None) -> tuple[object, ...]:
    """Returns what differs between two states of a file, or nothing where it cannot be read."""
    try:
        found = os.stat(path or "")
    except OSError:
        return (path,)
    return path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _create(host: str, settings: TLSSettings, folder: str | None) -> ssl.SSLContext:
    names = sorted(os.listdir(folder)) if folder else []
    current = settings.ca_file
    try:
        context = ssl.create_default_context(cafile=_check_regular(current) if current else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.added_ca_file:
            current = settings.added_ca_file
            context.load_verify_locations(cafile=_check_regular(current))
        for name in names:
            if name.endswith(".crt"):
                current = os.path.join(folder or "", name)
                context.load_verify_locations(cafile=_check_regular(current))
        pair = (settings.cert_file, settings.key_file or None) if settings.cert_file else _client_pair(folder, names)
        if pair is not None:
            for current in filter(None, reversed(pair)):
                _check_regular(current)
            context.load_cert_chain(*pair, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ConfigurationError(f"TLS for {host}: {current or 'the system'}: {reason}") from None
    return context


def _check_regular(path: str) -> str:
    """Returns the path if it is of a regular file; OpenSSL would block on a pipe."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is not a regular file")
    with open(path, "rb") as file:
        if foreign := foreign_encoding(file.read(2)):  # OpenSSL itself skips the byte order mark of UTF-8
            raise ValueError(foreign)
    return path


def _client_pair(folder: str | None, names: list[str]) -> tuple[str, str] | None:
    """Returns the first client certificate of a folder, with its key."""
    for name in names:
        key = f"{name.removesuffix('.cert')}.key"
        if folder and name.endswith(".cert"):
            if key not in names:
                raise ValueError(f"{name} has no {key} beside it")
            return os.path.join(folder, name), os.path.join(folder, key)
    return None


def _no_passphrase() -> str:
    raise ValueError("encrypted keys of client certificates are not supported")
