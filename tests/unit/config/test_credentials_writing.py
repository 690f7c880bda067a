"""Giving credentials to helpers, and having them forget."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from notarykit.config.credentials import (
    Erased,
    credentials_for,
    erase_credentials,
    remember_helper,
    store_credentials,
)
from notarykit.errors import AccessError, ConfigurationError
from notarykit.oci.registry.auth import Credentials
from tests.unit.config.users import FILES, User, pair

_HOST = "registry.example.com"
_KNOWN = Credentials("me", 'se"cret \\ \u00fc')


def _stored(user: User, name: str) -> dict[str, Any]:
    (line,) = user.asked(name)
    command, _, document = line.partition(" ")
    assert command == "store"
    found: dict[str, Any] = json.loads(document)
    return found


@pytest.mark.parametrize("file", ["notation", "docker"])
@pytest.mark.parametrize("form", ["store", "helper"])
def test_named_helper_stores(file: str, form: str, user: User) -> None:
    """The helper for the host gets the credentials on standard input, and no name has to be remembered."""
    user.helper("one", "")
    path = user.write(file, {"credsStore": "one"} if form == "store" else {"credHelpers": {_HOST: "one"}})
    before = path.read_bytes()
    assert store_credentials(_HOST, _KNOWN) == ""
    assert _stored(user, "one") == {"ServerURL": _HOST, "Username": _KNOWN.username, "Secret": _KNOWN.password}
    assert path.read_bytes() == before


def test_password_outside_utf_8_is_refused(user: User) -> None:
    """A password that is no UTF-8 is not stored as another one: helpers take JSON, which has text alone."""
    user.helper("one", "")
    user.write("docker", {"credsStore": "one"})
    with pytest.raises(AccessError, match="stores text, and the password is not UTF-8"):
        store_credentials(_HOST, Credentials("me", "s\udce9cret"))
    assert not user.asked("one")


def test_first_named_helper_stores(user: User) -> None:
    """Notation's own settings come first."""
    user.helper("one", "")
    user.write("notation", {"credsStore": "one"})
    user.write("docker", {"credsStore": "two"})
    store_credentials(_HOST, _KNOWN)
    assert _stored(user, "one")["ServerURL"] == _HOST


def test_identity_token_is_stored_under_docker_hub_url(user: User) -> None:
    """An identity token is marked by the user's name, and docker.io has another name in helpers."""
    user.helper("one", "")
    user.write("docker", {"credsStore": "one"})
    store_credentials("docker.io", Credentials(identity_token="identity"))
    assert _stored(user, "one") == {
        "ServerURL": "https://index.docker.io/v1/", "Username": "<token>", "Secret": "identity",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the helpers have other names elsewhere")
@pytest.mark.parametrize(
    ("installed", "wanted"), [(["pass", "secretservice"], "pass"), (["secretservice"], "secretservice")]
)
def test_native_helper_stores(installed: list[str], wanted: str, user: User) -> None:
    """Where no file names a helper the system's is taken, and its name returned to be kept."""
    for name in installed:
        user.helper(name, "")
    assert store_credentials(_HOST, _KNOWN) == wanted
    assert _stored(user, wanted)["ServerURL"] == _HOST


def test_no_helper_is_refused(user: User) -> None:
    """Without a helper nothing is stored, least of all in a file."""
    user.write("docker", {"auths": {_HOST: pair("old", "old")}})
    before = sorted(user.folder.rglob("*"))
    with pytest.raises(ConfigurationError) as caught:
        store_credentials(_HOST, _KNOWN)
    assert caught.value.message == "no credential helper is installed, and credentials are not written to files"
    assert "credsStore" in caught.value.advice
    assert sorted(user.folder.rglob("*")) == before


_ACTS: Mapping[str, Callable[[str], object]] = {
    "store": lambda host: store_credentials(host, _KNOWN),
    "erase": erase_credentials,
}


@pytest.mark.parametrize("command", list(_ACTS))
def test_failing_helper_is_named_without_the_secret(command: str, user: User) -> None:
    """The error of a failing helper does not have the secret."""
    user.helper("one", 'echo "$input"; echo "$input" >&2; exit 2')
    user.write("docker", {"credsStore": "one"})
    with pytest.raises(AccessError) as caught:
        _ACTS[command](_HOST)
    assert caught.value.one_line() == f"credential helper 'one' failed at '{command}' with status 2"


def test_every_helper_erases(user: User) -> None:
    """Each helper for the host is run once."""
    for name in ("one", "two", "three", "pass"):
        user.helper(name, "")
    user.write("notation", {"credsStore": "one", "credHelpers": {_HOST: "two"}})
    user.write("docker", {"credsStore": "three"})
    user.write("podman", {"credHelpers": {_HOST: "two"}})
    erase_credentials(_HOST)
    assert {name: user.asked(name) for name in ("one", "two", "three", "pass")} == {
        "one": [], "two": [f"erase {_HOST}"], "three": [f"erase {_HOST}"], "pass": [],
    }  # fmt: skip


_OLDER = (f"https://{_HOST}/v1/", f"http://{_HOST}", f"{_HOST}/v2/")


@pytest.mark.parametrize("file", FILES)
def test_entries_are_removed_from_every_file(file: str, user: User) -> None:
    """Entries that would be found are taken out of files, older forms too; everything else stays, and the mode too."""
    other = {"other.example": pair("other", "x"), f"https://{_HOST}.example/": pair("x", "x")}
    names = [_HOST, *(name for name in _OLDER if "podman" not in file or "://" in name)]
    more = {"HttpHeaders": {"a": "\u00fc"}, "credHelpers": {"other.example": "two"}, "x": None}
    path = user.write(file, {"auths": {**{name: pair("me", "x") for name in names}, **other}, **more})
    path.chmod(0o640)
    assert erase_credentials(_HOST) == Erased((str(path),), ())
    assert json.loads(path.read_bytes()) == {"auths": other, **more}
    assert path.stat().st_mode & 0o777 == 0o640
    assert credentials_for(_HOST) is None
    assert erase_credentials(_HOST) == Erased((), ())


def test_link_is_followed_when_entries_are_removed(user: User) -> None:
    """A link to a file stays a link, as Docker leaves it."""
    path = user.write("docker", {"auths": {_HOST: pair("me", "x")}})
    goal = path.rename(user.folder / "real.json")
    path.symlink_to(goal)
    assert erase_credentials(_HOST).files == (str(path),)
    assert path.is_symlink()
    assert json.loads(goal.read_bytes()) == {"auths": {}}


def test_podman_paths_remain(user: User) -> None:
    """Entries of podman for paths of a registry remain, and are returned."""
    path = user.write("podman", {"auths": {_HOST: pair("me", "x"), f"{_HOST}/a": pair("a", "x")}})
    assert erase_credentials(_HOST) == Erased((str(path),), ((str(path), f"{_HOST}/a"),))
    assert credentials_for(f"{_HOST}/a") == Credentials("a", "x")


def test_malformed_file_is_not_changed(user: User) -> None:
    """A file that cannot be read is left as it is."""
    path = user.write("docker", b"{malformed")
    with pytest.raises(ConfigurationError, match="not JSON"):
        erase_credentials(_HOST)
    assert path.read_bytes() == b"{malformed"


def test_native_helper_erases(user: User) -> None:
    """Without a named helper, the native helper erases, if there is one."""
    erase_credentials(_HOST)
    if sys.platform == "linux":
        user.helper("pass", "")
        erase_credentials("docker.io")
        assert user.asked("pass") == ["erase https://index.docker.io/v1/"]


def test_erasing_nothing_succeeds(user: User) -> None:
    """A helper that does not know the host has forgotten it already."""
    user.empty("one")
    user.write("docker", {"credsStore": "one"})
    erase_credentials(_HOST)
    assert user.asked("one") == [f"erase {_HOST}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"credsStore": "pass"}),
        ({}, {"credsStore": "pass"}),
        ({"credsStore": ""}, {"credsStore": "pass"}),
        ({"credsStore": "own"}, {"credsStore": "own"}),
        (
            {"signatureFormat": "cose", "x": {"\u00fc": [1, None]}, "credHelpers": {"a": "b"}},
            {"signatureFormat": "cose", "x": {"\u00fc": [1, None]}, "credHelpers": {"a": "b"}, "credsStore": "pass"},
        ),
    ],
)
def test_helper_is_written_to_settings(before: Any, after: dict[str, Any], user: User) -> None:
    """The helper's name goes into notation's settings, beside all that is there, unless they name one."""
    path = user.path("notation")
    if before is not None:
        user.write("notation", before)
        path.chmod(0o644)
    remember_helper("pass")
    assert json.loads(path.read_bytes()) == after
    assert list(json.loads(path.read_bytes())) == list(after)
    if before is None:
        assert path.stat().st_mode & 0o777 == 0o600


def test_malformed_settings_are_not_changed(user: User) -> None:
    """Settings that cannot be read are not written over."""
    path = user.write("notation", b"{malformed")
    with pytest.raises(ConfigurationError, match=rf"settings {path}: "):
        remember_helper("pass")
    assert path.read_bytes() == b"{malformed"
