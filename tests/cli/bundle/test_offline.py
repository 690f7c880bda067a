"""Bundles without a network: in a network namespace without any route, and without an attempt to connect."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.bundle.making import CREATE, FILE
from tests.cli.world import VERIFY, World
from tests.support.crls import make_crl
from tests.support.layouts import add_artifact
from tests.support.ocsp_answers import responding
from tests.support.requirements import program, require_namespaces
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

# Runs a command line in a process that ends with 99 as soon as it makes a socket or resolves a name.
_WATCHED = """
import os, sys
def watch(event, arguments):
    if event.startswith("socket."):
        os.write(2, f"{event} {arguments}\\n".encode())
        os._exit(99)
sys.addaudithook(watch)
from notarykit.cli import main
sys.exit(main(sys.argv[1:]))
"""


def _apart(world: World, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command line without any network: no interface is up, not even the loopback one."""
    require_namespaces("--net")
    command = [program("unshare"), "--net", sys.executable, "-c", _WATCHED, *arguments]
    environment = world.home.environment(NOTATION_CACHE=str(world.folder / "none"))
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_namespace_has_no_network(world: World, responder: Responder) -> None:
    """The watch works: `verify` without a bundle tries to ask the responder, and its process ends."""
    done = _apart(world, *VERIFY, world.reference)
    assert done.returncode == 99
    assert "socket." in done.stderr


@pytest.mark.parametrize("content", ["full", "none"])
def test_verifies(world: World, content: str) -> None:
    """What needs OCSP and CRLs is verified without a socket, whatever of the artifact is in the bundle."""
    world.did(*CREATE, "--content", content, world.reference, "-o", FILE)
    done = _apart(world, "bundle", "verify", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully verified signature for local/tests@" in done.stdout


@pytest.mark.parametrize("arguments", [("inspect", FILE), ("inspect", FILE, "-o", "json"), ("--help",)])
def test_inspects(world: World, bundle: str, arguments: Sequence[str]) -> None:
    """So is a bundle shown."""
    assert _apart(world, "bundle", *arguments).returncode == 0


def test_missing_evidence_is_not_looked_for(world: World, responder: Responder) -> None:
    """Where evidence is missing in the bundle, the status is unknown, and nobody is asked."""
    responder.fail("/ocsp/0", 500)
    assert world.run(*CREATE, "--allow-unverified", world.reference, "-o", FILE).code == 0
    done = _apart(world, "bundle", "verify", FILE)
    assert done.returncode == 1
    assert "is unknown: " in done.stderr


def test_trust_of_the_bundle(world: World, bundle: str) -> None:
    """A machine that knows nothing but the digest of the trust verifies."""
    digest = json.loads(world.did("bundle", "inspect", bundle, "-o", "json"))["trust"]["digest"]
    world.home.policy_file.unlink()
    done = _apart(world, "bundle", "verify", FILE, "--trust-from-bundle", digest)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(bundle).exists()


def test_names_are_not_resolved(world: World, responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where certificates name responders by their hosts' names, nobody asks for an address either."""
    base = responder.url().replace("127.0.0.1", "pki.test")
    chain = revocable_chain(base, ocsp_at={1: []}, crl_at={0: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    world.home.trust(chain)
    world.home.add_key(chain, "named")
    resolve = socket.getaddrinfo

    def resolved(host: str, *arguments: Any, **keywords: Any) -> Any:
        return resolve("127.0.0.1" if host == "pki.test" else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    second = f"hello@{add_artifact('hello', 'v2').digest}"
    world.sign("--key", "named", reference=second)
    world.did(*CREATE, second, "-o", FILE)
    assert "http://pki.test:" in world.did("bundle", "inspect", FILE)
    done = _apart(world, "bundle", "verify", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    done = _apart(world, *VERIFY, second)
    assert (done.returncode, "getaddrinfo" in done.stderr) == (99, True)
