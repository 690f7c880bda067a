"""HTTP for those whom anybody may ask: timestamp authorities, OCSP responders, CRLs."""

from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import Connections
from notarykit.net.tls import TLSSettings, context_for


def plain_client() -> HttpClient:
    """A client without anybody's credentials or certificates, with TLS where an address asks for it and without.

    No connection is kept: the next question is for somebody else. Where a redirect leads is not what a certificate or
    the user named, so it does not lead into networks that those outside cannot reach.
    """
    connections = Connections(lambda host: context_for(host, TLSSettings()), most_idle=0)
    destinations = Destinations(
        plain=None,
        keeps_outside=True,
        allow_plain="write http:// in its address, if that is meant",
        use_tls="write https:// in its address",
    )
    return HttpClient(connections, destinations)
