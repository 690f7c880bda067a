"""Commands of users without a home folder, as in containers, and without a place that can be written to."""

import subprocess
import sys
from pathlib import Path

from tests.servers.registry.program import GoRegistries
from tests.servers.registry.scenes import NAME
from tests.support.ca import make_chain
from tests.support.homes import complete_home
from tests.support.registries import push_artifacts


def test_sign_and_verify(tmp_path: Path, plain_registry: GoRegistries) -> None:
    """Where the settings' folder is named, nothing else is needed: no cache is no reason to fail."""
    home = complete_home(tmp_path / "home", make_chain())
    registry = plain_registry(referrers=False)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"])
    environment = home.environment(NOTATION_CACHE="/dev/null/cache")
    del environment["HOME"]
    reference = f"{registry.host}/{NAME}@{digest}"
    for command in ("sign", "list", "verify"):
        arguments = [sys.executable, "-m", "notarykit.cli", command, reference]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
