"""Checks that every provider's package runs as an executable: conformance, notation-go as host, and its imports."""

import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from notarykit.plugin.conformance import Result, Target, judge
from notarykit.plugin.discovery.process import run
from notarykit.verification.verdict import Verified
from tests.interop import our_plugin
from tests.interop.go_peer import Peer
from tests.interop.plugin_scene import descriptor_of
from tests.interop.scene import METADATA, Question, push
from tests.support.ca import TestChain
from tests.support.homes import Home, policy_document
from tests.support.layouts import make_layout

SCRIPT_SECONDS = 60


class ProviderKey(NamedTuple):
    """Key of a provider.

    Attributes:
        plugin: Name of the plugin.
        key_id: Key id.
        chain: Chain that the plugin finds or reads from a file.
        config: Plugin configuration.
    """

    plugin: str
    key_id: str
    chain: TestChain
    config: Mapping[str, str] = {}


def check_conformance(target: Target) -> str:
    """Checks that every rule of the conformance kit passes or does not apply; returns the report."""
    judgements = {judgement.rule.id: judgement for judgement in judge(target)}
    accepted = {Result.PASSED, Result.DOES_NOT_APPLY}
    assert [judgement for judgement in judgements.values() if judgement.result not in accepted] == []
    assert judgements["generate-signature.signature"].result is Result.PASSED
    assert judgements["output.secrets"].result is Result.PASSED
    return str(judgements)


def check_go_signs(peer: Peer, key: ProviderKey, folder: Path, media_type: str) -> None:
    """Checks that notation-go makes an envelope with the installed launcher, and that both sides verify it."""
    home, layout = Home(folder / "settings"), make_layout(folder / "layout")
    home.trust(key.chain)
    plugins = our_plugin.install_by_command(home, "--from-package", key.plugin)
    response = peer.ask(
        "plugin-sign",
        folder=str(plugins),
        name=key.plugin,
        keyId=key.key_id,
        mediaType=media_type,
        descriptor=descriptor_of(layout),
        expirySeconds=3600,
        pluginConfig=dict(key.config),
    )
    assert response["ok"], response
    push(layout.path, layout.digest, media_type, base64.b64decode(response["envelope"]))
    question = Question(layout.path, layout.digest, home, policy_document(), METADATA)
    peer_response = question.ask_peer(peer)
    assert peer_response["ok"], peer_response["error"]
    verdict = question.ask_us().verdict
    assert isinstance(verdict, Verified)
    assert verdict.chain.ders == key.chain.ders


def run_script(script: str) -> None:
    """Runs a Python script in a process of its own, and checks that it ends silently with success."""
    ended = run([sys.executable, "-c", script], b"", SCRIPT_SECONDS, dict(os.environ))
    assert (ended.code, ended.errors) == (0, b"")
