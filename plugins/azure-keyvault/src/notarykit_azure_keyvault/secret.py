"""Certificates in a certificate's secret, which holds the chain and, of an exportable key, the private key.

In PEM, only the certificates are parsed. PKCS#12 is parsed as a whole; its private key is dropped at once.
"""

from __future__ import annotations

import base64
import binascii

from notarykit.plugin import PluginError, load_certificate, read_certificates, why_not_issued
from notarykit_azure_keyvault.client import member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_PKCS12, _PEM = "application/x-pkcs12", "application/x-pem-file"


def certificates_in(bundle: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Returns the certificates in a secret bundle, in DER and any order.

    Raises:
        PluginError: The secret is damaged, or not a certificate's.
        CertificateError: A certificate is damaged.
    """
    name, value, content_type = member(bundle, "id", str), member(bundle, "value", str), bundle.get("contentType")
    if content_type == _PEM:
        return read_certificates(value.encode(), name)
    if content_type == _PKCS12:
        return _read_pkcs12(value, name)
    raise PluginError(f"{name} has the content type {content_type}, not a certificate's", advice="check the key id")


def leaf_of(certificates: Sequence[bytes]) -> bytes:
    """Returns the certificate that issued none of the others.

    Raises:
        PluginError: Every certificate issued another one.
    """
    parsed = {der: load_certificate(der) for der in certificates}
    for leaf, certificate in parsed.items():
        if all(why_not_issued(other, certificate) for der, other in parsed.items() if der != leaf):
            return leaf
    raise PluginError("the certificates in Azure Key Vault do not form a chain", advice="import them again")


def _read_pkcs12(value: str, name: str) -> tuple[bytes, ...]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        store = load_pkcs12(base64.b64decode(value, validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        raise PluginError(
            f"{name} is not PKCS#12 without a password", advice="name the chain's file with certificate_chain=FILE"
        ) from None
    entries = [store.cert, *store.additional_certs]
    return tuple(entry.certificate.public_bytes(Encoding.DER) for entry in entries if entry is not None)
