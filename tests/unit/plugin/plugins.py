"""Plugins for tests: one that does everything right, so that a test changes the one thing that it is about."""

from collections.abc import Callable
from typing import Any

from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedSignature,
    GenerateSignatureRequest,
    KeyDescription,
    Plugin,
)
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import primitive

ALGORITHMS = {
    "RSA-2048": "RSASSA-PSS-SHA-256",
    "RSA-3072": "RSASSA-PSS-SHA-384",
    "RSA-4096": "RSASSA-PSS-SHA-512",
    "EC-256": "ECDSA-SHA-256",
    "EC-384": "ECDSA-SHA-384",
    "EC-521": "ECDSA-SHA-512",
}


class KeyPlugin(Plugin):
    """Signs with a chain's leaf key; `change` has the last word about its answers.

    Attributes:
        chain: The chain.
        requests: What it was asked.
    """

    name = "com.example.keys"
    description = "A plugin for tests"
    version = "1.2.3"
    url = "https://example.com/keys"

    def __init__(self, chain: TestChain | None = None, change: Callable[[Any], Any] = lambda answer: answer) -> None:
        """Takes the chain and the change."""
        self.chain = chain or make_chain()
        self.requests: list[DescribeKeyRequest | GenerateSignatureRequest] = []
        self._change = change

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The chain's spec."""
        self.requests.append(request)
        answer: KeyDescription = self._change(KeyDescription(request.key_id, self.chain.spec))
        return answer

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """A signature with the leaf's key."""
        self.requests.append(request)
        signature = primitive(self.chain, request.payload)
        algorithm = ALGORITHMS[self.chain.spec]
        answer: GeneratedSignature = self._change(
            GeneratedSignature(request.key_id, signature, algorithm, self.chain.ders)
        )
        return answer
