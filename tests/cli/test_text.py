"""Foreign text is escaped: no control character of it reaches the terminal."""

import json
import os
import shutil
from typing import Any

import pytest

from tests.cli.world import VERIFY, Done, World
from tests.support.ca import make_chain, name
from tests.support.envelopes import JWS, build
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import add_artifact, read_index, write_index
from tests.support.signatures import readdress

# Escape sequences, a carriage return, a C1 control, a change of direction, half a surrogate pair, DEL.
NASTY = "\x1b[2Jx\r\x9b1m\u202egpj.\x7f"
SHOWN = "\\x1b[2Jx\\r\\x9b1m\\u202egpj.\\x7f"


def _is_clean(done: Done) -> bool:
    return all(character.isprintable() or character == "\n" for character in done.out + done.err)


def test_metadata_is_escaped(world: World) -> None:
    """User metadata of a signature is shown escaped by `verify` and `inspect`."""
    world.sign("-m", f"key{NASTY}=value{NASTY}", "-m", "lines=a\nb")
    for command in (VERIFY, ("inspect", "--oci-layout")):
        done = world.run(*command, world.reference)
        assert done.code == 0
        assert _is_clean(done)
        assert f"key{SHOWN}" in done.out
        assert f"value{SHOWN}" in done.out
        assert "a\\nb" in done.out
        text = world.run(*command, "-o", "json", world.reference).out
        assert text.isascii()
        assert f"value{NASTY}" in _strings(json.loads(text))


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for key, item in value.items() for each in (key, *_strings(item))]
    if isinstance(value, list):
        return [each for item in value for each in _strings(item)]
    return [value] if isinstance(value, str) else []


def test_metadata_in_errors_is_escaped(world: World) -> None:
    """Signed metadata in an error's line is escaped as well."""
    world.sign("-m", f"key=value{NASTY}")
    done = world.run(*VERIFY, "-m", "key=other", world.reference)
    assert done.code == 1
    assert _is_clean(done)


def test_subjects_are_escaped(world: World) -> None:
    """A certificate's subject is shown escaped wherever it is named."""
    chain = make_chain("EC-256", 1, subject=name(f"signer{NASTY}"))
    world.home.add_key(chain, "nasty")
    world.sign("--key", "nasty")
    done = world.run("inspect", "--oci-layout", world.reference)
    assert _is_clean(done)
    assert f"issued to: CN=signer{SHOWN}," in done.out
    refused = world.run(*VERIFY, "-v", world.reference)
    assert refused.code == 1
    assert _is_clean(refused)
    (world.folder / "nasty.crt").write_bytes(chain.pems[-1])
    world.did("cert", "add", "-t", "ca", "-s", "nasty", "nasty.crt")
    shown = world.run("cert", "show", "-t", "ca", "-s", "nasty", "nasty.crt")
    assert _is_clean(shown)
    assert f"Subject: CN=signer{SHOWN}," in shown.out


def test_envelope_attributes_are_escaped(world: World) -> None:
    """Extended attributes and the signing agent, which anybody can write, are shown escaped."""
    world.sign()
    readdress("hello", lambda *_: build(world.chain, JWS, {f"attribute{NASTY}": NASTY}))
    done = world.run("inspect", "--oci-layout", world.reference)
    assert done.code == 0
    assert _is_clean(done)
    assert f"attribute{SHOWN}: {SHOWN}" in done.out


def test_tags_and_paths_are_escaped(world: World) -> None:
    """Tags and paths of the user's own are shown escaped, in output, warnings and errors."""
    add_artifact("hello", f"tag{NASTY}")
    shutil.copytree("hello", f"path{NASTY}")
    for reference in (f"hello:tag{NASTY}", f"path{NASTY}:v1", f"hello:absent{NASTY}", f"absent{NASTY}:v1"):
        for command in (("sign", "--oci-layout"), VERIFY, ("list", "--oci-layout"), ("inspect", "--oci-layout")):
            assert _is_clean(world.run(*command, reference))
    assert _is_clean(world.run("sign", f"registry.example/{NASTY}:v1"))
    assert _is_clean(world.run("sign", f"--flag{NASTY}"))
    assert _is_clean(world.run(NASTY))


def test_path_outside_utf_8_is_escaped(world: World) -> None:
    """A path whose bytes are no UTF-8 works and is shown escaped."""
    shutil.copytree("hello", os.fsdecode(b"hello\xff"))
    done = world.process("sign", "--oci-layout", b"hello\xff@" + world.layout.digest.encode())
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Successfully signed hello\\udcff@{world.layout.digest}\n"


def test_false_media_type_is_escaped(world: World) -> None:
    """Media types in the layout's index are escaped in errors."""
    index = read_index("hello")
    index["manifests"][0] |= {"digest": f"sha256:{NASTY}"}
    write_index("hello", index)
    done = world.run("list", "--oci-layout", world.reference)
    assert done.code == 3
    assert _is_clean(done)


def test_names_in_settings_are_escaped(world: World) -> None:
    """Names on the list of keys, in policies and of files in the trust store are shown escaped."""
    world.did("key", "add", "--plugin", "local-file", "--id", NASTY, f"key{NASTY}")
    listed = world.run("key", "list")
    assert _is_clean(listed)
    assert f"key{SHOWN}" in listed.out
    shutil.copy(world.home.store() / "root0.pem", world.home.store() / f"file{NASTY}.pem")
    listed = world.run("cert", "list")
    assert _is_clean(listed)
    assert f"file{SHOWN}.pem" in listed.out
    assert _is_clean(world.run("cert", "delete", "-t", "ca", "-s", "tests", f"file{NASTY}.pem", stdin="n\n"))
    assert _is_clean(world.run("key", "delete", f"key{NASTY}"))
    document = policy_document()
    document["trustPolicies"][0] |= {"name": NASTY, "registryScopes": [NASTY]}
    world.home.set_policy(document)
    assert _is_clean(world.run(*VERIFY, world.reference))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_output_encoding_without_characters(world: World, encoding: str) -> None:
    """An output's encoding that lacks a character gets it escaped; nothing fails for it."""
    world.sign("-m", "name=世界")
    done = world.process("inspect", "--oci-layout", world.reference, PYTHONIOENCODING=encoding)
    assert (done.code, done.err) == (0, "")
    assert "name: \\u4e16\\u754c" in done.out
    done = world.process(
        "verify", "--oci-layout", "--scope", SCOPE, "-m", "name=界", world.reference, PYTHONIOENCODING=encoding
    )
    assert done.code == 1
    assert "\\u4e16" in done.err
