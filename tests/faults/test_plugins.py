"""Executable plugins that go wrong in every way: no signature is stored, one line says why, nothing is left over."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.ca import TestChain, make_chain
from tests.support.executables import add_executable, answering, guarded_plugin, metadata, shell_plugin, write_program
from tests.support.homes import Home, complete_home
from tests.support.layouts import Layout, make_layout, read_index

_KEY = {"keyId": "k", "keySpec": "EC-256"}


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """The settings."""
    return complete_home(tmp_path / "home", chain)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with an artifact."""
    return make_layout(tmp_path / "hello")


def _sign(home: Home, layout: Layout, *flags: str, key_id: str = "k") -> list[str]:
    reference = f"{layout.path}@{layout.digest}"
    command = ("sign", "--oci-layout", "--plugin", "faulty", "--id", key_id, *flags, reference)
    return [sys.executable, "-m", "notarykit.cli", *command]


def _failed(home: Home, layout: Layout, *flags: str, key_id: str = "k") -> str:
    """The one line of a signature that could not be made, of which nothing is left in the layout."""
    before = sorted(each for each in Path(layout.path).rglob("*"))
    done = subprocess.run(
        _sign(home, layout, *flags, key_id=key_id),
        env=home.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, ""), done
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert len(read_index(layout.path)["manifests"]) == 1
    assert sorted(each for each in Path(layout.path).rglob("*")) == before
    return done.stderr.removeprefix("Error: ").removesuffix("\n")


def _install(home: Home, text: str) -> None:
    add_executable(home.folder / "plugins", "faulty", text)


_SIGNED = '{"keyId":"k","signature":"AA==","signingAlgorithm":"ECDSA-SHA-256","certificateChain":["AA=="]}'


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (f"cat > /dev/null; echo '{_SIGNED}' | head -c 60", "generate-signature: the answer is malformed: not JSON"),
        (f"cat > /dev/null; printf '{_SIGNED}' | head -c 60; kill -KILL $$", "it ended with signal 9 and without"),
        (f"cat > /dev/null; echo '{_SIGNED}'; exit 1", "it ended with exit code 1 and without output"),
        (f"cat > /dev/null; echo '{_SIGNED}'; echo '{_SIGNED}'", "the answer is malformed: not JSON: Extra data"),
        (f"cat > /dev/null; echo 'Touch your key'; echo '{_SIGNED}'", "the answer is malformed: not JSON"),
        (f"cat > /dev/null; echo '{_SIGNED}'; echo done", "the answer is malformed: not JSON: Extra data"),
        ("cat > /dev/null; exit 0", "the answer is malformed: not JSON"),
        ("exec cat /dev/zero", "the answer is larger than the protocol's 67108863 bytes"),
        ("exec cat /dev/zero >&2", "the answer is larger than the protocol's 67108863 bytes"),
        (f"echo '{_SIGNED}'", "generate-signature: "),
        (answering({"keyId": "k"}), "the answer is malformed"),
        (answering({**_KEY, "keyId": "other"}), "the answer is malformed"),
    ],
    ids=[
        "cut off", "killed", "fails after answering", "twice", "text before", "text behind", "nothing", "flood",
        "flood of errors", "no signature", "empty", "another answer",
    ],
)  # fmt: skip
def test_answers_that_are_none(home: Home, layout: Layout, lines: str, text: str) -> None:
    """Whatever a plugin writes in the place of its answer is one line of error, and no signature."""
    _install(home, shell_plugin("faulty", describe_key=answering(_KEY), generate_signature=lines))
    assert text in _failed(home, layout)


@pytest.mark.parametrize("command", ["get_plugin_metadata", "describe_key", "generate_signature"])
def test_it_hangs(home: Home, layout: Layout, command: str, tmp_path: Path) -> None:
    """A plugin that hangs is given up after its time, and is gone."""
    pid = tmp_path / "pid"
    commands = {"describe_key": answering(_KEY), command: f"echo $$ > {pid}; exec sleep 600"}
    if command == "get_plugin_metadata":
        commands[command] = f"echo $$ > {pid}; kill -KILL $$"  # waiting for half a minute would say no more
    _install(home, shell_plugin("faulty", **commands))
    text = _failed(home, layout, "--plugin-timeout", "1s")
    assert f"{command.replace('_', '-')}: " in text
    assert not Path("/proc", pid.read_text().strip()).exists()


def test_a_child_is_left_behind(home: Home, layout: Layout, tmp_path: Path) -> None:
    """A child that holds all of the plugin's streams open keeps nobody waiting, not even for the end of the program."""
    pid = tmp_path / "pid"
    lines = f"sleep 600 <&0 & echo $! > {pid}; echo '{{}}'"
    _install(home, shell_plugin("faulty", describe_key=answering(_KEY), generate_signature=lines))
    config = ("--plugin-config", "a=" + "x" * 100_000)  # more than a pipe holds, so that it cannot be written
    try:
        assert "the answer is malformed" in _failed(home, layout, *config)
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def test_a_person_gives_up(home: Home, layout: Layout, tmp_path: Path) -> None:
    """An interruption ends the plugin as well, even one that does not care, and stores nothing."""
    pid = tmp_path / "pid"
    # Once the request was read, its caller only has to begin to wait.
    lines = f"trap '' INT; cat > /dev/null; sleep 0.3; echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600"
    _install(home, shell_plugin("faulty", describe_key=lines))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background would ignore it
    process = subprocess.Popen(
        _sign(home, layout), env=home.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    signal.signal(signal.SIGINT, before)
    while not pid.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert b"Traceback" not in errors
    is_left = Path("/proc", pid.read_text().strip()).exists()
    if is_left:
        os.kill(int(pid.read_text()), signal.SIGKILL)
    assert not is_left
    assert len(read_index(layout.path)["manifests"]) == 1


_PYTHON = """
from notarykit.plugin import Capability, Metadata
from notarykit_local_file.plugin import LocalFilePlugin

OTHER = {other!r}

class Found(LocalFilePlugin):
    name = "faulty"

    def generate_signature(self, request):
        answer = super().generate_signature(request)
        {change}
"""

_ENVELOPING = """
from notarykit.plugin import Plugin
from notarykit_local_file.plugin import LocalFilePlugin

class Signing(LocalFilePlugin):
    name = "faulty"

class Found(Plugin):
    name, description, version, url = "faulty", "d", "1.0.0", "u"

    def generate_envelope(self, request):
        {change}
"""


def _guarded(home: Home, folder: Path, source: str) -> None:
    _install(home, guarded_plugin(folder / "lib" / "faulty_module.py", source))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("return answer._replace(certificate_chain=answer.certificate_chain[::-1])", "generate-signature: "),
        (
            "return answer._replace(certificate_chain=answer.certificate_chain[:1])",
            "add the missing CA certificates up to the root",
        ),
        ("return super().generate_signature(request._replace(payload=b'x'))", "signature does not hold"),
        ("return self.of_another(request, answer)", "generate-signature: signature does not hold"),
        ("return answer._replace(key_id=OTHER)", "the response is for key "),
        (
            "return answer._replace(signing_algorithm='ECDSA-SHA-384')",
            "algorithm 'ECDSA-SHA-384' is not the ECDSA-SHA-256",
        ),
        ("return answer._replace(signature=bytes(70))", "signature is 70 bytes long"),
    ],
    ids=["turned chain", "short chain", "other payload", "other key's", "other key", "other algorithm", "other form"],
)
def test_answers_that_are_wrong(
    home: Home, layout: Layout, chain: TestChain, change: str, text: str, tmp_path: Path
) -> None:
    """A well-formed answer that is not the answer to what was asked becomes no signature."""
    other = Home(tmp_path / "other").add_key(make_chain(), "other")[0]
    of_another = (
        "\n    def of_another(self, request, answer):\n"
        "        made = super().generate_signature(request._replace(key_id=OTHER, plugin_config={}))\n"
        "        return answer._replace(signature=made.signature)\n"
    )
    _guarded(home, tmp_path, _PYTHON.format(other=str(other), change=change) + of_another)
    assert text in _failed(home, layout, key_id=str(home.folder / "build.key"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            "return Signing().generate_envelope(request._replace(payload=request.payload.replace(b'size', b'SIZE')))",
            "payload",
        ),
        ("return Signing().generate_envelope(request)._replace(signature_envelope=b'{{}}')", "envelope"),
        (
            "return Signing().generate_envelope(request)._replace(signature_envelope_type='application/cose')",
            "generate-envelope: format 'application/cose' is not the 'application/jose+json' that was requested",
        ),
    ],
    ids=["other payload", "no envelope", "other format"],
)
def test_envelopes_that_are_wrong(home: Home, layout: Layout, change: str, text: str, tmp_path: Path) -> None:
    """An envelope around another payload, in another format, or none at all, is not stored."""
    _guarded(home, tmp_path, _ENVELOPING.format(change=change.replace("{{}}", "{}")))
    assert text in _failed(home, layout, key_id=str(home.folder / "build.key"))


def test_an_installation_is_killed(home: Home, tmp_path: Path) -> None:
    """An installation that is killed leaves the plugin that was there, and the next one clears up after it."""
    plugins = home.folder / "plugins"
    add_executable(plugins, "acme", shell_plugin("acme"))
    ready = tmp_path / "ready"
    source = write_program(
        tmp_path / "notation-acme",
        shell_plugin("acme", get_plugin_metadata=f"echo $$ > {ready}.new; mv {ready}.new {ready}; exec sleep 600"),
    )
    command = [sys.executable, "-m", "notarykit.cli", "plugin", "install", "--file", str(source)]
    process = subprocess.Popen(command, env=home.environment(), stdin=subprocess.DEVNULL)
    while not ready.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    os.kill(int(ready.read_text()), signal.SIGKILL)
    assert [each.name for each in plugins.iterdir()] == ["acme"]
    remains = [each for each in home.folder.iterdir() if each.name.startswith(".notarykit-tmp-")]
    assert len(remains) == 1
    newer = metadata("acme", version="2.0.0")
    write_program(source, shell_plugin("acme", get_plugin_metadata=answering(newer)))
    done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "Successfully updated plugin acme from version 1.0.0 to 2.0.0\n"
    assert not remains[0].exists()
