"""Keys on the list without certificates, and their requests and chains, for tests of `notarykit certificate`."""

import json
from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.world import World
from tests.support.ca import new_key, pem_of
from tests.support.homes import policy_document

SUBJECT = "CN=release, O=wabbit-networks.io, ST=WA, C=US"
CA_SUBJECT = "CN=My CA, O=ACME, ST=WA, C=US"
IDENTITY = "x509.subject: CN=release, O=wabbit-networks.io, ST=WA, C=US"
SUBJECT_RFC4514 = "CN=release,O=wabbit-networks.io,ST=WA,C=US"


def write_key(world: World, file: str, spec: str = "EC-256", which: int = 0) -> str:
    """Writes a private key and returns its path."""
    path = world.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(pem_of(new_key(spec, which)))
    return str(path)


def list_local_key(world: World, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    """Adds a local key without a certificate to the list."""
    path = write_key(world, f"keys/{spec}-{which}.key", spec, which)
    document = json.loads(world.home.keys_file.read_bytes())
    document["keys"].append({"name": key_name, "keyPath": path, "certPath": str(world.folder / "none.pem")})
    world.home.keys_file.write_text(json.dumps(document))


def list_plugin_key(world: World, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    """Adds a key of the plugin `local-file` to the list."""
    path = write_key(world, f"held/{spec}-{which}.key", spec, which)
    world.did("key", "add", "--plugin", "local-file", "--id", path, key_name)


def list_key(world: World, holder: str, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    """Adds a key of either holder, `local` or `plugin`, to the list."""
    (list_local_key if holder == "local" else list_plugin_key)(world, key_name, spec, which)


def read_chain(path: str | Path) -> list[x509.Certificate]:
    """Reads a chain in PEM."""
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def listed_key(world: World, key_name: str) -> dict[str, object]:
    """Returns a key's entry on the list."""
    keys = json.loads(world.home.keys_file.read_bytes())["keys"]
    (entry,) = [entry for entry in keys if entry["name"] == key_name]
    assert isinstance(entry, dict)
    return entry


HOLDERS = ("local", "plugin")
EITHER_HOLDER = pytest.mark.parametrize("holder", HOLDERS)


def trust_root(world: World, root: str) -> None:
    """Makes the policy trust `IDENTITY` under a root."""
    world.did("cert", "add", "-t", "ca", "-s", "own", root)
    world.home.set_policy(policy_document([IDENTITY], ["ca:own"]))


def write_request(world: World, path: str = "a.csr") -> str:
    """Writes a certificate request of the default key and returns its path."""
    Path(path).write_text(world.did("cert", "request", "--subject", SUBJECT))
    return path
