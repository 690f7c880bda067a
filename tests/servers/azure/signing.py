"""Describes and signs with the plugin as a host does, and checks the signature."""

from collections.abc import Callable, Mapping
from pathlib import Path

from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import key_spec
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedSignature,
    GenerateSignatureRequest,
    KeyDescription,
    PluginError,
    Provider,
)
from tests.support.ca import TestChain

MESSAGE = b"a message"


def describe(plugin: Provider, key_id: str, config: Mapping[str, str] | None = None) -> KeyDescription:
    """Describes a key."""
    return plugin.describe_key(DescribeKeyRequest(key_id, config or {}))


def describe_and_sign(
    plugin: Provider, key_id: str, spec: str, config: Mapping[str, str] | None = None
) -> GeneratedSignature:
    """Describes a key and signs with it."""
    description = describe(plugin, key_id, config)
    assert (description.key_id, description.key_spec) == (key_id, spec)
    request = GenerateSignatureRequest(key_id, spec, key_spec(spec).hash_name, MESSAGE, config or {})
    return plugin.generate_signature(request)


def sign_and_check(
    plugin: Provider, key_id: str, chain: TestChain, config: Mapping[str, str] | None = None
) -> GeneratedSignature:
    """Describes a key, signs with it, and checks the signature and the chain."""
    signature = describe_and_sign(plugin, key_id, chain.spec, config)
    assert signature.certificate_chain == chain.ders
    verify_raw(chain.leaf_key.public_key(), key_spec(chain.spec), signature.signature, MESSAGE)
    return signature


def has_code(kind: type[PluginError]) -> Callable[[PluginError], bool]:
    """Returns a check for `pytest.raises`: the error has exactly the protocol code of a class."""
    return lambda error: error.code == kind.code


def file_with(folder: Path, content: bytes, name: str = "chain.pem") -> str:
    """Writes a file and returns its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)
