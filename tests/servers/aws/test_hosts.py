"""The plugin as an executable: the conformance kit judges it, and the Go side signs with it."""

import base64
import os
import sys
from pathlib import Path

import pytest

from notarykit.plugin.conformance import Result, Subject, judge
from notarykit.plugin.discovery.process import run
from notarykit.verification import Verified
from tests.interop import our_plugin
from tests.interop.go_peer import Peer
from tests.interop.plugin_scene import descriptor_of
from tests.interop.scene import METADATA, Question, push
from tests.servers.aws.service import SECRET_KEY, Service
from tests.support.ca import SPECS
from tests.support.envelopes import FORMATS
from tests.support.homes import Home, policy_document
from tests.support.layouts import make_layout

NAME = "aws-kms"
_SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_conformance(moto: Service, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    """Every rule of the kit is kept, and no output shows the credentials."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", _SESSION_TOKEN)
    key = moto.key(spec)
    subject = Subject(NAME, (key.arn,), key.config, secrets=(SECRET_KEY, _SESSION_TOKEN))
    found = {each.rule.id: each for each in judge(subject)}
    kept = {Result.PASSED, Result.DOES_NOT_APPLY}
    assert [each for each in found.values() if each.result not in kept] == []
    assert found["generate-signature.signature"].result is Result.PASSED
    assert found["output.secrets"].result is Result.PASSED


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_go_signs(moto: Service, peer: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """The Go side makes an envelope with the installed launcher, and both sides accept it."""
    key = moto.key(spec)
    home, layout = Home(tmp_path / "home"), make_layout(tmp_path / "layout")
    home.trust(key.chain)
    plugins = our_plugin.install_by_command(home, "--from-package", NAME)
    answer = peer.ask(
        "plugin-sign",
        folder=str(plugins),
        name=NAME,
        keyId=key.arn,
        mediaType=media_type,
        descriptor=descriptor_of(layout),
        expirySeconds=3600,
        pluginConfig=dict(key.config),
    )
    assert answer["ok"], answer
    push(layout.path, layout.digest, media_type, base64.b64decode(answer["envelope"]))
    question = Question(layout.path, layout.digest, home, policy_document(), METADATA)
    there = question.ask_peer(peer)
    assert there["ok"], there["error"]
    verdict = question.ask_us().verdict
    assert isinstance(verdict, Verified)
    assert verdict.chain.ders == key.chain.ders


def test_metadata_without_the_sdk() -> None:
    """get-plugin-metadata imports nothing of the SDK, and neither does making the plugin."""
    script = (
        "import sys\n"
        "from notarykit_aws_kms.plugin import AWSKMSPlugin\n"
        "assert AWSKMSPlugin.get_metadata().name == 'aws-kms'\n"
        "AWSKMSPlugin()\n"
        "assert not {'boto3', 'botocore', 'urllib3', 'cryptography'} & set(sys.modules)\n"
    )
    ended = run([sys.executable, "-c", script], b"", 60, dict(os.environ))
    assert (ended.code, ended.errors) == (0, b"")
