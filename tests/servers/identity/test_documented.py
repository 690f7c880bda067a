"""The page on identities: its commands run against a Vault and a Fulcio, and its examples say what is."""

import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from notarykit_identity.settings import SETTINGS
from notarykit_identity.token_source import parse_token_source
from tests.docs.test_documents import ROOT, blocks
from tests.servers.identity.fulcio import Fulcio
from tests.servers.identity.issuer import SUBJECT, Issuer
from tests.servers.registry.certificates import RegistryCA
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.servers.vault.conftest import another_vault
from tests.servers.vault.server import VaultServer
from tests.support.layouts import make_layout
from tests.support.requirements import program, require

__all__ = ["another_vault"]

PAGE = (ROOT / "docs" / "identity.md").read_text()
README = (ROOT / "plugins" / "identity" / "README.md").read_text()
_VAULT, _ISSUER, _TSA = "https://vault.example.com:8200", "https://issuer.example.com", "http://timestamp.example.com"


@pytest.fixture
def folder(tmp_path: Path, exact_tsa: OpensslAuthority) -> Path:
    """Folder with an image layout and the root of the timestamp authority."""
    make_layout(tmp_path / "hello")
    (tmp_path / "tsa-root.pem").write_text(ssl.DER_cert_to_PEM_cert(exact_tsa.root))
    return tmp_path


def _run(folder: Path, script: str, **variables: str) -> str:
    path = os.pathsep.join((str(folder / "bin"), os.path.dirname(sys.executable), os.environ["PATH"]))
    done = subprocess.run(
        [program("bash"), "-exo", "pipefail", "-c", script], cwd=folder,
        env={"PATH": path, "HOME": str(folder), **variables}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def _replaced(text: str, **places: str) -> str:
    """Returns a script with the servers of the tests in the place of the page's."""
    for name, place in places.items():
        text = text.replace({"VAULT": _VAULT, "ISSUER": _ISSUER, "TSA": _TSA}[name], place)
    return text


def test_steps_with_vault_run(
    vault_program: str,
    another_vault: Callable[[], VaultServer],
    issuer: Issuer,
    exact_tsa: OpensslAuthority,
    registry_ca: RegistryCA,
    folder: Path,
) -> None:
    """From an empty server to a signature that the documented policy accepts, and no other workload's."""
    server = another_vault()
    server.ask("DELETE", "sys/auth/jwt")  # which the test server has at its start
    (folder / "bin").mkdir()
    (folder / "bin" / "vault").symlink_to(vault_program)
    setup, sign, trust = blocks(PAGE, "sh")[1:4]
    places = {"VAULT": server.tls_url, "ISSUER": issuer.url, "TSA": exact_tsa.url}
    # The issuer of the tests has a certificate of the tests' own authority.
    setup = setup.replace("bound_issuer=$ISSUER", "bound_issuer=$ISSUER oidc_discovery_ca_pem=@$VAULT_CACERT")
    (folder / "token").write_text(issuer.token(aud=server.tls_url))
    variables = {"VAULT_CACERT": registry_ca.ca_file}
    _run(folder, _replaced(setup, **places), VAULT_TOKEN=server.root, **variables)
    assert SUBJECT in setup
    done = _run(folder, _replaced(sign + trust, **places), **variables)
    assert "Successfully signed" in done
    assert "Successfully verified" in done
    (folder / "token").write_text(issuer.token(aud=server.tls_url, sub="repo:acme/other:ref:refs/heads/main"))
    with pytest.raises(AssertionError, match="refused the token"):
        _run(folder, "notarykit sign --oci-layout hello:v1", VAULT_ADDR=server.tls_url, **variables)


def test_steps_with_fulcio_run(
    fulcio_ca: Fulcio, exact_tsa: OpensslAuthority, registry_ca: RegistryCA, folder: Path
) -> None:
    """The root comes from the trust bundle, and the documented policy accepts this workload alone."""
    require("curl", "jq")
    issuer = fulcio_ca.issuers["uri"]
    sign, trust = blocks(PAGE, "sh")[4:6]
    subject = "https://127.0.0.1/workloads/app"
    script = (sign + trust).replace("https://issuer.example.com/workloads/app", subject)
    script = _replaced(script, ISSUER=issuer.url, TSA=exact_tsa.url)
    script = script.replace("https://fulcio.example.com", fulcio_ca.url).replace(
        "audience=sigstore", "audience=notarykit.test"
    )
    script = script.replace(
        " --plugin-config token_file", f" --plugin-config tls_ca={registry_ca.ca_file} --plugin-config token_file"
    )
    (folder / "token").write_text(issuer.token(sub=subject))
    time = "notarykit certificate add --type tsa --store time tsa-root.pem\n"
    done = _run(folder, f"{time}{script}", CURL_CA_BUNDLE=registry_ca.ca_file)
    assert "Successfully signed" in done
    assert "Successfully verified" in done
    other = trust[trust.index("notarykit policy") : trust.index("notarykit verify")]
    _run(folder, _replaced(other, ISSUER=issuer.url))  # with the subject of the page, who did not sign
    with pytest.raises(AssertionError, match="none of the trusted identities"):
        _run(folder, "notarykit verify --oci-layout --scope local/hello hello:v1")


def test_examples_of_workloads_fit_the_plugin() -> None:
    """What the examples set is where the plugin looks."""
    github, gitlab, pod = (yaml.safe_load(block) for block in blocks(PAGE, "yaml"))
    assert github["jobs"]["release"]["permissions"] == {"id-token": "write"}
    (variable,) = gitlab["release"]["id_tokens"]
    source: dict[str, Any] = {"token_source": "gitlab"}
    assert parse_token_source("vault", source, is_plain_allowed=False).place == variable
    (container,), (volume,) = pod["spec"]["containers"], pod["spec"]["volumes"]
    (mount,), (projected,) = container["volumeMounts"], volume["projected"]["sources"]
    path = f"{mount['mountPath']}/{projected['serviceAccountToken']['path']}"
    source = {"token_source": "kubernetes"}
    assert parse_token_source("vault", source, is_plain_allowed=False).place == path
    audiences = {projected["serviceAccountToken"]["audience"], gitlab["release"]["id_tokens"][variable]["aud"]}
    assert audiences == {_VAULT}


def test_readme_has_every_setting() -> None:
    """The table has the settings that there are, and no other."""
    table = README.partition("## Plugin configuration")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    names = [name.strip(" `") for row in rows for name in row.split(",")]
    assert sorted(names) == sorted(SETTINGS)
