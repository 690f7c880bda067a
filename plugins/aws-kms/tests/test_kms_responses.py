"""Responses about another key, and malformed ones."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginError
from notarykit.keys.spec import KEY_SPECS
from notarykit_aws_kms.plugin import AWSKMSPlugin
from tests.servers.aws.fake import ARN, CHAIN, FakeKMS, chain_config, fails, sign


@pytest.fixture
def service() -> FakeKMS:
    """Returns a service without faults."""
    return FakeKMS()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """Returns the configuration with the chain of the service's key."""
    return chain_config(tmp_path)


_OTHERS = [
    ARN.replace("111122223333", "444455556666"),
    ARN.replace("us-west-2", "eu-west-1"),
    ARN.replace("aws:", "aws-cn:"),
    ARN[:-1] + "1",
    ARN.partition("key/")[0] + "alias/build",
    "build",
]


@pytest.mark.parametrize("other", _OTHERS)
def test_response_about_another_key_is_refused(service: FakeKMS, config: dict[str, str], other: str) -> None:
    """A response about another key than that of the ARN is refused, and so is its signature."""
    service.answer = {"KeyId": other}
    plugin = AWSKMSPlugin(connect=service.connect)
    assert f"response is about key {other}, not {ARN}" in fails(plugin, config).message
    service.answer, service.signed = {}, {"KeyId": other}
    assert fails(plugin, config).message == f"AWS KMS signed with key {other} instead of {ARN}"


@pytest.mark.parametrize(
    ("key_id", "is_it"),
    [
        (ARN.rpartition("/")[2], True),
        ("alias/build", True),
        (ARN.partition("key/")[0] + "alias/build", True),
        (ARN.rpartition("/")[2][:-1] + "1", False),
        ("mrk-" + "0" * 32, False),
        (ARN.partition("key/")[0].replace("1111", "9999") + "alias/build", False),
    ],
)
def test_id_may_lead_to_a_key_of_its_account_and_region(
    service: FakeKMS, config: dict[str, str], key_id: str, *, is_it: bool
) -> None:
    """An alias may lead to any key of its account and region, and a key's id to the key of that id."""
    plugin, settings = AWSKMSPlugin(connect=service.connect), config | {"region": "us-west-2"}
    if is_it:
        sign(plugin, settings, key_id)
        return
    with pytest.raises(PluginError, match=f"response is about key {ARN}"):
        sign(plugin, settings, key_id)


def test_key_of_another_region_is_refused(service: FakeKMS, config: dict[str, str]) -> None:
    """An alias leads to no key of another region."""
    with pytest.raises(PluginError, match="response is about key"):
        sign(AWSKMSPlugin(connect=service.connect), config | {"region": "us-east-1"}, "alias/build")


def _odd_key() -> bytes:
    """Returns a public key on an unknown curve."""
    public = CHAIN.leaf_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known, odd = "06082a8648ce3d030107", "06082a8648ce3d03017f"
    changed: bytes = public.replace(bytes.fromhex(known), bytes.fromhex(odd))
    return changed


@pytest.mark.parametrize("answer", [{"PublicKey": _odd_key()}, {"PublicKey": 1}, {"KeyId": 1}, {"KeySpec": []}])
def test_malformed_response_is_refused(service: FakeKMS, answer: dict[str, Any]) -> None:
    """Any failure to read a response is an error of the protocol."""
    service.answer = answer
    error = fails(AWSKMSPlugin(connect=service.connect), {})
    assert "is malformed or was cut off" in error.message or "has usage SIGN_VERIFY and spec []" in error.message


def test_signature_of_another_length_is_refused(service: FakeKMS, config: dict[str, str]) -> None:
    """A signature of another length than the key.s is refused."""
    version = AWSKMSPlugin(connect=service.connect).open_key(ARN, config)
    service.sign = lambda **_: {"KeyId": ARN, "Signature": bytes(255)}  # type: ignore[method-assign]
    with pytest.raises(PluginError, match="malformed"):
        version.sign(b"message", KEY_SPECS["RSA-2048"])
