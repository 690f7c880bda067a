"""The plugin as an executable, under both names: conformance, notation-go as host, and imports."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.plugin.conformance import Target
from tests.interop import go_peer, our_plugin
from tests.interop.provider import ProviderKey, check_conformance, check_go_signs, run_script
from tests.servers.azure.conftest import Azure
from tests.servers.azure.signing import file_with
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import COSE, FORMATS, JWS
from tests.support.homes import Home

NAME, OTHER_NAME = "azure-keyvault", "azure-kv"


@pytest.fixture(scope="session")
def peer_program() -> str:
    """notation-go's program, built before a test changes HOME."""
    return go_peer.build()


@pytest.fixture
def peer(peer_program: str, azure: Azure) -> Iterator[go_peer.Peer]:
    """notation-go as a process with the environment of a user of Azure."""
    assert os.environ["AZURE_CLIENT_ID"] == azure.environment["AZURE_CLIENT_ID"]
    with go_peer.Peer(peer_program) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, OTHER_NAME])
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256"])
def test_plugin_conforms(azure: Azure, spec: str, name: str) -> None:
    """Every rule of the conformance kit passes, and no output shows the client secret."""
    azure.server.add_certificate("build", make_chain(spec), exportable=True)
    report = check_conformance(Target(name, (azure.key(),), secrets=(azure.server.login.secret,)))
    for token in azure.server.login.issued:
        assert token not in report


@pytest.mark.parametrize(
    "case",
    [
        *((NAME, (), media_type) for media_type in FORMATS),
        (OTHER_NAME, (), JWS),
        (OTHER_NAME, ("ca_certs",), COSE),
        (OTHER_NAME, ("self_signed",), JWS),
        (OTHER_NAME, ("credential_type", "ca_certs"), JWS),
    ],
    ids=lambda case: "-".join((case[0], *case[1], case[2].rpartition("/")[2])),
)
@pytest.mark.parametrize("spec", SPECS)
def test_notation_go_signs_with_the_installed_launcher(
    azure: Azure, peer: go_peer.Peer, tmp_path: Path, spec: str, case: tuple[str, tuple[str, ...], str]
) -> None:
    """notation-go makes an envelope with the installed launcher and all settings; both sides verify it."""
    name, settings, media_type = case
    chain = make_chain(spec, 1 if "self_signed" in settings else 3)
    azure.server.add_certificate("build", chain)
    values = {
        "ca_certs": file_with(tmp_path, b"".join(chain.pems[1:])),
        "self_signed": "true",
        "credential_type": "environment",
    }
    config = {setting: values[setting] for setting in settings}
    check_go_signs(peer, ProviderKey(name, azure.key(), chain, config), tmp_path, media_type)


def test_notation_go_shows_the_service_error(azure: Azure, peer: go_peer.Peer, tmp_path: Path) -> None:
    """An error of the vault reaches the host with its code and advice."""
    azure.server.add_certificate("build", make_chain())
    azure.server.permissions -= {"secrets/get"}
    plugins = our_plugin.install_by_command(Home(tmp_path / "home"), "--from-package", OTHER_NAME)
    request = {"contractVersion": "1.0", "keyId": azure.key()}
    answer = peer.ask("plugin-call", folder=str(plugins), name=OTHER_NAME, command="describe-key", request=request)
    assert answer["errorCode"] == "ACCESS_DENIED"
    assert "lacks secrets/get" in answer["errorMessage"]
    assert "ca_certs=FILE" in answer["errorMessage"]


@pytest.mark.parametrize("target", ["AzureKeyVaultPlugin", "AzureKVPlugin"])
def test_metadata_imports_no_sdk(target: str) -> None:
    """get-plugin-metadata and the constructor import nothing of the SDK."""
    script = (
        "import sys\n"
        f"from notarykit_azure_keyvault.plugin import {target} as Plugin\n"
        "assert Plugin.get_metadata().name.startswith('azure-k')\n"
        "assert 'typing' not in sys.modules\n"
        "Plugin()\n"
        "assert not {'azure', 'msal', 'requests', 'urllib3', 'cryptography'} & set(sys.modules)\n"
    )
    run_script(script)


def test_signing_imports_the_keys_client_only(azure: Azure) -> None:
    """Signing imports only the client for keys, and nothing asynchronous."""
    azure.server.add_certificate("build", make_chain())
    script = (
        "import sys\n"
        "from notarykit.plugin import DescribeKeyRequest\n"
        "from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin\n"
        f"AzureKeyVaultPlugin().describe_key(DescribeKeyRequest({azure.key()!r}))\n"
        "for name in ('azure.keyvault.certificates', 'azure.keyvault.secrets', 'aiohttp'):\n"
        "    assert name not in sys.modules, name\n"
    )
    run_script(script)
