"""Certificates for keys on tokens, issued and stored by the commands."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.world import World
from tests.servers.pkcs11.executable import sign
from tests.servers.pkcs11.token import Token, chain_for
from tests.support.ca import make_chain

_SUBJECT = "CN=build,O=Acme,ST=WA,C=US"


@pytest.fixture
def world(
    softhsm_key: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """A user with the token plugged in; commands run in processes of their own, as modules want it."""
    world = World(tmp_path / "world", make_chain("EC-256", 3), monkeypatch, capsys)
    for name, value in softhsm_key.plugin_environment().items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def softhsm_key(empty_softhsm: Token) -> Token:
    """A token with one key that has no certificate."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    return empty_softhsm


def _did(world: World, *arguments: str) -> str:
    done = world.process(*arguments)
    assert done.code == 0, done
    return done.out


def test_self_signed_certificate_is_stored_and_replaced(world: World, softhsm_key: Token, tmp_path: Path) -> None:
    """A self-signed certificate is made with the key, stored on the token, and replaced by the next."""
    uri = f"pkcs11:token={quote(softhsm_key.label)};object=build"
    _did(world, "key", "add", "--plugin", "pkcs11", "--id", uri, "token")
    assert "BEGIN CERTIFICATE REQUEST" in _did(world, "cert", "request", "--key", "token", "--subject", _SUBJECT)
    for number in (1, 2):
        _did(world, "cert", "generate", "--key", "token", "--subject", _SUBJECT, "-o", f"own{number}.pem")
        assert "pkcs11: pkcs11:token=" in _did(world, "cert", "attach", "--key", "token", f"own{number}.pem")
        stored = [each for each in softhsm_key.objects() if each.kind == "cert"]
        assert [(each.label, each.id) for each in stored] == [("build", b"\x01")]
        assert sign(softhsm_key.plugin_environment(), uri, "EC-256").refusal == ""
    _did(world, "sign", "--key", "token", "--oci-layout", world.reference)


def test_issued_chain_is_stored_once(world: World, softhsm_key: Token, tmp_path: Path) -> None:
    """An issued chain is stored as a whole; storing it again changes nothing."""
    uri = "pkcs11:object=build"
    chain = chain_for("EC-256", softhsm_key.public_key(b"\x01"))
    (tmp_path / "chain.pem").write_bytes(b"".join(reversed(chain.pems)))
    for _ in range(2):
        _did(world, "cert", "attach", "--plugin", "pkcs11", "--id", uri, str(tmp_path / "chain.pem"))
        assert len([each for each in softhsm_key.objects() if each.kind == "cert"]) == 3
    assert sign(softhsm_key.plugin_environment(), uri, "EC-256").refusal == ""


# SoftHSM has no switch for this: what the standard says of such tokens takes the write's place.
_PROTECTED = """
import pkcs11, sys
from notarykit_pkcs11.token import certificate_store
def create_objects(session, templates):
    raise pkcs11.TokenWriteProtected
certificate_store.create_objects = create_objects
from notarykit.cli.run import run
sys.exit(run(sys.argv[1:]))
"""


def test_chain_of_a_read_only_token_is_kept_in_settings(world: World, softhsm_key: Token) -> None:
    """The chain is kept beside the key's settings where the token stores no certificates."""
    uri = "pkcs11:object=build"
    _did(world, "key", "add", "--plugin", "pkcs11", "--id", uri, "token")
    _did(world, "cert", "generate", "--key", "token", "--subject", _SUBJECT, "-o", "own.pem")
    arguments = ["cert", "attach", "--key", "token", "own.pem"]
    done = subprocess.run(
        [sys.executable, "-c", _PROTECTED, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "token.chain.pem" in done.stdout
    assert [each for each in softhsm_key.objects() if each.kind == "cert"] == []
    _did(world, "sign", "--key", "token", "--oci-layout", world.reference)


def test_certificates_of_other_keys_are_kept(world: World, softhsm_key: Token, tmp_path: Path) -> None:
    """CAs with the key's CKA_ID, and certificates of other keys with it, are not removed."""
    chain = chain_for("EC-256", softhsm_key.public_key(b"\x01"))
    other = make_chain("EC-384")
    for der in (*chain.ders, other.ders[0]):
        softhsm_key.store_certificate(der, "mixed", b"\x01")
    key = ("--plugin", "pkcs11", "--id", "pkcs11:object=build")
    _did(world, "cert", "generate", *key, "--subject", _SUBJECT, "-o", "own.pem")
    _did(world, "cert", "attach", *key, "own.pem")
    assert len([each for each in softhsm_key.objects() if each.kind == "cert"]) == 4
    (tmp_path / "chain.pem").write_bytes(chain.chain_pem)
    _did(world, "cert", "attach", *key, str(tmp_path / "chain.pem"))
    assert sign(softhsm_key.plugin_environment(), "pkcs11:object=build", "EC-256").refusal == ""
