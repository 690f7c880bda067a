"""Sources of the chain, permissions they need, and attaching a chain to a pending certificate."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from notarykit.errors import CertificateError
from notarykit.plugin import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.conftest import Azure
from tests.servers.azure.responses import error_response
from tests.servers.azure.signing import describe, describe_and_sign, file_with, has_code, sign_and_check
from tests.servers.azure.stored import PEM, PKCS12
from tests.support.ca import Changes, TestChain, make_chain

SELF_SIGNED = make_chain("EC-256", 1)
CHAIN = make_chain()


def _cas(folder: Path, chain: TestChain = CHAIN) -> dict[str, str]:
    return {"ca_certs": file_with(folder, b"".join(chain.pems[1:]))}


# Sources


@pytest.mark.parametrize("exportable", [False, True], ids=["key stays", "exportable"])
@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_chain_is_read_from_the_secret(
    azure: Azure, plugin: AzureKeyVaultPlugin, spec: str, form: str, *, exportable: bool
) -> None:
    """The secret holds the chain in either form, in any order, with or without the private key."""
    chain = make_chain(spec)
    order = (0, 1, 2) if form == PEM else (0, 2, 1)
    stored = chain.with_ders([chain.ders[place] for place in order])
    azure.server.add_certificate("build", stored, exportable=exportable, content_type=form)
    sign_and_check(plugin, azure.certificate(), chain)


@pytest.mark.parametrize("config", [{}, {"self_signed": "true"}, {"self_signed": "True", "ca_certs": ""}])
def test_self_signed_certificate_needs_no_secret(
    azure: Azure, plugin: AzureKeyVaultPlugin, config: Mapping[str, str]
) -> None:
    """A self-signed certificate is the chain, and the secret, which may hold the key, is not read."""
    azure.server.add_certificate("build", SELF_SIGNED, exportable=True)
    sign_and_check(plugin, azure.key(), SELF_SIGNED, config)
    assert azure.server.operations() == ["GetCertificate", "Sign"]


def test_ca_certs_complete_the_chain_without_the_secret(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path
) -> None:
    """A file completes the chain, and the secret is not read."""
    azure.server.add_certificate("build", CHAIN, exportable=True)
    sign_and_check(plugin, azure.key(), CHAIN, _cas(tmp_path))
    assert azure.server.operations() == ["GetCertificate", "Sign"]


def test_unrelated_ca_certs_leave_the_chain_incomplete(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path
) -> None:
    """A file with other CA certificates is an error."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(CertificateError, match="chain is incomplete"):
        sign_and_check(plugin, azure.key(), CHAIN, _cas(tmp_path, make_chain()))


def test_self_signed_setting_does_not_replace_the_issuer(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """An issued certificate is an incomplete chain in spite of self_signed=true."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(CertificateError, match="chain is incomplete"):
        sign_and_check(plugin, azure.key(), CHAIN, {"self_signed": "true"})


@pytest.mark.parametrize("kind", ["keys", "certificates"])
def test_chain_file_takes_precedence(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, kind: str) -> None:
    """A file with the chain takes precedence over the vault."""
    own = make_chain(leaf=_with_key(CHAIN))
    azure.server.add_certificate("build", CHAIN)
    sign_and_check(plugin, azure.key(kind=kind), own, {"certificate_chain": file_with(tmp_path, own.chain_pem)})
    assert "GetSecret" not in azure.server.operations()


@pytest.mark.parametrize("files", [("ca_certs",), ("certificate_chain",)])
def test_self_signed_excludes_certificate_files(plugin: AzureKeyVaultPlugin, files: tuple[str, ...]) -> None:
    """self_signed=true with a file of certificates is refused."""
    config = {"self_signed": "true", **dict.fromkeys(files, "/chain.pem")}
    with pytest.raises(PluginValidationError) as caught:
        describe(plugin, "https://x.vault.azure.net/keys/build", config)
    assert caught.value.message == (
        "self_signed=true excludes files with certificates: a self-signed certificate is a complete chain"
    )


@pytest.mark.parametrize("value", ["swordfish", "bm90IFBLQ1MjMTI="])
def test_damaged_secret_is_refused_without_showing_it(azure: Azure, plugin: AzureKeyVaultPlugin, value: str) -> None:
    """A secret that cannot be parsed is refused, and its value is not shown."""
    azure.server.add_certificate("build", CHAIN, content_type=PKCS12, secret=value)
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key())
    assert "is not PKCS#12 without a password" in caught.value.message
    assert value not in caught.value.one_line()


def test_secret_of_another_content_type_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A secret that is not a certificate's is not read as a chain."""
    azure.server.add_certificate("build", CHAIN, content_type="text/plain", secret="swordfish")
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key())
    assert "content type text/plain" in caught.value.message
    assert "swordfish" not in caught.value.one_line()


# Permissions


@pytest.mark.parametrize("kind", ["keys", "certificates"])
def test_permissions_of_notation_azure_kv_suffice(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, kind: str
) -> None:
    """keys/sign with secrets/get suffices, or with certificates/get and settings."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.add_certificate("own", SELF_SIGNED)
    azure.server.permissions = {"keys/sign", "secrets/get"}
    sign_and_check(plugin, azure.key(kind=kind), CHAIN)
    azure.server.permissions = {"keys/sign", "certificates/get"}
    sign_and_check(plugin, azure.key(kind=kind), CHAIN, _cas(tmp_path))
    sign_and_check(plugin, azure.key("own", kind=kind), SELF_SIGNED, {"self_signed": "true"})


@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("exportable", [False, True], ids=["key stays", "exportable"])
def test_identity_with_secrets_get_only_signs(
    azure: Azure, plugin: AzureKeyVaultPlugin, form: str, *, exportable: bool
) -> None:
    """An identity that may read only the secret signs, and the leaf is found in any order."""
    stored = CHAIN.with_ders(CHAIN.ders if exportable else CHAIN.ders[::-1])
    key = azure.server.add_certificate("build", stored, exportable=exportable, content_type=form)
    azure.server.permissions = {"keys/sign", "secrets/get"}
    sign_and_check(plugin, azure.certificate(version=key), CHAIN)


def test_missing_secrets_get_is_named_with_alternatives(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Without secrets/get the advice names the grant, and the files that replace the secret."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.permissions -= {"secrets/get"}
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key())
    assert "/secrets/build/" in caught.value.message
    assert "lacks secrets/get" in caught.value.message
    assert "ca_certs=FILE" in caught.value.advice
    assert "Key Vault Certificate User" in caught.value.advice
    assert caught.value.metadata == {"serviceError": "ForbiddenByPolicy", "requestId": "request-1"}


@pytest.mark.parametrize(
    ("kind", "granted", "lacks"),
    [
        ("certificates", {"keys/sign"}, "certificates/get"),
        ("keys", {"keys/sign"}, "keys/get"),
        ("keys", {"keys/sign", "keys/get"}, "certificates/get"),
        ("keys", {"keys/get", "certificates/get", "secrets/get"}, "keys/sign"),
    ],
)
def test_missing_permission_is_named_with_the_role(
    azure: Azure, plugin: AzureKeyVaultPlugin, kind: str, granted: set[str], lacks: str
) -> None:
    """A missing permission is named, with the role that includes it."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.permissions = granted
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe_and_sign(plugin, azure.key(kind=kind), "EC-256")
    assert f"lacks {lacks}" in caught.value.message
    assert f"grant {lacks}" in caught.value.advice


def test_missing_keys_list_is_named_with_alternatives(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path
) -> None:
    """Looking for older versions needs keys/list, or the version in the key id."""
    old = make_chain()
    version = azure.server.add_key("build", old.leaf_key)
    azure.server.add_key("build", make_chain().leaf_key)
    azure.server.permissions -= {"keys/list"}
    config = {"certificate_chain": file_with(tmp_path, old.chain_pem)}
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key(), config)
    assert "lacks keys/list" in caught.value.message
    assert "pin the version in the key id" in caught.value.advice
    sign_and_check(plugin, azure.key(version=version), old, config)


@pytest.mark.parametrize("inner", ["ForbiddenByFirewall", "ForbiddenByConnection"])
def test_firewall_is_distinguished_from_permissions(azure: Azure, plugin: AzureKeyVaultPlugin, inner: str) -> None:
    """A request denied by the firewall is distinguished from a missing permission, and not retried."""
    azure.server.add_certificate("build", CHAIN)
    text = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 192.0.2.1"
    azure.server.fault("/certificates/", error_response(403, "Forbidden", inner, text))
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key())
    assert caught.value.message == (
        f"{azure.url} denies requests from this network: "
        "Client address is not authorized and caller is not a trusted service."
    )
    assert "firewall" in caught.value.advice
    assert azure.server.operations() == ["GetCertificate"]


# Attaching a chain


@pytest.mark.parametrize("is_renewal", [False, True], ids=["first", "renewal"])
def test_chain_for_a_pending_certificate_is_merged(
    azure: Azure, plugin: AzureKeyVaultPlugin, *, is_renewal: bool
) -> None:
    """A chain is merged into the pending certificate, whose key signs afterwards."""
    if is_renewal:
        azure.server.add_certificate("build", make_chain())
    azure.server.request_certificate("build", CHAIN.leaf_key)
    name = plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert name == f"{azure.url}/certificates/build/pending"
    sign_and_check(plugin, azure.certificate(), CHAIN)


def test_renewal_with_the_same_key_takes_the_new_chain(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A certificate renewed for its own key takes the new chain."""
    renewed = make_chain(leaf=_with_key(CHAIN))
    azure.server.add_certificate("build", CHAIN)
    azure.server.request_certificate("build", CHAIN.leaf_key)
    plugin.attach_certificates(azure.certificate(), {}, renewed.ders)
    sign_and_check(plugin, azure.certificate(), renewed)


def test_bare_key_keeps_no_chain(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Without a pending certificate, a bare key keeps no chain in the vault."""
    azure.server.add_key("build", CHAIN.leaf_key)
    assert plugin.attach_certificates(azure.key(), {}, CHAIN.ders) == ""
    assert "MergeCertificate" not in azure.server.operations()


def test_attach_without_a_pending_certificate_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """Without a pending certificate, the advice says how to create one."""
    azure.server.add_certificate("build", CHAIN)
    with pytest.raises(PluginValidationError) as caught:
        plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert "has no pending certificate" in caught.value.message
    assert "az keyvault certificate create" in caught.value.advice
    assert "MergeCertificate" not in azure.server.operations()


def test_chain_of_another_key_is_not_sent(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A chain for another key than the pending certificate's is not sent."""
    azure.server.request_certificate("build", make_chain().leaf_key)
    with pytest.raises(PluginError):
        plugin.attach_certificates(azure.certificate(), {}, CHAIN.ders)
    assert "MergeCertificate" not in azure.server.operations()


def test_pending_certificate_does_not_sign(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """A pending certificate is refused with advice, also with a chain in a file."""
    azure.server.request_certificate("build", CHAIN.leaf_key)
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.certificate())
    assert "the certificate is pending" in caught.value.message
    config = {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem)}
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.certificate(), "EC-256", config)
    assert "the certificate is pending" in caught.value.message


def test_key_without_a_certificate_is_opened(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """The current version of a bare key is opened for certificate requests."""
    version = azure.server.add_key("build", CHAIN.leaf_key)
    opened = plugin.open_key(azure.key(), {})
    assert opened.name == azure.key(version=version)
    assert opened.public_key == CHAIN.leaf_key.public_key()


def _with_key(chain: TestChain) -> Changes:
    return Changes(key=chain.leaf_key)
