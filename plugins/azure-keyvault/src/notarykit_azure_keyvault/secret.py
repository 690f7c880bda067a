"""The chain out of a certificate's secret, which has the whole of it, and of an exportable key the private key as well.

What is not a certificate is neither parsed, kept nor shown, but for PKCS#12, whose parser reads the whole container: a
key that it finds is dropped there.
"""

from __future__ import annotations

import base64
import binascii

from notarykit.errors import PluginError
from notarykit.keys.certificate import load_certificate, why_not_issued
from notarykit.keys.pem import read_certificates
from notarykit_azure_keyvault.client import member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_PKCS12, _PEM = "application/x-pkcs12", "application/x-pem-file"


def certificates_of(bundle: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The certificates in a secret bundle, in DER and any order.

    Raises:
        PluginError: It is no certificate's secret, or is damaged.
        CertificateError: A certificate is damaged.
    """
    name, value, kind = member(bundle, "id", str), member(bundle, "value", str), bundle.get("contentType")
    if kind == _PEM:
        return read_certificates(value.encode(), name)
    if kind == _PKCS12:
        return _of_pkcs12(value, name)
    raise PluginError(f"{name} has the content type {kind}, which is no certificate's", advice="check the key id")


def leaf_of(certificates: Sequence[bytes]) -> bytes:
    """The certificate that issued none of the others.

    Raises:
        PluginError: There is no such certificate.
    """
    parsed = {der: load_certificate(der) for der in certificates}
    for der, certificate in parsed.items():
        if all(why_not_issued(other, certificate) for name, other in parsed.items() if name != der):
            return der
    raise PluginError("the certificates in Azure Key Vault are no chain", advice="import them again")


def _of_pkcs12(value: str, name: str) -> tuple[bytes, ...]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        store = load_pkcs12(base64.b64decode(value, validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        raise PluginError(f"{name} is not PKCS#12 without a password", advice="name the chain's file") from None
    held = [store.cert, *store.additional_certs]
    return tuple(each.certificate.public_bytes(Encoding.DER) for each in held if each is not None)
