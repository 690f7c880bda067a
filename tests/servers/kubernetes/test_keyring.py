"""Credentials of pull secrets: the same that kubelet finds, by its own code."""

import base64
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from notarykit import DockerConfig, parse_docker_config
from notarykit.errors import ConfigurationError
from tests.servers.kubernetes.kubelet import Lookup, build, find

_HOSTS = (
    *("r.test", "a.r.test", "b.a.r.test", "r.test:5000", "localhost:5000", "127.0.0.1:80", "x-good.r.test", "R.test"),
    *("docker.io", "index.docker.io", "registry-1.docker.io"),
)
_NAMES = ("team", "team/app", "teamster/app", "library/x", "v1/team", "v2", "v1/x")
_SCHEMES = ("", "", "", "https://", "http://", "HTTPS://", "ftp://", "https://https://")
_KEYS = (
    *_HOSTS,
    *("*.r.test", "*.*.r.test", "?.r.test", "*-good.r.test", "r.*", "*", "*.*", "*.test:5000", "r.test:*", "**.r.test"),
    *(
        "127.*.0.1:80",
        "*.io",
        "i*.docker.io",
        "",
        "[::1]:5000",
        "a[b].test",
        "r..test",
        ".r.test",
        "r.test:abc",
        "r test",
    ),
)
_PATHS = (
    "",
    "",
    "",
    "/",
    "/team",
    "/team/",
    "/team/app",
    "/tea",
    "/v1/",
    "/v2/",
    "/v1",
    "/v1/team",
    "/v2/team/",
    "//x",
)
# Parts of URLs that are none of a registry's: such keys find nothing here, and may find something there.
_FURTHER_KEYS = ("r.test@x", "u@r.test", "a\\b.test", "r.test?x", "r.test#x", "r.test/te%61m", "r.test:", "%72.test")


@pytest.fixture(scope="module")
def kubelet() -> str:
    """Program with kubelet's code."""
    return build()


def _login(chance: random.Random, number: int) -> Any:
    name, word = f"u{number}", chance.choice([f"p{number}", "p:x", "", "é"])
    pair = f"{name}:{word}".encode()
    return chance.choice(
        [
            {"auth": base64.b64encode(pair).decode()},
            {"auth": base64.b64encode(pair).decode().rstrip("=")},
            {"auth": base64.encodebytes(pair * chance.choice([1, 30])).decode()},
            {"username": name, "password": word, "email": "e"},
            {"username": name, "password": word, "auth": ""},
            {"username": "other", "auth": base64.b64encode(pair).decode()},
        ]
    )


def _config(chance: random.Random, keys: Sequence[str], first: int) -> str:
    """Returns a configuration, with each host once: kubelet takes keys that it reads as the same in any order."""
    named = {
        chance.choice(_SCHEMES) + key + chance.choice(_PATHS): _login(chance, first + number)
        for number, key in enumerate(chance.sample(keys, chance.randrange(6)))
    }
    return json.dumps({"auths": named})


def _lookups(seed: int, keys: Sequence[str], count: int) -> list[Lookup]:
    chance = random.Random(seed)
    return [
        Lookup(
            tuple(_config(chance, keys, 10 * number) for number in range(chance.randrange(1, 4))),
            f"{chance.choice(_HOSTS)}/{chance.choice(_NAMES)}",
        )
        for _ in range(count)
    ]


def _found(lookup: Lookup) -> list[tuple[str, str]] | None:
    try:
        configs = [parse_docker_config(each.encode()) for each in lookup.configs]
    except ConfigurationError:
        return None
    config = DockerConfig(entry for each in configs for entry in each.entries)
    return [each[:2] for each in config.all(lookup.image)]


def test_same_credentials(kubelet: str) -> None:
    """For thousands of images and secrets, the credentials are those of kubelet, in its order."""
    lookups = _lookups(1, _KEYS, 5000)
    answers = find(kubelet, lookups)
    for lookup, answer in zip(lookups, answers, strict=True):
        assert _found(lookup) == answer, lookup
    assert sum(bool(answer) for answer in answers) > 500


def test_never_more_credentials(kubelet: str) -> None:
    """Keys that are no registry's find nothing that kubelet does not find."""
    lookups = _lookups(2, (*_KEYS, *_FURTHER_KEYS), 5000)
    for lookup, answer in zip(lookups, find(kubelet, lookups), strict=True):
        assert set(_found(lookup) or ()) <= set(answer or ()), lookup


@pytest.mark.parametrize(
    "content",
    [
        *("{", "[]", "7", "{}", '{"auths": {"r.test": {"auth": "YTpi"}}} x'),
        *(f'{{"auths": {auths}}}' for auths in ("null", "[]", "{}", '{"r.test": 7}', '{"r.test": null}')),
        *(f'{{"auths": {{"r.test": {{"auth": {auth}}}}}}}' for auth in ("7", '"a"', '"YWJj"', '"YTpi "', '"YTpi"')),
        '{"auths": {"r.test": {"username": 7}}}',
    ],
)
def test_same_secrets_are_malformed(kubelet: str, content: str) -> None:
    """What kubelet cannot read is malformed, and what it can is not."""
    lookup = Lookup((content,), "r.test/app")
    (answer,) = find(kubelet, [lookup])
    assert (_found(lookup) is None) == (answer is None)
