"""Timestamps at the command line: signing with them, verifying and looking at them, and what goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.world import World
from tests.servers.timestamp import openssl_ts
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.ca import make_chain
from tests.support.homes import policy_document

_STORES = ("ca:tests", "tsa:tests")


@pytest.fixture(scope="module")
def authority() -> Iterator[OpensslAuthority]:
    """A timestamp authority."""
    with openssl_ts.running() as running:
        yield running


@pytest.fixture
def root(world: World, authority: OpensslAuthority) -> str:
    """A file with the authority's root, which the trust policy trusts too."""
    path = world.folder / "tsa-root.crt"
    path.write_bytes(authority.root)
    store = world.home.store("tests", "tsa")
    store.mkdir(parents=True)
    (store / "root.crt").write_bytes(authority.root)
    world.home.set_policy(policy_document(stores=_STORES))
    return str(path)


def _timestamp(world: World) -> dict[str, object]:
    document = json.loads(world.did("inspect", "--oci-layout", "-o", "json", world.reference))
    found: dict[str, object] = document["signatures"][-1]["unsignedAttributes"]["timestampSignature"]
    return found


@pytest.mark.requirement("plugin:raw-timestamp", "workflow:timestamp-embedded")
@pytest.mark.parametrize("form", ["jws", "cose"])
def test_timestamp_is_embedded_and_verified(world: World, authority: OpensslAuthority, root: str, form: str) -> None:
    """A signature with a timestamp is verified with it, and says when it was stamped."""
    world.sign("--signature-format", form, "--timestamp-url", authority.url, "--timestamp-root-cert", root)
    assert "Successfully verified" in world.verify()
    result = json.loads(world.verify("-o", "json"))["results"][0]
    assert any(step["reason"].startswith(f"timestamp of {result['timestamp']}") for step in result["steps"])
    claimed = _timestamp(world)
    assert len(claimed["certificates"]) == len(authority.chain)  # type: ignore[arg-type]
    shown = world.did("inspect", "--oci-layout", world.reference)
    assert "timestamp signature\n" in shown
    assert "timestamp: [" in shown


def test_missing_timestamp_is_refused(world: World, root: str) -> None:
    """Where the policy asks for a timestamp, a signature that has none is refused with what to do."""
    assert root
    world.sign()
    error = world.refused(1, "verify", "--oci-layout", "--scope", "local/tests", world.reference)
    assert "the policy asks for a timestamp, and the signature has none" in error
    assert "--timestamp-url" in error


def test_next_authority_is_tried(world: World, authority: OpensslAuthority, root: str) -> None:
    """Authorities are tried in their order, each with its own root, until one gives a good token."""
    other = world.folder / "other.pem"
    other.write_bytes(make_chain(purpose="timestamping").pems[-1])
    flags = ("--timestamp-url", authority.url, "--timestamp-url", authority.url)
    before = len(authority.seen)
    signing = ("sign", "--oci-layout", *flags)
    done = world.run(*signing, "--timestamp-root-cert", str(other), "--timestamp-root-cert", root, world.reference)
    assert done.code == 0
    assert done.err.startswith(f"Warning: {world.reference}: another timestamp authority was used: http://")
    assert len(authority.seen) - before == 2
    world.verify()
    error = world.refused(
        1, "sign", "--oci-layout", *flags, *("--timestamp-root-cert", str(other)) * 2, world.reference
    )
    assert error.startswith("no timestamp: ")
    assert error.count("does not lead to a trusted root") == 2


@pytest.mark.requirement("workflow:timestamp-failure")
def test_no_signature_is_stored_without_timestamp(world: World, root: str) -> None:
    """Where no timestamp can be had, nothing is signed."""
    error = world.refused(
        3,
        "sign",
        "--oci-layout",
        "--timestamp-url",
        "http://127.0.0.1:1",
        "--timestamp-root-cert",
        root,
        world.reference,
    )
    assert "connection refused" in error
    assert "sign without them" in error
    assert "no associated signature" in world.did("list", "--oci-layout", world.reference)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no certificate"),
        (make_chain(purpose="timestamping").pems[0], "is not a root CA certificate"),
        (b"".join(make_chain().pems[-1:] * 2), "contains 2 certificates"),
        (None, "does not exist"),
    ],
)
def test_file_without_root_is_refused(world: World, tmp_path: Path, content: bytes | None, complaint: str) -> None:
    """The file with a root holds exactly one, and it is a CA's own."""
    path = tmp_path / "root.pem"
    if content is not None:
        path.write_bytes(content)
    flags = ("--timestamp-url", "http://127.0.0.1:1", "--timestamp-root-cert", str(path))
    error = world.refused(2, "sign", "--oci-layout", *flags, world.reference)
    assert error.startswith("--timestamp-root-cert: ")
    assert complaint in error


def test_malformed_url_is_refused(world: World, root: str) -> None:
    """A malformed URL is refused before anything is signed."""
    flags = ("--timestamp-url", "tsa.example.com", "--timestamp-root-cert", root)
    error = world.refused(2, "sign", "--oci-layout", *flags, world.reference)
    assert "is not a URL" in error
    assert "http:// or https:// in front" in error


def test_root_may_be_der_or_pem(world: World, authority: OpensslAuthority, root: str) -> None:
    """A root may be in PEM as well."""
    from cryptography.x509 import load_der_x509_certificate

    pem = world.folder / "root.pem"
    pem.write_bytes(load_der_x509_certificate(Path(root).read_bytes()).public_bytes(Encoding.PEM))
    world.sign("--timestamp-url", authority.url, "--timestamp-root-cert", str(pem))
    world.verify()
