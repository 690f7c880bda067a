"""Running Vault: in memory, unsealed, with the engines and auth methods of the tests."""

import contextlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import started
from tests.support.ca import Changes, TestChain, make_chain
from tests.support.ports import ATTEMPTS, free_port

KINDS = {
    "rsa-2048": "RSA-2048",
    "rsa-3072": "RSA-3072",
    "rsa-4096": "RSA-4096",
    "ecdsa-p256": "EC-256",
    "ecdsa-p384": "EC-384",
    "ecdsa-p521": "EC-521",
}


class RefusedError(Exception):
    """Error response of the server."""


class VaultServer(NamedTuple):
    """Running Vault.

    Attributes:
        port: Port for plain HTTP, on 127.0.0.1 only.
        tls_port: Port for TLS.
        client_port: Port for TLS that requires a client certificate.
        ca_file: CA certificate of both.
        client: Accepted client certificate.
        root: Root token.
        unseal_key: Unseal key.
    """

    port: int
    tls_port: int
    client_port: int
    ca_file: str
    client: KeyPair
    root: str = ""
    unseal_key: str = ""

    @property
    def url(self) -> str:
        """Address for plain HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Address for TLS."""
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def client_url(self) -> str:
        """Address for TLS with a client certificate."""
        return f"https://127.0.0.1:{self.client_port}"

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        """Sends a request without the code under test, by default with the root token, and returns the members."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Vault-Token": token or self.root, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/{path}", data, headers, method=method)
        try:
            # Without the proxies of the environment.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise RefusedError(f"{path}: {error.read().decode()}") from None
        members: dict[str, Any] = json.loads(content) if content else {}
        return members

    def make_key(self, name: str, kind: str = "ecdsa-p256", mount: str = "transit") -> str:
        """Creates a key and returns its name."""
        self.ask("POST", f"{mount}/keys/{name}", {"type": kind})
        return name

    def rotate(self, name: str) -> None:
        """Creates a new version of a key."""
        self.ask("POST", f"transit/keys/{name}/rotate", {})

    def configure(self, name: str, **limits: Any) -> None:
        """Configures the limits of a key's versions."""
        self.ask("POST", f"transit/keys/{name}/config", limits)

    def chain(self, name: str, version: int = 1, mount: str = "transit") -> TestChain:
        """Returns a new chain for a version of a key, without storing it."""
        data = self.ask("GET", f"{mount}/keys/{name}")["data"]
        key = _PublicHalf(load_pem_public_key(data["keys"][str(version)]["public_key"].encode()))
        return make_chain(KINDS[data["type"]], 3, leaf=Changes(key=key))

    def attach(self, name: str, version: int = 1) -> TestChain:
        """Stores a new chain with a version of a key, and returns it."""
        chain = self.chain(name, version)
        body = {"version": version, "certificate_chain": chain.chain_pem.decode()}
        self.ask("POST", f"transit/keys/{name}/set-certificate", body)
        return chain

    def allow(self, name: str, policy: str) -> None:
        """Writes a policy."""
        self.ask("POST", f"sys/policies/acl/{name}", {"policy": policy})

    def token(self, *policies: str, ttl: str = "1h") -> str:
        """Returns a new token with these policies only."""
        body = {"policies": policies, "no_default_policy": True, "ttl": ttl}
        return str(self.ask("POST", "auth/token/create", body)["auth"]["client_token"])

    def revoke(self, token: str) -> None:
        """Revokes a token."""
        self.ask("POST", "auth/token/revoke", {"token": token})


class _PublicHalf:
    """Public half of a key in Vault, in place of a private key."""

    def __init__(self, public_key: Any) -> None:
        self._public_key = public_key

    def public_key(self) -> Any:
        return self._public_key


@contextlib.contextmanager
def running(program: str, ca: RegistryCA) -> Iterator[VaultServer]:
    """Runs a Vault while the context is active."""
    with contextlib.ExitStack() as stack:
        server = _start(stack, program, ca)
        keys = server.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        server = server._replace(root=keys["root_token"], unseal_key=keys["keys"][0])
        server.ask("PUT", "sys/unseal", {"key": server.unseal_key})
        server.ask("POST", "sys/mounts/transit", {"type": "transit"})
        server.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "1"}})
        server.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        server.ask("POST", "sys/auth/approle", {"type": "approle"})
        server.ask("POST", "sys/auth/jwt", {"type": "jwt"})
        yield server


def _start(stack: contextlib.ExitStack, program: str, ca: RegistryCA) -> VaultServer:
    pair, client = ca.server(), ca.client()
    # Vault cannot choose a free port itself, so another process may take one meanwhile.
    for attempt in range(ATTEMPTS):
        server = VaultServer(free_port(), free_port(), free_port(), ca.ca_file, client)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = os.path.join(folder, "vault.hcl")
        with open(file, "w", encoding="utf-8") as settings:
            settings.write(_settings(server, pair))
        environment = {"HOME": folder, "VAULT_ADDR": "", "VAULT_TOKEN": ""}
        try:
            stack.enter_context(
                started([program, "server", f"-config={file}"], environment, 'Listener 1: tcp (addr: "')
            )
        except RuntimeError as error:
            if "address already in use" not in str(error) or attempt == ATTEMPTS - 1:
                raise
            continue
        return server
    raise AssertionError


def _settings(server: VaultServer, pair: KeyPair) -> str:
    tls = f'tls_cert_file = "{pair.certificate}"\n  tls_key_file = "{pair.key}"'
    client = f'tls_client_ca_file = "{server.ca_file}"\n  tls_require_and_verify_client_cert = true'
    listeners = (
        (server.port, "tls_disable = true"),
        (server.tls_port, tls),
        (server.client_port, f"{tls}\n  {client}"),
    )
    blocks = [f'listener "tcp" {{\n  address = "127.0.0.1:{port}"\n  {rest}\n}}\n' for port, rest in listeners]
    return "".join(["disable_mlock = true\n", 'storage "inmem" {}\n', *blocks])
