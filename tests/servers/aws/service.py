"""Administration of a service under test: keys, their certificates and aliases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from botocore.session import Session  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GeneratedSignature, GenerateSignatureRequest
from notarykit_aws_kms.plugin import AWSKMSPlugin
from tests.support.ca import Changes, TestChain, make_chain

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "123456789012", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SPECS = {
    "RSA-2048": "RSA_2048", "RSA-3072": "RSA_3072", "RSA-4096": "RSA_4096",
    "EC-256": "ECC_NIST_P256", "EC-384": "ECC_NIST_P384", "EC-521": "ECC_NIST_P521",
}  # fmt: skip
"""The key specs of AWS KMS, by those of the protocol."""


class HeldKey(NamedTuple):
    """Key of the service, with a chain for it.

    Attributes:
        arn: The key's name.
        chain: Its chain; in place of the leaf's private key there is what knows the public key.
        config: The plugin configuration to sign with it.
    """

    arn: str
    chain: TestChain
    config: Mapping[str, str]

    @property
    def key_id(self) -> str:
        """The last part of the name."""
        return self.arn.rpartition("/")[2]

    def config_with(self, **changes: str) -> dict[str, str]:
        """The plugin configuration with changes."""
        return {**self.config, **changes}


class _PublicHalf(NamedTuple):
    """Public part of a key in a service, as a CA sees it."""

    known: PublicKeyTypes

    def public_key(self) -> PublicKeyTypes:
        return self.known


class Service:
    """Running service.

    Attributes:
        url: Its address.
        admin: A client for all of its API.
    """

    def __init__(self, url: str, folder: Path) -> None:
        """Takes the address, and the folder for files with certificates."""
        self.url = url
        self.folder = folder
        session = Session()
        session.set_credentials(ACCESS_KEY, SECRET_KEY)
        self.admin: Any = session.create_client("kms", region_name=REGION, endpoint_url=url)

    def key(self, spec: str = "EC-256", **parameters: Any) -> HeldKey:
        """Makes a key of one of the specification's kinds, and a chain for it."""
        arn = self.key_of_kind(SPECS[spec], **parameters)
        public = load_der_public_key(self.admin.get_public_key(KeyId=arn)["PublicKey"])
        chain = make_chain(spec, leaf=Changes(key=_PublicHalf(public)))
        file = self.folder / f"{arn.rpartition('/')[2]}.pem"
        file.write_bytes(chain.chain_pem)
        return HeldKey(arn, chain, {"region": REGION, "endpoint": self.url, "certificate_chain": str(file)})

    def key_of_kind(self, kind: str, usage: str = "SIGN_VERIFY", **parameters: Any) -> str:
        """Makes a key of any kind, and returns its ARN."""
        made = self.admin.create_key(KeySpec=kind, KeyUsage=usage, **parameters)
        return str(made["KeyMetadata"]["Arn"])

    def alias(self, name: str, key: HeldKey) -> str:
        """Gives a key an alias, and returns the alias."""
        self.admin.create_alias(AliasName=f"alias/{name}", TargetKeyId=key.key_id)
        return f"alias/{name}"


def describe(key_id: str, config: Mapping[str, str], plugin: AWSKMSPlugin | None = None) -> str:
    """Returns the key spec of describe-key, by default of a new plugin as in another process."""
    return (plugin or AWSKMSPlugin()).describe_key(DescribeKeyRequest(key_id, config)).key_spec


def sign(
    key: HeldKey,
    key_id: str | None = None,
    config: Mapping[str, str] | None = None,
    plugin: AWSKMSPlugin | None = None,
    message: bytes = b"message",
) -> GeneratedSignature:
    """A signature that was found to hold under the key.

    Args:
        key: The key.
        key_id: What it is called; by default its ARN.
        config: The plugin configuration; by default the key's own.
        plugin: The plugin; by default a new one as in a process of its own.
        message: What is signed.
    """
    spec = KEY_SPECS[key.chain.spec]
    request = GenerateSignatureRequest(key_id or key.arn, spec.name, spec.hash_name, message, config or key.config)
    answer = (plugin or AWSKMSPlugin()).generate_signature(request)
    assert (answer.key_id, answer.signing_algorithm) == (key_id or key.arn, spec.signing_algorithm)
    assert answer.certificate_chain == key.chain.ders
    verify_raw(key.chain.leaf_key.public_key(), spec, answer.signature, message)
    return answer
