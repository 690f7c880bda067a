"""The documents say what is: their commands and examples run, their links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.transcripts import PAGE, written
from tests.support.ca import make_chain, pem_of
from tests.support.layouts import make_layout
from tests.support.requirements import program, require

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SOURCE = "https://github.com/notarykit/notarykit"
DOCUMENTS = [ROOT / each / "README.md" for each in ("", "core", "admission")]
DOCUMENTS += [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("plugins/*/README.md"))]
DOCUMENTS += sorted(ROOT.glob("charts/*/README.md"))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with the commands of this installation and settings of its own."""
    commands = os.path.dirname(sys.executable)
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path)}


def test_readme_commands_are_make_targets() -> None:
    """The README's two commands are targets of the Makefile, and CI calls the one for tests."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert re.search(r"^make test ALL=1$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_have_targets(document: Path) -> None:
    """A link to a file of the project, relative or in full, leads to one that is there."""
    text = document.read_text()
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (document.parent / link).exists(), link
    for link in re.findall(rf"{re.escape(SOURCE)}/(?:blob|tree)/main/([^)#\s\"]+)", text):
        assert (ROOT / link).exists(), link


def test_reference_has_every_command() -> None:
    """The reference has a word on each command that the help lists."""
    text = (ROOT / "docs" / "reference.md").read_text()
    done = subprocess.run([sys.executable, "-m", "notarykit.cli"], text=True, capture_output=True, check=True)
    commands = re.findall(r"^  ([a-z]+)  ", done.stdout.partition("Available Commands:")[2], re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        assert f"`{command}" in text, command


def test_architecture_has_every_folder() -> None:
    """The page on architecture speaks of every folder of core."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    for folder in (ROOT / "core" / "src" / "notarykit").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert f"`{folder.name}/`" in text, folder.name


def test_demo_fails_verification_after_tampering() -> None:
    """The demo ends with exit code 0, and its last verification fails by the signature."""
    done = subprocess.run([sys.executable, ROOT / "demo" / "demo.py"], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Error: signature verification failed" in done.stdout
    assert "signature does not hold" in done.stdout


def test_version_is_that_of_the_distribution() -> None:
    """The version that the software gives itself is the one under which it is installed."""
    from importlib.metadata import version

    import notarykit

    assert notarykit.__version__ == version("notarykit")


def test_transcripts_are_current() -> None:
    """The page on the protocol shows what plugins answer today."""
    page = PAGE.read_text()
    assert written(page) == page, "run: python tests/docs/transcripts.py"


@pytest.mark.slow
def test_plugin_tutorial_runs(tmp_path: Path) -> None:
    """Every command of the guide runs, one after the other, from nothing to a signature that is accepted."""
    require("git", "openssl")
    guide = (ROOT / "docs" / "write-a-plugin.md").read_text()
    guide = guide.replace("https://github.com/notarykit/notarykit", f"'{ROOT}' notarykit")
    guide = guide.replace("cd my-plugin\n", "cd my-plugin\ncp -r ../hello hello\n")
    make_layout(tmp_path / "hello")
    script = "".join(blocks(guide, "sh"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR") or os.path.expanduser("~/.cache/pip"),
        # The clone may be somebody else's, as in a container.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    done = subprocess.run(
        [program("bash"), "-ex", "-c", script], cwd=tmp_path, env=environment, text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Successfully verified signature" in done.stdout
    assert "Successfully installed plugin acme-kms" in done.stdout
    assert (tmp_path / ".config" / "notation" / "plugins" / "acme-kms" / "notation-acme-kms").exists()


def test_certificate_commands_run(tmp_path: Path, environment: dict[str, str]) -> None:
    """Every command of the page on certificates runs, with a key of a plugin and one to be the CA's."""
    for title, spec in (("build", "EC-256"), ("root", "RSA-2048")):
        key = tmp_path / f"{title}.key"
        key.touch(0o600)
        key.write_bytes(pem_of(make_chain(spec, 1).leaf_key))
        add = ["notarykit", "key", "add", "--plugin", "local-file", "--id", str(key), title]
        subprocess.run(add, env=environment, check=True, capture_output=True)
    page = (ROOT / "docs" / "certificates.md").read_text()
    for block in blocks(page, "sh"):
        done = subprocess.run(
            [program("bash"), "-e", "-c", block], cwd=tmp_path, env=environment, text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
