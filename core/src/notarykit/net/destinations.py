"""Permitted destinations: plain HTTP, and networks that a server's response may lead to.

Addresses that the user names are trusted; those that a server names are restricted (server-side request forgery).
"""

import ipaddress
from enum import Enum
from typing import NamedTuple

from notarykit.errors import NetworkError
from notarykit.net.urls import Origin

# Prefixes that embed an IPv4 address: RFC 6052, section 2.1; RFC 2765, section 2.1; RFC 4291, section 2.5.5.1.
_BEFORE_IPV4 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
_UNICAST = ipaddress.IPv6Network("2000::/3")  # the global unicast addresses that IANA assigns (RFC 4291, section 2.4)


class Network(Enum):
    """Scope of an IP address."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


class Destinations(NamedTuple):
    """Destinations of a client.

    Attributes:
        plain: The origins that the user permits to be used without TLS; None for all.
        keeps_outside: True if redirects from a public address must not lead to this machine or to private networks.
        allow_plain: Advice on how to permit an origin without TLS.
        use_tls: Advice on how to use TLS with an origin.
    """

    plain: frozenset[Origin] | None = frozenset()
    keeps_outside: bool = False
    allow_plain: str = ""
    use_tls: str = ""

    def check(self, target: Origin, source: Origin | None = None) -> None:
        """Refuses an origin without TLS that is not permitted.

        Args:
            target: The origin.
            source: The origin whose response named it, or None where the user did.

        Raises:
            NetworkError: It is refused.
        """
        if target.scheme == "https":
            return
        if source is not None and source.scheme == "https":
            raise NetworkError(
                f"https://{source.netloc} leads to {target.netloc} without TLS, which is refused",
                advice="ask its operator for https addresses; a registry behind a TLS proxy may need X-Forwarded-Proto "
                "to know its own",
            )
        if self.plain is not None and target not in self.plain:
            raise NetworkError(f"plain HTTP to {target.netloc} is not permitted", advice=self.allow_plain)

    def admits(self, network: Network, first: Network | None) -> bool:
        """Returns True if an address may be connected to.

        Args:
            network: The scope of the address.
            first: The scope of the address that the first request went to, or None for the first request.
        """
        return not self.keeps_outside or first is None or network in (Network.PUBLIC, first)

    def advice(self, kind: str) -> str:
        """Returns the advice for an origin that speaks `plain` HTTP where TLS was requested, or `tls` where not."""
        return {"plain": self.allow_plain, "tls": self.use_tls}.get(kind, "")


def network_of(address: str) -> Network:
    """Returns the scope of an IP address; one that embeds an IPv4 address has the scope of that."""
    ip = unwrap_ipv4(address)
    if ip.is_loopback or ip.is_unspecified:  # 0.0.0.0 leads to this machine too
        return Network.LOOPBACK
    if ip.is_link_local:
        return Network.LINK_LOCAL
    is_public = ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in _UNICAST)  # noqa: PLR2004
    return Network.PUBLIC if is_public else Network.PRIVATE


def unwrap_ipv4(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Parses an IP address without its zone, and extracts the IPv4 address that an IPv6 address embeds.

    Raises:
        ValueError: It is malformed.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if int(ip) > 1 and any(ip in network for network in _BEFORE_IPV4):  # :: and ::1 embed none
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip
