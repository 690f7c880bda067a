"""HTTP for those whom anybody may ask: timestamp authorities, OCSP responders, CRLs."""

from notarykit.net.client import HttpClient
from notarykit.net.connections import Connections
from notarykit.net.tls import TLSSettings, context_for


def plain_client() -> HttpClient:
    """A client without anybody's credentials or certificates, with TLS where an address asks for it and without.

    No connection is kept: the next question is for somebody else.
    """
    return HttpClient(Connections(lambda host: context_for(host, TLSSettings()), most_idle=0), lambda _: True)
