"""`verify` with a signature that needs a verification plugin which is an executable."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.world import VERIFY, World
from tests.support.ca import make_chain
from tests.support.envelopes import PLUGIN_VERSION
from tests.support.executables import add_executable, answering, failing, shell_plugin
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.signatures import ask_for_plugin

_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
_REVOCATION = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


_ONE_CHECK = {"verificationResults": {_IDENTITY: {"success": True}}, "processedAttributes": []}


def _answer(processed: Any = (), **results: Any) -> dict[str, Any]:
    found = {_IDENTITY: {"success": True}, _REVOCATION: {"success": True}, **results}
    return {"verificationResults": found, "processedAttributes": processed}


def _verifier(world: World, lines: str | None = None, version: str = "1.2.3") -> None:
    """Installs the plugin, which notes its request in the file `request`."""
    lines = f"tee request > /dev/null; {answering(_answer([])) if lines is None else lines}"
    text = shell_plugin("checker", _IDENTITY, _REVOCATION, version=version, verify_signature=lines)
    add_executable(world.home.folder / "plugins", "checker", text)


def _signed(world: World, **critical: Any) -> None:
    world.sign()
    ask_for_plugin(world.layout.path, world.chain, "checker", **critical)


def _refused(world: World, code: int = 1) -> str:
    done = world.run(*VERIFY, world.reference)
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err
    return done.err


def test_plugin_verifies_identity(world: World) -> None:
    """The plugin decides about identities in our place, is asked about this signature, and is named."""
    _signed(world, **{"com.example.a": "x", PLUGIN_VERSION: "1.2.0"})
    _verifier(world, answering(_answer(["com.example.a"])))
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    world.verify("--plugin-config", "key=value")
    request = json.loads(Path("request").read_bytes())
    assert request["contractVersion"] == "1.0"
    assert request["signature"]["unprocessedAttributes"] == ["com.example.a"]
    assert request["signature"]["criticalAttributes"]["extendedAttributes"] == {"com.example.a": "x"}
    assert request["trustPolicy"] == {
        "trustedIdentities": [OTHER_IDENTITY],
        "signatureVerification": [_IDENTITY, _REVOCATION],
    }
    assert request["pluginConfig"] == {"key": "value"}
    assert len(request["signature"]["certificateChain"]) == len(world.chain.ders)


def test_plugin_refuses_identity(world: World) -> None:
    """An identity that the plugin refuses is not trusted, though ours would match."""
    _signed(world)
    _verifier(world, answering(_answer(None, **{_IDENTITY: {"success": False, "reason": "not \x1b[31mours"}})))
    text = _refused(world)
    assert "authenticity: plugin 'checker': not \\x1b[31mours" in text


def test_plugin_reports_revocation(world: World) -> None:
    """A revocation that the plugin finds is enforced, or logged where the level says so."""
    _signed(world)
    _verifier(world, answering(_answer(None, **{_REVOCATION: {"success": False, "reason": "gone"}})))
    assert "revocation: plugin 'checker': gone" in _refused(world)
    world.home.set_policy(policy_document(level="permissive"))
    assert world.run(*VERIFY, world.reference).code == 0


@pytest.mark.parametrize("processed", [None, [], ["com.example.b"]])
def test_unprocessed_critical_attribute_is_refused(world: World, processed: Any) -> None:
    """A critical attribute that the plugin does not know either is fatal, audit included."""
    _signed(world, **{"com.example.a": "x"})
    _verifier(world, answering(_answer(processed)))
    for level in ("strict", "audit"):
        world.home.set_policy(policy_document(level=level))
        assert "critical attribute 'com.example.a' was not processed by the plugin 'checker'" in _refused(world)


@pytest.mark.parametrize(
    ("minimum", "text"),
    [
        ("1.2.4", "plugin 'checker' has version 1.2.3, the signature needs 1.2.4"),
        ("later", "the version of plugin 'checker' cannot be compared: 'later' is not a semantic version"),
    ],
)
def test_minimum_version_of_the_plugin_is_required(world: World, minimum: str, text: str) -> None:
    """A plugin that is older than the signature needs is not asked."""
    _signed(world, **{PLUGIN_VERSION: minimum})
    _verifier(world)
    assert text in _refused(world)
    assert not Path("request").exists()


@pytest.mark.requirement("plugin:plugin-exists")
def test_missing_plugin_is_named(world: World) -> None:
    """A signature that needs a plugin which is not installed is not accepted."""
    _signed(world)
    assert "plugin 'checker' is not installed" in _refused(world)


def test_plugin_is_not_run_for_untrusted_signers(world: World) -> None:
    """A signature from no trusted root has nothing run, not even to ask for the plugin's name."""
    stranger = make_chain()
    world.sign()
    ask_for_plugin(world.layout.path, stranger, "checker")
    add_executable(world.home.folder / "plugins", "checker", "#!/bin/sh\ntouch ran\nexit 1\n")
    for level in ("strict", "permissive", "audit"):
        world.home.set_policy(policy_document(level=level))
        _refused(world)
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (failing({"errorCode": "ACCESS_DENIED", "errorMessage": "no entry"}), "no entry (ACCESS_DENIED)"),
        ("exit 1", "it ended with exit code 1 and without output"),
        (answering({}), "the answer is malformed"),
        (answering(_ONE_CHECK), "returned results for other checks than requested"),
        (answering(_answer([], **{_IDENTITY: {"success": "true"}})), "the answer is malformed"),
        (answering(_answer([], **{_IDENTITY: {"reason": "none"}})), "the answer is malformed"),
    ],
    ids=["error", "silence", "empty", "one check", "text for true", "no success"],
)  # fmt: skip
@pytest.mark.parametrize("level", ["strict", "audit"])
def test_failing_plugin_is_named(world: World, level: str, lines: str, text: str) -> None:
    """A plugin that does not answer as it must is fatal at every level."""
    _signed(world)
    _verifier(world, lines)
    world.home.set_policy(policy_document(level=level))
    assert text in _refused(world)
