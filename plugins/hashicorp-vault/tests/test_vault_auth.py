"""Auth methods, and credentials from files and variables."""

from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError
from notarykit_hashicorp_vault.auth import parse_auth_method, read_credentials


@pytest.mark.parametrize("content", [b"eyJ0", b"eyJ0\n", b"\xef\xbb\xbfeyJ0\r\n", b"  eyJ0 \r\n\n"])
def test_byte_order_mark_and_blanks_are_removed(content: bytes, tmp_path: Path) -> None:
    """A byte order mark and blanks around a token in a file are not sent."""
    (tmp_path / "jwt").write_bytes(content)
    method = parse_auth_method({"auth": "jwt", "jwt_file": str(tmp_path / "jwt")})
    assert read_credentials(method) == {"jwt": "eyJ0"}


def test_blanks_around_a_variable_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks and a carriage return around a variable's value are removed; a byte order mark is refused."""
    monkeypatch.setenv("VAULT_ROLE_ID", "role\r")
    monkeypatch.delenv("VAULT_SECRET_ID", raising=False)
    assert read_credentials(parse_auth_method({"auth": "approle"})) == {"role_id": "role"}
    monkeypatch.setenv("VAULT_ROLE_ID", "\ufeffrole")
    with pytest.raises(PluginAccessDeniedError, match="VAULT_ROLE_ID is not one line of printable characters"):
        read_credentials(parse_auth_method({"auth": "approle"}))


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"auth": "approle"}, "auth/approle/login"),
        ({"auth": "kubernetes", "role": "r", "auth_mount": "k8s/team-a"}, "auth/k8s/team-a/login"),
        ({"auth": "jwt", "jwt_file": "x"}, "auth/jwt/login"),
    ],
)
def test_login_path_of_each_auth_method(config: dict[str, str], path: str) -> None:
    """Each auth method has its login path, at its name or its mount."""
    assert parse_auth_method(config).login_path == path


def test_auth_method_names_files_without_reading_them() -> None:
    """An auth method holds the names of files, not their contents."""
    config = {"auth": "approle", "role_id_file": "/r", "secret_id_file": "/s"}
    assert parse_auth_method(config).files == (("role_id_file", "/r"), ("secret_id_file", "/s"))
