"""What the messages have in common."""

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
LARGEST_MESSAGE = 64 * 1024 * 1024
"""The bytes of a request or response (plugin specification, "Plugin contract": "a size limit of less than 64 MiB")."""
Config = Mapping[str, str]


class Capability(StrEnum):
    """What a plugin can do."""

    RAW = "SIGNATURE_GENERATOR.RAW"
    ENVELOPE = "SIGNATURE_GENERATOR.ENVELOPE"
    ENVELOPE_FOR_BLOB = "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB"
    TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
    REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


class Command(StrEnum):
    """What a plugin is asked for: the executable's one argument."""

    GET_METADATA = "get-plugin-metadata"
    DESCRIBE_KEY = "describe-key"
    GENERATE_SIGNATURE = "generate-signature"
    GENERATE_ENVELOPE = "generate-envelope"
    VERIFY_SIGNATURE = "verify-signature"


def encode(content: bytes) -> str:
    """Bytes as base64, the standard alphabet with padding."""
    return base64.b64encode(content).decode("ascii")


def decode(text: str, name: str) -> bytes:
    """The bytes of a member in base64.

    Raises:
        DocumentError: It is not base64.
    """
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise DocumentError(f"{name!r} is not base64") from None


def texts(members: Members, name: str) -> tuple[str, ...]:
    """An array of strings that must be there; programs in Go write null for one that is empty."""
    return () if members.value.get(name, ...) is None else members.texts(name)


def with_config(members: dict[str, Any], config: Config) -> dict[str, Any]:
    """The members of a request, with the plugin configuration if there is any."""
    if config:
        members["pluginConfig"] = dict(config)
    return members
