"""Plugins in processes of their own: a host gets one JSON document, whatever the plugin and what it uses write."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.executables import guarded_plugin, write_program

_NOISY = """
import os, subprocess, sys, warnings
print("noise of the import")
os.write(1, b"more of it\\n")
from notarykit.plugin import *
from notarykit import errors

class Found(Plugin):
    name, description, version, url = "acme", "d", "1.0.0", "u"

    def describe_key(self, request):
        print("noise of print")
        print("noise of errors", file=sys.stderr)
        os.write(1, b"noise of one write\\n")
        os.write(2, b"noise of write to errors\\n")
        subprocess.run(["/bin/sh", "-c", "echo noise of a child; echo its errors >&2"], check=True)
        sys.__stdout__.write("noise of the original")
        warnings.warn("noise of a warning")
        warnings.warn("noise of another", DeprecationWarning)
        {does}
        return KeyDescription(request.key_id, "EC-256")
"""
_ASK = b'{"contractVersion":"1.0","keyId":"k","later":1}'
_GOOD = {"keyId": "k", "keySpec": "EC-256"}


class Said(NamedTuple):
    """How a plugin ended."""

    code: int
    out: bytes
    err: bytes


def _said(
    folder: Path, source: str, request: bytes = _ASK, *arguments: str, log: str | None = None, kind: str = "Found"
) -> Said:
    path = write_program(folder / "notation-acme", guarded_plugin(folder / "acme_module.py", source, kind))
    environment = {name: value for name, value in os.environ.items() if name != "NOTARYKIT_PLUGIN_LOG"}
    if log is not None:
        environment["NOTARYKIT_PLUGIN_LOG"] = log
    command = [str(path), *(arguments or ("describe-key",))]
    done = subprocess.run(command, input=request, env=environment, capture_output=True, check=False, timeout=60)
    return Said(done.returncode, done.stdout, done.stderr)


def _answered(said: Said) -> Any:
    assert (said.code, said.err) == (0, b"")
    return json.loads(said.out)


def _failed(said: Said) -> Any:
    assert (said.code, said.out) == (1, b"")
    assert b"swordfish" not in said.err
    return json.loads(said.err)


@pytest.mark.requirement("plugin:clean-output", "plugin:one-run-for-each-command")
def test_noise_reaches_nobody(tmp_path: Path) -> None:
    """What the plugin, its imports and its children write is not in the answer, nor beside it."""
    assert _answered(_said(tmp_path, _NOISY.format(does="pass"))) == _GOOD


def test_noise_goes_to_the_log(tmp_path: Path) -> None:
    """All of it is in the file that the user names, which is the user's own, run after run."""
    log = tmp_path / "log"
    for _ in range(2):
        assert _answered(_said(tmp_path, _NOISY.format(does="pass"), log=str(log))) == _GOOD
    text = log.read_text()
    for noise in (
        "noise of the import", "more of it", "noise of print", "noise of errors", "noise of one write",
        "noise of write to errors", "noise of a child", "its errors", "noise of the original", "noise of a warning",
    ):  # fmt: skip
        assert text.count(noise) >= 2, noise
    assert "keySpec" not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_way_to_an_accident_is_logged(tmp_path: Path) -> None:
    """The log says where a plugin failed, and with which kind of error; its text may be a secret."""
    log = tmp_path / "log"
    _failed(_said(tmp_path, _NOISY.format(does="raise ValueError('sword' + 'fish')"), log=str(log)))
    lines = log.read_text().splitlines()
    assert "ValueError" in lines
    assert [line for line in lines if "acme_module.py" in line]
    assert "swordfish" not in log.read_text()


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """A log that cannot be opened keeps nothing from being answered."""
    assert _answered(_said(tmp_path, _NOISY.format(does="pass"), log=str(tmp_path / "no" / "log"))) == _GOOD


@pytest.mark.requirement("plugin:error-exit-code")
@pytest.mark.parametrize(
    ("does", "code", "message"),
    [
        ("raise ValueError('swordfish')", "ERROR", "the plugin failed with ValueError"),
        ("sys.exit('swordfish')", "ERROR", "the plugin failed with SystemExit"),
        ("raise type('Odd', (BaseException,), {})('swordfish')", "ERROR", "the plugin could not be started: Odd"),
        ("raise errors.PassphraseError('wrong')", "ACCESS_DENIED", "wrong"),
        ("raise PluginThrottledError('later')", "THROTTLED", "later"),
    ],
)  # fmt: skip
def test_errors(does: str, code: str, message: str, tmp_path: Path) -> None:
    """However the plugin fails, the host gets the protocol's error, and no text that nobody chose."""
    said = _said(tmp_path, _NOISY.format(does=does))
    assert _failed(said) == {"errorCode": code, "errorMessage": message}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import no_such_module_anywhere",
            "the plugin failed with ModuleNotFoundError: No module named 'no_such_module_anywhere'",
        ),
        ("raise RuntimeError('swordfish')", "the plugin failed with RuntimeError"),
        ("import sys; print('swordfish'); sys.exit(0)", "the plugin failed with SystemExit"),
        ("def (", "the plugin failed with SyntaxError: invalid syntax (acme_module.py, line 1)"),
        ("Found = 1", "acme_module:Found is no subclass of notarykit.plugin.Plugin"),
    ],
)
def test_imports_that_fail(source: str, message: str, tmp_path: Path) -> None:
    """A provider that cannot be imported is an error of the protocol."""
    assert _failed(_said(tmp_path, source)) == {"errorCode": "ERROR", "errorMessage": message}


def test_unknown_commands_and_malformed_requests(tmp_path: Path) -> None:
    """What a host asks wrongly is a validation error."""
    source = _NOISY.format(does="pass")
    assert _failed(_said(tmp_path, source, b"{}", "sign"))["errorCode"] == "VALIDATION_ERROR"
    assert _failed(_said(tmp_path, source, b"{"))["errorCode"] == "VALIDATION_ERROR"
    version = _failed(_said(tmp_path, source, _ASK.replace(b"1.0", b"1.1")))
    assert version["errorCode"] == "UNSUPPORTED_CONTRACT_VERSION"


def test_a_request_that_is_too_large(tmp_path: Path) -> None:
    """A request of 64 MiB is refused, and not read to its end."""
    request = b'{"contractVersion":"1.0","keyId":"' + bytes(64 << 20) + b'"}'
    error = _failed(_said(tmp_path, _NOISY.format(does="pass"), request))
    assert error == {"errorCode": "VALIDATION_ERROR", "errorMessage": "the request is larger than 67108863 bytes"}


def test_a_large_answer_arrives_whole(tmp_path: Path) -> None:
    """An answer that is longer than a pipe is written to its end."""
    request = _ASK.replace(b'"k"', b'"' + b"k" * 300_000 + b'"')
    assert len(_answered(_said(tmp_path, _NOISY.format(does="pass"), request))["keyId"]) == 300_000


_LISTING = """
import sys
from notarykit.plugin import Plugin

class Found(Plugin):
    name, description, version, url = "acme", "d", "1.0.0", "u"

    def __init__(self):
        import colorsys  # stands for a provider's SDK

    @classmethod
    def get_metadata(cls, *_):
        found = super().get_metadata()
        return found._replace(description=" ".join(sorted(sys.modules)))

    def generate_signature(self, request):
        raise AssertionError
"""


@pytest.mark.requirement("plugin:static-metadata")
def test_what_metadata_imports(tmp_path: Path) -> None:
    """get-plugin-metadata loads neither the provider's SDK nor anything that takes long."""
    answer = _answered(_said(tmp_path, _LISTING, b"{}", "get-plugin-metadata"))
    assert answer["capabilities"] == ["SIGNATURE_GENERATOR.RAW"]
    loaded = set(answer["description"].split())
    assert "acme_module" in loaded
    assert not loaded & {"colorsys", "typing", "dataclasses", "cryptography", "subprocess", "threading", "logging"}
    assert not {each for each in loaded if each.startswith(("cbor2", "importlib.metadata", "notarykit.keys"))}
    assert not {each for each in loaded if each.startswith("notarykit.plugin.protocol.") and "signing" in each}


def test_what_the_guard_imports() -> None:
    """The guard itself, which must come before everything, loads nothing that the interpreter has not."""
    script = (
        f"import sys; sys.path[:] = {sys.path!r}; old = set(sys.modules); import notarykit.plugin.server.stdio; "
        "print(sorted(each for each in set(sys.modules) - old if not each.startswith('notarykit')))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['__future__']\n"


def test_nothing_to_read(tmp_path: Path) -> None:
    """A person who asks what it is gets an answer, though a terminal says nothing; so does a host that closes it."""
    path = write_program(tmp_path / "notation-acme", guarded_plugin(tmp_path / "acme_module.py", _LISTING))
    command = [str(path), "get-plugin-metadata"]
    ours, theirs = os.openpty()
    try:
        for stdin in (theirs, subprocess.DEVNULL):
            done = subprocess.run(command, stdin=stdin, capture_output=True, check=True, timeout=60)
            assert json.loads(done.stdout)["name"] == "acme"
    finally:
        os.close(ours)
        os.close(theirs)
    closed = subprocess.run(["/bin/sh", "-c", f"'{path}' get-plugin-metadata <&-"], capture_output=True, check=True)
    assert json.loads(closed.stdout)["name"] == "acme"


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "0<&-"])
def test_streams_that_are_closed(closed: str, tmp_path: Path) -> None:
    """An answer arrives whole though the host has closed other streams."""
    script = guarded_plugin(tmp_path / "acme_module.py", _NOISY.format(does=""))
    path = write_program(tmp_path / "notation-acme", script)
    command = f'echo \'{{"contractVersion":"1.0","keyId":"k"}}\' | {{ \'{path}\' describe-key {closed}; }}'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, timeout=60)
    if "<&-" in closed:  # there is no request to answer
        assert done.stdout == b""
    else:
        assert json.loads(done.stdout) == _GOOD


def test_an_error_that_is_no_text(tmp_path: Path) -> None:
    """An error about a file whose name is not UTF-8 keeps its code."""
    error = _failed(_said(tmp_path, _NOISY.format(does="raise errors.PluginValidationError('no file \\udcff')")))
    assert error == {"errorCode": "VALIDATION_ERROR", "errorMessage": "no file \\udcff"}


@pytest.mark.parametrize(("said", "least", "most"), [("20", 1, 20), ("", 290, 300), ("soon", 290, 300)])
def test_the_time_that_the_host_gives(
    said: str, least: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin is told how long its answer may take; five minutes, if the host says nothing."""
    monkeypatch.setenv("NOTARYKIT_PLUGIN_SECONDS", said)
    source = _NOISY.format(does="return KeyDescription(str(int(seconds_left())), 'EC-256')")
    answer = _answered(_said(tmp_path, source))
    assert least <= int(answer["keyId"]) <= most
