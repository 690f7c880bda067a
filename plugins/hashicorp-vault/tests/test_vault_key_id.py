"""Key ids of both plugins, completed by configuration."""

import pytest

from notarykit.errors import PluginValidationError
from notarykit_hashicorp_vault.key_id import KeyId, parse_hc_vault_key_id, parse_key_id


@pytest.mark.parametrize(
    ("key_id", "config", "parsed"),
    [
        ("build", {}, KeyId("transit", "build")),
        ("build@3", {}, KeyId("transit", "build", 3)),
        ("team/transit/build", {}, KeyId("team/transit", "build")),
        ("my-team/a.b_c-d@12", {}, KeyId("my-team", "a.b_c-d", 12)),
        ("build", {"mount": "a/b", "key_version": "7"}, KeyId("a/b", "build", 7)),
        ("a/b/build@7", {"mount": "a/b", "key_version": "7"}, KeyId("a/b", "build", 7)),
        ("build", {"certificate_secret": "secret/data/x y"}, KeyId("transit", "build", None, "secret/data/x y")),
    ],
)
def test_key_id_and_configuration_are_combined(key_id: str, config: dict[str, str], parsed: KeyId) -> None:
    """Every part of a key id is parsed, and the configuration adds the missing ones."""
    assert parse_key_id(key_id, config) == parsed


@pytest.mark.parametrize(
    "key_id",
    [
        "", "/", "a/", "/a", "a//b", "a@", "@1", "a@0", "a@01", "a@-1", "a@v1", "a@1@2", "a@1/b", "a@9999999999", "..",
        "../a", "a/../b", "a b", "a?b", "a#b", "a%2fb", "schlüssel", "a\n", "-a", "a-", ".a", "a.", "a:b", "http://a/b",
    ],
)  # fmt: skip
def test_malformed_key_id_is_refused_with_the_form(key_id: str) -> None:
    """A malformed key id, which could lead to another API path, is refused with the form."""
    with pytest.raises(PluginValidationError) as caught:
        parse_key_id(key_id, {})
    assert caught.value.message == f"key id {key_id!r} is not of the form [MOUNT/]NAME[@VERSION]"


@pytest.mark.parametrize(
    "config",
    [
        {"mount": "transit2"},
        {"key_version": "2"},
        {"key_version": "latest"},
        {"key_version": ""},
        {"mount": "../transit"},
        {"mount": ""},
        {"certificate_secret": "secret"},
        {"certificate_secret": "secret/../x"},
        {"certificate_secret": "secret//x"},
        {"certificate_secret": "/secret/x"},
        {"certificate_secret": "secret/x\n"},
        {"certificate_secret": ""},
    ],
)
def test_contradicting_or_malformed_setting_is_refused(config: dict[str, str]) -> None:
    """A setting that contradicts the key id, or is malformed, is refused."""
    with pytest.raises(PluginValidationError):
        parse_key_id("transit/build@1", config)


def test_path_is_below_the_mount() -> None:
    """API paths are below the engine's mount."""
    assert KeyId("team/transit", "build", 3).path("sign") == "team/transit/sign/build"


@pytest.mark.parametrize(
    ("key_id", "config", "parsed"),
    [
        ("build", {}, KeyId("transit", "build", None, "secret/data/build")),
        ("build", {"transitName": "t", "kvName": "k/v"}, KeyId("t", "build", None, "k/v/data/build")),
        ("a/b c", {"transitKeyName": "key"}, KeyId("transit", "key", None, "secret/data/a/b c")),
    ],
)
def test_hc_vault_key_id_names_secret_and_key(key_id: str, config: dict[str, str], parsed: KeyId) -> None:
    """The key id names the secret, and the key unless that has another name."""
    assert parse_hc_vault_key_id(key_id, config) == parsed


@pytest.mark.parametrize(
    ("key_id", "config"),
    [
        ("", {}),
        ("a/b", {}),
        ("build@1", {}),
        ("..", {"transitKeyName": "key"}),
        ("a", {"transitKeyName": "a/b"}),
        ("a", {"kvName": ""}),
        ("a", {"transitName": "a b"}),
    ],
)
def test_malformed_hc_vault_key_id_is_refused(key_id: str, config: dict[str, str]) -> None:
    """A key id that is not the name of a key or a secret is refused."""
    with pytest.raises(PluginValidationError):
        parse_hc_vault_key_id(key_id, config)
