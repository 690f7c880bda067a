"""Addresses: what in them tells one server from another, and what of them may be shown."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from notarykit.errors import NetworkError

_VISIBLE = re.compile(r"[!-~]+")
_NEVER_SHOWN = re.compile(r"[?#].*|(?<=//)[^/?#]*@", re.DOTALL)
# A password with a slash, `?` or `#` ends the host's part too early: what stands in a port's place is no port then.
_NO_PORT = re.compile(r"([^/]*//)(?![^/?#]*@)[^/?#:\[]*:(?![0-9]*(?:[/?#]|$)).*@", re.DOTALL)


class Origin(NamedTuple):
    """Where a request goes: what may be told to one origin is not told to another.

    Attributes:
        scheme: `http` or `https`.
        host: The host's name or address.
        port: The port.
    """

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """`host[:port]`, without the port that belongs to the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


@lru_cache(256)  # it is asked for more than once on the way of each request
def origin_of(url: str) -> Origin:
    """The origin of a URL.

    Raises:
        NetworkError: It is not an HTTP URL, or carries a user's name.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # the kinds of Unicode's errors are among them
        host, port = "", None
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc or not _VISIBLE.fullmatch(url):
        raise NetworkError(f"{shown(url)!r} is not an address of the form https://host/…")
    return Origin(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def joined(base: str, location: str) -> str:
    """The address that a server leads to; whether it is one is left to `origin_of`.

    Raises:
        NetworkError: It cannot even be taken apart.
    """
    try:
        return urljoin(base, location)
    except ValueError:
        raise NetworkError(f"{shown(base)} leads to an address that is malformed") from None


def shown(url: str) -> str:
    """A URL without its query, which may carry a signature that is as good as a password, and without a user's name."""
    if found := _NO_PORT.match(url):
        url = found[1] + url[found.end() :]
    return _NEVER_SHOWN.sub("", url)
