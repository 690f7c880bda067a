"""A user's settings for tests, written as notation writes them: keys, trust stores and a trust policy."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.ca import TestChain, pem_of

SCOPE = "local/tests"
IDENTITY = "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io, CN=wabbit-networks.io"
OTHER_IDENTITY = "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io, CN=acme-rockets.io"


def policy_document(
    identities: Sequence[str] = (IDENTITY,),
    stores: Sequence[str] = ("ca:tests",),
    *,
    level: str = "strict",
    override: Mapping[str, str] | None = None,
    scopes: Sequence[str] = ("*",),
) -> dict[str, Any]:
    """A trust policy with one statement."""
    verification: dict[str, Any] = {"level": level}
    if override:
        verification["override"] = dict(override)
    statement: dict[str, Any] = {
        "name": "tests",
        "registryScopes": list(scopes),
        "signatureVerification": verification,
    }
    if level != "skip":
        statement |= {"trustStores": list(stores), "trustedIdentities": list(identities)}
    return {"version": "1.0", "trustPolicies": [statement]}


def blob_policy_document(name: str = "tests", *, is_global: bool = True, **changes: Any) -> dict[str, Any]:
    """A trust policy for blobs with one statement; the changes are those of `policy_document`."""
    document = policy_document(**changes)
    (statement,) = document["trustPolicies"]
    del statement["registryScopes"]
    statement |= {"name": name} | ({"globalPolicy": True} if is_global else {})
    return document


class Home:
    """A folder of settings.

    Attributes:
        folder: The folder, as `$NOTATION_CONFIG` names it.
    """

    def __init__(self, folder: Path) -> None:
        """Makes the folder."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def policy_file(self) -> Path:
        """The trust policy."""
        return self.folder / "trustpolicy.json"

    @property
    def blob_policy_file(self) -> Path:
        """The trust policy for blobs."""
        return self.folder / "trustpolicy.blob.json"

    @property
    def keys_file(self) -> Path:
        """The list of signing keys."""
        return self.folder / "signingkeys.json"

    def environment(self, **more: str) -> dict[str, str]:
        """Returns the environment of a process that uses these settings alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOTATION", "XDG_"))}
        kept.pop("NOTARYKIT_KEY_PASSPHRASE", None)
        return kept | {"HOME": str(self.folder), "NOTATION_CONFIG": str(self.folder)} | more

    def store(self, name: str = "tests", kind: str = "ca") -> Path:
        """The folder of a trust store."""
        return self.folder / "truststore" / "x509" / kind / name

    def trust(self, chain: TestChain, name: str = "tests", kind: str = "ca") -> None:
        """Puts a chain's root into a trust store."""
        folder = self.store(name, kind)
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.iterdir()))
        (folder / f"root{number}.pem").write_bytes(chain.pems[-1])

    def set_policy(self, document: Mapping[str, Any] | None = None) -> None:
        """Writes the trust policy; the usual one where none is given."""
        self.policy_file.write_text(json.dumps(document or policy_document()))

    def set_blob_policy(self, document: Mapping[str, Any] | None = None) -> None:
        """Writes the trust policy for blobs; the usual one where none is given."""
        self.blob_policy_file.write_text(json.dumps(document or blob_policy_document()))

    def add_key(self, chain: TestChain, name: str = "build", passphrase: bytes | None = None) -> tuple[Path, Path]:
        """Writes a key and its chain, lists it as the default, and returns where both are."""
        key_file, chain_file = self.folder / f"{name}.key", self.folder / f"{name}.chain.pem"
        key_file.write_bytes(pem_of(chain.leaf_key, passphrase))
        key_file.chmod(0o600)
        chain_file.write_bytes(chain.chain_pem)
        keys = json.loads(self.keys_file.read_bytes())["keys"] if self.keys_file.exists() else []
        keys.append({"name": name, "keyPath": str(key_file), "certPath": str(chain_file)})
        self.keys_file.write_text(json.dumps({"default": name, "keys": keys}))
        return key_file, chain_file


def complete_home(folder: Path, chain: TestChain) -> Home:
    """Settings with which a chain's key signs and its root is trusted."""
    home = Home(folder)
    home.trust(chain)
    home.set_policy()
    home.add_key(chain)
    return home
