"""Signing with every key type and form of key id, and the choice of the version."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import key_spec
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin, AzureKVPlugin
from tests.servers.azure.conftest import DOMAINS, HSM_DOMAINS, OWN_DOMAIN, Azure
from tests.servers.azure.signing import MESSAGE, file_with, sign_and_check
from tests.support.ca import SPECS, make_chain

SECONDS_FOR_ALL = 60.0


@pytest.mark.parametrize("spec", SPECS)
def test_certificate_of_each_key_type_signs(azure: Azure, plugin: AzureKeyVaultPlugin, spec: str) -> None:
    """A certificate's key of each type signs, with the chain from its secret."""
    chain = make_chain(spec)
    azure.server.add_certificate("build", chain)
    sign_and_check(plugin, azure.certificate(), chain)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("hsm", [False, True], ids=["software", "hsm"])
def test_bare_key_of_each_type_signs(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, spec: str, *, hsm: bool
) -> None:
    """A bare key of each type signs with a chain from a file."""
    chain = make_chain(spec)
    type_ = spec.partition("-")[0] + ("-HSM" if hsm else "")
    azure.server.add_key("build", chain.leaf_key, type_)
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    sign_and_check(plugin, azure.key(), chain, config)
    assert azure.server.operations() == ["GetKey", "Sign"]


def test_repeated_signatures_need_one_request(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """The first signature takes three requests, later ones a single one, over one connection."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    for _ in range(3):
        sign_and_check(plugin, azure.key(), chain)
    assert azure.server.operations() == ["GetCertificate", "GetSecret", "Sign", "Sign", "Sign"]
    tunnels = [seen.target for seen in azure.proxy.seen]
    assert tunnels.count(f"{azure.name}.vault.azure.net:443") == 1


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("kind", ["keys", "certificates"])
@pytest.mark.parametrize("is_pinned", [False, True], ids=["present", "pinned"])
def test_every_form_of_key_id_signs(
    azure: Azure, plugin: AzureKeyVaultPlugin, domain: str, kind: str, *, is_pinned: bool
) -> None:
    """Keys and certificates, current and pinned, in every cloud, name the same key."""
    chain = make_chain()
    version = azure.server.add_certificate("build", chain)
    key_id = f"https://{azure.name}.{domain}/{kind}/build" + (f"/{version}" if is_pinned else "")
    assert sign_and_check(plugin, key_id, chain).key_id == key_id


@pytest.mark.parametrize("domain", HSM_DOMAINS)
def test_managed_hsm_signs_with_keys_only(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, domain: str
) -> None:
    """Only keys are requested from a managed HSM."""
    chain = make_chain("EC-384")
    azure.server.add_key("build", chain.leaf_key, "EC-HSM")
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    sign_and_check(plugin, f"https://{azure.name}.{domain}/keys/build", chain, config)
    with pytest.raises(PluginValidationError, match="no certificate found for key"):
        sign_and_check(plugin, f"https://{azure.name}.{domain}/keys/build", chain)
    assert {call.removesuffix("Versions") for call in azure.server.operations()} == {"GetKey", "Sign"}


def test_vault_domain_allows_another_cloud(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A vault of another cloud is accepted only where vault_domain names its domain."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    key_id = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build"
    with pytest.raises(PluginValidationError, match="is not in the vault domain of a known cloud"):
        sign_and_check(plugin, key_id, chain)
    assert azure.server.seen == []
    sign_and_check(plugin, key_id, chain, {"vault_domain": OWN_DOMAIN})


@pytest.mark.parametrize(
    "resource", ["https://management.azure.com", "https://vault.azure.cn", "https://attacker.example"]
)
def test_challenge_for_another_domain_gets_no_token(azure: Azure, plugin: AzureKeyVaultPlugin, resource: str) -> None:
    """A challenge for a token of another domain gets none."""
    azure.server.add_certificate("build", make_chain())
    azure.server.resource = resource
    with pytest.raises(PluginValidationError, match="requests a token for another domain"):
        sign_and_check(plugin, azure.key(), make_chain())
    assert azure.server.login.issued == []


# Versions


def test_described_version_signs_after_a_renewal(azure: Azure) -> None:
    """The version whose certificate is in the chain signs after the certificate was renewed."""
    old, new = make_chain(), make_chain()
    azure.server.add_certificate("build", old)
    first, second = AzureKeyVaultPlugin(), AzureKeyVaultPlugin()
    sign_and_check(first, azure.certificate(), old)
    azure.server.add_certificate("build", new)
    sign_and_check(second, azure.certificate(), new)
    sign_and_check(first, azure.certificate(), old)


def test_renewal_between_commands_signs_with_the_new_version(azure: Azure) -> None:
    """A second process signs with the renewed certificate, whatever describe-key returned in the first."""
    old, new = make_chain(), make_chain()
    azure.server.add_certificate("build", old)
    request = GenerateSignatureRequest(azure.certificate(), "EC-256", "SHA-256", MESSAGE)
    AzureKeyVaultPlugin().describe_key(DescribeKeyRequest(azure.certificate()))
    azure.server.add_certificate("build", new)
    answer = AzureKeyVaultPlugin().generate_signature(request)
    assert answer.certificate_chain == new.ders
    verify_raw(new.leaf_key.public_key(), key_spec("EC-256"), answer.signature, MESSAGE)
    azure.server.add_certificate("build", make_chain("RSA-2048"))
    with pytest.raises(PluginValidationError, match="is not the RSA-2048"):
        AzureKeyVaultPlugin().generate_signature(request)


def test_pinned_version_signs_after_renewals(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A pinned version signs after the certificate was renewed."""
    old = make_chain("RSA-2048")
    version = azure.server.add_certificate("build", old)
    azure.server.add_certificate("build", make_chain())
    sign_and_check(plugin, azure.certificate(version=version), old)
    sign_and_check(plugin, azure.key(version=version), old)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_version_of_the_chain_file_signs(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, place: int) -> None:
    """A rotated key signs with the version of the file's certificate, at any place in the list."""
    chains = [make_chain() for _ in range(4)]
    for chain in chains:
        azure.server.add_key("build", chain.leaf_key, "EC")
    config = {"certificate_chain": file_with(tmp_path, chains[place].chain_pem)}
    sign_and_check(plugin, azure.key(), chains[place], config)
    signs = [seen.path for seen in azure.server.seen if seen.path.endswith("/sign")]
    assert set(signs) == {f"/keys/build/{azure.server.versions('build')[place]}/sign"}


def test_version_with_a_certificate_signs(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """If the current version of the key has no certificate yet, the certified one signs."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    azure.server.add_key("build", make_chain().leaf_key, "EC")
    sign_and_check(plugin, azure.key(), chain)


def test_missing_version_is_named_by_its_url(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A version that does not exist is named by its whole URL."""
    azure.server.add_certificate("build", make_chain())
    key_id = azure.key(version="f" * 32)
    with pytest.raises(PluginValidationError, match=f"^{key_id} does not exist$"):
        sign_and_check(plugin, key_id, make_chain())


def test_response_with_another_version_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A response with another version than the pinned one is refused."""
    azure.server.add_certificate("build", make_chain())
    azure.server.ignores_versions = True
    with pytest.raises(PluginValidationError, match="not the pinned version"):
        sign_and_check(plugin, azure.certificate(version="f" * 32), make_chain())


# Threads


def test_threads_share_one_plugin_object(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Ten threads sign through one object with two keys while all tokens expire twice."""
    chains = {"one": make_chain(), "two": make_chain("EC-384")}
    for name, chain in chains.items():
        azure.server.add_certificate(name, chain)
    together = threading.Barrier(10, azure.server.login.tokens.clear)

    def sign(name: str) -> int:
        for _ in range(3):
            sign_and_check(plugin, azure.certificate(name), chains[name])
            together.wait(SECONDS_FOR_ALL)
        return 3

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(sign, list(chains) * 5)) == 30


# Stand-in


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_stand_in_differs_by_name_only(azure: Azure, spec: str) -> None:
    """As azure-kv, only the name differs."""
    chain = make_chain(spec)
    azure.server.add_certificate("build", chain)
    sign_and_check(AzureKVPlugin(), azure.key(), chain)
    mine, other = AzureKeyVaultPlugin.get_metadata(), AzureKVPlugin.get_metadata()
    assert other == mine._replace(name="azure-kv")
