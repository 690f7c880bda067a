"""The README word for word on a machine that has Python and nothing of ours."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_documents import README, ROOT
from tests.support.requirements import program

# What a machine says about its package index and its way there; nothing else of this one counts.
KEPT = (
    "PIP_INDEX",
    "PIP_EXTRA",
    "PIP_FIND",
    "PIP_CERT",
    "PIP_PROXY",
    "SSL_CERT",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
)
NOT_IN_A_CLONE = shutil.ignore_patterns(".*", "__pycache__", "tests", "dist", "venv", "hello")


def _bash(script: str, folder: Path) -> str:
    """Runs a script in a clone on a clean machine, which must succeed, and returns what it prints."""
    python = os.path.dirname(os.path.realpath(sys.executable))
    environment = {name: value for name, value in os.environ.items() if name.startswith(KEPT)} | {
        "PATH": f"{python}:/usr/bin:/bin",
        "HOME": str(folder.parent),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR") or os.path.expanduser("~/.cache/pip"),
        "PIP_NO_COMPILE": "1",  # as quick as it gets
    }
    command = [program("bash"), "-ex", "-c", script]
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_readme_runs_on_a_clean_machine(tmp_path: Path) -> None:
    """Its commands run one after the other in a clone, its examples as one program, and its wheels elsewhere."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=NOT_IN_A_CLONE)
    script = "".join(re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
    example = "".join(re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
    out = _bash(f"{script}python - <<'EOF'\n{example}\nEOF\n", clone)
    assert "Successfully signed hello@sha256:" in out
    assert "Successfully verified signature for hello@sha256:" in out
    assert len(re.findall(r"^Successfully signed dist/\S+\.whl$", out, re.MULTILINE)) == 2
    assert len(re.findall(r"^Successfully verified signature for dist/\S+\.whl$", out, re.MULTILINE)) == 2
    assert "Successfully installed plugin local-file" in out
    assert re.search(r"^sha256:[0-9a-f]{64} 43$", out, re.MULTILINE)
    assert out.endswith("42 CN=acme,O=Notary,L=Seattle,ST=WA,C=US\n")
    wheels = [str(each) for each in (clone / "dist").glob("*.whl")]
    assert len(wheels) == 2
    uv, elsewhere = str(Path(sys.executable).with_name("uv")), tmp_path / "elsewhere"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(elsewhere)], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(elsewhere / "bin" / "python")]
    constrained = [*install, "--constraints", str(ROOT / "constraints.txt"), *wheels]
    subprocess.run(constrained, env={**os.environ, "UV_SYSTEM_CERTS": "1"}, check=True)
    assert "package notarykit-local-file" in _bash(f"{elsewhere}/bin/notarykit plugin list", clone)
