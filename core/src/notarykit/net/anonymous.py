"""HTTP client for public services: timestamp authorities, OCSP responders, CRL distribution points."""

from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for


def anonymous_client() -> HttpClient:
    """Returns a client without credentials and client certificates, for http and https.

    No connection is kept: the next request usually goes to another server. The target of a redirect was named neither
    by a certificate nor by the user, so redirects do not lead from a public network into private ones.
    """
    pool = ConnectionPool(lambda host: context_for(host, TLSSettings()), max_idle=0)
    destinations = Destinations(
        plain=None,
        keeps_outside=True,
        allow_plain="write http:// in its address, if that is meant",
        use_tls="write https:// in its address",
    )
    return HttpClient(pool, destinations)
