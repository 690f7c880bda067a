"""Vault as a certificate authority for identities: JWT login, and a PKI role that names who logged in."""

import uuid
from typing import Any, NamedTuple

from notarykit.keys.pem import read_certificates
from tests.servers.identity.issuer import AUDIENCE, Issuer
from tests.servers.vault.server import VaultServer
from tests.support.ca import TestChain

ROLE = "build"


class VaultCA(NamedTuple):
    """Engine and auth method of their own.

    Attributes:
        server: Vault.
        mount: Mount of the PKI engine and of the auth method.
        accessor: Accessor of the auth method.
        root: Root certificate in DER.
        issuer: URL of the issuer of the tokens.
    """

    server: VaultServer
    mount: str
    accessor: str
    root: bytes
    issuer: str

    @property
    def key_id(self) -> str:
        """Key id of the role."""
        return f"vault:{self.mount}/{ROLE}"

    @property
    def chain(self) -> TestChain:
        """Root in the form in which a home trusts it."""
        return TestChain("EC-256", (self.root,), ())

    def write_role(self, **changes: Any) -> None:
        """Writes the PKI role, with changes to the one that is documented."""
        self.server.ask("POST", f"{self.mount}/roles/{ROLE}", self.role(**changes))

    def role(self, **changes: Any) -> dict[str, Any]:
        """Returns the role that is documented, with changes."""
        alias = f"{{{{identity.entity.aliases.{self.accessor}.name}}}}"
        return {
            "key_type": "any",
            "key_usage": "DigitalSignature",
            "server_flag": False,
            "client_flag": False,
            "code_signing_flag": True,
            "allowed_uri_sans_template": True,
            "allowed_uri_sans": f"{self.issuer}#{alias}",
            "allow_ip_sans": False,
            "allow_localhost": False,
            "require_cn": False,
            "organization": "ACME",
            "ou": "app",
            "country": "US",
            "province": "WA",
            "max_ttl": "10m",
        } | changes

    def write_login(self, **changes: Any) -> None:
        """Writes the role of the auth method."""
        role = {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": [AUDIENCE],
            "token_policies": [self.mount],
            "token_ttl": "1m",
        }
        self.server.ask("POST", f"auth/{self.mount}/role/{ROLE}", role | changes)


def open_vault_ca(server: VaultServer, issuer: Issuer, ca_pem: str) -> VaultCA:
    """Mounts an engine and an auth method, as the documentation does it.

    Args:
        server: Vault.
        issuer: Issuer of the tokens.
        ca_pem: CA certificates for TLS to the issuer.
    """
    mount = f"i{uuid.uuid4().hex[:12]}"
    server.ask("POST", f"sys/mounts/{mount}", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
    subject = {"common_name": "Identity CA", "organization": "ACME", "key_type": "ec", "ttl": "87600h"}
    made = server.ask("POST", f"{mount}/root/generate/internal", subject)
    server.ask("POST", f"sys/auth/{mount}", {"type": "jwt"})
    config = {"oidc_discovery_url": issuer.url, "oidc_discovery_ca_pem": ca_pem, "bound_issuer": issuer.url}
    server.ask("POST", f"auth/{mount}/config", config | {"default_role": ROLE})
    accessor = server.ask("GET", "sys/auth")[f"{mount}/"]["accessor"]
    server.allow(mount, f'path "{mount}/sign/{ROLE}" {{ capabilities = ["update"] }}')
    root = read_certificates(made["data"]["certificate"].encode(), "root")[0]
    authority = VaultCA(server, mount, accessor, root, issuer.url)
    authority.write_role()
    authority.write_login()
    return authority
