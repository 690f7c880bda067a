"""Describes and signs with the plugins as a host does, and checks the signatures."""

from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest, KeyDescription, Provider
from tests.support.ca import TestChain

MESSAGE = b"a message"


def describe(plugin: Provider, key_id: str, /, **config: str) -> KeyDescription:
    """Describes a key."""
    return plugin.describe_key(DescribeKeyRequest(key_id, config))


def describe_and_sign(plugin: Provider, key_id: str, chain: TestChain, **config: str) -> None:
    """Describes a key, signs with it, and checks the signature and the chain."""
    description = describe(plugin, key_id, **config)
    assert (description.key_id, description.key_spec) == (key_id, chain.spec)
    sign(plugin, key_id, chain, **config)


def sign(plugin: Provider, key_id: str, chain: TestChain, **config: str) -> None:
    """Signs with a key, and checks the signature and the chain."""
    spec = KEY_SPECS[chain.spec]
    response = plugin.generate_signature(GenerateSignatureRequest(key_id, spec.name, spec.hash_name, MESSAGE, config))
    assert response.certificate_chain == chain.ders
    assert (response.key_id, response.signing_algorithm) == (key_id, spec.signing_algorithm)
    verify_raw(chain.leaf_key.public_key(), spec, response.signature, MESSAGE)
