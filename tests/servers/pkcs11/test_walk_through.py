"""The trial in the documentation runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.test_documents import blocks
from tests.support.layouts import make_layout
from tests.support.requirements import program, require

_DOCUMENT = Path(__file__).parents[3] / "docs" / "tokens.md"


def test_documented_trial_signs_and_verifies(tmp_path: Path) -> None:
    """The commands of the documentation lead from nothing to a verified signature."""
    require("softhsm2", "opensc")
    make_layout(tmp_path / "hello")
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [program("bash"), "-e", "-c", "".join(blocks(_DOCUMENT.read_text(), "sh"))], cwd=tmp_path,
        env={"PATH": path, "HOME": str(tmp_path)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Successfully signed" in done.stdout
    assert "Successfully verified" in done.stdout
    assert (tmp_path / ".config" / "notation" / "plugins" / "pkcs11" / "notation-pkcs11").exists()
    # Before there is a certificate, the doctor warns of that and of nothing else.
    found = done.stdout[done.stdout.index("RESULT ") :].splitlines()
    assert [line.split()[1] for line in found if line.startswith("warning ")] == ["certificate"]
    assert not [line for line in found if line.startswith("FAILED ")]
