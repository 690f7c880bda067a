"""TLS contexts: CA certificates of the system, of `certs.d` folders, and client certificates.

The convention of container tools: a folder `certs.d/{host[:port]}` with `*.crt` (CA certificates for this host, besides
the system's) and pairs of `*.cert` and `*.key` (a client certificate).
"""

import os
import ssl
import stat
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


def context_for(host: str, settings: TLSSettings) -> ssl.SSLContext:
    """Creates the TLS context for a host, `name[:port]`.

    Raises:
        ConfigurationError: A file cannot be read, or a key does not match its certificate.
    """
    folder = next((path for root in settings.folders if os.path.isdir(path := os.path.join(root, host))), None)
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
