"""Attributes that python-pkcs11 cannot read, or reads more strictly than tokens write them."""

from __future__ import annotations

from pkcs11 import Attribute
from pkcs11.attributes import AttributeMapper

PUBLIC_KEY_INFO = 0x129
"""CKA_PUBLIC_KEY_INFO (PKCS#11 2.40, section 4.8): the SubjectPublicKeyInfo, of private keys too."""


class LenientAttributeMapper(AttributeMapper):
    """Attribute mapper that accepts labels that are not UTF-8, and reads CKA_PUBLIC_KEY_INFO as DER."""

    def __init__(self) -> None:
        super().__init__()
        self.register_handler(Attribute.LABEL, str.encode, _decode)
        self.register_handler(PUBLIC_KEY_INFO, bytes, bytes)  # type: ignore[arg-type]


def _decode(value: bytes) -> str:
    return value.decode("utf-8", "replace")
