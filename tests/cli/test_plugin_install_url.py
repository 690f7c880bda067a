"""`plugin install --verify-with --url`: plugins and their signatures from servers."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.publishing import STATEMENT, Publisher, evil, nothing_was_run, published, signed, verified
from tests.cli.world import World
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.support.ca import make_chain
from tests.support.homes import blob_policy_document

_WITH = ("plugin", "install", "--verify-with", STATEMENT)
_DONE = "Successfully installed plugin acme, version 1.0.0\n"


@pytest.fixture
def publisher(publishers_ca: RegistryCA) -> Iterator[Publisher]:
    """A server of files."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Publisher(publishers_ca.server()))
        server.files = {}
        yield server


def _publish(publisher: Publisher, *paths: Path) -> None:
    assert publisher.files is not None
    publisher.files |= {f"/v1/{path.name}": Reply(200, (), path.read_bytes()) for path in paths}


@pytest.mark.parametrize("signature", ["jws", "cose"])
def test_from_a_url(world: World, publisher: Publisher, publishers_ca: RegistryCA, signature: str) -> None:
    """The signature beside the plugin takes the checksum's place; a query is kept, and not shown."""
    path = signed(world, "tar.gz", "1.0.0", "--signature-format", signature)
    _publish(publisher, path, Path(f"{path}.{signature}.sig"))
    url = f"{publisher.url}/v1/{path.name}"
    flags = ("--ca-file", publishers_ca.ca_file, "--url")
    out = world.did(*_WITH, *flags, f"{url}?token=swordfish")
    assert out == f"Downloading plugin from {url}\nDownload completed\n{verified(url)}{_DONE}"
    assert all(seen.query == {"token": ["swordfish"]} for seen in publisher.seen)
    document = json.loads(world.did(*_WITH, "--force", "-o", "json", *flags, url))
    assert document["verification"]["signature"] == f"{url}.{signature}.sig"


def test_signature_url(world: World, publisher: Publisher, publishers_ca: RegistryCA) -> None:
    """A signature is named by a URL of its own, or by a path."""
    path = signed(world)
    signature = Path(f"{path}.jws.sig")
    _publish(publisher, path)
    assert publisher.files is not None
    publisher.files["/signature"] = Reply(200, (), signature.read_bytes())
    url = f"{publisher.url}/v1/{path.name}"
    flags = ("--force", "--ca-file", publishers_ca.ca_file, "--url")
    for where in (("--signature-url", f"{publisher.url}/signature"), ("--signature", signature.name)):
        assert verified(url) in world.did(*_WITH, *where, *flags, url)
    text = world.refused(3, *_WITH, "--signature-url", f"{publisher.url}/none.jws.sig", *flags, url)
    assert "the server answers 404" in text


def test_both_signatures_are_tried(world: World, publisher: Publisher, publishers_ca: RegistryCA) -> None:
    """A stranger's signature in one format does not hide the publisher's in the other."""
    path = signed(world, "tar.gz", "1.0.0", "--signature-format", "cose")
    world.home.add_key(make_chain(), "stranger")
    world.did("blob", "sign", "--key", "stranger", path.name)
    _publish(publisher, path, Path(f"{path}.jws.sig"), Path(f"{path}.cose.sig"))
    url = f"{publisher.url}/v1/{path.name}"
    assert verified(url) in world.did(*_WITH, "--ca-file", publishers_ca.ca_file, "--url", url)


def test_statement_is_judged_first(world: World, publisher: Publisher, publishers_ca: RegistryCA) -> None:
    """Under a statement that is not strict enough, no server is asked for anything."""
    path = signed(world)
    world.home.set_blob_policy(blob_policy_document(STATEMENT, is_global=False, level="audit"))
    url = f"{publisher.url}/v1/{path.name}"
    text = world.refused(2, *_WITH, "--ca-file", publishers_ca.ca_file, "--url", url)
    assert "which does not enforce authenticity" in text
    assert publisher.seen == []


def test_url_without_a_signature(world: World, publisher: Publisher, publishers_ca: RegistryCA) -> None:
    """Where no signature is, or it does not hold, nothing is installed, and nothing large is downloaded in vain."""
    path = signed(world)
    _publish(publisher, path)
    url = f"{publisher.url}/v1/{path.name}"
    flags = ("--ca-file", publishers_ca.ca_file, "--url")
    text = world.refused(1, *_WITH, *flags, url)
    assert text.endswith(
        f"neither {url}.jws.sig nor {url}.cose.sig exists: name it with --signature-url or --signature"
    )
    assert f"/v1/{path.name}" not in [seen.path for seen in publisher.seen]
    _publish(publisher, Path(f"{path}.jws.sig"), evil(world))
    done = world.run(*_WITH, *flags, url)
    assert done.code == 1
    assert "integrity: the signature is for " in done.err
    assert publisher.files is not None
    publisher.files[f"/v1/{path.name}.jws.sig"] = Reply(503)
    assert "the server answers 503" in world.refused(3, *_WITH, *flags, url)
    publisher.files[f"/v1/{path.name}.jws.sig"] = Reply(200, (), b"{" * (1 << 20) + b" ")
    done = world.run(*_WITH, *flags, url)
    assert done.code == 1
    assert "is larger than 1048576 bytes" in done.err
    assert nothing_was_run(world)


def test_url_stays_bound_to_a_checksum_without_a_signature(world: World, publisher: Publisher) -> None:
    """Without a statement a URL needs its checksum, as ever."""
    url = f"{publisher.url}/v1/{published(world).name}"
    assert "--url requires --sha256sum" in world.refused(2, "plugin", "install", "--url", url)
    assert publisher.seen == []
