"""Pull secrets: those that a pod names in its own namespace, and no others."""

import base64
from typing import Any

import pytest

from notarykit_admission.access.pull_secrets import (
    LARGEST_CONFIG,
    MOST_ENTRIES,
    MOST_SECRETS,
    Keyring,
    Puller,
    PullSecretReader,
    PullSecretsError,
)
from notarykit_admission.cluster.api_server import APIServerError, ForbiddenError
from notarykit_admission.workload.images import PullSecrets
from tests.unit.admission.access.secrets import Objects, account, reading, secret

_FOREIGN = "the API server answers with something else"
_NEW, _OLD = ".dockerconfigjson", ".dockercfg"


def _pod(*names: str, namespace: str = "shop") -> Puller:
    return Puller(namespace, PullSecrets(names))


def _template(name: str = "default") -> Puller:
    return Puller("shop", PullSecrets(service_account=name))


def _users(keyring: Keyring) -> list[str]:
    return [credentials.username for _, credentials in keyring.config.entries]


def _read(stored: dict[str, Any], puller: Puller) -> tuple[Keyring, list[str]]:
    """Returns what is read for a puller, and the paths that were read."""
    found: list[Keyring] = []
    paths: list[str] = []

    async def test(reader: PullSecretReader, objects: Objects) -> None:
        found.append(await reader.keyring(puller, 60))
        paths.extend(objects.read)

    reading(stored, test)
    return found[0], paths


def _refused(stored: dict[str, Any], puller: Puller) -> str:
    """Returns why nothing is read for a puller."""
    with pytest.raises(PullSecretsError) as caught:
        _read(stored, puller)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_secrets_of_a_pod() -> None:
    """The secrets that a pod names are read by their names, of both forms, in their order."""
    stored = {
        "shop/secrets/b": secret({"r.test": "bob"}),
        "shop/secrets/a": secret({"r.test": "alice"}, "kubernetes.io/dockercfg"),
        "bank/secrets/a": secret({"r.test": "mallory"}),
    }
    keyring, paths = _read(stored, _pod("b", "a"))
    assert _users(keyring) == ["bob", "alice"]
    assert keyring.flaws == ()
    assert sorted(paths) == ["shop/secrets/a", "shop/secrets/b"]


def test_secrets_of_a_service_account() -> None:
    """Those of a template's service account are read, which has other secrets too."""
    stored = {"shop/serviceaccounts/builder": account("a", "", "a"), "shop/secrets/a": secret({"r.test": "alice"})}
    keyring, paths = _read(stored, _template("builder"))
    assert _users(keyring) == ["alice"]
    assert paths == ["shop/serviceaccounts/builder", "shop/secrets/a"]


def test_service_account_without_secrets() -> None:
    """A service account may have none."""
    assert _read({"shop/serviceaccounts/default": {"imagePullSecrets": None}}, _template())[0] == Keyring()


@pytest.mark.parametrize(
    ("stored", "flaw"),
    [
        (None, "secret 'a' does not exist"),
        (ForbiddenError("no"), "secret 'a' may not be read by this program, whose service account needs 'get' on it"),
        (secret({}, "Opaque"), "secret 'a' is of type 'Opaque' and not kubernetes.io/dockerconfigjson"),
        ({"type": "kubernetes.io/dockercfg"}, "secret 'a' has no .dockercfg"),
        ({"type": "kubernetes.io/dockerconfigjson", "data": {}}, "secret 'a' has no .dockerconfigjson"),
    ],
)
def test_secret_that_is_passed_over(stored: Any, flaw: str) -> None:
    """What kubelet passes over is no error, and people are told of it; the other secrets count."""
    objects = {"shop/secrets/a": stored, "shop/secrets/b": secret({"r.test": "bob"})}
    keyring, _ = _read({name: each for name, each in objects.items() if each is not None}, _pod("a", "b"))
    assert _users(keyring) == ["bob"]
    assert keyring.flaws == (flaw,)


def test_missing_service_account() -> None:
    """So is a service account that does not exist."""
    assert _read({}, _template("gone"))[0] == Keyring(flaws=("service account 'gone' does not exist",))


@pytest.mark.parametrize(
    "name",
    [
        "../../bank/secrets/a",
        "a/../../../bank/secrets/a",
        "..",
        "a?x=",
        "a#",
        "a%2fb",
        "A",
        "a\n",
        "a b",
        "é",
        "a" * 254,
    ],
)
def test_name_that_is_none(name: str) -> None:
    """The API server takes any text for the name of a pull secret: what is no name is not sent to it."""
    stored = {"bank/secrets/a": secret({"r.test": "mallory"})}
    for puller in _pod(name), _template(name):
        keyring, paths = _read(stored, puller)
        assert keyring.config.entries == ()
        assert len(keyring.flaws) == 1
        assert paths == []


@pytest.mark.parametrize("namespace", ["", "..", "shop/secrets", "shop?", "a.b", "SHOP", "a" * 64])
def test_namespace_that_is_none(namespace: str) -> None:
    """Without a namespace nothing is read."""
    assert "names no namespace" in _refused({}, _pod("a", namespace=namespace))


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (APIServerError("the API server answers with status 500"), "the API server answers with status 500"),
        (b"[]", _FOREIGN),
        (b"\xff", _FOREIGN),
        ({"type": 7}, _FOREIGN),
        ({"type": "x", "data": {"a": "#"}}, _FOREIGN),
        (
            secret({}, **{_NEW: "hunter2"}),
            f"credentials in {_NEW}: ",
        ),
        (secret({f"{'r' * LARGEST_CONFIG}.test": "bob"}), f"its {_NEW} has more than {LARGEST_CONFIG} bytes"),
        (
            secret({}, "kubernetes.io/dockercfg", **{_OLD: '{"r": {"auth": "hunter2"}}'}),
            f"credentials in {_OLD}: the entry 'r' is",
        ),
    ],
)
def test_secret_that_cannot_be_read(stored: Any, reason: str) -> None:
    """Every other error is one, which names the secret and holds nothing of it."""
    message = _refused({"shop/secrets/a": stored, "shop/secrets/b": secret({"r.test": "bob"})}, _pod("b", "a"))
    assert message.startswith(f"the secret 'a' of namespace 'shop' cannot be read: {reason}")
    assert "hunter2" not in message
    assert base64.b64encode(b"hunter2").decode() not in message


def test_service_account_that_cannot_be_read() -> None:
    """So is a service account that cannot be read."""
    message = _refused({"shop/serviceaccounts/default": APIServerError("no answer")}, _template())
    assert message == "the service account 'default' of namespace 'shop' cannot be read: no answer"


def test_bounds() -> None:
    """There is a bound on secrets, and on what they hold together."""
    names = [f"s{number}" for number in range(MOST_SECRETS + 1)]
    assert f"more than {MOST_SECRETS} pull secrets" in _refused({}, _pod(*names))
    assert f"more than {MOST_SECRETS} pull secrets" in _refused(
        {"shop/serviceaccounts/a": account(*names)}, _template("a")
    )
    large = secret({f"r{number}.test": "bob" for number in range(MOST_ENTRIES)})
    assert len(_users(_read({"shop/secrets/a": large}, _pod("a"))[0])) == MOST_ENTRIES
    both = {"shop/secrets/a": large, "shop/secrets/b": secret({"r.test": "bob"})}
    assert f"more than {MOST_ENTRIES} entries" in _refused(both, _pod("a", "b"))


def test_each_object_is_read_once() -> None:
    """Pods and templates that share a secret have it read once; one that was denied may ask for a newer one."""

    async def test(reader: PullSecretReader, objects: Objects) -> None:
        for puller in (_pod("a"), _template(), _pod("a")):
            assert _users(await reader.keyring(puller, 60)) == ["alice"]
        assert objects.read == ["shop/secrets/a", "shop/serviceaccounts/default"]
        objects.stored["shop/secrets/a"] = secret({"r.test": "bob"})
        assert _users(await reader.keyring(_pod("a"), 60)) == ["alice"]
        assert _users(await reader.keyring(_pod("a"), 60, 60)) == ["alice"]
        assert _users(await reader.keyring(_pod("a"), 60, 0)) == ["bob"]

    reading({"shop/secrets/a": secret({"r.test": "alice"}), "shop/serviceaccounts/default": account("a")}, test)


def test_names_of_several_namespaces_are_kept_apart() -> None:
    """Secrets of one name in two namespaces are two."""

    async def test(reader: PullSecretReader, _: Objects) -> None:
        assert _users(await reader.keyring(_pod("a"), 60)) == ["alice"]
        assert (await reader.keyring(_pod("a", namespace="bank"), 60)).flaws == ("secret 'a' does not exist",)

    reading({"shop/secrets/a": secret({"r.test": "alice"})}, test)


def test_time_for_reading() -> None:
    """Secrets that are not read in time are an error; reading goes on, and the next try finds them."""

    async def test(reader: PullSecretReader, objects: Objects) -> None:
        objects.go.clear()
        with pytest.raises(PullSecretsError, match=r"^the pull secrets were not read within 0.01 seconds: try again$"):
            await reader.keyring(_pod("a"), 0.01)
        objects.go.set()
        assert _users(await reader.keyring(_pod("a"), 60)) == ["alice"]
        assert objects.read == ["shop/secrets/a"]

    reading({"shop/secrets/a": secret({"r.test": "alice"})}, test)
