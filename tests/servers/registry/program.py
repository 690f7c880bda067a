"""The registries that are Go libraries: one program, built once, that runs either of them with any settings."""

import contextlib
from pathlib import Path

from tests.interop import go_build
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry, Tls, started
from tests.servers.registry.token_server import TokenServer

SOURCES = Path(__file__).with_name("servers")


def build() -> str:
    """Return the path of the program, built first where the cache has none for the present sources."""
    return go_build.build("registries", SOURCES)


class GoRegistries:
    """Starts registries, each with a store of its own in memory, which run as long as the stack is open."""

    def __init__(self, stack: contextlib.ExitStack, ca: RegistryCA, program: str) -> None:
        """Name who stops the registries, who issues their certificates, and the program."""
        self._stack = stack
        self._ca = ca
        self._program = program

    def memory(self, content: Path | None = None, page_size: int = 0) -> Registry:
        """Start the registry of `cuelabs.dev/go/oci/ociregistry`, which does all that OCI 1.1 says about referrers.

        Args:
            content: The file of `RegistryContent.write` whose objects it begins with.
            page_size: The most repositories or tags in a response, where it has a limit of its own.
        """
        command = [self._program, "memory", f"-content={content or ''}", f"-page-size={page_size}"]
        port, log = self._stack.enter_context(started(command, {}, ""))
        return Registry(port, log=log)

    def __call__(
        self,
        *,
        referrers: bool = True,
        basic: Credentials | None = None,
        tokens: TokenServer | None = None,
        realm: str | None = None,
        tls: bool | KeyPair = False,
        client_certificates: bool = False,
    ) -> Registry:
        """Start the registry of go-containerregistry, which knows neither OCI-Subject nor filters.

        Args:
            referrers: Whether it answers the referrers API; where not, clients have to use tags.
            basic: The only name and password that it accepts.
            tokens: The server whose bearer tokens it accepts.
            realm: Where it sends clients for a token, if not to the token server itself.
            tls: Whether it speaks TLS, or with which certificate.
            client_certificates: Whether clients must show a certificate.
        """
        files = Tls.of(self._ca, server=tls, client_certificates=client_certificates)
        command = [self._program, "plain", f"-referrers={str(referrers).lower()}"]
        secrets: dict[str, str] = {}
        if tokens is not None:
            command += ["-auth=bearer", f"-realm={realm or tokens.realm}", f"-service={tokens.service}"]
            secrets["REGISTRY_TOKEN_SECRET"] = tokens.secret
        elif basic is not None:
            command += ["-auth=basic"]
            secrets["REGISTRY_CREDENTIALS"] = ":".join(basic)
        if files.pair is not None:
            command += [f"-certificate={files.pair.certificate}", f"-key={files.pair.key}"]
        if files.client is not None:
            command += [f"-client-ca={self._ca.ca_file}"]
        port, log = self._stack.enter_context(started(command, secrets, ""))
        credentials = CREDENTIALS if tokens is not None else basic
        return Registry(port, files.ca_file, credentials, files.client, log)
