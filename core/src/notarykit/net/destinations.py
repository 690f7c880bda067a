"""Where requests may go: whether an address may be without TLS, and how near it may be, by who named it.

What the user named is the user's business; what a server names is not allowed to be more than a server may ask for.
"""

import ipaddress
from enum import Enum
from typing import NamedTuple

from notarykit.errors import NetworkError
from notarykit.net.urls import Origin

# What an IPv4 address is put behind: RFC 6052, section 2.1; RFC 2765, section 2.1; RFC 4291, section 2.5.5.1.
_BEFORE_IPV4 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IANA gives out for the world (RFC 4291, section 2.4)


class Network(Enum):
    """How near an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


class Destinations(NamedTuple):
    """Where a client goes.

    Attributes:
        plain: The origins that may be without TLS, because the user named them as such; None for all.
        keeps_outside: Whether no answer may lead to this machine or into networks that are not public, unless the
            conversation began there.
        allow_plain: How the user allows an origin to be without TLS.
        use_tls: How the user has an origin be talked to with TLS.
    """

    plain: frozenset[Origin] | None = frozenset()
    keeps_outside: bool = False
    allow_plain: str = ""
    use_tls: str = ""

    def check(self, target: Origin, source: Origin | None = None) -> None:
        """Checks whether an origin may be talked to.

        Args:
            target: The origin.
            source: Whose answer named it, or None where the user did.

        Raises:
            NetworkError: It is without TLS, and may not be.
        """
        if target.scheme == "https":
            return
        if source is not None and source.scheme == "https":
            raise NetworkError(
                f"{target.netloc} is not talked to without TLS, to which https://{source.netloc} leads",
                advice="ask whoever runs it for https addresses; behind a TLS proxy, a registry may need to be told "
                "its own (X-Forwarded-Proto)",
            )
        if self.plain is not None and target not in self.plain:
            raise NetworkError(f"{target.netloc} is not talked to without TLS", advice=self.allow_plain)

    def admits(self, network: Network, began: Network | None) -> bool:
        """Whether an address may be connected to.

        Args:
            network: How near it is.
            began: How near the address was where the conversation began, or None where this is it.
        """
        return not self.keeps_outside or began is None or network in (Network.PUBLIC, began)

    def advice(self, kind: str) -> str:
        """What to do about an origin that speaks `plain` HTTP where TLS was asked for, or `tls` where not."""
        return {"plain": self.allow_plain, "tls": self.use_tls}.get(kind, "")


def network_of(address: str) -> Network:
    """How near an IP address is; one that stands for an IPv4 address is where that is."""
    found = unwrapped(address)
    if found.is_loopback or found.is_unspecified:  # 0.0.0.0 leads to this machine too
        return Network.LOOPBACK
    if found.is_link_local:
        return Network.LINK_LOCAL
    is_public = found.is_global and not found.is_multicast and (found.version == 4 or found in _UNICAST)  # noqa: PLR2004
    return Network.PUBLIC if is_public else Network.PRIVATE


def unwrapped(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IP address without its zone, and without what is put around an IPv4 address.

    Raises:
        ValueError: It is none.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if int(found) > 1 and any(found in network for network in _BEFORE_IPV4):  # :: and ::1 are nobody's IPv4
            return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        return found.ipv4_mapped or found.sixtofour or found
    return found
