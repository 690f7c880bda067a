"""The README's quick start runs as it is, from an empty server to a verified signature."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.docs.test_documents import blocks
from tests.servers.vault.server import VaultServer
from tests.support.layouts import make_layout
from tests.support.requirements import program

_DOCUMENT = Path(__file__).parents[3] / "plugins" / "hashicorp-vault" / "README.md"


def test_quick_start_of_the_readme_runs(
    vault_program: str, another_vault: Callable[[], VaultServer], tmp_path: Path
) -> None:
    """Every command runs, and leads to a key that signs and a signature that verifies."""
    server = another_vault()
    server.ask("DELETE", "sys/mounts/transit")  # which the test server mounts at its start
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vault").symlink_to(vault_program)
    (tmp_path / "token").write_text(server.root)
    make_layout(tmp_path / "hello")
    start, trust, own = blocks(_DOCUMENT.read_text(), "sh")[:3]
    script = "".join(line for line in start.splitlines(keepends=True) if not line.startswith("pip install"))
    script = script.replace("https://vault.example.com:8200", server.url).replace(
        "vault login", "vault login - < token"
    )
    assert script.count(server.url) == script.count("< token") == 1
    path = os.pathsep.join((str(tmp_path / "bin"), os.path.dirname(sys.executable), os.environ["PATH"]))
    sign = "notarykit sign --oci-layout hello:v1\n"
    verify = "notarykit verify --oci-layout --scope local/hello hello:v1\n"
    done = subprocess.run(
        [program("bash"), "-ex", "-c", f"{script}{sign}{trust}{verify}{own}{sign}{verify}"], cwd=tmp_path,
        env={"PATH": path, "HOME": str(tmp_path)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("Successfully verified") == done.stdout.count("Successfully signed") == 2
    assert (tmp_path / "build.csr").read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----")
