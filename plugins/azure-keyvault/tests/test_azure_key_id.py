"""Key ids: which URLs are keys, and that no other host ever gets a login's token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.plugin import DescribeKeyRequest, PluginValidationError
from notarykit_azure_keyvault.key_id import HSM_DOMAINS, VAULT_DOMAINS, Address, address_of
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from notarykit_azure_keyvault.pool import Client

VERSION = "0123456789abcdef" * 2


@pytest.mark.parametrize("domain", VAULT_DOMAINS)
@pytest.mark.parametrize("kind", ["keys", "certificates"])
@pytest.mark.parametrize(("end", "version"), [("", ""), ("/", ""), (f"/{VERSION}", VERSION), (f"/{VERSION}/", VERSION)])
def test_keys_and_certificates(domain: str, kind: str, end: str, version: str) -> None:
    """A key id has a kind, a name and perhaps a version, in every cloud."""
    found = address_of(f"https://my-vault.{domain}/{kind}/Build-1{end}")
    assert found == Address(f"https://my-vault.{domain}", kind, "Build-1", version)


@pytest.mark.parametrize("domain", HSM_DOMAINS)
def test_managed_hsms(domain: str) -> None:
    """A managed HSM keeps keys, and no certificates."""
    assert address_of(f"https://hsm.{domain}/keys/build").is_hsm
    with pytest.raises(PluginValidationError, match="keeps no certificates"):
        address_of(f"https://hsm.{domain}/certificates/build")


@pytest.mark.parametrize("host", ["My-Vault.VAULT.azure.net", "my-vault.vault.azure.net:443"])
def test_one_way_to_write_a_host(host: str) -> None:
    """Capitals and the usual port do not matter."""
    assert address_of(f"https://{host}/keys/build").vault == "https://my-vault.vault.azure.net"


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
def test_other_hosts(host: str) -> None:
    """What is no vault of a known cloud is refused, and nobody is asked for a token for it."""

    def connect(*_: str) -> Client:
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
def test_what_is_no_key(key_id: str) -> None:
    """A URL of another form is refused with the form."""
    with pytest.raises(PluginValidationError) as caught:
        address_of(key_id)
    assert "https://VAULT.vault.azure.net/keys/NAME" in caught.value.advice


@pytest.mark.parametrize("domain", ["vault.stack.example", "vault.stack.example:8443", "Vault.Stack.Example"])
def test_a_domain_of_ones_own(domain: str) -> None:
    """A further domain is one where it is named, with exactly its port."""
    key_id = f"https://my-vault.{domain.lower()}/keys/build"
    assert address_of(key_id, domain).vault == f"https://my-vault.{domain.lower()}"
    for other in ("", "stack.example.org", "other.example"):
        with pytest.raises(PluginValidationError, match="not in a known cloud"):
            address_of(key_id, other)


@pytest.mark.parametrize(
    "domain", ["com", ".example", "stack.example.", "stack..example", "a b.example", "x.y:z", "*.y"]
)
def test_what_is_no_domain(domain: str) -> None:
    """A domain that is everybody's, or none, is refused before anybody is taken for a vault."""
    for key_id in ("https://attacker.com/keys/build", "https://my-vault.vault.azure.net/keys/build"):
        with pytest.raises(PluginValidationError, match="'vault_domain' is no domain"):
            address_of(key_id, domain)


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever a key id is, it is a key of a known cloud or refused."""
    for key_id in (text, f"https://{text}", f"https://x.vault.azure.net/{text}"):
        try:
            found = address_of(key_id)
        except PluginValidationError:
            continue
        assert found.vault.endswith(VAULT_DOMAINS + HSM_DOMAINS)
