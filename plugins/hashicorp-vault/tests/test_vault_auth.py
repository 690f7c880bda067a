"""Secrets for Vault out of files and variables."""

from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError
from notarykit_hashicorp_vault.auth import credentials, login_of


@pytest.mark.parametrize("content", [b"eyJ0", b"eyJ0\n", b"\xef\xbb\xbfeyJ0\r\n", b"  eyJ0 \r\n\n"])
def test_marks_and_blanks_are_no_part_of_a_secret(content: bytes, tmp_path: Path) -> None:
    """What an editor puts around a token in a file is not sent."""
    (tmp_path / "jwt").write_bytes(content)
    login = login_of({"auth": "jwt", "jwt_file": str(tmp_path / "jwt")})
    assert credentials(login) == {"jwt": "eyJ0"}


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks around a variable's value, and a carriage return, are left out; a byte order mark is refused."""
    monkeypatch.setenv("VAULT_ROLE_ID", "role\r")
    monkeypatch.delenv("VAULT_SECRET_ID", raising=False)
    assert credentials(login_of({"auth": "approle"})) == {"role_id": "role"}
    monkeypatch.setenv("VAULT_ROLE_ID", "\ufeffrole")
    with pytest.raises(PluginAccessDeniedError, match="VAULT_ROLE_ID is not one line of printable characters"):
        credentials(login_of({"auth": "approle"}))
