"""The plugin as an executable, by the conformance kit and by notation-go."""

from pathlib import Path

import pytest

from notarykit.plugin.conformance import Target
from tests.interop.go_peer import Peer
from tests.interop.provider import ProviderKey, check_conformance, check_go_signs, run_script
from tests.servers.aws.service import SECRET_KEY, Service
from tests.support.ca import SPECS
from tests.support.envelopes import FORMATS

NAME = "aws-kms"
_SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_conformance(moto: Service, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    """The plugin passes every rule, and no output shows the credentials."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", _SESSION_TOKEN)
    key = moto.key(spec)
    target = Target(NAME, (key.arn,), key.config, secrets=(SECRET_KEY, _SESSION_TOKEN))
    check_conformance(target)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_notation_go_signs(moto: Service, peer: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """notation-go makes an envelope with the installed launcher, and both sides accept it."""
    key = moto.key(spec)
    check_go_signs(peer, ProviderKey(NAME, key.arn, key.chain, key.config), tmp_path, media_type)


def test_metadata_without_the_sdk() -> None:
    """get-plugin-metadata does not import the SDK, and neither does the plugin's constructor."""
    script = (
        "import sys\n"
        "from notarykit_aws_kms.plugin import AWSKMSPlugin\n"
        "assert AWSKMSPlugin.get_metadata().name == 'aws-kms'\n"
        "AWSKMSPlugin()\n"
        "assert not {'boto3', 'botocore', 'urllib3', 'cryptography'} & set(sys.modules)\n"
    )
    run_script(script)
