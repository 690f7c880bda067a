"""Proxies of the environment, by the rules of Go programs (golang.org/x/net/http/httpproxy)."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from notarykit.errors import ConfigurationError
from notarykit.net.urls import Origin


class Proxy(NamedTuple):
    """HTTP proxy.

    Attributes:
        host: The host's name or address.
        port: The port.
        authorization: The value of `Proxy-Authorization`, or an empty string.
        variable: The environment variable that names it.
    """

    host: str
    port: int
    authorization: str
    variable: str

    def __str__(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self})"

    @property
    def headers(self) -> dict[str, str]:
        """Header fields for the proxy."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


class Proxies:
    """Proxy settings; of a variable's two spellings, upper case takes precedence."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Reads the variables once."""
        self._named = {
            scheme: (spelling, environment[spelling])
            for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
            for scheme in [name.removesuffix("_PROXY").lower()]
            for spelling in (name.lower(), name)
            if environment.get(spelling)
        }
        self._is_cgi = bool(environment.get("REQUEST_METHOD"))
        entries = [entry.strip().lower() for entry in self._named.get("no", ("", ""))[1].split(",")]
        self._excepts_all = "*" in entries
        self._exceptions = [parsed for entry in entries if entry and (parsed := _parse_exception(entry)) is not None]

    def for_origin(self, origin: Origin) -> Proxy | None:
        """Returns the proxy for an origin, or None for a direct connection.

        Raises:
            ConfigurationError: The proxy is malformed or not supported, or the variable may be a CGI client's.
        """
        variable, address = self._named.get(origin.scheme) or self._named.get("all") or ("", "")
        if not address:
            return None
        if self._is_cgi and variable.upper() == "HTTP_PROXY":
            raise ConfigurationError(
                f"${variable} is not used where $REQUEST_METHOD is set: under CGI, clients can set it",
                advice="unset one of them",
            )
        return None if self._is_excepted(origin) else _parse_proxy(variable, address)

    def _is_excepted(self, origin: Origin) -> bool:
        ip = ip_of(origin.host)
        if self._excepts_all or origin.host == "localhost" or (ip is not None and ip.is_loopback):
            return True
        return any(exception.covers(origin, ip) for exception in self._exceptions)


IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def ip_of(host: str) -> IPAddress | None:
    """Parses a host as an IP address, or returns None for a name."""
    try:
        ip = ipaddress.ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


class _Exception(NamedTuple):
    """Entry of `NO_PROXY`: a network, or a domain and its subdomains; with a port, for that port only."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None
    domain: str
    port: str

    def covers(self, origin: Origin, ip: IPAddress | None) -> bool:
        if self.port and self.port != str(origin.port):
            return False
        if self.network is not None:
            return ip is not None and ip in self.network
        # `.example.com` covers subdomains, `example.com` the domain itself too.
        return origin.host.endswith(f".{self.domain.removeprefix('.')}") or origin.host == self.domain


def _parse_exception(entry: str) -> _Exception | None:
    _, slash, bits = entry.partition("/")
    if slash and bits.isdigit():
        try:
            return _Exception(ipaddress.ip_network(entry, strict=False), "", "")
        except ValueError:
            return None
    host, colon, port = entry.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port, or the colons of an IPv6 address
        host, port = entry, ""
    if (ip := ip_of(host)) is not None:
        return _Exception(ipaddress.ip_network(ip), "", port)
    domain = host[1:] if host.startswith("*.") else host
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return _Exception(None, domain, port) if domain else None


def _parse_proxy(variable: str, address: str) -> Proxy:
    advice = "set it to http://host:port, or except hosts with NO_PROXY"
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise ConfigurationError(f"${variable} is not a proxy URL", advice=advice) from None
    if parts.scheme != "http":
        raise ConfigurationError(f"${variable}: {parts.scheme}:// proxies are not supported", advice=advice)
    if not host:
        raise ConfigurationError(f"${variable} is not a proxy URL", advice=advice)
    return Proxy(host, port or 80, _authorization(parts.username, parts.password), variable)


def _authorization(username: str | None, password: str | None) -> str:
    if username is None:
        return ""
    name, secret = (unquote_to_bytes(os.fsencode(part)) for part in (username, password or ""))
    return f"Basic {base64.b64encode(name + b':' + secret).decode('ascii')}"
