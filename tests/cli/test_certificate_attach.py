"""`certificate attach`: the chain of a key, with its service or beside its settings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.keys.issue import issue, make_csr
from tests.cli.key_certificates import EITHER_HOLDER, SUBJECT, list_key, listed_key, read_chain, trust_root
from tests.cli.world import World
from tests.support.ca import Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.services import KEY_ID, KeepingPlugin, Service, ServicePlugin


def _issued(world: World, key: object, path: str = "chain.pem", *, authority: TestChain | None = None) -> str:
    """Writes a key's chain in reverse, with a certificate of another chain in it."""
    authority = authority or make_chain(length=3)
    now = datetime.now(UTC).replace(microsecond=0)
    made = issue(make_csr(key, name("release")), authority.keys[1], authority.certificates[1], now, timedelta(1))
    parts = [*reversed(authority.pems[1:]), make_chain(length=1).pems[0], made.public_bytes(Encoding.PEM)]
    Path(path).write_bytes(b"".join(parts))
    return path


def test_chain_is_attached_in_order_without_strangers(world: World) -> None:
    """Certificates are sorted, and those of other chains are dropped."""
    out = world.did("cert", "attach", _issued(world, world.chain.leaf_key))
    path = world.home.folder / "localkeys" / "build.chain.pem"
    assert out == f"Attached a chain of 3 to build: {path}\n"
    assert [each.subject.rfc4514_string().partition(",")[0] for each in read_chain(path)] == [
        "CN=release",
        "CN=Intermediate CA 1",
        "CN=Root CA",
    ]
    assert listed_key(world, "build")["certPath"] == str(path)
    world.sign()


@pytest.mark.parametrize("key_name", ["team/release", "../up", "a b", "Grüße"])
@EITHER_HOLDER
def test_any_key_name_has_a_chain_file(world: World, key_name: str, holder: str) -> None:
    """A chain file is in the folder of keys even for names with slashes, blanks and other letters."""
    list_key(world, holder, key_name)
    text = world.did("cert", "generate", "--key", key_name, "--subject", SUBJECT)
    Path("own.pem").write_text(text)
    world.did("cert", "attach", "--key", key_name, "own.pem")
    (kept,) = (world.home.folder / "localkeys").iterdir()
    assert kept.read_text() == text
    world.sign("--key", key_name)


@pytest.mark.parametrize("content", [None, b"", b"hello", make_chain().chain_pem, make_chain().pems[-1], b"-----BEGIN"])
@EITHER_HOLDER
def test_chain_of_another_key_changes_nothing(world: World, content: bytes | None, holder: str) -> None:
    """A file without the key's chain is refused with 4 and changes nothing."""
    list_key(world, holder, "release")
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    if content is not None:
        Path("chain.pem").write_bytes(content)
    world.refused(4, "cert", "attach", "--key", "release", "chain.pem")
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before


@pytest.mark.parametrize("which", ["incomplete", "broken"])
def test_incomplete_or_invalid_chain_changes_nothing(world: World, which: str) -> None:
    """A chain with a gap or a violated requirement is refused, and the previous chain remains."""
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    not_critical = ((key_usage("digital_signature"), False),) if which == "broken" else ()
    changes = Changes(key=world.chain.leaf_key, put=not_critical)
    chain = make_chain(leaf=changes)
    Path("chain.pem").write_bytes(chain.chain_pem if which == "broken" else chain.pems[0] + chain.pems[2])
    error = world.refused(4, "cert", "attach", "chain.pem")
    assert ("keyUsage is not marked critical" if which == "broken" else "is missing") in error
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before
    world.sign()


def test_chain_is_stored_with_the_service(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that keeps chains gets the chain, the key signs with it, and no file is written."""
    service = Service(new_key("EC-384"))
    plugin = KeepingPlugin(service)
    monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)
    named = ("--plugin", "pretended", "--id", KEY_ID)
    Path("own.pem").write_text(world.did("cert", "generate", *named, "--subject", SUBJECT))
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    out = world.did("cert", "attach", *named, "own.pem")
    assert out == f"Attached a chain of 1 to {KEY_ID}: pretended: {KEY_ID}/1\n"
    assert service.kept == {f"{KEY_ID}/1": (read_chain("own.pem")[0].public_bytes(Encoding.DER),)}
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before
    trust_root(world, "own.pem")
    world.sign(*named)
    world.verify()


def test_unlisted_key_of_service_without_storage_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the ways that remain: `key add`, or the setting with a chain file."""
    plugin = ServicePlugin(Service(new_key("EC-384")))
    monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)
    named = ("--plugin", "pretended", "--id", KEY_ID)
    Path("own.pem").write_text(world.did("cert", "generate", *named, "--subject", SUBJECT))
    error = world.refused(4, "cert", "attach", *named, "own.pem")
    assert error.startswith("plugin 'pretended' keeps no certificates")
    assert "notarykit key add" in error
    assert "certificate_chain=FILE" in error
    setting = ("--plugin-config", "certificate_chain=own.pem")
    trust_root(world, "own.pem")
    world.sign(*named, *setting)
    world.verify()
