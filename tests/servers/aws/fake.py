"""A pretended AWS KMS: a client in this process with one key, which does as it is told."""

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginError
from notarykit.keys.signature import check
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import GenerateSignatureRequest
from notarykit_aws_kms.client import Limits
from notarykit_aws_kms.plugin import AWSKMSPlugin
from notarykit_aws_kms.settings import Account
from tests.support.ca import make_chain

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CHAIN = make_chain()
SPEC = KEY_SPECS["EC-256"]


class _RefusalError(Exception):
    """An answer of the service with an error, as the SDK raises it."""

    operation_name = "GetPublicKey"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "quoted"}, "ResponseMetadata": {}}


class FakeKMS:
    """A service with one key, and a client for it.

    Attributes:
        asked: The requests that came, each with its operation.
        connected: For whom and with which limits clients were made.
        answer: What replaces members of the answer to GetPublicKey.
        signed: What replaces members of the answer to Sign.
        refuse: What each operation is refused with.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.connected: list[tuple[Account, Limits]] = []
        self.answer: dict[str, Any] = {}
        self.signed: dict[str, Any] = {}
        self.refuse: dict[str, str] = {}

    def connect(self, account: Account, limits: Limits) -> "FakeKMS":
        """What a plugin takes in place of the SDK."""
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
    """Has a key sign, and checks the signature."""
    request = GenerateSignatureRequest(key_id, "EC-256", "SHA-256", b"message", config)
    check(CHAIN.leaf_key.public_key(), SPEC, plugin.generate_signature(request).signature, b"message")


def fails(plugin: AWSKMSPlugin, config: Mapping[str, str]) -> PluginError:
    """The error with which a key does not sign."""
    with pytest.raises(PluginError) as caught:
        sign(plugin, config)
    return caught.value
