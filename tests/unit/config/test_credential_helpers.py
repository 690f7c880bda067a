"""Credentials from helpers: precedence, protocol and failures."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.deadline import deadline
from notarykit.config.credentials import KnownCredentials, credentials_for
from notarykit.errors import AccessError, ConfigurationError
from notarykit.net.trace import Note, observed
from notarykit.oci.registry.auth import Credentials
from tests.unit.config.users import User, pair

_HOST = "registry.example.com:5000"


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"credsStore": "one"}, _HOST),
        ({"credHelpers": {_HOST: "one"}}, _HOST),
        ({"credsStore": "two", "credHelpers": {_HOST: "one"}}, _HOST),
        ({"credsStore": "one", "credHelpers": {"other": "two"}}, _HOST),
        ({"credsStore": "one", "auths": {_HOST: pair("other", "other")}}, _HOST),
        ({"credsStore": "one", "auths": {_HOST: {}}}, _HOST),
    ],
)
def test_precedence_of_helpers(document: Any, key: str, user: User) -> None:
    """The helper for the host comes before the helper for all, and both before what the file says itself."""
    user.knowing("one", "me", "secret")
    user.knowing("two", "wrong", "wrong")
    user.write("docker", document)
    assert credentials_for(_HOST) == Credentials("me", "secret")
    assert user.asked("one") == [f"get {key}"]
    assert user.asked("two") == []


@pytest.mark.parametrize("name", ["https://index.docker.io/v1/", "docker.io"])
def test_helper_gets_docker_hub_by_its_url(name: str, user: User) -> None:
    """A helper is asked by the name under which Docker keeps docker.io."""
    user.knowing("one", "me", "secret")
    user.write("docker", {"credHelpers": {name: "one"}})
    assert credentials_for("docker.io") == Credentials("me", "secret")
    assert user.asked("one") == ["get https://index.docker.io/v1/"]


def test_helper_returns_an_identity_token(user: User) -> None:
    """A helper marks an identity token by the user's name."""
    user.knowing("one", "<token>", "identity")
    user.write("docker", {"credsStore": "one"})
    assert credentials_for(_HOST) == Credentials(identity_token="identity")


@pytest.mark.parametrize("stream", [1, 2])
def test_file_is_read_if_the_helper_has_nothing(stream: int, user: User) -> None:
    """Where a helper does not know the host, its file is read, and then the next file."""
    user.empty("one", stream=stream)
    user.write("docker", {"credsStore": "one"})
    assert credentials_for(_HOST) is None
    user.write("podman", {"auths": {_HOST: pair("podman", "secret")}})
    assert credentials_for(_HOST) == Credentials("podman", "secret")
    user.write("docker", {"credsStore": "one", "auths": {_HOST: pair("docker", "secret")}})
    assert credentials_for(_HOST) == Credentials("docker", "secret")


def test_helper_is_run_once_per_registry(user: User) -> None:
    """For all repositories of a registry a helper is asked once, by the registry's name."""
    user.knowing("one", "me", "secret")
    user.write("docker", {"credsStore": "one"})
    known = KnownCredentials()
    for repository in (_HOST, f"{_HOST}/a", f"{_HOST}/b/c"):
        assert known.find(repository) == Credentials("me", "secret")
    assert user.asked("one") == [f"get {_HOST}"]
    known.find("other.example")
    assert user.asked("one") == [f"get {_HOST}", "get other.example"]


def test_failing_helper_is_named_without_its_output(user: User) -> None:
    """The error of a failing helper has its name and status, and nothing of its output."""
    user.helper("one", "echo secret; echo secret >&2; exit 3")
    user.write("docker", {"credsStore": "one", "auths": {_HOST: pair("me", "x")}})
    with pytest.raises(AccessError) as caught:
        credentials_for(_HOST)
    assert caught.value.message.endswith(": credential helper 'one' failed at 'get' with status 3")
    assert caught.value.exit_code == 3


def test_missing_helper_is_named(user: User) -> None:
    """A helper that is not installed is named as the program that it would be, with the file that names it."""
    path = user.write("docker", {"credsStore": "absent"})
    with pytest.raises(AccessError) as caught:
        credentials_for(_HOST)
    told = f"credentials in {path}: credential helper docker-credential-absent is not on the path"
    assert caught.value.message == told
    assert caught.value.advice == "install it, or remove it from credsStore or credHelpers"


def test_child_of_a_helper_does_not_block(user: User) -> None:
    """A child process that a helper leaves behind is not waited for."""
    user.helper("one", f'sleep 30 &\necho $! > {user.folder}/child\necho \'{{"Username": "me", "Secret": "x"}}\'')
    user.write("docker", {"credsStore": "one"})
    begin = time.monotonic()
    assert credentials_for(_HOST) == Credentials("me", "x")
    assert time.monotonic() - begin < 15
    os.kill(int((user.folder / "child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("is_helper", [True, False])
def test_source_of_credentials_is_traced(user: User, *, is_helper: bool) -> None:
    """The trace names the file and the helper, and nothing of the credentials."""
    user.knowing("one", "me", "secret")
    path = user.write("docker", {"credsStore": "one"} if is_helper else {"auths": {_HOST: pair("me", "secret")}})
    seen: list[object] = []
    with observed(seen.append):
        assert credentials_for(_HOST) == Credentials("me", "secret")
    source = f"the helper 'one' of {path}" if is_helper else str(path)
    assert seen == [Note(f"credentials for {_HOST}: from {source}")]


def test_helper_that_cannot_be_run_is_named(user: User) -> None:
    """The error of a helper that is no program names it."""
    user.helper("one", "")
    path = user.folder / "bin" / "docker-credential-one"
    path.write_bytes(b"\x00")
    user.write("docker", {"credsStore": "one"})
    with pytest.raises(AccessError, match=r"credential helper 'one': .*/docker-credential-one cannot be run"):
        credentials_for(_HOST)


@pytest.mark.parametrize(
    "answer", ["", "secret", "[]", "{}", '{"Username": "secret"}', '{"Username": 1, "Secret": "secret"}']
)
def test_malformed_helper_output_is_refused(answer: str, user: User) -> None:
    """An answer that is malformed is not repeated, since it may hold a secret."""
    user.helper("one", f"cat <<'END'\n{answer}\nEND")
    user.write("docker", {"credsStore": "one"})
    with pytest.raises(AccessError) as caught:
        credentials_for(_HOST)
    assert caught.value.message.endswith(": credential helper 'one' returned malformed output")


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b", "a;b", "\u00fc/", ".."])
def test_malformed_helper_name_is_refused(name: str, user: User) -> None:
    """The name of a helper cannot lead to another folder."""
    user.write("docker", {"credsStore": name})
    with pytest.raises(ConfigurationError, match="has a malformed name"):
        credentials_for(_HOST)


def test_secrets_pass_by_standard_input(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper is started without a shell and with the host on standard input alone."""
    user.helper("one", f'echo "$# $1" > "{user.folder}/arguments"; exit 1')
    user.write("docker", {"credsStore": "one"})
    monkeypatch.chdir(user.folder)
    with pytest.raises(AccessError):
        credentials_for(_HOST)
    assert Path("arguments").read_text() == "1 get\n"
    assert not os.path.exists("get")


def test_hanging_helper_is_ended(user: User) -> None:
    """A helper is waited for no longer than the present call lasts."""
    user.helper("one", "exec sleep 60")
    user.write("docker", {"credsStore": "one"})
    begin = time.monotonic()
    with deadline(0.2), pytest.raises(AccessError, match="no answer within"):
        credentials_for(_HOST)
    assert time.monotonic() - begin < 30
