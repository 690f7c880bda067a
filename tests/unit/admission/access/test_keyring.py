"""Keyrings: the credentials of pull secrets that kubelet would try for an image, and no others."""

import base64
import json
import time
from typing import Any

import pytest

from notarykit import Credentials, Digest, Reference
from notarykit_admission.access.keyring import (
    MOST_ENTRIES,
    Entry,
    find_credentials,
    parse_docker_config,
    parse_dockercfg,
)

_DIGEST = Digest(f"sha256:{'ab' * 32}")
_LOGIN = {"username": "alice", "password": "secret"}
_ALICE = Credentials("alice", "secret")


def _config(auths: Any) -> bytes:
    return json.dumps({"auths": auths}).encode()


def _found(auths: dict[str, Any], repository: str) -> list[str]:
    """Returns the user names for a repository; an entry whose value is text has that for its user name."""
    logins = {key: {"username": value} if isinstance(value, str) else value for key, value in auths.items()}
    registry, _, name = repository.partition("/")
    secrets = [parse_docker_config(_config(logins))]
    return [each.username for each in find_credentials(secrets, Reference(registry, name, _DIGEST))]


@pytest.mark.parametrize(
    ("key", "repository"),
    [
        ("r.test", "r.test/team/app"),
        ("https://r.test", "r.test/app"),
        ("http://r.test/", "r.test/app"),
        ("https://r.test/v1/", "r.test/app"),
        ("https://r.test/v2/", "r.test/app"),
        ("r.test:5000", "r.test:5000/app"),
        ("r.test/team", "r.test/team/app"),
        ("r.test/team", "r.test/teamster/app"),
        ("r.test/team/", "r.test/team/app"),
        ("r.test/v2/team", "r.test/team/app"),
        ("*.r.test", "eu.r.test/app"),
        ("*.*.test", "eu.r.test/app"),
        ("eu-*.r.test:5000/team", "eu-1.r.test:5000/team/app"),
        ("eu**1-*.r.test", "eu-11-.r.test/app"),
        ("*a*b*.test", "xaxbx.test/app"),
        ("*ab*b.test", "abab.test/app"),
        ("docker.io", "docker.io/library/app"),
        ("https://index.docker.io/v1/", "docker.io/library/app"),
        ("index.docker.io", "docker.io/library/app"),
    ],
)
def test_key_of_a_repository(key: str, repository: str) -> None:
    """A key is for its host, which may have asterisks, its port, and what is below its path."""
    assert _found({key: "alice"}, repository) == ["alice"]


@pytest.mark.parametrize(
    ("key", "repository"),
    [
        ("r.test", "eu.r.test/app"),
        ("r.test", "r.test:5000/app"),
        ("r.test:5000", "r.test/app"),
        ("r.test", "r.test.evil.test/app"),
        ("r.test/team", "r.test/app"),
        ("r.test/team/", "r.test/team"),
        ("*.r.test", "r.test/app"),
        ("ab*ba.test", "aba.test/app"),
        ("*ab*b.test", "ab.test/app"),
        ("*b*a*.test", "xaxbx.test/app"),
        ("a*.test", "ba.test/app"),
        ("*a.test", "ab.test/app"),
        ("*.test", f"{'a' * 64}.test/app"),
        ("*.r.test", "a.b.r.test/app"),
        ("*", "r.test/app"),
        ("r.test:*", "r.test:5000/app"),
        ("[r].test", "r.test/app"),
        ("alice@r.test", "r.test/app"),
        ("r.test@evil.test", "evil.test/app"),
        ("https://https://r.test", "r.test/app"),
        ("", "r.test/app"),
        ("/team", "r.test/team/app"),
        ("https://index.docker.io/v1/", "registry-1.docker.io/library/app"),
        (f"{'*' * 2000}.test", "r.test/app"),
    ],
)
def test_key_of_another_repository(key: str, repository: str) -> None:
    """Credentials are never found for a host that their key does not name."""
    assert _found({key: "alice"}, repository) == []


def test_longest_key_is_tried_first() -> None:
    """All keys that match are tried, those behind others first in the order of their text, as kubelet does."""
    auths = {"r.test": "host", "r.test/team/app": "app", "r.test/team": "team", "*.test": "wild", "s.test": "other"}
    assert _found(auths, "r.test/team/app") == ["app", "team", "host", "wild"]


def test_docker_hub_only_without_a_match() -> None:
    """Docker's own key for its hub counts where no other does."""
    assert _found({"https://index.docker.io/v1/": "hub", "docker.io/mine": "mine"}, "docker.io/mine/app") == ["mine"]


def test_secrets_in_their_order() -> None:
    """Of several secrets with one key, the first one's is tried first; the same credentials are tried once."""
    first, second = (
        (Entry("r.test", Credentials("a", "1")),),
        (Entry("r.test", Credentials("b", "2")), Entry("r.test/app", Credentials("a", "1"))),
    )
    found = find_credentials([first, second], Reference("r.test", "app", _DIGEST))
    assert [each.username for each in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("login", "credentials"),
    [
        (_LOGIN, _ALICE),
        ({**_LOGIN, "email": "alice@r.test", "new": 1}, _ALICE),
        ({"auth": base64.b64encode(b"alice:secret").decode()}, _ALICE),
        ({"auth": base64.b64encode(b"alice:secret").decode().rstrip("=")}, _ALICE),
        ({"auth": base64.encodebytes(b"alice:secret").decode()}, _ALICE),
        ({"username": "bob", "password": "x", "auth": base64.b64encode(b"alice:secret").decode()}, _ALICE),
        ({"auth": base64.b64encode(b"alice:se:cret").decode()}, Credentials("alice", "se:cret")),
        ({"auth": base64.b64encode(b"alice:\xff").decode()}, Credentials("alice", "\udcff")),
    ],
)
def test_forms_of_a_login(login: dict[str, Any], credentials: Credentials) -> None:
    """A name and a password stand on their own, or together in base64, which counts then."""
    assert parse_docker_config(_config({"r.test": login})) == (Entry("r.test", credentials),)
    assert parse_dockercfg(json.dumps({"r.test": login}).encode()) == (Entry("r.test", credentials),)


@pytest.mark.parametrize(
    "content",
    [b"null", b"{}", b'{"auths": null}', b'{"auths": {}}', _config({"r.test": None}), _config({"r.test": {}})],
)
def test_configuration_without_logins(content: bytes) -> None:
    """What holds no login has no entries."""
    assert parse_docker_config(content) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        _config([]),
        _config({"r.test": "hunter2"}),
        _config({"r.test": {"auth": 7}}),
        _config({"r.test": {"auth": "hunter2!"}}),
        _config({"r.test": {"auth": base64.b64encode(b"hunter2").decode()}}),
        _config({f"r{number}.test": _LOGIN for number in range(MOST_ENTRIES + 1)}),
    ],
)
def test_malformed_configuration(content: bytes) -> None:
    """What is malformed is an error, whose text holds nothing of it."""
    with pytest.raises(ValueError, match=r"^(it is not|it has more|an entry's auth is not)") as caught:
        parse_docker_config(content)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nothing_of_a_secret_is_shown() -> None:
    """An entry shows its key alone."""
    assert repr(Entry("r.test", _ALICE)) == "Entry('r.test')"


def test_no_pattern_takes_long() -> None:
    """Whatever patterns a secret has, to look one of its credentials up keeps nobody else waiting."""
    stars = {f"{'*a' * 400}b{number}*.test": _LOGIN for number in range(MOST_ENTRIES)}
    letters = {f"*{number}{'x' * 900}.test": _LOGIN for number in range(MOST_ENTRIES)}
    for auths in stars, letters:
        secret = parse_docker_config(_config(auths))
        begun = time.process_time()
        assert find_credentials([secret], Reference(f"{'a' * 63}.test", "app", _DIGEST)) == ()
        assert time.process_time() - begun < 0.1
