"""Requests to a provider with two chains for its versions."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.plugin import KEY_SPECS, DescribeKeyRequest, GeneratedSignature, GenerateSignatureRequest
from tests.support.ca import TestChain, make_chain
from tests.support.services import KEY_ID, Service, ServicePlugin

OLD, NEW = make_chain("EC-256"), make_chain("EC-384")
PAYLOAD = b"payload"


def described(plugin: ServicePlugin, **config: str) -> str:
    """Returns the key spec of describe-key."""
    description = plugin.describe_key(DescribeKeyRequest(KEY_ID, config))
    assert description.key_id == KEY_ID
    return description.key_spec


def signed(plugin: ServicePlugin, spec: str = "EC-256", **config: str) -> GeneratedSignature:
    """Returns the response of generate-signature over the payload."""
    hash_name = KEY_SPECS[spec].hash_name
    return plugin.generate_signature(GenerateSignatureRequest(KEY_ID, spec, hash_name, PAYLOAD, config))


def certificate_file(folder: Path, *contents: bytes, name: str = "chain.der") -> str:
    """Writes certificates to a file, and returns its path."""
    (folder / name).write_bytes(b"".join(contents))
    return str(folder / name)


def fingerprint(key: Any) -> str:
    """Returns the part of the SHA-256 of a private key's SubjectPublicKeyInfo that errors show."""
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]


def keeping(*chains: TestChain) -> Service:
    """Returns a service with a version for each chain, the oldest first, that keeps them all."""
    service = Service(*(chain.leaf_key for chain in chains))
    service.kept = dict(zip(service.versions, (chain.ders for chain in chains), strict=True))
    return service
