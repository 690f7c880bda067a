"""The reference's section on blobs: its commands run, one after the other."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.test_documents import ROOT, blocks
from tests.support.requirements import program

_PAGE = (ROOT / "docs" / "reference.md").read_text()
SECTION = _PAGE.partition("\n## Blobs\n")[2].partition("\n## ")[0]


def test_commands_run(tmp_path: Path) -> None:
    """Files, standard input and a file of checksums are signed, and verified by the signatures beside them."""
    bash, commands = program("bash"), os.path.dirname(sys.executable)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def run(script: str) -> str:
        done = subprocess.run(
            [bash, "-ec", script], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run("notarykit certificate generate-test --default acme")
    run("notarykit blob policy init --global --name all --trust-store ca:acme --trusted-identity '*'")
    for path in ("dist.tar.gz", "dist/a", "dist/b", "src/c"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    one, many = map(run, blocks(SECTION, "sh"))
    assert one.count("Successfully verified signature for dist.tar.gz\n") == 2
    assert many.endswith("Successfully verified signature for SHA256SUMS\ndist/a: OK\ndist/b: OK\n")
    (line,) = re.findall(r"^    (tar .*)$", SECTION, re.MULTILINE)
    assert "Successfully signed standard input" in run(line)
    assert "standard input" in run(line.replace("sign", "verify", 1))
