"""How registries are reached, out of settings, flags and the environment."""

import os

import pytest

from notarykit.config.registries import RegistryOptions, basic_or_token, credentials_in, registry_settings
from notarykit.errors import ConfigurationError
from notarykit.oci.registry.auth import Credentials
from tests.unit.config.users import User, pair

_HOST = "registry.example.com"


def test_defaults_are_tls_without_credentials(user: User) -> None:
    """The defaults are TLS with the system's certificates, and no credentials."""
    settings = registry_settings(RegistryOptions())
    assert settings.credentials(_HOST) is None
    assert not settings.is_plain(_HOST)
    assert settings.tls[:3] == ("", "", "")
    assert settings.lock_folder == os.path.join(user.folder, ".cache", "notation", "locks")
    assert settings.throttle_folder == os.path.join(user.folder, ".cache", "notation", "throttles")


@pytest.mark.parametrize(
    ("host", "is_plain"),
    [
        ("localhost:5000", True),
        ("LOCALHOST:5000", True),
        ("localhost", False),
        ("localhost.example.com:5000", False),
        ("127.0.0.1:5000", False),
        ("registry.example.com", False),
        ("a.example.com", True),
        ("A.Example.COM", True),
        ("a.example.com:80", False),
        ("b.example.com:5000", True),
        ("b.example.com", False),
        ("c.example.com", True),
    ],
)
def test_hosts_of_plain_http(host: str, is_plain: bool, user: User) -> None:
    """This machine by its name and a port, the settings' insecure registries, and those that a flag names."""
    user.write("notation", {"insecureRegistries": ["A.example.com", "b.example.com:5000"]})
    settings = registry_settings(RegistryOptions(plain_http=frozenset({"C.example.com"})))
    assert settings.is_plain(host) is is_plain


def test_tls_files_and_folders(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags go on as they are, with the folders of notation, Docker and the containers' tools in this order."""
    monkeypatch.setenv("DOCKER_CONFIG", "/docker")
    tls = registry_settings(RegistryOptions(ca_file="ca", cert_file="cert", key_file="key")).tls
    assert (tls.ca_file, tls.cert_file, tls.key_file) == ("ca", "cert", "key")
    assert tls.folders == (
        f"{user.folder}/notation/certs.d",
        "/docker/certs.d",
        f"{user.folder}/.config/containers/certs.d",
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
    )


@pytest.mark.parametrize(
    ("username", "password", "wanted"),
    [
        ("me", "secret", Credentials("me", "secret")),
        ("", "secret", Credentials("", "", "secret")),
        ("me", "", Credentials("me", "")),
    ],
)
def test_given_credentials_take_precedence(username: str, password: str, wanted: Credentials, user: User) -> None:
    """Credentials of flags or of the environment come before all files; a password alone is an identity token."""
    user.write("docker", {"auths": {_HOST: pair("other", "other")}})
    assert registry_settings(RegistryOptions(username, password)).credentials(_HOST) == wanted
    assert basic_or_token(username, password) == wanted


def test_files_have_credentials_per_host(user: User) -> None:
    """Without them it is the files that are looked into, and each host has its own."""
    user.write("docker", {"auths": {_HOST: pair("me", "secret")}})
    settings = registry_settings(RegistryOptions())
    assert settings.credentials(_HOST) == Credentials("me", "secret")
    assert settings.credentials("other.example.com") is None


def test_second_look_up_finds_new_credentials(user: User) -> None:
    """The files are read once for all repositories, and anew where a repository is looked up again."""
    user.write("docker", {"auths": {_HOST: pair("me", "first")}})
    look_up = registry_settings(RegistryOptions()).credentials
    assert look_up(f"{_HOST}/a") == Credentials("me", "first")
    user.write("docker", {"auths": {_HOST: pair("me", "second")}})
    assert look_up(f"{_HOST}/a") == Credentials("me", "second")


def test_files_are_read_on_demand(user: User) -> None:
    """Credentials that are malformed do not keep anybody from a registry that does not ask for them."""
    user.write("docker", b"malformed")
    settings = registry_settings(RegistryOptions())
    with pytest.raises(ConfigurationError):
        settings.credentials(_HOST)


def test_credentials_in_the_environment() -> None:
    """The environment has a name and a password, or what there is of them."""
    both = {"NOTATION_USERNAME": "me", "NOTATION_PASSWORD": "secret", "OTHER": "x"}
    assert credentials_in(both) == ("me", "secret")
    assert credentials_in({"NOTATION_PASSWORD": "secret"}) == ("", "secret")
    assert credentials_in({}) == ("", "")


def test_malformed_settings_are_refused(user: User) -> None:
    """Malformed settings are refused before any request."""
    user.write("notation", {"insecureRegistries": "all"})
    with pytest.raises(ConfigurationError, match="'insecureRegistries' must be an array"):
        registry_settings(RegistryOptions())


def test_password_is_not_in_the_representation() -> None:
    """The representation of registry options does not have the password."""
    told = RegistryOptions("me", "secret")
    assert "secret" not in f"{told} {told!r} {[told]}".replace("secrets that are not shown", "")
