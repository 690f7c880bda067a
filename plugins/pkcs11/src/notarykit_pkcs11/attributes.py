"""Attributes that python-pkcs11 does not know how to read, or reads more strictly than tokens write."""

from __future__ import annotations

from pkcs11 import Attribute
from pkcs11.attributes import AttributeMapper


class AllAttributes(AttributeMapper):
    """Reads labels that are not UTF-8 as far as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.register_handler(Attribute.LABEL, str.encode, _text)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
