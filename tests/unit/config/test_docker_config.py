"""Docker configurations in memory: keys as a node reads them, credentials as in files."""

import base64
import json
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit import Credentials, parse_docker_config
from notarykit._internal.pickling import local_pickles
from notarykit.errors import ConfigurationError, UsageError
from tests.unit.config.users import User, pair

_HOST = "registry.example.com:5000"
_OURS = Credentials("me", "secret")


def _encoded(entries: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"auths": entries, **members}).encode()


def _found(key: str, repository: str) -> bool:
    """Whether an entry of a key is for a repository, in both forms of a configuration."""
    entries = {key: pair("me", "secret")}
    found = parse_docker_config(_encoded(entries))(repository)
    assert parse_docker_config(json.dumps(entries).encode(), is_legacy=True)(repository) == found
    assert found in {None, _OURS}
    return found is not None


@pytest.mark.parametrize(
    "key",
    [
        _HOST,
        f"https://{_HOST}",
        f"http://{_HOST}/",
        f"https://{_HOST}/v1/",
        f"{_HOST}/v2/",
        f"{_HOST}/team",
        f"https://{_HOST}/team/app",
        f"https://{_HOST}/v2/team/app",
        "*.example.com:5000",
        "registry.*.com:5000",
        "reg*stry.ex*.com:5000/team",
    ],
)
def test_key_of_a_repository(key: str) -> None:
    """A scheme and the API's path are left out; a path is a beginning; a pattern stands in the place of labels."""
    assert _found(key, f"{_HOST}/team/app")


@pytest.mark.parametrize(
    "key",
    [
        "registry.example.com",
        f"{_HOST}0",
        "registry.example.com:*",
        "*",
        "*.com:5000",
        "*.*.*.com:5000",
        "[r]egistry.example.com:5000",
        "reg?stry.example.com:5000",
        f"{_HOST}/app",
        f"{_HOST}/team/app/more",
        f"{_HOST}/*/app",
        f"https://{_HOST}@evil.example",
        f"evil.example/{_HOST}",
        _HOST.upper(),
        f"ftp://{_HOST}",
        "",
        "/",
        "https://",
    ],
)
def test_key_of_something_else(key: str) -> None:
    """A pattern stands for one label and neither for a port nor in a path; other hosts and paths do not match."""
    assert not _found(key, f"{_HOST}/team/app")


@pytest.mark.parametrize(
    ("pattern", "label", "is_like"),
    [
        ("*", "", True),
        ("*", "a", True),
        ("eu**1-*", "eu-11-", True),
        ("*a*b*", "xaxbx", True),
        ("*ab*b", "abab", True),
        ("*ab*b", "ab", False),
        ("ab*ba", "aba", False),
        ("*b*a*", "xaxbx", False),
        ("a*", "ba", False),
        ("*a", "ab", False),
        ("*", "a" * 63, True),
        ("*", "a" * 64, False),
    ],
)
def test_pattern_of_a_label(pattern: str, label: str, is_like: bool) -> None:
    """Each asterisk stands for any text, and what stands between them for itself, in that order."""
    assert _found(f"{pattern}.example.com", f"{label}.example.com/app") is is_like


def test_no_pattern_takes_long() -> None:
    """Whatever patterns somebody puts into a secret, a look-up keeps nobody else waiting."""
    stars = {f"{'*a' * 400}b{number}*.example.com": pair("me", "secret") for number in range(200)}
    letters = {f"*{number}{'x' * 900}.example.com": pair("me", "secret") for number in range(200)}
    for entries in stars, letters:
        config = parse_docker_config(_encoded(entries))
        begun = time.process_time()
        assert config(f"{'a' * 63}.example.com/app") is None
        assert time.process_time() - begun < 0.1


def test_key_with_a_path_is_not_for_the_whole_registry() -> None:
    """Credentials of one team's path are not sent for another's, or for the registry itself."""
    assert not _found(f"{_HOST}/team", f"{_HOST}/other/app")
    assert not _found(f"{_HOST}/team", _HOST)
    assert _found(_HOST, _HOST)


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_names_of_docker_hub(key: str) -> None:
    """Docker Hub has several names, one of which is Docker's own."""
    assert _found(key, "docker.io/library/busybox")
    assert not _found(key, "docker.io.example.com/library/busybox")


def test_longest_path_counts() -> None:
    """Of several keys the most exact one counts, whatever their order; one without credentials is passed over."""
    keys = [f"{_HOST}/team/app", f"{_HOST}/team", _HOST, "*.example.com:5000"]
    for order in (keys, keys[::-1]):
        look_up = parse_docker_config(_encoded({key: pair(str(keys.index(key)), "x") for key in order}))
        assert [look_up(f"{_HOST}/{path}") for path in ("team/app", "team/more", "other")] == [
            Credentials(str(number), "x") for number in range(3)
        ]
    empty = _encoded({f"{_HOST}/team": {}, f"{_HOST}/t": None, _HOST: pair("me", "secret")})
    assert parse_docker_config(empty)(f"{_HOST}/team/app") == _OURS


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"username": "me", "password": "secret"}, _OURS),
        ({"identitytoken": "token"}, Credentials(identity_token="token")),
        ({"registrytoken": "bearer"}, Credentials(registry_token="bearer")),
        ({"auth": base64.b64encode(b"me:secret").decode(), "email": "me@example.com"}, _OURS),
        ({"auth": ""}, None),
    ],
)
def test_forms_of_an_entry(entry: dict[str, str], wanted: Credentials | None) -> None:
    """Name and password in either form, and tokens."""
    assert parse_docker_config(_encoded({_HOST: entry}))(f"{_HOST}/app") == wanted


def test_helpers_are_not_called(user: User) -> None:
    """Whoever may write a Secret decides neither what runs here nor whose credentials are used."""
    user.knowing("evil", "other", "x")
    content = _encoded({}, credsStore="evil", credHelpers={_HOST: "evil"})
    assert parse_docker_config(content)(f"{_HOST}/app") is None
    assert parse_docker_config(b"{}")(f"{_HOST}/app") is None
    assert user.asked("evil") == []


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"[]", b'{"auths": []}', b'{"auths": {"a": "b"}}', b'{"auths": {}, "auths": {}}', b" " * 5_000_000],
)
def test_malformed_configuration_is_refused(content: bytes) -> None:
    """The error names the configuration, and nothing of what it holds."""
    with pytest.raises(ConfigurationError, match=r"^credentials in pull secret 'a': "):
        parse_docker_config(content, "pull secret 'a'")


def test_malformed_entry_is_refused() -> None:
    """One malformed entry makes the whole configuration malformed, as for a kubelet; the message has no secret."""
    content = _encoded({"a.test": {"auth": "c2VjcmV0"}, "b.test": pair("me", "secret")})
    with pytest.raises(ConfigurationError, match=r"^credentials in x: the entry 'a.test' is malformed") as caught:
        parse_docker_config(content, "x")
    assert "c2VjcmV0" not in caught.value.one_line()


def test_all_credentials_of_a_repository() -> None:
    """All that match are found, long keys first, those of patterns behind; the same ones once."""
    entries = {"*.test": "wild", "r.test": "host", "r.test/team/app": "app", "r.test/team": "host", "s.test": "other"}
    look_up = parse_docker_config(_encoded({key: pair(name, "x") for key, name in entries.items()}))
    assert [each.username for each in look_up.all("r.test/team/app")] == ["app", "host", "wild"]
    assert look_up.all("t.test:5000/app") == ()


def test_docker_hub_where_nothing_else_matches() -> None:
    """Docker's own key for its hub counts where no other key matches."""
    look_up = parse_docker_config(_encoded({"index.docker.io": pair("hub", "x"), "docker.io/mine": pair("me", "x")}))
    assert [each.username for each in look_up.all("docker.io/mine/app")] == ["me"]
    assert [each.username for each in look_up.all("docker.io/library/app")] == ["hub"]


def test_missing_padding() -> None:
    """The base64 of an entry may lack its padding, as for a kubelet, but not a half of it."""
    padded = base64.b64encode(b"me2:secret").decode()
    look_up = parse_docker_config(_encoded({_HOST: {"auth": padded.removesuffix("==")}}))
    assert look_up(_HOST) == Credentials("me2", "secret")
    with pytest.raises(ConfigurationError, match="is malformed"):
        parse_docker_config(_encoded({_HOST: {"auth": padded.removesuffix("=")}}))(_HOST)


def test_secrets_stay_on_this_machine() -> None:
    """The look-up is pickled for worker processes here, and shows nothing."""
    look_up = parse_docker_config(_encoded({_HOST: pair("me", "secret")}))
    assert "secret" not in repr(look_up)
    with pytest.raises(UsageError, match="not sent to other machines"):
        pickle.dumps(look_up)
    with local_pickles():
        content = pickle.dumps(look_up)
    assert pickle.loads(content)(f"{_HOST}/app") == _OURS


def test_registries_use_it(user: User) -> None:
    """`load_registries` takes the look-up, a private CA and hosts without TLS beside the user's settings."""
    user.write("notation", {"insecureRegistries": ["a.test"]})
    look_up = parse_docker_config(_encoded({_HOST: pair("me", "secret")}))
    with notarykit.load_registries(
        credentials=look_up, ca_file="/ca.pem", added_ca_file="/more.pem", plain_http=["B.test:80"]
    ) as registries:
        settings = registries._settings
    assert settings.credentials is look_up
    assert (settings.tls.ca_file, settings.tls.added_ca_file) == ("/ca.pem", "/more.pem")
    assert [settings.is_plain(host) for host in ("a.test", "b.test:80", "c.test")] == [True, True, False]


def test_file_alone(user: User, tmp_path: Path) -> None:
    """A file that a program names counts alone, with its helper, and is read again after a refusal."""
    user.write("docker", {"auths": {_HOST: pair("users", "own")}})
    path = tmp_path / "pull.json"
    look_up = notarykit.load_docker_config(str(path))
    assert look_up(f"{_HOST}/app") is None
    path.write_bytes(_encoded({_HOST: pair("me", "secret")}))
    assert look_up(f"{_HOST}/app") == _OURS
    user.knowing("one", "helper", "secret")
    path.write_bytes(_encoded({}, credsStore="one"))
    assert look_up(f"{_HOST}/app") == Credentials("helper", "secret")
    assert user.asked("one") == [f"get {_HOST}"]
    path.write_bytes(b"{")
    with pytest.raises(ConfigurationError, match=str(path)):
        look_up(f"{_HOST}/app")
