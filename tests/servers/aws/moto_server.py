"""moto's AWS KMS as a server, with what it gets wrong about signing put right: `python moto_server.py`.

It signs a digest as if it were a message, with the longest salt that fits, with disabled keys, and takes digests of any
length. It leaves the key's spec and ARN out of GetPublicKey, and has public keys of symmetric keys.
"""

import base64
import json
import sys
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key
from moto.kms.responses import KmsResponse
from moto.kms.utils import KeySpec
from moto.server import main

_HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_STATES = {
    "Disabled": ("DisabledException", "is disabled."),
    "PendingDeletion": ("KMSInvalidStateException", "is pending deletion."),
}


def _sign(self: KmsResponse) -> str:
    """Answers Sign with MessageType=DIGEST, as nothing here sends messages."""
    key, algorithm, digest = _key(self), self._get_param("SigningAlgorithm"), self._get_param("Message")
    if key.key_usage != "SIGN_VERIFY":
        raise JsonRESTError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage}")
    if key.key_state != "Enabled":
        code, text = _STATES[key.key_state]
        raise JsonRESTError(code, f"{key.arn} {text}")
    if algorithm not in key.signing_algorithms or self._get_param("MessageType") != "DIGEST":
        raise JsonRESTError("ValidationException", f"{algorithm} is not possible")
    if len(digest) != _HASHES[algorithm[-3:]].digest_size:
        raise JsonRESTError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    held: Any = key.private_key
    signature = base64.b64encode(_signature(held.private_key, algorithm, digest)).decode()
    return json.dumps({"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm})


def _signature(private_key: Any, algorithm: str, digest: bytes) -> bytes:
    hashed = _HASHES[algorithm[-3:]]
    if not isinstance(private_key, rsa.RSAPrivateKey):
        return bytes(private_key.sign(digest, ec.ECDSA(utils.Prehashed(hashed))))
    assert algorithm.startswith("RSASSA_PSS")
    return private_key.sign(digest, padding.PSS(padding.MGF1(hashed), hashed.digest_size), utils.Prehashed(hashed))


def _get_public_key(self: KmsResponse) -> str:
    key = _key(self)
    if key.key_spec not in (*KeySpec.ecc_key_specs(), *KeySpec.rsa_key_specs(), KeySpec.SM2):
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is symmetric")
    return json.dumps(json.loads(_old_get_public_key(self)) | {"KeySpec": key.key_spec, "KeyId": key.arn})


def _key(self: KmsResponse) -> Key:
    key_id = self._get_param("KeyId")
    self._validate_key_id(key_id)
    return self.kms_backend.describe_key(key_id)


_old_get_public_key = KmsResponse.get_public_key

if __name__ == "__main__":
    KmsResponse.sign = _sign  # type: ignore[method-assign]
    KmsResponse.get_public_key = _get_public_key  # type: ignore[method-assign]
    sys.exit(main(["--host", "127.0.0.1", "--port", "0"]))  # type: ignore[func-returns-value]
