"""The page on signed plugins: its commands and its example run, one after the other, with oras and a registry."""

import contextlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, blocks
from tests.interop import oras_cli
from tests.servers.registry.conftest import registry_ca, registry_program, stack
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.executables import shell_plugin, write_program
from tests.support.requirements import program

__all__ = ["registry_ca", "registry_program", "stack"]

_PAGE = (ROOT / "docs" / "signed-plugins.md").read_text()
_WHEEL = "acme-1.0.0-py3-none-any.whl"
_METADATA = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0.0\n"
_FORM = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _section(title: str) -> list[str]:
    """The shell blocks of the section with this title."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE)
    return blocks(text, "sh")


@pytest.fixture
def registry(stack: contextlib.ExitStack, registry_ca: object, registry_program: str) -> Registry:
    """A registry on this machine."""
    return GoRegistries(stack, registry_ca, registry_program).memory()  # type: ignore[arg-type]


@pytest.fixture
def user(tmp_path: Path, registry: Registry) -> tuple[Path, dict[str, str]]:
    """A working folder with a plugin, a licence and a wheel, and an environment with `oras`, both of them fresh."""
    folder = tmp_path / "work"
    write_program(folder / "notation-acme", shell_plugin("acme"))
    (folder / "LICENSE").write_text("free\n")
    with zipfile.ZipFile(folder / _WHEEL, "w") as wheel:
        for name, content in (("METADATA", _METADATA), ("WHEEL", _FORM), ("RECORD", "")):
            wheel.writestr(f"acme-1.0.0.dist-info/{name}", content)
        wheel.writestr("acme.py", "")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "oras").symlink_to(oras_cli.build())
    path = [os.path.dirname(sys.executable), str(programs), os.environ["PATH"]]
    return folder, {"PATH": os.pathsep.join(path), "HOME": str(tmp_path), "REGISTRY": registry.host}


def test_commands_and_example_run(user: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Every block runs in its order, and tells what the page says of it."""
    folder, environment = user

    def run(*command: str, code: int = 0) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, text=True, capture_output=True, check=False
        )  # fmt: skip
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def section(title: str) -> list[str]:
        return [run(program("bash"), "-e", "-c", block) for block in _section(title)]

    verified = "Successfully verified signature for acme_1.0.0_linux_amd64.tar.gz\n"
    assert run(program("bash"), "-e", "-c", blocks(_PAGE, "sh")[0]) == "LICENSE\nnotation-acme\n"
    assert "Successfully signed acme_1.0.0_linux_amd64.tar.gz\n" in section("Sign a release")[0]
    assert f"Successfully signed {environment['REGISTRY']}/plugins/acme@" in section("Publish it in a registry")[0]
    *_, first, pinned, from_registry = section("Install what is signed")
    assert first.startswith(verified)
    assert first.endswith("Successfully installed plugin acme, version 1.0.0\n")
    assert pinned.startswith(verified)
    assert pinned.endswith("Successfully updated plugin acme from version 1.0.0 to 1.0.0\n")
    assert (
        f"Successfully verified signature for {environment['REGISTRY']}/plugins/acme:1.0.0-linux-amd64\n"
        in from_registry
    )
    assert "Successfully updated plugin acme from version 1.0.0 to 1.0.0\n" in from_registry
    assert section("Require it")[0].startswith(verified)
    (packages,) = section("Packages")
    assert f"Successfully verified signature for {_WHEEL}\n" in packages
    assert (folder / "site" / "acme.py").exists()
    (example,) = blocks(_PAGE, "python")
    assert run(sys.executable, "-c", example) == "acme 1.0.0 plugins 1.0.0\n"
    # The setting that the page makes holds from then on.
    (folder / "acme_1.0.0_linux_amd64.tar.gz").write_bytes(b"bad thing")
    refused = run("notarykit", "plugin", "install", "--file", "acme_1.0.0_linux_amd64.tar.gz", code=1)
    assert "integrity: the signature is for " in refused
    from_package = ("notarykit", "plugin", "install", "--from-package", "local-file")
    assert "a package that is installed cannot be verified any more" in run(*from_package, code=2)


def test_no_block_is_left_out() -> None:
    """The test above runs every shell block of the page: each is in one of the sections that it runs."""
    source = Path(__file__).read_text()
    for title in re.findall(r"^## (.*)$", _PAGE, re.MULTILINE):
        assert not _section(title) or f'section("{title}")' in source, title
