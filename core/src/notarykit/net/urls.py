"""URLs: origin, resolution of references, redaction."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from notarykit.errors import NetworkError

_BEGINNING = re.compile(r"[^/?#]*//[^/?#]*")
_VISIBLE = re.compile(r"[!-~]+")
_SECRET_PARTS = re.compile(r"[?#].*|(?<=//)[^/?#]*@", re.DOTALL)
# A password with a slash, `?` or `#` ends the authority too early: the text in the port's place is not a port then.
_NO_PORT = re.compile(r"([^/]*//)(?![^/?#]*@)[^/?#:\[]*:(?![0-9]*(?:[/?#]|$)).*@", re.DOTALL)


class Origin(NamedTuple):
    """Origin of a URL (RFC 6454); secrets for one origin are not sent to another.

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
        """`host[:port]`, without the scheme's default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


@lru_cache(256)  # needed several times for each request
def origin_of(url: str) -> Origin:
    """Returns the origin of a URL.

    Raises:
        NetworkError: It is not an http or https URL, or has userinfo.
    """
    beginning = _BEGINNING.match(url)
    origin = _parse_beginning(beginning[0]) if beginning and _VISIBLE.fullmatch(url) else None
    if origin is None:
        raise NetworkError(f"{redact_url(url)!r} is not a URL of the form https://host/…")
    return origin


@lru_cache(256)
def _parse_beginning(url: str) -> Origin | None:
    """Returns the origin of a URL without path and query, or None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # UnicodeError is a ValueError
        return None
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return None
    return Origin(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def target_of(url: str) -> str:
    """Returns the path and query of a URL that has an origin (the origin form: RFC 9112, section 3.2.1)."""
    target = _BEGINNING.sub("", url, 1).partition("#")[0]
    return target if target.startswith("/") else f"/{target}"


def resolve_location(base: str, location: str) -> str:
    """Resolves the URI reference in a response (RFC 3986, section 5); `origin_of` checks the result.

    Raises:
        NetworkError: It cannot be parsed.
    """
    try:
        return urljoin(base, location)
    except ValueError:
        raise NetworkError(f"{redact_url(base)} leads to a malformed URL") from None


def redact_url(url: str) -> str:
    """Removes userinfo, query and fragment from a URL: presigned queries are as good as a password."""
    if match := _NO_PORT.match(url):
        url = match[1] + url[match.end() :]
    return _SECRET_PARTS.sub("", url)
