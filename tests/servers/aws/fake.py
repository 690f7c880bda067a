"""Fake client of AWS KMS with one key, whose responses a test sets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginError
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import GenerateSignatureRequest
from notarykit_aws_kms.client import Limits
from notarykit_aws_kms.plugin import AWSKMSPlugin
from notarykit_aws_kms.settings import Account
from tests.support.ca import make_chain

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CHAIN = make_chain()
SPEC = KEY_SPECS["EC-256"]


def chain_config(folder: Path) -> dict[str, str]:
    """Writes the chain of the service's key to a file, and returns the plugin configuration with it."""
    (folder / "chain.pem").write_bytes(CHAIN.chain_pem)
    return {"certificate_chain": str(folder / "chain.pem")}


class _RefusalError(Exception):
    """Error response of the service, as the SDK raises it."""

    operation_name = "GetPublicKey"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "quoted"}, "ResponseMetadata": {}}


class FakeKMS:
    """Fake service with one key, and its client.

    Attributes:
        asked: The requests, each with its operation.
        connected: The accounts and limits of the clients.
        answer: Members that replace those of the response to GetPublicKey.
        signed: Members that replace those of the response to Sign.
        refuse: The error code of each operation that is refused.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.connected: list[tuple[Account, Limits]] = []
        self.answer: dict[str, Any] = {}
        self.signed: dict[str, Any] = {}
        self.refuse: dict[str, str] = {}

    def connect(self, account: Account, limits: Limits) -> "FakeKMS":
        """Returns the client of an account, in place of the SDK."""
        self.connected.append((account, limits))
        return self

    def _note(self, operation: str, parameters: Mapping[str, Any]) -> None:
        self.asked.append((operation, parameters))
        if operation in self.refuse:
            raise _RefusalError(self.refuse[operation])

    def get_public_key(self, **parameters: Any) -> Mapping[str, Any]:
        """Answers GetPublicKey."""
        self._note("GetPublicKey", parameters)
        public = CHAIN.leaf_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        usual = {"KeyId": ARN, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": public}
        return usual | self.answer

    def describe_key(self, **parameters: Any) -> Mapping[str, Any]:
        """Answers DescribeKey."""
        self._note("DescribeKey", parameters)
        return {"KeyMetadata": {"Arn": ARN, "KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC"}}

    def sign(self, **parameters: Any) -> Mapping[str, Any]:
        """Answers Sign."""
        self._note("Sign", parameters)
        assert parameters["SigningAlgorithm"] == "ECDSA_SHA_256"
        signature = CHAIN.leaf_key.sign(parameters["Message"], ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        return {"KeyId": ARN, "Signature": signature} | self.signed


def sign(plugin: AWSKMSPlugin, config: Mapping[str, str], key_id: str = ARN) -> None:
    """Signs with a key, and checks the signature."""
    request = GenerateSignatureRequest(key_id, "EC-256", "SHA-256", b"message", config)
    verify_raw(CHAIN.leaf_key.public_key(), SPEC, plugin.generate_signature(request).signature, b"message")


def fails(plugin: AWSKMSPlugin, config: Mapping[str, str]) -> PluginError:
    """Returns the error with which a signature fails."""
    with pytest.raises(PluginError) as caught:
        sign(plugin, config)
    return caught.value
