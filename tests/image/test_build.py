"""The Dockerfile carried out: what the image has more than its base, and its program."""

import json
import os
import re
import select
import signal
import ssl
import stat
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.charts.conftest import helm
from tests.charts.helm import Helm
from tests.charts.mounts import policy_files
from tests.charts.settings import GIVEN_CERTIFICATE
from tests.image import building
from tests.image.dockerfile import read
from tests.servers.registry.certificates import RegistryCA
from tests.support.requirements import require, require_namespaces, require_root
from tests.unit.admission.policy.volumes import Volume

__all__ = ["helm"]
pytestmark = pytest.mark.slow
_SECONDS_TO_BUILD = 1200


class _Image(NamedTuple):
    """Program of an image that was built, as it runs.

    Attributes:
        process: The program.
        port: Its port.
        ca: CA of its certificate.
        added: Modes of the files that the image has and its base has not.
    """

    process: "subprocess.Popen[str]"
    port: int
    ca: RegistryCA
    added: Mapping[str, int]


@pytest.fixture(scope="module")
def image(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Image]:
    """The image, and its program with the arguments and volumes of the chart."""
    require_root("a build")
    require("mount")
    require_namespaces("--mount")
    folder, report = tmp_path_factory.mktemp("image"), read()
    rendered = helm.render({**GIVEN_CERTIFICATE, "address": "127.0.0.1", "extraArgs": ["--port=0"], "drainSeconds": 0})
    ca = RegistryCA(str(tmp_path_factory.mktemp("ca")))
    pair = ca.server(("127.0.0.1",))
    certificate = {name: Path(path).read_bytes() for name, path in zip(("tls.crt", "tls.key"), pair, strict=True)}
    for name, content in (("policy", policy_files(rendered)), ("tls", certificate)):
        Volume(folder / name).write(content)
    for each in (folder, *folder.rglob("*")):
        os.chown(each, *map(int, report.image["User"].split(":")), follow_symlinks=False)
    command = building.command(report, folder, *rendered.container["args"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            port = _port(process)
            yield _Image(process, port, ca, json.loads((folder / "added.json").read_text()))
        finally:
            process.kill()


def _port(process: "subprocess.Popen[str]") -> int:
    """Returns the port of the program, as soon as it was built and listens."""
    assert process.stdout is not None
    assert process.stderr is not None
    is_told, _, _ = select.select([process.stdout], [], [], _SECONDS_TO_BUILD)
    found = re.search(r"Listening at 127\.0\.0\.1:(\d+)", process.stdout.readline() if is_told else "")
    if found is None:
        process.kill()
        pytest.fail(f"it is not built, or does not listen: {process.stderr.read()}")
    return int(found[1])


def test_program_serves(image: _Image) -> None:
    """The program answers, by an ordinary user, on a root that is read-only, with what the chart gives it."""
    context = ssl.create_default_context(cafile=image.ca.ca_file)
    handler = urllib.request.HTTPSHandler(context=context)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    with opener.open(f"https://127.0.0.1:{image.port}/healthz", timeout=60) as answer:
        assert answer.read() == b"ok"
    status = Path(f"/proc/{image.process.pid}/status").read_text()
    assert re.search(r"^Uid:(\s+65532){4}$", status, re.MULTILINE)
    assert re.search(r"^Groups:\s*$", status, re.MULTILINE)


def test_modules_are_compiled(image: _Image) -> None:
    """Each module of the program and of what it needs is compiled, since nothing can be compiled when it runs."""
    sources = [path for path in image.added if path.endswith(".py") and "/site-packages/" in path]
    assert any("/notarykit_admission/" in path for path in sources)
    missing = []
    for path in sources:
        folder, _, name = path.rpartition("/")
        pattern = re.compile(
            rf"{re.escape(folder)}/__pycache__/{re.escape(name.removesuffix('.py'))}\.cpython-\d+\.pyc"
        )
        if not any(map(pattern.fullmatch, image.added)):
            missing.append(path)
    assert not missing


def test_distributions_are_two_of_ours(image: _Image) -> None:
    """The image has core and admission, what they need, and nothing that could install more."""
    found = {
        match[1] for path in image.added if (match := re.search(r"site-packages/([^/]+)-[^/-]+\.dist-info/", path))
    }
    assert {name for name in found if name.startswith("notarykit")} == {"notarykit", "notarykit_admission"}
    assert {"aiohttp", "cryptography", "msgspec", "uvloop"} < found
    assert not found & {"pip", "uv", "uv_build", "setuptools", "pytest"}


def test_files_belong_to_nobody_who_runs(image: _Image) -> None:
    """No file of the image is writable for the program's user, and none gives rights to who runs it."""
    wrong = stat.S_IWOTH | stat.S_IWGRP | stat.S_ISUID | stat.S_ISGID
    assert not [path for path, mode in image.added.items() if mode & wrong]


def test_program_ends_when_told(image: _Image) -> None:
    """The program is the container's first process, so that the signal reaches it, and ends without an error."""
    image.process.send_signal(signal.SIGTERM)
    assert image.process.wait(30) == 0
