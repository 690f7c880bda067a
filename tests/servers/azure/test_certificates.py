"""Where the chain comes from, what a user needs for it, and giving a chain to a certificate that waits for it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from notarykit.errors import CertificateError
from notarykit.plugin import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure import keyvault
from tests.servers.azure.conftest import Azure, file_with, refused, verify_x509_signature
from tests.servers.azure.keyvault import PEM, PKCS12
from tests.support.ca import Changes, TestChain, make_chain

SELF_SIGNED = make_chain("EC-256", 1)
CHAIN = make_chain()


def _cas(folder: Path, chain: TestChain = CHAIN) -> dict[str, str]:
    return {"ca_certs": file_with(folder, b"".join(chain.pems[1:]))}


# Where it comes from


@pytest.mark.parametrize("exportable", [False, True], ids=["key stays", "exportable"])
@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_the_chain_of_the_secret(
    azure: Azure, plugin: AzureKeyVaultPlugin, spec: str, form: str, *, exportable: bool
) -> None:
    """The secret has the chain in either form, in any order, and with or without the private key."""
    chain = make_chain(spec)
    order = (0, 1, 2) if form == PEM else (0, 2, 1)
    stored = chain.with_ders([chain.ders[place] for place in order])
    azure.server.add_certificate("build", stored, exportable=exportable, content_type=form)
    verify_x509_signature(plugin, azure.certificate(), chain)


@pytest.mark.parametrize("config", [{}, {"self_signed": "true"}, {"self_signed": "True", "ca_certs": ""}])
def test_a_self_signed_certificate(azure: Azure, plugin: AzureKeyVaultPlugin, config: Mapping[str, str]) -> None:
    """A certificate that is its own root is the chain, and the secret, which may have the key, is not read."""
    azure.server.add_certificate("build", SELF_SIGNED, exportable=True)
    verify_x509_signature(plugin, azure.key(), SELF_SIGNED, config)
    assert azure.server.asked() == ["GetCertificate", "Sign"]


def test_ca_certs(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """A file completes the chain, and the secret is not read."""
    azure.server.add_certificate("build", CHAIN, exportable=True)
    verify_x509_signature(plugin, azure.key(), CHAIN, _cas(tmp_path))
    assert azure.server.asked() == ["GetCertificate", "Sign"]


def test_ca_certs_of_others(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """A file that does not complete the chain is told of."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(CertificateError, match="chain is incomplete"):
        verify_x509_signature(plugin, azure.key(), CHAIN, _cas(tmp_path, make_chain()))


def test_a_leaf_that_is_called_self_signed(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A certificate that is not its own root is no chain, whatever the configuration says."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(CertificateError, match="chain is incomplete"):
        verify_x509_signature(plugin, azure.key(), CHAIN, {"self_signed": "true"})


@pytest.mark.parametrize("kind", ["keys", "certificates"])
def test_the_chain_of_a_file(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, kind: str) -> None:
    """A file with the chain comes before what the vault has."""
    own = make_chain(leaf=_with_key(CHAIN))
    azure.server.add_certificate("build", CHAIN)
    verify_x509_signature(plugin, azure.key(kind=kind), own, {"certificate_chain": file_with(tmp_path, own.chain_pem)})
    assert "GetSecret" not in azure.server.asked()


@pytest.mark.parametrize("files", [("ca_certs",), ("certificate_chain",)])
def test_settings_that_contradict_each_other(plugin: AzureKeyVaultPlugin, files: tuple[str, ...]) -> None:
    """A self-signed certificate has no more certificates."""
    config = {"self_signed": "true", **dict.fromkeys(files, "/chain.pem")}
    error = refused(plugin, "https://x.vault.azure.net/keys/build", PluginValidationError, config)
    assert error.message == "a self-signed certificate is its whole chain"


@pytest.mark.parametrize("value", ["swordfish", "bm90IFBLQ1MjMTI="])
def test_a_damaged_secret(azure: Azure, plugin: AzureKeyVaultPlugin, value: str) -> None:
    """A secret that cannot be read is refused, and nothing of it is shown."""
    azure.server.add_certificate("build", CHAIN, content_type=PKCS12, secret=value)
    error = refused(plugin, azure.key(), PluginError)
    assert "is not PKCS#12 without a password" in error.message
    assert value not in error.one_line()


def test_another_kind_of_secret(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A secret that is no certificate's is not taken for a chain."""
    azure.server.add_certificate("build", CHAIN, content_type="text/plain", secret="swordfish")
    error = refused(plugin, azure.key(), PluginError)
    assert "content type text/plain" in error.message
    assert "swordfish" not in error.one_line()


# Permissions


@pytest.mark.parametrize("kind", ["keys", "certificates"])
def test_the_permissions_of_the_other_plugin(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, kind: str
) -> None:
    """What notation-azure-kv documents is enough: keys/sign with secrets/get, or with certificates/get and settings."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.add_certificate("own", SELF_SIGNED)
    azure.server.permissions = {"keys/sign", "secrets/get"}
    verify_x509_signature(plugin, azure.key(kind=kind), CHAIN)
    azure.server.permissions = {"keys/sign", "certificates/get"}
    verify_x509_signature(plugin, azure.key(kind=kind), CHAIN, _cas(tmp_path))
    verify_x509_signature(plugin, azure.key("own", kind=kind), SELF_SIGNED, {"self_signed": "true"})


@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("exportable", [False, True], ids=["key stays", "exportable"])
def test_the_secret_alone(azure: Azure, plugin: AzureKeyVaultPlugin, form: str, *, exportable: bool) -> None:
    """A user who may read nothing but the secret signs, and the leaf is found in any order."""
    stored = CHAIN.with_ders(CHAIN.ders if exportable else CHAIN.ders[::-1])
    key = azure.server.add_certificate("build", stored, exportable=exportable, content_type=form)
    azure.server.permissions = {"keys/sign", "secrets/get"}
    verify_x509_signature(plugin, azure.certificate(version=key), CHAIN)


def test_no_permission_on_the_secret(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Without secrets/get the message says what to grant, and that files do as well."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.permissions -= {"secrets/get"}
    error = refused(plugin, azure.key(), PluginAccessDeniedError)
    assert "/secrets/build/" in error.message
    assert "lacks secrets/get" in error.message
    assert "ca_certs=FILE" in error.advice
    assert "Key Vault Certificate User" in error.advice
    assert error.metadata == {"serviceError": "ForbiddenByPolicy", "requestId": "request-1"}


@pytest.mark.parametrize(
    ("kind", "granted", "lacks"),
    [
        ("certificates", {"keys/sign"}, "certificates/get"),
        ("keys", {"keys/sign"}, "keys/get"),
        ("keys", {"keys/sign", "keys/get"}, "certificates/get"),
        ("keys", {"keys/get", "certificates/get", "secrets/get"}, "keys/sign"),
    ],
)
def test_no_permission(azure: Azure, plugin: AzureKeyVaultPlugin, kind: str, granted: set[str], lacks: str) -> None:
    """A permission that is missing is named, with the role that has it."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.permissions = granted
    error = refused(plugin, azure.key(kind=kind), PluginAccessDeniedError, command="generate-signature")
    assert f"lacks {lacks}" in error.message
    assert f"grant {lacks}" in error.advice


def test_no_permission_to_look_for_older_versions(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """Where an older version is looked for, keys/list is what it takes, or the version in the key id."""
    old = make_chain()
    version = azure.server.add_key("build", old.leaf_key)
    azure.server.add_key("build", make_chain().leaf_key)
    azure.server.permissions -= {"keys/list"}
    config = {"certificate_chain": file_with(tmp_path, old.chain_pem)}
    error = refused(plugin, azure.key(), PluginAccessDeniedError, config)
    assert "lacks keys/list" in error.message
    assert "name the version in the key id" in error.advice
    verify_x509_signature(plugin, azure.key(version=version), old, config)


@pytest.mark.parametrize("inner", ["ForbiddenByFirewall", "ForbiddenByConnection"])
def test_the_firewall(azure: Azure, plugin: AzureKeyVaultPlugin, inner: str) -> None:
    """A vault's firewall is told apart from a permission, and no other way is tried."""
    azure.server.add_certificate("build", CHAIN)
    text = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 192.0.2.1"
    azure.server.fault("/certificates/", keyvault.refused(403, "Forbidden", inner, text))
    error = refused(plugin, azure.key(), PluginAccessDeniedError)
    assert error.message == (
        f"{azure.url} takes no requests from this network: "
        "Client address is not authorized and caller is not a trusted service."
    )
    assert "firewall" in error.advice
    assert azure.server.asked() == ["GetCertificate"]


# Giving a chain to a certificate


@pytest.mark.parametrize("is_renewal", [False, True], ids=["first", "renewal"])
def test_a_chain_for_a_certificate_that_waits(azure: Azure, plugin: AzureKeyVaultPlugin, *, is_renewal: bool) -> None:
    """A chain is merged into the certificate that waits for it, after which its key signs."""
    if is_renewal:
        azure.server.add_certificate("build", make_chain())
    azure.server.request_certificate("build", CHAIN.leaf_key)
    name = plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert name == f"{azure.url}/certificates/build/pending"
    verify_x509_signature(plugin, azure.certificate(), CHAIN)


def test_a_renewal_with_the_same_key(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A certificate that is renewed for the key that it has takes the new chain."""
    renewed = make_chain(leaf=_with_key(CHAIN))
    azure.server.add_certificate("build", CHAIN)
    azure.server.request_certificate("build", CHAIN.leaf_key)
    plugin.attach_certificates(azure.certificate(), {}, renewed.ders)
    verify_x509_signature(plugin, azure.certificate(), renewed)


def test_a_bare_key_has_no_place(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """With a key for which no certificate waits, the vault has no place for a chain."""
    azure.server.add_key("build", CHAIN.leaf_key)
    assert plugin.attach_certificates(azure.key(), {}, CHAIN.ders) == ""
    assert "MergeCertificate" not in azure.server.asked()


def test_nothing_waits_for_a_chain(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Where no certificate waits, the message says how to begin one."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(PluginValidationError) as caught:
        plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert "has no certificate that waits for its chain" in caught.value.message
    assert "az keyvault certificate create" in caught.value.advice
    assert "MergeCertificate" not in azure.server.asked()


def test_a_chain_of_another_key(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A chain for another key than the one that waits is not sent."""
    azure.server.request_certificate("build", make_chain().leaf_key)
    with pytest.raises(PluginError):
        plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert "MergeCertificate" not in azure.server.asked()


def test_a_certificate_that_waits_signs_nothing(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """A certificate without its chain is refused with what to do, also where a file has the chain already."""
    azure.server.request_certificate("build", CHAIN.leaf_key)
    error = refused(plugin, azure.certificate(), PluginError)
    assert "is not there yet" in error.message
    config = {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem)}
    error = refused(plugin, azure.certificate(), PluginError, config, "generate-signature")
    assert "is not there yet" in error.message


def test_a_key_without_a_certificate_is_opened(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """The present version of a key is there for whoever makes a certificate for it."""
    version = azure.server.add_key("build", CHAIN.leaf_key)
    opened = plugin.open_key(azure.key(), {})
    assert opened.name == azure.key(version=version)
    assert opened.public_key == CHAIN.leaf_key.public_key()


def _with_key(chain: TestChain) -> Changes:
    return Changes(key=chain.leaf_key)
