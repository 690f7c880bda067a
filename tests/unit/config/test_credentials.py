"""Credentials in the files of notation, Docker and podman."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.credentials import credentials_for
from notarykit.errors import ConfigurationError
from notarykit.oci.registry.auth import Credentials
from tests.unit.config.users import FILES, User, pair

_HOST = "registry.example.com:5000"


def test_current_folder_is_never_read(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home folder, credentials and helpers of the current folder are not used."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    user.knowing("one", "evil", "x")
    for home in ("~", "."):
        for place in (".docker/config.json", ".config/containers/auth.json"):
            path = user.folder / home / place
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"auths": {_HOST: pair("evil", "x")}, "credsStore": "one"}))
    monkeypatch.chdir(user.folder)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.delenv("HOME")
    for value in (None, "", ".", "~"):
        if value is not None:
            monkeypatch.setenv("HOME", value)
        assert credentials_for(_HOST) is None
    assert user.asked("one") == []


def test_no_files_no_credentials(user: User) -> None:
    """Without any file, and with files that say nothing, there are no credentials."""
    assert credentials_for(_HOST) is None
    for file in FILES:
        user.write(file, {})
    assert credentials_for(_HOST) is None


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_read(file: str, user: User) -> None:
    """Credentials are found wherever notation, Docker or podman keep them."""
    user.write(file, {"auths": {_HOST: pair("me", "secret")}})
    assert credentials_for(_HOST) == Credentials("me", "secret")
    assert credentials_for("registry.example.com") is None
    assert credentials_for("other.example.com") is None


def test_precedence_of_files(user: User) -> None:
    """Notation's own file comes first, then Docker's, then podman's; the first that knows the host counts."""
    for file in reversed(FILES):
        user.write(file, {"auths": {_HOST: pair(file, "secret")}})
        assert credentials_for(_HOST) == Credentials(file, "secret")


def test_variables_choose_the_folders(user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker's folder and the folder of all settings may be elsewhere."""
    user.write("docker", {"auths": {_HOST: pair("wrong", "secret")}})
    for variable, file in (("XDG_CONFIG_HOME", "containers/auth.json"), ("DOCKER_CONFIG", "config.json")):
        path = tmp_path / variable / file
        path.parent.mkdir(parents=True)
        path.write_bytes(user.write("notation", {"auths": {_HOST: pair(variable, "secret")}}).read_bytes())
        user.write("notation", {})
        monkeypatch.setenv(variable, str(tmp_path / variable))
        if variable == "DOCKER_CONFIG":
            assert credentials_for(_HOST) == Credentials("DOCKER_CONFIG", "secret")
    user.write("docker", {})
    (tmp_path / "DOCKER_CONFIG" / "config.json").unlink()
    assert credentials_for(_HOST) == Credentials("XDG_CONFIG_HOME", "secret")


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (pair("me", "secret"), Credentials("me", "secret")),
        (pair("me", "with:colon \u00fc"), Credentials("me", "with:colon \u00fc")),
        ({"auth": base64.b64encode(b"me:s\xe9cret").decode()}, Credentials("me", "s\udce9cret")),
        (pair("me", "secret\0\0"), Credentials("me", "secret")),
        (pair("me", ""), Credentials("me", "")),
        ({"username": "me", "password": "secret"}, Credentials("me", "secret")),
        ({"username": "other", "password": "other", **pair("me", "secret")}, Credentials("me", "secret")),
        ({"identitytoken": "token"}, Credentials("", "", "token")),
        ({"registrytoken": "bearer"}, Credentials("", "", "", "bearer")),
        ({"registrytoken": "bearer", **pair("me", "x")}, Credentials("me", "x", "", "bearer")),
        ({"identitytoken": "token", **pair("me", "")}, Credentials("me", "", "token")),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": "", "email": "me@example.com"}, None),
        ({"password": "secret"}, None),
    ],
)
def test_entry_forms(entry: dict[str, Any], wanted: Credentials | None, user: User) -> None:
    """An entry has a pair in base64, a name and a password, an identity token, or nothing where a helper has it."""
    user.write("docker", {"auths": {_HOST: entry}})
    assert credentials_for(_HOST) == wanted


_ADDRESSES = [
    f"https://{_HOST}",
    f"http://{_HOST}",
    f"https://{_HOST}/",
    f"http://{_HOST}/v2/",
    f"https://{_HOST}/v1/x",
]
_PATHS = [f"{_HOST}/", f"{_HOST}/v2/", f"{_HOST}/a/b"]


@pytest.mark.parametrize("name", [_HOST, *_ADDRESSES, *_PATHS])
@pytest.mark.parametrize("file", ["notation", "docker"])
@pytest.mark.parametrize("asked", [_HOST, f"{_HOST}/x"])
def test_entry_keys_of_a_registry(asked: str, file: str, name: str, user: User) -> None:
    """Docker and ORAS reduce a key to its host, without scheme and path."""
    user.write(file, {"auths": {"other": pair("other", "x"), name: pair("me", "secret")}})
    assert credentials_for(asked) == Credentials("me", "secret")


@pytest.mark.parametrize(
    "name",
    [
        f"https://evil.example/{_HOST}",
        f"evil.example/{_HOST}",
        f"https://{_HOST}@evil.example/",
        f"https://evil.example@{_HOST}/",
        f"https://{_HOST}.evil.example/",
        f"https://evil.example?{_HOST}",
        f"https://evil.example\\{_HOST}",
        f"ftp://{_HOST}/",
        f" {_HOST}",
        f"//{_HOST}/",
        _HOST.partition(":")[0],
        f"https://{_HOST.partition(':')[0]}/",
        f"{_HOST}0",
        _HOST.upper(),
        "",
        "/",
        "https://",
    ],
)
def test_entry_keys_of_other_registries(name: str, user: User) -> None:
    """Keys of other hosts do not match, however similar."""
    for file in FILES:
        user.write(file, {"auths": {name: pair("other", "secret")}})
    for asked in (_HOST, f"{_HOST}/evil.example", f"{_HOST}/{_HOST}"):
        assert credentials_for(asked) is None


def test_precedence_of_keys(user: User) -> None:
    """The registry's own name comes before what is reduced to it; of that the more specific path, then the first."""
    older = {f"https://{_HOST}/v1/": pair("first", "x"), f"http://{_HOST}": pair("second", "x")}
    user.write("docker", {"auths": {**older, _HOST: pair("exact", "x"), f"{_HOST}/a": pair("path", "x")}})
    assert credentials_for(f"{_HOST}/a") == Credentials("exact", "x")
    user.write("docker", {"auths": {**older, f"{_HOST}/a": pair("path", "x")}})
    assert credentials_for(f"{_HOST}/a/b") == Credentials("path", "x")
    assert credentials_for(f"{_HOST}/b") == Credentials("first", "x")
    user.write("docker", {"auths": {**older, _HOST: {}}})
    assert credentials_for(_HOST) is None


_PODMANS = {
    _HOST: pair("registry", "x"),
    f"{_HOST}/a": pair("a", "x"),
    f"{_HOST}/a/b": pair("b", "x"),
    f"{_HOST}/a/b/c": pair("c", "x"),
    f"https://{_HOST}/v2/": pair("older", "x"),
}


@pytest.mark.parametrize("file", ["podman", "podman at run time", "podman at home"])
@pytest.mark.parametrize(
    ("name", "username"),
    [("", "registry"), ("/a", "a"), ("/a/b", "b"), ("/a/bb", "a"), ("/a/b/d", "b"), ("/a/b/c/d", "c")],
)
def test_podman_prefers_the_most_specific_path(name: str, username: str, file: str, user: User) -> None:
    """Podman's files have keys for paths: the longest one that the repository is or begins with counts."""
    user.write(file, {"auths": _PODMANS})
    assert credentials_for(f"{_HOST}{name}") == Credentials(username, "x")


def test_podman_prefers_docker_io(user: User) -> None:
    """Podman writes docker.io, and reads that before what Docker writes."""
    for file, username in (("podman", "short"), ("docker", "address")):
        names = {"https://index.docker.io/v1/": pair("address", "x"), "docker.io": pair("short", "x")}
        user.write(file, {"auths": names})
        assert credentials_for("docker.io/library/a") == Credentials(username, "x")


def test_podman_path_is_not_the_registry(user: User) -> None:
    """In podman's files a key with a path is for that path alone; with a scheme it is an older name of the host."""
    user.write("podman", {"auths": {f"{_HOST}/a": pair("a", "x"), f"{_HOST}/": pair("slash", "x")}})
    assert credentials_for(_HOST) is None
    assert credentials_for(f"{_HOST}/ab") is None
    user.write("podman", {"auths": {f"{_HOST}/a": pair("a", "x"), f"https://{_HOST}/v2/": pair("older", "x")}})
    assert credentials_for(f"{_HOST}/ab") == Credentials("older", "x")


@pytest.mark.parametrize(
    "name", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io/v2/"]
)
@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
@pytest.mark.parametrize("file", ["docker", "podman"])
def test_docker_hub_has_several_names(file: str, host: str, name: str, user: User) -> None:
    """Docker's own registry has several names; Docker keeps what belongs to it under an address."""
    user.write(file, {"auths": {name: pair("me", "secret")}})
    assert credentials_for(f"{host}/library/a") == Credentials("me", "secret")
    assert credentials_for(f"{host}.evil.example") is None


@pytest.mark.parametrize("file", FILES)
def test_null_members_are_absent(file: str, user: User) -> None:
    """Null where programs in Go write it says nothing."""
    null = {"identitytoken": None, "registrytoken": None, "username": None, "password": None, "email": None}
    user.write(file, {"auths": {_HOST: {**null, **pair("me", "secret")}}, "credsStore": None, "credHelpers": None})
    assert credentials_for(_HOST) == Credentials("me", "secret")
    user.write(file, {"auths": {_HOST: pair("me", "secret")}, "credHelpers": {"gcr.io": None, _HOST: None}})
    assert credentials_for(_HOST) == Credentials("me", "secret")
    for nothing in ({_HOST: None}, {_HOST: {"auth": None}}, None):
        user.write(file, {"auths": nothing})
        assert credentials_for(_HOST) is None


@pytest.mark.parametrize("content", [b"", b" \n"])
@pytest.mark.parametrize("file", FILES)
def test_empty_file_is_ignored(file: str, content: bytes, user: User) -> None:
    """An empty file is none, as to Docker and ORAS."""
    user.write(file, content)
    assert credentials_for(_HOST) is None


@pytest.mark.parametrize("where", [4, 8, -1])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_base64_with_line_ends_is_accepted(end: str, where: int, user: User) -> None:
    """Line ends in base64, which `base64` without options writes, are left aside."""
    encoded = pair("me", "a long secret")["auth"]
    user.write("docker", {"auths": {_HOST: {"auth": f"{encoded[:where]}{end}{encoded[where:]}{end}"}}})
    assert credentials_for(_HOST) == Credentials("me", "a long secret")


def test_registry_auth_file_replaces_podman_files(user: User) -> None:
    """Where $REGISTRY_AUTH_FILE names a file, podman reads no other."""
    user.write("podman at home", {"auths": {_HOST: pair("home", "x")}})
    user.write("podman", {})
    assert credentials_for(_HOST) is None


@pytest.mark.parametrize(
    "document",
    [
        b"[]", b"secret", {"auths": []}, {"auths": {_HOST: "secret"}}, {"credsStore": 1}, {"credHelpers": []},
        {"credHelpers": {_HOST: 1}}, {"auths": {_HOST: {"auth": "se cret!"}}}, {"auths": {_HOST: {"auth": 1}}},
        {"auths": {_HOST: {"identitytoken": 1}}},
        {"auths": {_HOST: {"username": []}}}, {"auths": {_HOST: {"auth": "c2VjcmV0"}}},
        {"auths": {_HOST: {"registrytoken": 1}}}, {"auths": {_HOST: {"auth": "bWU6c2VjcmV0 "}}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["notation", "docker", "podman"])
def test_malformed_file_is_refused(document: Any, file: str, user: User) -> None:
    """The error of a malformed file has its path and nothing of its content."""
    path = user.write(file, document)
    with pytest.raises(ConfigurationError) as caught:
        credentials_for(_HOST)
    assert caught.value.message.startswith(f"credentials in {path}: ")
    assert "cret" not in caught.value.one_line()


def test_folder_in_place_of_a_file_is_refused(user: User) -> None:
    """A folder in place of a file is an error."""
    user.path("docker").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        credentials_for(_HOST)


def test_malformed_entry_has_advice(user: User) -> None:
    """The error of a malformed entry advises to remove it and log in again."""
    user.write("docker", {"auths": {_HOST: {"auth": "not base64"}}})
    with pytest.raises(ConfigurationError, match="is malformed") as caught:
        credentials_for(_HOST)
    assert "log in again" in caught.value.advice
