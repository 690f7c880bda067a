"""Key ids: both forms, and no other path of the API."""

import pytest

from notarykit.errors import PluginValidationError
from notarykit_identity.key_id import KeyId, parse_key_id


@pytest.mark.parametrize(
    ("text", "key_id"),
    [
        ("fulcio", KeyId("fulcio")),
        ("vault:build", KeyId("vault", "pki", "build")),
        ("vault:team/pki_int/build.1", KeyId("vault", "team/pki_int", "build.1")),
    ],
)
def test_key_id_is_parsed(text: str, key_id: KeyId) -> None:
    """Both forms, and Vault's default mount."""
    assert parse_key_id(text) == key_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fulcio",
        "fulcio:",
        "vault",
        "vault:",
        "vault:/build",
        "vault:pki/",
        "vault:../sys/x",
        "vault:a?b",
        "vault:a/./b",
    ],
)
def test_other_key_ids_are_refused(text: str) -> None:
    """No key id leads to another path of the API."""
    with pytest.raises(PluginValidationError, match="is not of the form"):
        parse_key_id(text)
