"""Key ids: which protocol the certificate authority speaks, and for Vault the role that issues."""

import re
from typing import NamedTuple

from notarykit.plugin import PluginValidationError

FULCIO, VAULT = "fulcio", "vault"
FORMS = "fulcio, or vault:[MOUNT/]ROLE"

# Vault's own pattern for names, so that no key id leads to another API path.
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
NAMES = rf"{_NAME}(?:/{_NAME})*"
"""Pattern of mount paths."""

_VAULT = re.compile(rf"vault:(?:(?P<mount>{NAMES})/)?(?P<role>{_NAME})")


class KeyId(NamedTuple):
    """Parsed key id.

    Attributes:
        protocol: `FULCIO` or `VAULT`.
        mount: Mount path of Vault's PKI secrets engine.
        role: Role of that engine.
    """

    protocol: str
    mount: str = ""
    role: str = ""


def parse_key_id(key_id: str) -> KeyId:
    """Parses a key id.

    Raises:
        PluginValidationError: It is of neither form.
    """
    if key_id == FULCIO:
        return KeyId(FULCIO)
    match = _VAULT.fullmatch(key_id)
    if match is None:
        raise PluginValidationError(f"key id {key_id!r} is not of the form {FORMS}", advice="such as vault:pki/build")
    return KeyId(VAULT, match["mount"] or "pki", match["role"])
