"""Files of a policy folder for tests."""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.ca import TestChain, make_chain

CHAIN: Final = make_chain()


def document(store: str = "ca:acme", scope: str = "*", level: str = "strict") -> bytes:
    """Returns a trust policy document of one statement."""
    statement: dict[str, Any] = {
        "name": "one",
        "registryScopes": [scope],
        "signatureVerification": {"level": level},
    }
    if level != "skip":
        statement |= {"trustStores": [store], "trustedIdentities": ["*"]}
    return json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode()


def root(chain: TestChain = CHAIN) -> bytes:
    """Returns a chain's root in PEM."""
    return chain.certificates[-1].public_bytes(Encoding.PEM)


def files(**changes: bytes) -> Mapping[str, bytes]:
    """Returns the files of a good folder."""
    return {"trustpolicy.json": document(), "truststore/x509/ca/acme/root.pem": root(), **changes}
