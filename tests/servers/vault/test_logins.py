"""Auth methods, the policies that their tokens need, and the renewal of tokens."""

import re
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.vault.logins import AUDIENCE, Issuer, make_role
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import describe, describe_and_sign, sign
from tests.support.ca import TestChain

README = Path(__file__).parents[3] / "plugins" / "hashicorp-vault" / "README.md"


@pytest.fixture
def policy(vault: VaultServer, name: str) -> str:
    """The README's policy for a key and a secret, with the names of the test."""
    blocks = re.findall(r"```hcl\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert all("build" in block for block in blocks)
    vault.allow(name, "\n".join(blocks).replace("build", name))
    return name


def _logins(proxy: FaultProxy) -> int:
    return sum(seen.path.endswith("/login") for seen in proxy.seen)


# Tokens


def test_policy_of_the_readme_suffices(
    vault: VaultServer, name: str, chain: TestChain, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with the README's policy only signs, with both places of the chain."""
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    monkeypatch.setenv("VAULT_TOKEN", vault.token(policy))
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"secret/data/{name}")


@pytest.mark.parametrize(
    ("path", "capability"), [("transit/keys/", "read"), ("transit/sign/", "update"), ("secret/data/", "read")]
)
def test_policy_of_the_readme_is_minimal(
    vault: VaultServer, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch, path: str, capability: str
) -> None:
    """Without any one of its paths the plugin is denied, and names that path."""
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    lines = {"transit/keys/": "read", "transit/sign/": "update", "secret/data/": "read"}
    del lines[path]
    vault.allow(name, "\n".join(f'path "{prefix}{name}" {{ capabilities = ["{lines[prefix]}"] }}' for prefix in lines))
    monkeypatch.setenv("VAULT_TOKEN", vault.token(name))
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe_and_sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"secret/data/{name}")
    assert caught.value.message == f"the token lacks the capability {capability} on {path}{name}"
    assert f'path "{path}{name}" {{ capabilities = ["{capability}"] }}' in caught.value.advice
    assert caught.value.metadata == {"path": f"{path}{name}", "status": "403"}


def test_token_of_vault_login_is_used_and_renewed(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a variable, the token of `vault login` is used, and read again when it ends."""
    monkeypatch.delenv("VAULT_TOKEN")
    first, second = vault.token("root"), vault.token("root")
    file = user / ".vault-token"
    file.write_text(f"{first}\n")
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain)
    vault.revoke(first)
    file.write_text(second)
    sign(plugin, name, chain)


def test_missing_token_gets_the_alternatives_as_advice(name: str, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the advice lists the ways to one."""
    monkeypatch.delenv("VAULT_TOKEN")
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert "vault login" in caught.value.advice
    (user / ".vault-token").write_bytes(b"\xff\xfe")
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name)


def test_revoked_token_is_refused_after_one_request(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revoked token of the environment is refused after one request."""
    token = vault.token("root")
    monkeypatch.setenv("VAULT_TOKEN", token)
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain)
    vault.revoke(token)
    proxy.clear()
    with pytest.raises(PluginAccessDeniedError, match="the token has expired or was revoked") as caught:
        sign(plugin, name, chain)
    assert len(proxy.seen) == 1
    assert token not in caught.value.one_line()


@pytest.mark.parametrize("token", ["two words", "tab\there", "line\nbreak", "schlüssel"])
def test_malformed_token_is_refused_without_showing_it(name: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that no header can hold is refused and not shown."""
    monkeypatch.setenv("VAULT_TOKEN", token)
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert token not in repr(caught.value.__dict__)


# AppRole


@pytest.fixture
def approle(vault: VaultServer, name: str, policy: str) -> tuple[str, str]:
    """Role id and secret id of a role with the README's policy."""
    return make_role(vault, name, policy)


@pytest.mark.parametrize("place", ["environment", "files"])
def test_approle_ids_from_environment_or_files(
    name: str, chain: TestChain, approle: tuple[str, str], place: str, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ids come from the environment or from files; the token of the environment is ignored."""
    role_id, secret_id = approle
    monkeypatch.setenv("VAULT_TOKEN", "hvs.unused")
    if place == "environment":
        monkeypatch.setenv("VAULT_ROLE_ID", role_id)
        monkeypatch.setenv("VAULT_SECRET_ID", secret_id)
        config = {"auth": "approle"}
    else:
        (user / "role").write_text(f"{role_id}\n")
        (user / "secret").write_text(f"{secret_id}\r\n")
        config = {"auth": "approle", "role_id_file": str(user / "role"), "secret_id_file": str(user / "secret")}
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, **config)


def test_approle_without_secret_id_at_any_mount(
    vault: VaultServer, name: str, chain: TestChain, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role bound to addresses needs no secret id, and the method may be mounted anywhere."""
    vault.ask("POST", f"sys/auth/team/{name}", {"type": "approle"})
    body = {"token_policies": [policy], "bind_secret_id": False, "token_bound_cidrs": ["127.0.0.1/32"]}
    vault.ask("POST", f"auth/team/{name}/role/build", body)
    role_id = vault.ask("GET", f"auth/team/{name}/role/build/role-id")["data"]["role_id"]
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, auth="approle", auth_mount=f"team/{name}")


def test_login_token_is_reused(
    vault: VaultServer, name: str, chain: TestChain, policy: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login serves all signatures of a process."""
    _login_by_environment(vault, name, policy, monkeypatch)
    plugin = HashiCorpVaultPlugin()
    for _ in range(3):
        describe_and_sign(plugin, name, chain, auth="approle")
    assert _logins(proxy) == 1
    assert [seen.path for seen in proxy.seen[1:]] == [f"/v1/transit/keys/{name}", *[f"/v1/transit/sign/{name}"] * 3]


def test_expired_login_token_is_renewed(
    vault: VaultServer, name: str, chain: TestChain, policy: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that Vault rejects, here after each use, is replaced by another login."""
    _login_by_environment(vault, name, policy, monkeypatch, token_num_uses=1)
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain, auth="approle")
    sign(plugin, name, chain, auth="approle")
    assert _logins(proxy) == 3


def test_login_is_repeated_once_only(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the policy is insufficient, there is one more login and no third."""
    vault.allow(name, 'path "nothing" { capabilities = ["read"] }')
    _login_by_environment(vault, name, name, monkeypatch)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, auth="approle")
    assert caught.value.message == f"the token lacks the capability read on transit/keys/{name}"
    assert _logins(proxy) == 2


def test_failed_second_login_does_not_hide_the_missing_capability(
    vault: VaultServer, name: str, chain: TestChain, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a second login cannot succeed, the missing capability is reported."""
    vault.allow(name, f'path "transit/keys/{name}" {{ capabilities = ["read"] }}')
    _login_by_environment(vault, name, name, monkeypatch, secret_id_num_uses=1)
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe_and_sign(HashiCorpVaultPlugin(), name, chain, auth="approle")
    assert caught.value.message == f"the token lacks the capability update on transit/sign/{name}"
    assert _logins(proxy) == 2


def _login_by_environment(
    vault: VaultServer, name: str, policy: str, monkeypatch: pytest.MonkeyPatch, **members: object
) -> None:
    role_id, secret_id = make_role(vault, name, policy, **members)
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    monkeypatch.setenv("VAULT_SECRET_ID", secret_id)


def test_denied_login_is_reported_without_the_ids(
    vault: VaultServer, name: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denied login is reported with its path, and shows neither id."""
    _login_by_environment(vault, name, policy, monkeypatch)
    monkeypatch.setenv("VAULT_SECRET_ID", "a-secret-that-is-none")
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name, auth="approle")
    assert caught.value.message.startswith(f"the approle login at {vault.url}/v1/auth/approle/login was denied")
    assert "a-secret-that-is-none" not in caught.value.one_line()


# JWT and Kubernetes


def test_jwt_logs_in_to_named_or_default_role(
    vault: VaultServer, name: str, chain: TestChain, policy: str, user: Path
) -> None:
    """A token of an issuer logs in to the named role or the default role."""
    issuer, file = Issuer(), user / "token"
    issuer.trust_at(vault, "jwt", name, policy)
    file.write_text(issuer.token())
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, auth="jwt", jwt_file=str(file), role=name)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, auth="jwt", jwt_file=str(file))


@pytest.mark.parametrize("wrong", ["clock", "audience", "issuer", "no token"])
def test_rejected_jwt_is_reported_without_showing_it(
    vault: VaultServer, name: str, policy: str, user: Path, wrong: str
) -> None:
    """A JWT that is not yet valid, or of another audience or issuer, is refused and not shown."""
    issuer, file = Issuer(), user / "token"
    issuer.trust_at(vault, "jwt", name, policy)
    tokens = {
        "clock": issuer.token(begins_in=3600),
        "audience": issuer.token(audience="another.example"),
        "issuer": Issuer().token(),
        "no token": "swordfish",
    }
    file.write_text(tokens[wrong])
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name, auth="jwt", jwt_file=str(file), role=name)
    assert tokens[wrong] not in caught.value.one_line()
    assert AUDIENCE not in tokens[wrong]


def test_kubernetes_login(vault: VaultServer, name: str, chain: TestChain, policy: str, user: Path) -> None:
    """The Kubernetes login: its request is sent to a JWT method, since the real method needs a cluster."""
    vault.ask("POST", f"sys/auth/kubernetes-{name}", {"type": "jwt"})
    issuer, file = Issuer(), user / "token"
    issuer.trust_at(vault, f"kubernetes-{name}", "builder", policy)
    file.write_text(issuer.token())
    config = {"auth": "kubernetes", "auth_mount": f"kubernetes-{name}", "role": "builder", "jwt_file": str(file)}
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, **config)


# Configuration


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        ({"auth": "ldap"}, "auth='ldap' is not an auth method"),
        ({"auth": "jwt"}, "auth=jwt requires jwt_file"),
        ({"auth": "kubernetes"}, "auth=kubernetes requires role"),
        ({"role": "builder"}, "'role' does not apply to auth=token"),
        ({"auth": "approle", "jwt_file": "x"}, "'jwt_file' does not apply to auth=approle"),
        ({"auth": "approle", "auth_mount": "../sys"}, "auth_mount='../sys'"),
    ],
)
def test_invalid_auth_settings_are_refused_before_any_request(name: str, config: dict[str, str], shown: str) -> None:
    """An unknown or incomplete auth method is refused before any request."""
    with pytest.raises(PluginValidationError) as caught:
        describe(HashiCorpVaultPlugin(), name, **config)
    assert shown in caught.value.message


def test_missing_role_id_is_reported_with_both_places(name: str) -> None:
    """A missing role id is reported with the variable and the setting."""
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(HashiCorpVaultPlugin(), name, auth="approle")
    assert "VAULT_ROLE_ID" in caught.value.advice
    assert "role_id_file" in caught.value.advice
