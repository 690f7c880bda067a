"""What starts the servers that are the tests' own, each running as long as a stack is open."""

import contextlib
from collections.abc import Collection, Mapping

from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.running import Credentials, Registry, Tls
from tests.servers.registry.token_server import ALL_ACTIONS, Algorithm, KeyHint, Members, TokenServer


class TokenServers:
    """Starts token servers."""

    def __init__(self, stack: contextlib.ExitStack, ca: RegistryCA) -> None:
        """Name who stops the servers and who issues their certificates."""
        self._stack = stack
        self._ca = ca

    def __call__(
        self,
        algorithm: Algorithm = "HS256",
        *,
        key_hint: KeyHint = "x5c",
        allowed: Collection[str] = ALL_ACTIONS,
        anonymous: Collection[str] | None = None,
        oauth2: bool = True,
        expires_in: int | None = 300,
        lifetime: int = 300,
        members: Members = "both",
        tls: bool | KeyPair = False,
    ) -> TokenServer:
        """Start a token server; the arguments are the attributes of `TokenServer`."""
        pair = Tls.of(self._ca, server=tls, client_certificates=False).pair
        server = TokenServer(
            algorithm, key_hint=key_hint, allowed=allowed, anonymous=anonymous, oauth2=oauth2,
            expires_in=expires_in, lifetime=lifetime, members=members, certificate=pair,
        )  # fmt: skip
        return self._stack.enter_context(server)


class FaultProxies:
    """Starts servers that do wrong what they are told to."""

    def __init__(self, stack: contextlib.ExitStack, ca: RegistryCA) -> None:
        """Name who stops the servers and who issues their certificates."""
        self._stack = stack
        self._ca = ca

    def __call__(self, upstream: Registry | str | None = None, *, tls: bool | KeyPair = False) -> FaultProxy:
        """Start a server in front of a registry, or of any host:port, that speaks plain HTTP."""
        if isinstance(upstream, Registry):
            if upstream.ca_file is not None:
                raise ValueError("a registry behind the proxy must speak plain HTTP")
            upstream = upstream.address
        pair = Tls.of(self._ca, server=tls, client_certificates=False).pair
        return self._stack.enter_context(FaultProxy(upstream, pair))


class ForwardProxies:
    """Starts proxies for the settings of clients."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Name who stops the proxies."""
        self._stack = stack

    def __call__(
        self, routes: Mapping[str, str] | None = None, credentials: Credentials | None = None, refuse: int | None = None
    ) -> ForwardProxy:
        """Start a proxy; the arguments are those of `ForwardProxy`."""
        return self._stack.enter_context(ForwardProxy(routes, credentials, refuse))
