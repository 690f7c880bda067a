"""A key: asked for once, whatever its alias leads to later, and signed with by the ARN that was found then."""

from __future__ import annotations

from contextlib import contextmanager
from typing import NamedTuple

from notarykit import plugin
from notarykit_aws_kms.failures import HAS_NO_PUBLIC_KEY, SERVICE_ERROR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec
    from notarykit_aws_kms.addresses import Address
    from notarykit_aws_kms.clients import Clients

_USAGE = "SIGN_VERIFY"
_SPECS = ("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521")


class Key:
    """A key as a key id names it. Asymmetric keys of AWS KMS have one version for ever."""

    def __init__(self, address: Address, clients: Clients) -> None:
        """Takes where the key is, and whom to ask."""
        self._address = address
        self._clients = clients

    @property
    def identity(self) -> Address:
        """Where the key is, and whose profile asks for it."""
        return self._address

    def versions(self) -> Iterator[Version]:
        """The key under its ARN.

        Raises:
            PluginError: There is no such key, it cannot be used, or it is of a kind that does not sign.
        """
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        answer = self._ask_public_key()
        with _reading(self._address):
            _check_kind(answer)
            name, public_key = answer["KeyId"], load_der_public_key(answer["PublicKey"])
            if not self._address.may_be(name):
                raise plugin.PluginError(
                    f"AWS KMS answers about the key {name} where {self._address.key_id} was asked for",
                    advice="check endpoint=, and that nothing answers in the place of AWS KMS",
                )
        yield Version(name, public_key, self._address, self._clients)

    def certificates(self, version: plugin.KeyVersion) -> Sequence[bytes]:  # noqa: ARG002
        """Nothing: AWS KMS keeps no certificates."""
        return ()

    def attach(self, version: plugin.KeyVersion, chain: Sequence[bytes]) -> bool:  # noqa: ARG002
        """Nothing: AWS KMS keeps no certificates."""
        return False

    def _parameters(self) -> dict[str, Any]:
        return {"KeyId": self._address.key_id, **self._address.parameters()}

    def _ask_public_key(self) -> Mapping[str, Any]:
        try:
            return self._clients.ask(self._address, lambda kms: kms.get_public_key(**self._parameters()))
        except plugin.PluginError as error:
            if error.metadata.get(SERVICE_ERROR) != HAS_NO_PUBLIC_KEY:
                raise
            self._refuse_its_kind()
            raise

    def _refuse_its_kind(self) -> None:
        """Names the kind of a key without a public key; returns where the service does not tell it to this user."""
        try:
            answer = self._clients.ask(self._address, lambda kms: kms.describe_key(**self._parameters()))
        except plugin.PluginError:
            return
        with _reading(self._address):
            described = answer["KeyMetadata"]
            _check_kind({**described, "KeyId": described["Arn"]})


class Version(NamedTuple):
    """A key of which everything is known.

    Attributes:
        name: The key's ARN.
        public_key: Its public key.
    """

    name: str
    public_key: PublicKeyTypes
    address: Address
    clients: Clients

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """A signature over a message; the service gets the digest alone.

        Raises:
            PluginError: The service refused, or did not answer in time.
        """
        from notarykit.keys.signature import raw_ecdsa

        digest = spec.digest(message)
        answer = self.clients.ask(
            self.address,
            lambda kms: kms.sign(
                KeyId=self.name,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm=spec.signing_algorithm.replace("-", "_"),
                **self.address.parameters(),
            ),
        )
        with _reading(self.address):
            if answer["KeyId"] != self.name:
                raise plugin.PluginError(
                    f"the key {self.name} was to sign, and {answer['KeyId']} did",
                    advice="check endpoint=, and that nothing answers in the place of AWS KMS",
                )
            signature: bytes = answer["Signature"]
            signature = signature if spec.is_rsa else raw_ecdsa(signature, spec)
            if len(signature) != spec.signature_size:
                raise ValueError
            return signature


def _check_kind(answer: Mapping[str, Any]) -> None:
    usage, spec = answer["KeyUsage"], answer["KeySpec"]
    if usage != _USAGE or spec not in _SPECS:
        raise plugin.PluginValidationError(
            f"the key {answer['KeyId']} is of the kind {spec} for {usage}",
            advice=f"use a key for {_USAGE} of one of the kinds {', '.join(_SPECS)}",
        )


@contextmanager
def _reading(address: Address) -> Iterator[None]:
    """Refuses an answer that cannot be read, whatever that fails with; the SDK takes one that was cut off for whole."""
    try:
        yield
    except plugin.PluginError:
        raise
    except Exception:  # noqa: BLE001 - there is no end to what a parser raises
        raise plugin.PluginError(
            f"the answer of AWS KMS about the key {address.key_id} is malformed or was cut off", advice="try again"
        ) from None
