"""The template: what it renders is a plugin that works, in both hosts."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import copier
import pytest

from tests.interop.go_peer import Peer, build
from tests.support.ca import TestChain, make_chain, pem_of
from tests.support.homes import SCOPE, Home, blob_policy_document, complete_home
from tests.support.layouts import make_layout

ROOT = Path(__file__).resolve().parents[2]
ANSWERS: dict[str, Mapping[str, str]] = {
    "defaults": {},
    "own": {
        "plugin_name": "acme-vault",
        "package_name": "acme_signing",
        "class_name": "AcmeVault",
        "description": "Sign with ACME's keys, émigrés' too",
        "url": "https://acme.example/signing",
    },
}


class Rendered(NamedTuple):
    """A package that was rendered and installed.

    Attributes:
        folder: The package.
        programs: Where its environment has its programs.
        name: The plugin's name.
    """

    folder: Path
    programs: Path
    name: str

    def run(self, program: str, *arguments: str, **environment: str) -> str:
        """Runs a program of its environment, which must succeed, and returns what it prints."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        variables = {"HOME": str(self.folder), **environment, "PATH": path}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=ANSWERS)
def rendered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """A package with one set of answers, in an environment of its own."""
    folder, environment = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("environment")
    copier.run_copy(str(ROOT / "plugin-template"), folder, data=dict(ANSWERS[request.param]), defaults=True, quiet=True)
    programs = environment / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python, uv = str(programs / "python"), str(Path(sys.executable).with_name("uv"))
    constraints, core = str(ROOT / "constraints.txt"), str(ROOT / "core")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment / "venv")], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "--compile-bytecode", "--constraints", constraints]
    variables = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    subprocess.run([*install, "--editable", core, "--editable", str(folder), "pytest"], check=True, env=variables)
    return Rendered(folder, programs, ANSWERS[request.param].get("plugin_name", "com.example.kms"))


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The chain of the key that signs."""
    return make_chain("EC-384", 3)


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """Settings that trust the chain."""
    return complete_home(tmp_path / "home", chain)


@pytest.fixture
def service(tmp_path: Path, chain: TestChain) -> str:
    """The pretended service, whose key `build` has its certificates in a wrong order."""
    place = tmp_path / "service" / "build"
    place.mkdir(parents=True)
    (place / "key.pem").write_bytes(pem_of(chain.leaf_key))
    (place / "certificates.pem").write_bytes(b"".join(reversed(chain.pems)))
    return str(place.parent)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """The Go side."""
    with Peer(build()) as running:
        yield running


@pytest.mark.slow
def test_its_own_tests_pass(rendered: Rendered) -> None:
    """The package's tests pass as they are, without a warning."""
    out = rendered.run("python", "-m", "pytest", "-q", "-W", "error")
    assert " passed in " in out
    assert "skipped" not in out


def test_it_is_in_our_form(rendered: Rendered) -> None:
    """The package keeps this project's own rules for code, and its types hold."""
    ruff, mypy = (str(Path(sys.executable).with_name(name)) for name in ("ruff", "mypy"))
    config = ["--config", str(ROOT / "pyproject.toml")]
    # Which imports are the package's own is not to be seen from here.
    own = ["--config", "lint.isort.known-first-party = ['notation_com_example_kms', 'acme_signing']"]
    python = str(rendered.programs / "python")
    for command in (
        [ruff, "check", *config, *own, "."],
        [ruff, "format", *config, "--check", "."],
        [mypy, "--strict", "--python-executable", python, "--cache-dir", os.devnull, "src"],
    ):
        done = subprocess.run(command, cwd=rendered.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_signs_here(rendered: Rendered, home: Home, service: str, tmp_path: Path) -> None:
    """The command line signs with the plugin, and the signature is accepted."""
    layout = make_layout(tmp_path / "hello")
    variables = home.environment(PRETENDED_SERVICE=service)
    reference = f"{layout.path}@{layout.digest}"
    sign = ("sign", "--oci-layout", "--plugin", rendered.name, "--id", "build", reference)
    assert "Successfully signed" in rendered.run("notarykit", *sign, **variables)
    verify = ("verify", "--oci-layout", "--scope", SCOPE, reference)
    assert "Successfully verified" in rendered.run("notarykit", *verify, **variables)


def test_its_release_is_signed(rendered: Rendered, home: Home) -> None:
    """The commands of its README sign its wheel, and verify it as its users do."""
    uv = str(Path(sys.executable).with_name("uv"))
    build = [uv, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(rendered.folder / "dist")]
    subprocess.run([*build, str(rendered.folder)], check=True, env={**os.environ, "UV_SYSTEM_CERTS": "1"})
    home.set_blob_policy(blob_policy_document("plugins", is_global=False))
    section = (rendered.folder / "README.md").read_text().partition("## Releasing it")[2]
    sign, verify = re.findall(r"^notarykit (blob .*) dist/\*\.whl$", section, re.MULTILINE)
    (wheel,) = (rendered.folder / "dist").glob("*.whl")
    assert "Successfully signed" in rendered.run("notarykit", *sign.split(), str(wheel), **home.environment())
    assert "Successfully verified" in rendered.run("notarykit", *verify.split(), str(wheel), **home.environment())
    for each in (rendered.folder / "dist").iterdir():
        each.unlink()


def test_it_signs_in_go(
    rendered: Rendered, home: Home, service: str, peer: Peer, monkeypatch: pytest.MonkeyPatch, chain: TestChain
) -> None:
    """notation-go finds the plugin by its launcher, and signs with it."""
    rendered.run("notarykit", "plugin", "install", "--from-package", rendered.name, **home.environment())
    launcher = home.folder / "plugins" / rendered.name / f"notation-{rendered.name}"
    # The peer's environment was fixed when it was started, so the service is named in the launcher itself.
    text = launcher.read_text().replace(
        "import sys\n", f"import os, sys\nos.environ['PRETENDED_SERVICE'] = {service!r}\n"
    )
    launcher.write_text(text)
    artifact = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{'7' * 64}", "size": 7}
    answer = peer.ask(
        "plugin-sign",
        folder=str(home.folder / "plugins"),
        name=rendered.name,
        keyId="build",
        mediaType="application/jose+json",
        descriptor=artifact,
    )
    assert answer["ok"], answer
    envelope = json.loads(base64.b64decode(answer["envelope"]))
    assert [base64.b64decode(each) for each in envelope["header"]["x5c"]] == list(chain.ders)
