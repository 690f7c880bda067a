"""Signing: every kind of key, every form of key id, and which version signs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notarykit.keys.signature import check
from notarykit.keys.spec import key_spec
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin, AzureKVPlugin
from tests.servers.azure.conftest import (
    DOMAINS,
    HSM_DOMAINS,
    MESSAGE,
    OWN_DOMAIN,
    Azure,
    file_with,
    verify_x509_signature,
)
from tests.support.ca import SPECS, make_chain

SECONDS_FOR_ALL = 60.0


@pytest.mark.parametrize("spec", SPECS)
def test_signs_with_a_certificate(azure: Azure, plugin: AzureKeyVaultPlugin, spec: str) -> None:
    """A certificate's key of every kind signs, and the chain comes from the certificate's secret."""
    chain = make_chain(spec)
    azure.server.add_certificate("build", chain)
    verify_x509_signature(plugin, azure.certificate(), chain)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("hsm", [False, True], ids=["software", "hsm"])
def test_signs_with_a_bare_key(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, spec: str, *, hsm: bool
) -> None:
    """A key of every kind that has no certificate in the vault signs with a chain from a file."""
    chain = make_chain(spec)
    type_ = spec.partition("-")[0] + ("-HSM" if hsm else "")
    azure.server.add_key("build", chain.leaf_key, type_)
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    verify_x509_signature(plugin, azure.key(), chain, config)
    assert azure.server.asked() == ["GetKey", "Sign"]


def test_a_signature_asks_for_little(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """The first signature is three requests, each later one in the process a single one, over one connection."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    for _ in range(3):
        verify_x509_signature(plugin, azure.key(), chain)
    assert azure.server.asked() == ["GetCertificate", "GetSecret", "Sign", "Sign", "Sign"]
    tunnels = [seen.target for seen in azure.proxy.seen]
    assert tunnels.count(f"{azure.name}.vault.azure.net:443") == 1


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("kind", ["keys", "certificates"])
@pytest.mark.parametrize("is_pinned", [False, True], ids=["present", "pinned"])
def test_every_form_of_key_id(
    azure: Azure, plugin: AzureKeyVaultPlugin, domain: str, kind: str, *, is_pinned: bool
) -> None:
    """Keys and certificates, with and without a version, in every cloud, are the same key."""
    chain = make_chain()
    version = azure.server.add_certificate("build", chain)
    key_id = f"https://{azure.name}.{domain}/{kind}/build" + (f"/{version}" if is_pinned else "")
    assert verify_x509_signature(plugin, key_id, chain).key_id == key_id


@pytest.mark.parametrize("domain", HSM_DOMAINS)
def test_a_managed_hsm(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, domain: str) -> None:
    """A managed HSM is asked for keys only."""
    chain = make_chain("EC-384")
    azure.server.add_key("build", chain.leaf_key, "EC-HSM")
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    verify_x509_signature(plugin, f"https://{azure.name}.{domain}/keys/build", chain, config)
    with pytest.raises(PluginValidationError, match="there is no certificate for key"):
        verify_x509_signature(plugin, f"https://{azure.name}.{domain}/keys/build", chain)
    assert {call.removesuffix("Versions") for call in azure.server.asked()} == {"GetKey", "Sign"}


def test_a_cloud_of_ones_own(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A vault of another cloud is one where the configuration names that cloud's domain, and not otherwise."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    key_id = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build"
    with pytest.raises(PluginValidationError, match="is not in a known cloud's domain"):
        verify_x509_signature(plugin, key_id, chain)
    assert azure.server.seen == []
    verify_x509_signature(plugin, key_id, chain, {"vault_domain": OWN_DOMAIN})


@pytest.mark.parametrize(
    "resource", ["https://management.azure.com", "https://vault.azure.cn", "https://attacker.example"]
)
def test_a_host_that_asks_for_another_login(azure: Azure, plugin: AzureKeyVaultPlugin, resource: str) -> None:
    """What asks for a token for anything but a vault of its own domain gets none."""
    azure.server.add_certificate("build", make_chain())
    azure.server.resource = resource
    with pytest.raises(PluginValidationError, match="asks for a login that is not a vault's"):
        verify_x509_signature(plugin, azure.key(), make_chain())
    assert azure.server.login.given == []


# Versions


def test_a_certificate_that_is_renewed_meanwhile(azure: Azure) -> None:
    """The version whose certificate is in the chain signs, though it was another one that was described."""
    old, new = make_chain(), make_chain()
    azure.server.add_certificate("build", old)
    first, second = AzureKeyVaultPlugin(), AzureKeyVaultPlugin()
    verify_x509_signature(first, azure.certificate(), old)
    azure.server.add_certificate("build", new)
    verify_x509_signature(second, azure.certificate(), new)
    verify_x509_signature(first, azure.certificate(), old)


def test_a_renewal_between_the_two_commands(azure: Azure) -> None:
    """What describe-key said in a process of its own does not hold another process to the old certificate."""
    old, new = make_chain(), make_chain()
    azure.server.add_certificate("build", old)
    request = GenerateSignatureRequest(azure.certificate(), "EC-256", "SHA-256", MESSAGE)
    AzureKeyVaultPlugin().describe_key(DescribeKeyRequest(azure.certificate()))
    azure.server.add_certificate("build", new)
    answer = AzureKeyVaultPlugin().generate_signature(request)
    assert answer.certificate_chain == new.ders
    check(new.leaf_key.public_key(), key_spec("EC-256"), answer.signature, MESSAGE)
    azure.server.add_certificate("build", make_chain("RSA-2048"))
    with pytest.raises(PluginValidationError, match="is not the RSA-2048"):
        AzureKeyVaultPlugin().generate_signature(request)


def test_a_pinned_version_stays(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A version in the key id signs, however often the certificate was renewed."""
    old = make_chain("RSA-2048")
    version = azure.server.add_certificate("build", old)
    azure.server.add_certificate("build", make_chain())
    verify_x509_signature(plugin, azure.certificate(version=version), old)
    verify_x509_signature(plugin, azure.key(version=version), old)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_the_version_of_the_chain_signs(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, place: int) -> None:
    """A key that was rotated signs with the version that the file's certificate is of, wherever in the list it is."""
    chains = [make_chain() for _ in range(4)]
    for chain in chains:
        azure.server.add_key("build", chain.leaf_key, "EC")
    config = {"certificate_chain": file_with(tmp_path, chains[place].chain_pem)}
    verify_x509_signature(plugin, azure.key(), chains[place], config)
    signs = [seen.path for seen in azure.server.seen if seen.path.endswith("/sign")]
    assert set(signs) == {f"/keys/build/{azure.server.versions('build')[place]}/sign"}


def test_a_key_version_without_a_certificate(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Where the present version of the key has no certificate yet, the one that has it signs."""
    chain = make_chain()
    azure.server.add_certificate("build", chain)
    azure.server.add_key("build", make_chain().leaf_key, "EC")
    verify_x509_signature(plugin, azure.key(), chain)


def test_a_version_that_is_not_there(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A version that the vault does not have is missed by its whole URL."""
    azure.server.add_certificate("build", make_chain())
    key_id = azure.key(version="f" * 32)
    with pytest.raises(PluginValidationError, match=f"^there is no {key_id}$"):
        verify_x509_signature(plugin, key_id, make_chain())


def test_an_answer_about_another_version(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A vault that answers a pinned id with another version is not believed."""
    azure.server.add_certificate("build", make_chain())
    azure.server.answers_with_present = True
    with pytest.raises(PluginValidationError, match="is not the version"):
        verify_x509_signature(plugin, azure.certificate(version="f" * 32), make_chain())


# Threads


def test_ten_threads(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Ten threads sign through one object with two keys, all tokens expire twice, and every signature holds."""
    chains = {"one": make_chain(), "two": make_chain("EC-384")}
    for name, chain in chains.items():
        azure.server.add_certificate(name, chain)
    together = threading.Barrier(10, azure.server.login.tokens.clear)

    def sign(name: str) -> int:
        for _ in range(3):
            verify_x509_signature(plugin, azure.certificate(name), chains[name])
            together.wait(SECONDS_FOR_ALL)
        return 3

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(sign, list(chains) * 5)) == 30


# The name of the other plugin


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_the_other_plugins_name(azure: Azure, spec: str) -> None:
    """Under the name azure-kv everything is the same but the name."""
    chain = make_chain(spec)
    azure.server.add_certificate("build", chain)
    verify_x509_signature(AzureKVPlugin(), azure.key(), chain)
    mine, other = AzureKeyVaultPlugin.get_metadata(), AzureKVPlugin.get_metadata()
    assert other == mine._replace(name="azure-kv")
