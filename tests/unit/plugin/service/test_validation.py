"""What providers have in common: settings they know, requests that fit the key, digests."""

import hashlib

import pytest

from notarykit.errors import PluginValidationError
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import GenerateSignatureRequest, check_key_spec, check_settings, payload_digest
from tests.support.ca import SPECS

_HASHES = {
    "RSA-2048": "SHA-256",
    "RSA-3072": "SHA-384",
    "RSA-4096": "SHA-512",
    "EC-256": "SHA-256",
    "EC-384": "SHA-384",
    "EC-521": "SHA-512",
}


def test_settings_that_are_known() -> None:
    """Some, all or none of the known settings pass."""
    for given in ({}, {"region": "x"}, {"region": "x", "profile": "y"}):
        check_settings(given, ("region", "profile"))


def test_a_setting_that_is_not_known() -> None:
    """A misspelt setting is named, with all that could have been meant; its value is not shown."""
    for given in ({"Region": "secret"}, {"region": "x", "Region": "secret"}):
        with pytest.raises(PluginValidationError) as caught:
            check_settings(given, ("region", "profile"))
        assert caught.value.message == "unknown plugin configuration 'Region'"
        assert caught.value.advice == "use region, profile"
        assert "secret" not in caught.value.one_line()


@pytest.mark.requirement("plugin:hash-of-the-request")
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("asked", SPECS)
def test_requests_for_a_key(spec: str, asked: str) -> None:
    """A request passes with the key's own spec and hash, and with no other of either."""
    for hash_name in ("SHA-256", "SHA-384", "SHA-512", "SHA-1", ""):
        request = GenerateSignatureRequest("my key", asked, hash_name, b"payload")
        if (asked, hash_name) == (spec, _HASHES[spec]):
            check_key_spec(request, KEY_SPECS[spec])
            continue
        with pytest.raises(PluginValidationError) as caught:
            check_key_spec(request, KEY_SPECS[spec])
        for text in (repr(asked), repr(hash_name), spec, _HASHES[spec], "my key"):
            assert text in caught.value.message


@pytest.mark.requirement("plugin:hash-of-the-request")
@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize("payload", [b"", b"payload", b"\0" * 200])
def test_digests(name: str, payload: bytes) -> None:
    """The digest is of the payload by the hash that the request names."""
    digest = hashlib.new(name.replace("-", ""), payload).digest()
    assert payload_digest(GenerateSignatureRequest("k", "EC-256", name, payload)) == digest


@pytest.mark.parametrize("name", ["", "SHA-1", "sha-256", "SHA256", "SHA3-256", "SHA-224", "MD5", "SHA--256"])
def test_hashes_that_are_none(name: str) -> None:
    """A hash that is not the specification's is refused, though the library may know it."""
    with pytest.raises(PluginValidationError, match=r"is not supported$"):
        payload_digest(GenerateSignatureRequest("k", "EC-256", name, b"payload"))
