"""Key ids and the settings that say the same, of both plugins."""

import pytest

from notarykit.errors import PluginValidationError
from notarykit_hashicorp_vault.key_id import Names, hc_vault_names_of, names_of


@pytest.mark.parametrize(
    ("key_id", "config", "names"),
    [
        ("build", {}, Names("transit", "build")),
        ("build@3", {}, Names("transit", "build", 3)),
        ("team/transit/build", {}, Names("team/transit", "build")),
        ("my-team/a.b_c-d@12", {}, Names("my-team", "a.b_c-d", 12)),
        ("build", {"mount": "a/b", "key_version": "7"}, Names("a/b", "build", 7)),
        ("a/b/build@7", {"mount": "a/b", "key_version": "7"}, Names("a/b", "build", 7)),
        ("build", {"certificate_secret": "secret/data/x y"}, Names("transit", "build", None, "secret/data/x y")),
    ],
)
def test_ids(key_id: str, config: dict[str, str], names: Names) -> None:
    """Every part of an id is read, and the configuration adds what the id leaves out."""
    assert names_of(key_id, config) == names


@pytest.mark.parametrize(
    "key_id",
    [
        "", "/", "a/", "/a", "a//b", "a@", "@1", "a@0", "a@01", "a@-1", "a@v1", "a@1@2", "a@1/b", "a@9999999999", "..",
        "../a", "a/../b", "a b", "a?b", "a#b", "a%2fb", "schlüssel", "a\n", "-a", "a-", ".a", "a.", "a:b", "http://a/b",
    ],
)  # fmt: skip
def test_ids_of_another_form(key_id: str) -> None:
    """An id of another form is refused with the form, and so could lead to no other path of the server."""
    with pytest.raises(PluginValidationError) as caught:
        names_of(key_id, {})
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
def test_settings_that_contradict_the_id_or_are_none(config: dict[str, str]) -> None:
    """A setting that says another thing than the id, or that is no name, is refused."""
    with pytest.raises(PluginValidationError):
        names_of("transit/build@1", config)


def test_the_paths() -> None:
    """Operations are found below the engine."""
    assert Names("team/transit", "build", 3).path("sign") == "team/transit/sign/build"


@pytest.mark.parametrize(
    ("key_id", "config", "names"),
    [
        ("build", {}, Names("transit", "build", None, "secret/data/build")),
        ("build", {"transitName": "t", "kvName": "k/v"}, Names("t", "build", None, "k/v/data/build")),
        ("a/b c", {"transitKeyName": "key"}, Names("transit", "key", None, "secret/data/a/b c")),
    ],
)
def test_ids_of_hc_vault(key_id: str, config: dict[str, str], names: Names) -> None:
    """The id is the secret's name, and the key's where that has no other."""
    assert hc_vault_names_of(key_id, config) == names


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
def test_what_hc_vault_refuses(key_id: str, config: dict[str, str]) -> None:
    """What is no name of a key or of a secret is refused."""
    with pytest.raises(PluginValidationError):
        hc_vault_names_of(key_id, config)
