"""Constants and field codecs of the messages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum

from notarykit._internal.strict_json import DocumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from notarykit._internal.strict_json import Members

CONTRACT_VERSION = "1.0"
LARGEST_MESSAGE = 64 * 1024 * 1024 - 1
"""Limit in bytes, inclusive, of a request or response: "less than 64 MiB" (plugin specification, "Plugin contract")."""
Config = Mapping[str, str]


class Capability(StrEnum):
    """Capability of a plugin (plugin specification, "Plugin metadata")."""

    RAW = "SIGNATURE_GENERATOR.RAW"
    ENVELOPE = "SIGNATURE_GENERATOR.ENVELOPE"
    ENVELOPE_FOR_BLOB = "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB"
    TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
    REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


class Command(StrEnum):
    """Command of the contract, as the executable's argument."""

    GET_METADATA = "get-plugin-metadata"
    DESCRIBE_KEY = "describe-key"
    GENERATE_SIGNATURE = "generate-signature"
    GENERATE_ENVELOPE = "generate-envelope"
    VERIFY_SIGNATURE = "verify-signature"


def encode(content: bytes) -> str:
    """Encodes bytes as base64, in the standard alphabet with padding."""
    return base64.b64encode(content).decode("ascii")


def decode(text: str, name: str) -> bytes:
    """Decodes a member in base64.

    Raises:
        DocumentError: It is not base64.
    """
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise DocumentError(f"{name!r} is not base64") from None


def texts(members: Members, name: str) -> tuple[str, ...]:
    """Returns a required array of strings; null counts as empty, as programs in Go write it."""
    return () if members.value.get(name, ...) is None else members.texts(name)


def with_config(members: dict[str, Any], config: Config) -> dict[str, Any]:
    """Adds the plugin configuration to a request's members, unless it is empty."""
    if config:
        members["pluginConfig"] = dict(config)
    return members
