"""Vault's PKI engine as CA for code signing."""

from typing import NamedTuple

from notarykit.keys.pem import read_certificates
from tests.servers.vault.server import VaultServer

ROLE = "code-signing"


class Pki(NamedTuple):
    """CA for code signing.

    Attributes:
        server: Vault.
        root: Root certificate in DER.
    """

    server: VaultServer
    root: bytes

    def issue(self, request: str, common_name: str = "build") -> tuple[bytes, ...]:
        """Issues a certificate for a certificate signing request in PEM, and returns the chain in DER, leaf first."""
        body = {"csr": request, "common_name": common_name, "format": "pem"}
        data = self.server.ask("POST", f"pki/sign/{ROLE}", body)["data"]
        return read_certificates("\n".join([data["certificate"], *data["ca_chain"]]).encode(), "chain")


def open_pki(server: VaultServer) -> Pki:
    """Creates the CA and its role."""
    server.ask("POST", "sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
    subject = {"common_name": "Vault Root CA", "organization": "wabbit-networks.io", "country": "US", "province": "WA"}
    made = server.ask("POST", "pki/root/generate/internal", {**subject, "ttl": "87600h", "key_type": "ec"})
    role = {
        "allow_any_name": True,
        "enforce_hostnames": False,
        "server_flag": False,
        "client_flag": False,
        "code_signing_flag": True,
        "key_usage": ["DigitalSignature"],
        "key_type": "any",
        "organization": ["wabbit-networks.io"],
        "country": ["US"],
        "province": ["WA"],
        "ttl": "720h",
    }
    server.ask("POST", f"pki/roles/{ROLE}", role)
    return Pki(server, read_certificates(made["data"]["certificate"].encode(), "root")[0])
