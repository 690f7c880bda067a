"""Key ids: accepted URLs, and hosts that must never receive a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.plugin import DescribeKeyRequest, PluginValidationError
from notarykit_azure_keyvault.key_id import HSM_DOMAINS, VAULT_DOMAINS, KeyId, parse_key_id
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from notarykit_azure_keyvault.sdk import SDKClient

VERSION = "0123456789abcdef" * 2


@pytest.mark.parametrize("domain", VAULT_DOMAINS)
@pytest.mark.parametrize("kind", ["keys", "certificates"])
@pytest.mark.parametrize(("end", "version"), [("", ""), ("/", ""), (f"/{VERSION}", VERSION), (f"/{VERSION}/", VERSION)])
def test_key_and_certificate_urls_are_parsed(domain: str, kind: str, end: str, version: str) -> None:
    """A key id has a kind, a name and an optional version, in every cloud."""
    parsed = parse_key_id(f"https://my-vault.{domain}/{kind}/Build-1{end}")
    assert parsed == KeyId(f"https://my-vault.{domain}", kind, "Build-1", version)


@pytest.mark.parametrize("domain", HSM_DOMAINS)
def test_managed_hsm_holds_keys_only(domain: str) -> None:
    """A certificate in a managed HSM is refused."""
    assert parse_key_id(f"https://hsm.{domain}/keys/build").is_hsm
    with pytest.raises(PluginValidationError, match="holds no certificates"):
        parse_key_id(f"https://hsm.{domain}/certificates/build")


@pytest.mark.parametrize("host", ["My-Vault.VAULT.azure.net", "my-vault.vault.azure.net:443"])
def test_host_is_normalized(host: str) -> None:
    """Case and the default port do not matter."""
    assert parse_key_id(f"https://{host}/keys/build").vault_url == "https://my-vault.vault.azure.net"


@pytest.mark.parametrize(
    "host",
    [
        "vault.azure.net",
        ".vault.azure.net",
        "attacker.example",
        "my-vault.vault.azure.net.attacker.example",
        "my-vaultvault.azure.net",
        "attacker.example#my-vault.vault.azure.net",
        "attacker.example?my-vault.vault.azure.net",
        "attacker.example\\my-vault.vault.azure.net",
        "attacker.example@my-vault.vault.azure.net",
        "user:password@my-vault.vault.azure.net",
        "my-vault.vault.azure.net@attacker.example",
        "my-vault.vault.azure.net:8443",
        "my-vault.vault.azure.net%00",
        "a..vault.azure.net",
        "a.b.vault.azure.net",
        "-a.vault.azure.net",
        "[::1]",
        "127.0.0.1",
        "",
    ],
)
def test_host_outside_vault_domains_is_refused_before_login(host: str) -> None:
    """A host that is not a vault of a known cloud is refused without a connection."""

    def connect(*_: str) -> SDKClient:
        pytest.fail("connected")

    with pytest.raises(PluginValidationError):
        AzureKeyVaultPlugin(connect).describe_key(DescribeKeyRequest(f"https://{host}/keys/build"))


@pytest.mark.parametrize(
    "key_id",
    [
        "",
        "build",
        "/keys/build",
        "http://my-vault.vault.azure.net/keys/build",
        "https://my-vault.vault.azure.net",
        "https://my-vault.vault.azure.net/keys",
        "https://my-vault.vault.azure.net/keys/",
        "https://my-vault.vault.azure.net/secrets/build",
        "https://my-vault.vault.azure.net/keys/build/1/sign",
        "https://my-vault.vault.azure.net/keys/../secrets/build",
        "https://my-vault.vault.azure.net/keys/a%2Fb",
        "https://my-vault.vault.azure.net/keys/build?api-version=1",
        "https://my-vault.vault.azure.net/keys/build#1",
        "https://my-vault.vault.azure.net//keys/build",
        "https://[my-vault.vault.azure.net/keys/build",
        " https://my-vault.vault.azure.net/keys/build",
        "https://my-vault.vault.azure.net/keys/build\n",
        "https://my-vault.vault.azure.net/keys/bu\tild",
        "https://my-vault.vault.azure.net/keys/build ",
    ],
)
def test_malformed_key_id_is_refused_with_the_form(key_id: str) -> None:
    """A URL of another form is refused, and the advice shows the form."""
    with pytest.raises(PluginValidationError) as caught:
        parse_key_id(key_id)
    assert "https://VAULT.vault.azure.net/keys/NAME" in caught.value.advice


@pytest.mark.parametrize("domain", ["vault.stack.example", "vault.stack.example:8443", "Vault.Stack.Example"])
def test_vault_domain_adds_a_domain_with_its_port(domain: str) -> None:
    """Hosts of an additional domain are vaults only where it is configured, with exactly its port."""
    key_id = f"https://my-vault.{domain.lower()}/keys/build"
    assert parse_key_id(key_id, domain).vault_url == f"https://my-vault.{domain.lower()}"
    for other in ("", "stack.example.org", "other.example"):
        with pytest.raises(PluginValidationError, match="not in the vault domain of a known cloud"):
            parse_key_id(key_id, other)


@pytest.mark.parametrize(
    "domain", ["com", ".example", "stack.example.", "stack..example", "a b.example", "x.y:z", "*.y"]
)
def test_malformed_vault_domain_is_refused(domain: str) -> None:
    """A top-level or malformed domain is refused before any host is accepted."""
    for key_id in ("https://attacker.com/keys/build", "https://my-vault.vault.azure.net/keys/build"):
        with pytest.raises(PluginValidationError, match="'vault_domain' is not a vault domain"):
            parse_key_id(key_id, domain)


@given(st.text())
def test_any_text_is_in_a_known_cloud_or_refused(text: str) -> None:
    """Arbitrary text is a key id in a known cloud or is refused."""
    for key_id in (text, f"https://{text}", f"https://x.vault.azure.net/{text}"):
        try:
            parsed = parse_key_id(key_id)
        except PluginValidationError:
            continue
        assert parsed.vault_url.endswith(VAULT_DOMAINS + HSM_DOMAINS)
