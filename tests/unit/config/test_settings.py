"""The general settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.settings import Settings, load_settings
from notarykit.errors import ConfigurationError


def _write(home: Path, document: Any) -> Path:
    home.mkdir()
    path = home / "config.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (None, Settings("jws", frozenset())),
        ({}, Settings("jws", frozenset())),
        ({"signatureFormat": ""}, Settings("jws", frozenset())),
        ({"signatureFormat": None, "credsStore": None}, Settings("jws", frozenset())),
        ({"signatureFormat": "jws"}, Settings("jws", frozenset())),
        ({"signatureFormat": "cose", "credsStore": "pass"}, Settings("cose", frozenset())),
        ({"insecureRegistries": None}, Settings("jws", frozenset())),
        ({"insecureRegistries": []}, Settings("jws", frozenset())),
        ({"insecureRegistries": ["A.example:80", "b"]}, Settings("jws", frozenset({"a.example:80", "b"}))),
    ],
)
def test_settings_are_read(document: Any, wanted: Settings, home: Path) -> None:
    """JWS and no insecure registry where the settings say nothing; other members are notation's own business."""
    if document is not None:
        _write(home, document)
    assert load_settings() == wanted


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "not JSON"),
        (b"\xef\xbb\xbf{}", "it begins with a byte order mark: save it as UTF-8 without one"),
        (b"[]", "document must be an object, not an array"),
        ({"signatureFormat": "COSE"}, "signatureFormat 'COSE' is not one of jws, cose"),
        ({"signatureFormat": "application/cose"}, "signatureFormat 'application/cose' is not one of jws, cose"),
        ({"insecureRegistries": "localhost:5000"}, "'insecureRegistries' must be an array, not a string"),
        ({"insecureRegistries": [1]}, "'insecureRegistries' must hold only strings, not an integer"),
        ({"signatureFormat": 1}, "document: 'signatureFormat' must be a string, not an integer"),
    ],
)
def test_malformed_settings_are_refused(document: Any, message: str, home: Path) -> None:
    """Settings that are malformed are not guessed at."""
    path = _write(home, document)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert caught.value.message.startswith(f"settings {path}: ")
    assert message in caught.value.message
    assert caught.value.exit_code == 2


def test_folder_in_place_of_settings_is_refused(home: Path) -> None:
    """A folder in the settings' place is refused."""
    (home / "config.json").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        load_settings()
