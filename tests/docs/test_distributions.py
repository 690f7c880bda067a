"""Distributions: wheels and sources with licence and description."""

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, SOURCE

FOLDERS = [ROOT / "core", ROOT / "admission", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
LICENCE = (ROOT / "LICENSE").read_bytes()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what was built."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        str(Path(sys.executable).with_name("uv")),
        "build",
        "--quiet",
        "--all-packages",
        "--out-dir",
        str(folder),
    ]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "UV_SYSTEM_CERTS": "1"}, check=True)
    return folder


def _metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    return email.message_from_string(wheel.read(name).decode())


def _file_name(folder: Path) -> str:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return f"{project['name'].replace('-', '_')}-{project['version']}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_distribution_has_the_licence(dist: Path, folder: Path) -> None:
    """Wheel and source archive have the licence's text."""
    name = _file_name(folder)
    with zipfile.ZipFile(dist / f"{name}-py3-none-any.whl") as wheel:
        assert wheel.read(f"{name}.dist-info/licenses/LICENSE") == LICENCE
    with tarfile.open(dist / f"{name}.tar.gz") as source:
        member = source.extractfile(f"{name}/LICENSE")
        assert member is not None
        assert member.read() == LICENCE


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_description_has_absolute_links(dist: Path, folder: Path) -> None:
    """The page on an index is the README, its links are whole, and the project's addresses are beside it."""
    with zipfile.ZipFile(dist / f"{_file_name(folder)}-py3-none-any.whl") as wheel:
        metadata = _metadata(wheel)
    page = metadata.get_payload()
    assert page == (folder / "README.md").read_text()
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["License-Expression"] == "Apache-2.0"
    for link in re.findall(r"\]\(([^)]+)\)", page):
        assert link.startswith(("https://", "#")), link
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", ()))
    assert set(urls) == {"Homepage", "Documentation", "Source", "Changelog"}
    for url in urls.values():
        assert url == SOURCE or (ROOT / re.sub(rf"^{SOURCE}/(tree|blob)/main/", "", url)).exists()


def test_wheel_has_the_files_of_the_audit_page(dist: Path) -> None:
    """The wheel of core has the style sheet, script and signs of the page of an audit."""
    folder = "notarykit/audit/reports/page"
    with zipfile.ZipFile(dist / f"{_file_name(ROOT / 'core')}-py3-none-any.whl") as wheel:
        for name in ("page.css", "page.js", "marks.svg"):
            assert wheel.read(f"{folder}/{name}") == (ROOT / "core" / "src" / folder / name).read_bytes()
