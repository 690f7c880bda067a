"""axe-core, which checks pages for accessibility: another implementation of the guidelines (WCAG 2.2)."""

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from tests.support import cache
from tests.support.chromium import Tab
from tests.support.requirements import program

_VERSION = "4.14.1"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


def violations(tab: Tab) -> list[str]:
    """Returns the rules that a page violates, each with the first elements that do."""
    found = cache.place("axe-core", (_VERSION, _SHA512))
    tab.run(cache.cached(found, _download).read_text("utf-8"))
    result: dict[str, Any] = tab.run("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes'][:3]]}" for rule in result["violations"]
    ]


def _download(folder: Path) -> Path:
    command = [program("npm"), "pack", "--silent", f"axe-core@{_VERSION}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    archive = folder / f"axe-core-{_VERSION}.tgz"
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == _SHA512
    with tarfile.open(archive) as package:
        member = package.extractfile("package/axe.min.js")
        assert member is not None
        script = folder / "axe.min.js"
        script.write_bytes(member.read())
    return script
