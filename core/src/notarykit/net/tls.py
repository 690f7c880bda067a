"""TLS for a host: the system's certificates, those of the `certs.d` folders, and a client certificate.

The convention of container tools: a folder `certs.d/{host[:port]}` with `*.crt` (certificates of CAs that are trusted
for this host besides the system's) and pairs `*.cert` and `*.key` (a client certificate).
"""

import os
import ssl
import stat
from typing import NamedTuple

from notarykit._internal.encodings import foreign_encoding
from notarykit.errors import ConfigurationError


class TLSSettings(NamedTuple):
    """Where certificates come from.

    Attributes:
        ca_file: CA certificates in PEM that are trusted in place of the system's, or an empty string.
        cert_file: A client certificate with its chain in PEM, or an empty string.
        key_file: Its key in PEM; where it is empty, the key is in `cert_file`.
        folders: The `certs.d` folders, the first that has one for the host counts.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    folders: tuple[str, ...] = ()


def context_for(host: str, settings: TLSSettings) -> ssl.SSLContext:
    """The TLS context for a host, `name[:port]`.

    Raises:
        ConfigurationError: A file cannot be read, or a key does not belong to its certificate.
    """
    folder = next((path for each in settings.folders if os.path.isdir(path := os.path.join(each, host))), None)
    names = sorted(os.listdir(folder)) if folder else []
    current = settings.ca_file
    try:
        context = ssl.create_default_context(cafile=_regular(current) if current else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for name in names:
            if name.endswith(".crt"):
                current = os.path.join(folder or "", name)
                context.load_verify_locations(cafile=_regular(current))
        pair = (settings.cert_file, settings.key_file or None) if settings.cert_file else _pair(folder, names)
        if pair is not None:
            for current in filter(None, reversed(pair)):
                _regular(current)
            context.load_cert_chain(*pair, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ConfigurationError(f"TLS for {host}: {current or 'the system'}: {reason}") from None
    return context


def _regular(path: str) -> str:
    """The path itself; OpenSSL would wait for ever for somebody to write to a pipe."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is not a regular file")
    with open(path, "rb") as file:
        if foreign := foreign_encoding(file.read(2)):  # OpenSSL itself reads past the mark of UTF-8
            raise ValueError(foreign)
    return path


def _pair(folder: str | None, names: list[str]) -> tuple[str, str] | None:
    """The first client certificate of a folder that has its key beside it."""
    for name in names:
        key = f"{name.removesuffix('.cert')}.key"
        if folder and name.endswith(".cert"):
            if key not in names:
                raise ValueError(f"{name} has no {key} beside it")
            return os.path.join(folder, name), os.path.join(folder, key)
    return None


def _no_passphrase() -> str:
    raise ValueError("the client certificate's key is encrypted, which is not supported")
