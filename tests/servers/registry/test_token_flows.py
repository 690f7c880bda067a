"""Commands against registries that require tokens: identity tokens, scopes and permissions."""

import json
from pathlib import Path

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.http_server import Seen
from tests.servers.registry.scenes import NAME
from tests.servers.registry.token_server import TokenServer
from tests.servers.registry.users import ENVIRONMENT, Guarded, User, make_guarded
from tests.support.ca import TestChain
from tests.support.homes import complete_home


@pytest.fixture
def user(tmp_path: Path, chain: TestChain) -> User:
    """Return a user with a key, whose chain is trusted."""
    return User(complete_home(tmp_path / "home", chain))


@pytest.fixture(params=["tokens", "docker tokens"])
def with_tokens(
    request: pytest.FixtureRequest, token_server: TokenServers, user: User, registry_ca: RegistryCA
) -> tuple[Guarded, TokenServer]:
    """Return each kind of registry that takes tokens, and who issues them."""
    guarded = make_guarded(request, token_server, request.param)
    assert guarded.tokens is not None
    user.trusts(guarded.tokens.host, registry_ca.ca_file)
    return guarded, guarded.tokens


def _scopes(seen: Seen) -> list[str]:
    fields = seen.form if seen.method == "POST" else seen.query
    return [scope for value in fields.get("scope", []) for scope in value.split()]


def test_tokens_for_the_registry(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """A token for the registry itself is shown to it, and the token server is not asked."""
    guarded, tokens = with_tokens
    token = tokens.token(f"repository:{NAME}:pull,push")
    user.set_auths(user.home.folder / ".docker" / "config.json", guarded.registry.host, {"registrytoken": token})
    user.signs_and_verifies(guarded)
    assert tokens.seen == []
    user.set_auths(user.home.folder / ".docker" / "config.json", guarded.registry.host, {"registrytoken": "wrong"})
    assert "does not accept the credentials" in user.refused("verify", guarded.reference)


def test_identity_tokens(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """A password without a name is an identity token: the helper keeps it as that, and it is exchanged by POST."""
    guarded, tokens = with_tokens
    (user.home.folder / "config.json").write_text('{"credsStore": "tests"}')
    host = guarded.registry.host
    done = user.run("login", "--password-stdin", host, stdin=tokens.identity_token)
    assert done == (0, "Login Succeeded\n", "")
    stored = json.loads(user.helper_file.read_text())[host]
    assert (stored["Username"], stored["Secret"]) == ("<token>", tokens.identity_token)
    user.signs_and_verifies(guarded)
    assert {seen.method for seen in tokens.seen} == {"POST"}


def test_only_what_is_needed_is_asked_for(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Verifying asks for a token to pull, signing for one to push too, and each is asked for once."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    asked = [set(scope.rpartition(":")[2].split(",")) for seen in tokens.seen for scope in _scopes(seen)]
    assert asked[-1] == {"pull"}
    assert {"pull", "push"} in asked[:-1]
    assert len(asked) <= 3


def test_who_may_only_pull(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Who may not push can verify and is refused when signing."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    tokens.allowed = ("pull",)
    assert user.run("verify", guarded.reference, **ENVIRONMENT)[0] == 0
    line = user.refused("sign", guarded.reference, **ENVIRONMENT)
    assert guarded.registry.host in line


def test_everybody_may_pull(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Where everybody may pull, nobody needs credentials to verify."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    tokens.anonymous = ("pull",)
    code, _, err = user.run("verify", guarded.reference)
    assert (code, err) == (0, "")
    assert tokens.seen[-1].authorization is None


def test_credentials_are_for_one_registry(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """What is given for one registry is not shown to another, so that references in both are refused at once."""
    guarded, tokens = with_tokens
    other = guarded.reference.replace("localhost:", "127.0.0.1:")
    code, out, err = user.run("verify", guarded.reference, other, **ENVIRONMENT)
    assert (code, out) == (2, "")
    assert err.startswith("Error: credentials for one registry, and references to 2: use ")
    assert tokens.seen == []
