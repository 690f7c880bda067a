"""Debian's docker-registry, with settings of its own and a store in a folder that goes with it."""

import contextlib
import json
import os
import tempfile
from typing import Any

from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import CREDENTIALS, Registry, Tls, started
from tests.servers.registry.token_server import TokenServer
from tests.support.requirements import program

# The bcrypt hash of the usual password; the standard library of Python cannot make one in every version.
HTPASSWD = f"{CREDENTIALS.name}:$2y$04$5sPfFDAPSghs2fl9JPckPOASS4xGWPatWevmrjFPDW/8FTKIrw1k6\n"


class DockerRegistries:
    """Starts registries, each with a folder of its own, which run as long as the stack is open."""

    def __init__(self, stack: contextlib.ExitStack, ca: RegistryCA) -> None:
        """Name who stops the registries and who issues their certificates."""
        self._stack = stack
        self._ca = ca

    def __call__(
        self,
        *,
        htpasswd: bool = False,
        tokens: TokenServer | None = None,
        realm: str | None = None,
        tls: bool | KeyPair = False,
        client_certificates: bool = False,
    ) -> Registry:
        """Start the registry, which knows neither the referrers API nor OCI-Subject, and which can delete.

        Args:
            htpasswd: Whether it wants the usual name and password.
            tokens: The server whose bearer tokens it accepts; they must be signed with ES256.
            realm: Where it sends clients for a token, if not to the token server itself.
            tls: Whether it speaks TLS, or with which certificate.
            client_certificates: Whether clients must show a certificate.
        """
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        files = Tls.of(self._ca, server=tls, client_certificates=client_certificates)
        settings = _settings(folder)
        if files.pair is not None:
            settings["http"]["tls"] = {"certificate": files.pair.certificate, "key": files.pair.key}
        if files.client is not None:
            settings["http"]["tls"]["clientcas"] = [self._ca.ca_file]
        if tokens is not None:
            settings["auth"] = {
                "token": {
                    "realm": realm or tokens.realm,
                    "service": tokens.service,
                    "issuer": tokens.issuer,
                    "rootcertbundle": _written(folder, "tokens.pem", tokens.certificate_pem.decode()),
                }
            }
        elif htpasswd:
            path = _written(folder, "htpasswd", HTPASSWD)
            settings["auth"] = {"htpasswd": {"realm": "registry", "path": path}}
        # JSON is YAML as well.
        config = _written(folder, "config.yml", json.dumps(settings))
        # Unlike the registries of our own it would outlive a test run that was killed.
        command = [program("setpriv"), "--pdeathsig", "TERM", program("docker-registry"), "serve", config]
        port, log = self._stack.enter_context(started(command, {}, "listening on "))
        credentials = CREDENTIALS if htpasswd or tokens is not None else None
        return Registry(port, files.ca_file, credentials, files.client, log)


def _settings(folder: str) -> dict[str, Any]:
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": os.path.join(folder, "store")},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "the same for as long as it runs"},
    }


def _written(folder: str, name: str, content: str) -> str:
    path = os.path.join(folder, name)
    with open(path, "x", encoding="utf-8") as file:
        file.write(content)
    return path
