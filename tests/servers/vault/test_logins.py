"""The ways of logging in, what the token that comes of it may do, and what happens when it ends."""

import re
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginValidationError
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.vault.logins import AUDIENCE, Issuer, make_role
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import generate, refusal, sign
from tests.support.ca import TestChain

README = Path(__file__).parents[3] / "plugins" / "hashicorp-vault" / "README.md"


@pytest.fixture
def chain(vault: VaultServer, name: str) -> TestChain:
    """The chain of a key of this test, which Transit keeps."""
    vault.make_key(name)
    return vault.attach(name)


@pytest.fixture
def policy(vault: VaultServer, name: str) -> str:
    """The policy that the README gives for a key and for a secret, for those of this test."""
    blocks = re.findall(r"```hcl\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert all("build" in block for block in blocks)
    vault.allow(name, "\n".join(blocks).replace("build", name))
    return name


@pytest.fixture
def proxy(fault_proxy: FaultProxies, vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    """A server before the Vault that sees every request; the environment leads to it."""
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    return proxy


def _logins(proxy: FaultProxy) -> int:
    return sum(seen.path.endswith("/login") for seen in proxy.seen)


# Tokens


def test_the_policy_of_the_readme_is_enough(
    vault: VaultServer, name: str, chain: TestChain, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with what the README asks for, and nothing else, signs with both places of the chain."""
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    monkeypatch.setenv("VAULT_TOKEN", vault.token(policy))
    sign(HashiCorpVaultPlugin(), name, chain)
    sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"secret/data/{name}")


@pytest.mark.parametrize(
    ("path", "capability"), [("transit/keys/", "read"), ("transit/sign/", "update"), ("secret/data/", "read")]
)
def test_no_line_of_it_is_too_much(
    vault: VaultServer, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch, path: str, capability: str
) -> None:
    """Without any one of its lines the plugin is refused, and names just that line."""
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    lines = {"transit/keys/": "read", "transit/sign/": "update", "secret/data/": "read"}
    del lines[path]
    vault.allow(name, "\n".join(f'path "{each}{name}" {{ capabilities = ["{lines[each]}"] }}' for each in lines))
    monkeypatch.setenv("VAULT_TOKEN", vault.token(name))
    with pytest.raises(PluginAccessDeniedError) as caught:
        sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"secret/data/{name}")
    assert caught.value.message == f"the token may not {capability} {path}{name}"
    assert f'path "{path}{name}" {{ capabilities = ["{capability}"] }}' in caught.value.advice
    assert caught.value.metadata == {"path": f"{path}{name}", "status": "403"}


def test_the_token_of_vault_login(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a variable, the file of `vault login` has the token; a new one is noticed when the old one ends."""
    monkeypatch.delenv("VAULT_TOKEN")
    first, second = vault.token("root"), vault.token("root")
    file = user / ".vault-token"
    file.write_text(f"{first}\n")
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, chain)
    vault.revoke(first)
    file.write_text(second)
    generate(plugin, name, chain)


def test_no_token(name: str, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no token is told the ways to one."""
    monkeypatch.delenv("VAULT_TOKEN")
    error = refusal(name)
    assert isinstance(error, PluginAccessDeniedError)
    assert "vault login" in error.advice
    (user / ".vault-token").write_bytes(b"\xff\xfe")
    assert isinstance(refusal(name), PluginAccessDeniedError)


def test_a_token_that_has_ended(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of the environment that has ended is refused as such, after one request."""
    token = vault.token("root")
    monkeypatch.setenv("VAULT_TOKEN", token)
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, chain)
    vault.revoke(token)
    proxy.clear()
    with pytest.raises(PluginAccessDeniedError, match="the token is not valid any more") as caught:
        generate(plugin, name, chain)
    assert len(proxy.seen) == 1
    assert token not in caught.value.one_line()


@pytest.mark.parametrize("token", ["two words", "tab\there", "line\nbreak", "schlüssel"])
def test_a_token_that_cannot_be_one(name: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that no header can hold is refused, and not shown."""
    monkeypatch.setenv("VAULT_TOKEN", token)
    error = refusal(name)
    assert isinstance(error, PluginAccessDeniedError)
    assert token not in repr(error.__dict__)


# AppRole


@pytest.mark.parametrize("place", ["environment", "files"])
def test_approle(
    vault: VaultServer,
    name: str,
    chain: TestChain,
    policy: str,
    place: str,
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both ids come from the environment or from files; the token of the environment is left aside."""
    role_id, secret_id = make_role(vault, name, policy)
    monkeypatch.setenv("VAULT_TOKEN", "hvs.of-nobody")
    if place == "environment":
        monkeypatch.setenv("VAULT_ROLE_ID", role_id)
        monkeypatch.setenv("VAULT_SECRET_ID", secret_id)
        config = {"auth": "approle"}
    else:
        (user / "role").write_text(f"{role_id}\n")
        (user / "secret").write_text(f"{secret_id}\r\n")
        config = {"auth": "approle", "role_id_file": str(user / "role"), "secret_id_file": str(user / "secret")}
    sign(HashiCorpVaultPlugin(), name, chain, **config)


def test_a_role_without_secret_ids(
    vault: VaultServer, name: str, chain: TestChain, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that is bound to addresses needs no secret id; a method can be mounted anywhere."""
    vault.ask("POST", f"sys/auth/team/{name}", {"type": "approle"})
    body = {"token_policies": [policy], "bind_secret_id": False, "token_bound_cidrs": ["127.0.0.1/32"]}
    vault.ask("POST", f"auth/team/{name}/role/build", body)
    role_id = vault.ask("GET", f"auth/team/{name}/role/build/role-id")["data"]["role_id"]
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    sign(HashiCorpVaultPlugin(), name, chain, auth="approle", auth_mount=f"team/{name}")


def test_a_token_of_a_login_is_kept(
    vault: VaultServer, name: str, chain: TestChain, policy: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login serves all signatures of a process, with one connection."""
    _login_by_environment(vault, name, policy, monkeypatch)
    plugin = HashiCorpVaultPlugin()
    for _ in range(3):
        sign(plugin, name, chain, auth="approle")
    assert _logins(proxy) == 1
    assert [seen.path for seen in proxy.seen[1:]] == [f"/v1/transit/keys/{name}", *[f"/v1/transit/sign/{name}"] * 3]


def test_a_token_of_a_login_that_ends_is_got_again(
    vault: VaultServer, name: str, chain: TestChain, policy: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Vault does not take the token any longer, here after each use, there is another login and the signature."""
    _login_by_environment(vault, name, policy, monkeypatch, token_num_uses=1)
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, chain, auth="approle")
    generate(plugin, name, chain, auth="approle")
    assert _logins(proxy) == 3


def test_a_new_login_is_tried_once(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the policy is what is missing, there is one more login and no third."""
    vault.allow(name, 'path "nothing" { capabilities = ["read"] }')
    _login_by_environment(vault, name, name, monkeypatch)
    assert refusal(name, auth="approle").message == f"the token may not read transit/keys/{name}"
    assert _logins(proxy) == 2


def test_a_secret_id_for_one_login(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a second login cannot succeed, what the policy misses is still what is said."""
    vault.allow(name, f'path "transit/keys/{name}" {{ capabilities = ["read"] }}')
    _login_by_environment(vault, name, name, monkeypatch, secret_id_num_uses=1)
    with pytest.raises(PluginAccessDeniedError) as caught:
        sign(HashiCorpVaultPlugin(), name, chain, auth="approle")
    assert caught.value.message == f"the token may not update transit/sign/{name}"
    assert _logins(proxy) == 2


def _login_by_environment(
    vault: VaultServer, name: str, policy: str, monkeypatch: pytest.MonkeyPatch, **members: object
) -> None:
    role_id, secret_id = make_role(vault, name, policy, **members)
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    monkeypatch.setenv("VAULT_SECRET_ID", secret_id)


def test_a_wrong_secret_id(vault: VaultServer, name: str, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that is refused says where, and shows neither id."""
    _login_by_environment(vault, name, policy, monkeypatch)
    monkeypatch.setenv("VAULT_SECRET_ID", "a-secret-that-is-none")
    error = refusal(name, auth="approle")
    assert isinstance(error, PluginAccessDeniedError)
    assert error.message.startswith(f"the approle login at {vault.url}/v1/auth/approle/login was refused")
    assert "a-secret-that-is-none" not in error.one_line()


# Tokens of others


def test_jwt(vault: VaultServer, name: str, chain: TestChain, policy: str, user: Path) -> None:
    """A token of an issuer logs in, to the role that is named or to the method's default role."""
    issuer, file = Issuer(), user / "token"
    issuer.trusted_at(vault, "jwt", name, policy)
    file.write_text(issuer.token())
    sign(HashiCorpVaultPlugin(), name, chain, auth="jwt", jwt_file=str(file), role=name)
    sign(HashiCorpVaultPlugin(), name, chain, auth="jwt", jwt_file=str(file))


@pytest.mark.parametrize("wrong", ["clock", "audience", "issuer", "no token"])
def test_a_token_that_is_not_taken(vault: VaultServer, name: str, policy: str, user: Path, wrong: str) -> None:
    """A token of a clock that is ahead, for another audience or of another issuer is refused, and is not shown."""
    issuer, file = Issuer(), user / "token"
    issuer.trusted_at(vault, "jwt", name, policy)
    tokens = {
        "clock": issuer.token(begins_in=3600),
        "audience": issuer.token(audience="another.example"),
        "issuer": Issuer().token(),
        "no token": "swordfish",
    }
    file.write_text(tokens[wrong])
    error = refusal(name, auth="jwt", jwt_file=str(file), role=name)
    assert isinstance(error, PluginAccessDeniedError)
    assert tokens[wrong] not in error.one_line()
    assert AUDIENCE not in tokens[wrong]


def test_kubernetes(vault: VaultServer, name: str, chain: TestChain, policy: str, user: Path) -> None:
    """The login of a pod: Vault's own method asks a cluster, so another that takes the same request is in its place."""
    vault.ask("POST", f"sys/auth/kubernetes-{name}", {"type": "jwt"})
    issuer, file = Issuer(), user / "token"
    issuer.trusted_at(vault, f"kubernetes-{name}", "builder", policy)
    file.write_text(issuer.token())
    config = {"auth": "kubernetes", "auth_mount": f"kubernetes-{name}", "role": "builder", "jwt_file": str(file)}
    sign(HashiCorpVaultPlugin(), name, chain, **config)


# Configuration


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        ({"auth": "ldap"}, "auth='ldap'"),
        ({"auth": "jwt"}, "auth=jwt needs a token's file"),
        ({"auth": "kubernetes"}, "auth=kubernetes needs a role"),
        ({"role": "builder"}, "'role' does not belong to auth=token"),
        ({"auth": "approle", "jwt_file": "x"}, "'jwt_file' does not belong to auth=approle"),
        ({"auth": "approle", "auth_mount": "../sys"}, "auth_mount='../sys'"),
    ],
)
def test_settings_that_do_not_fit(name: str, config: dict[str, str], shown: str) -> None:
    """A way of logging in that is not known or not complete is refused before anything is sent."""
    error = refusal(name, **config)
    assert isinstance(error, PluginValidationError)
    assert shown in error.message


def test_approle_without_a_role_id(name: str) -> None:
    """A role id that is nowhere is missed, with both places for it."""
    error = refusal(name, auth="approle")
    assert isinstance(error, PluginAccessDeniedError)
    assert "VAULT_ROLE_ID" in error.advice
    assert "role_id_file" in error.advice
